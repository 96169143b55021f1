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
from rapidstem.files import FallbackMetadata, read_table
from rapidstem.live import (
    FilledAsTheyCome,
    LineSettings,
    WaitingFrames,
    check_ended_series,
    compile_ahead,
    denoised_as_they_come,
    lines_of_series,
    planned_tilts,
)
from rapidstem.tomography import middle_angles_deg, recorded_geometry, slow_scan_along, with_axis_along_x
from rapidstem.tomography.alignment import AlignmentSettings, SingleFrames

with logged(snakemake):
    parameters, reading = snakemake.params, snakemake.params.reading
    torch.set_num_threads(snakemake.threads)
    model, column_map = load_model(Path(snakemake.input.weights).parent), read_map(snakemake.input.map)
    path, folder = Path(parameters.source), Path(snakemake.output.lines).parent
    stated = FallbackMetadata(**{name: reading[name] for name in ("line_time_s", "frame_time_s", "frame_interval_s")})
    turning = parameters.geometry == "per-row"
    if turning and None in (stated.frame_interval_s, stated.row_time_s(1)):
        raise InputError(
            "live: a file that is being written does not say when its rows are scanned; give reading.frame_interval_s and "
            "reading.line_time_s (or reading.frame_time_s) in the configuration, or set tomography.geometry to per-frame"
        )
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
    tilts_deg = planned_tilts(path)
    print(check_ended_series(path, tilts_deg, frames.count, parameters.frames))
    rows = frames.shape[1]
    times = stated.starts_s(len(series)), stated.row_time_s(rows)
    reported_deg = middle_angles_deg(tilts_deg[: len(series)], *times, rows)
    turning_times = times if turning else (None, None)
    recorded = recorded_geometry(reported_deg, series.shape, pixel_size_nm, *turning_times, slow_scan=slow_scan_along(parameters.tilt_axis))
    started_s = time.process_time()
    found = lines_of_series(series, recorded, settings, folder, snakemake.threads, known)
    write_fitted_lines(snakemake.output, found.fitted, parameters.crystal)
    tables = {"points": snakemake.output.lines, "summary": snakemake.output.summary, "density": snakemake.output.density}
    draw_figures(parameters.figures, {name: read_table(table, []) for name, table in tables.items()}, folder / "figures")
    for warning in found.warnings:
        print(f"warning: {warning}")
    passed_s, used_s = time.monotonic() - frames.last_frame_at, time.process_time() - started_s
    print(found.clock.words())
    print(f"lines and picture {passed_s:.1f} s after the last frame, {used_s:.1f} s of a processor")
