"""Follow a tilt series that is being written, denoise its frames as they come, and give its lines when the last one is there."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from line_files import write_fitted_lines
from script_support import logged

from rapidstem.denoising import denoise_blocks, load_model
from rapidstem.distortion import read_map, to_slow_geometry
from rapidstem.errors import InputError
from rapidstem.figures import draw_figures
from rapidstem.files import read_table, say_warnings
from rapidstem.live import (
    FilledAsTheyCome,
    LineSettings,
    WaitingFrames,
    compile_ahead,
    denoised_as_they_come,
    ended_geometry,
    lines_of_series,
    stated_times,
)
from rapidstem.tomography import with_axis_along_x
from rapidstem.tomography.alignment import AlignmentSettings, SingleFrames

with logged(snakemake):
    parameters, reading = snakemake.params, snakemake.params.reading
    torch.set_num_threads(snakemake.threads)
    model, column_map = load_model(Path(snakemake.input.weights).parent), read_map(snakemake.input.map)
    path, folder = Path(parameters.source), Path(snakemake.output.lines).parent
    turning = parameters.geometry == "per-row"
    stated = stated_times(reading, turning)
    compile_ahead()
    frames = WaitingFrames(path, parameters.frames, parameters.patience_s)
    pixel_size_nm = frames.pixel_size_nm or reading["pixel_size_nm"]
    if not pixel_size_nm:
        raise InputError(f"{path}: the file does not say its pixel size; give reading.pixel_size_nm")
    settings = LineSettings(AlignmentSettings(**parameters.alignment), **parameters.lines)
    known = SingleFrames(settings.alignment.line_scale_px(pixel_size_nm))

    def denoise(raw: FilledAsTheyCome | np.ndarray) -> Iterator[np.ndarray]:
        """Frames without noise, lag and scan distortion."""
        for block in denoise_blocks(model, raw):
            yield with_axis_along_x(to_slow_geometry(block, column_map).astype(np.float32), parameters.tilt_axis)

    series = denoised_as_they_come(FilledAsTheyCome(frames), denoise, known, parameters.frames)
    recorded = ended_geometry(path, series, pixel_size_nm, stated, parameters.tilt_axis, turning, parameters.frames)
    started_s = time.process_time()
    found = lines_of_series(series, recorded, settings, folder, snakemake.threads, known)
    write_fitted_lines(snakemake.output, found.fitted, parameters.crystal)
    tables = {"points": snakemake.output.lines, "summary": snakemake.output.summary, "density": snakemake.output.density}
    draw_figures(parameters.figures, {name: read_table(table, []) for name, table in tables.items()}, folder / "figures")
    say_warnings(found.warnings)
    passed_s, used_s = time.monotonic() - frames.last_frame_at, time.process_time() - started_s
    print(found.clock.words())
    print(f"lines and picture {passed_s:.1f} s after the last frame, {used_s:.1f} s of a processor")
