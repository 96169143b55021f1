"""Lines that glide while a tilt series is recorded: followed through the sweep, against one static fit of all its frames.

`python -m benchmarks.sweep_motion --seeds 71 72` simulates rapid tilt series of a strained foil with noise and lag, denoised by the filter
that comes with rapidstem; angles and shifts are the true ones, and so are the lines of the earlier tomogram, at rest. One row is of the
lines that were followed in time, one of those of the reconstruction that takes the foil for one at rest, held against the true lines at the
time of every frame: root mean square distances across the line in x, y and z, over the stated ones, of all nodes and of those that glide by
more than 100 nm/s, how much of the length of all true lines that either has keeps its line, how much of that of all true lines in view,
and how many lines are next to no true one.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.line_motion import identity_of, row_of
from benchmarks.measured_tables import record_table
from benchmarks.motion_stages import LINE_WIDTH_NM, filtered_frames, tomogram_of
from rapidstem.dislocations import foil_box, trace_lines, traced_points
from rapidstem.lines import FittedLines, fit_lines
from rapidstem.lines.motion import SweepMotion, follow_sweep, shown_by_all, sweep_views
from rapidstem.microscope import MicroscopeSettings, random_stream, settings_from
from rapidstem.microscope.recording.goniometer import tilting_stage
from rapidstem.microscope.specimen import FrameGeometry
from rapidstem.microscope.specimen.gliding_specimen import GlidingFoil, gliding_foil
from rapidstem.scores import sweep_scores, true_lines
from rapidstem.tomography import TiltGeometry, binarise
from rapidstem.tomography.reconstruction import ReconstructionSettings, reconstruct

# Of the volume beyond the foil.
MARGIN_NM = 60.0
SIGMAS = ["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]


def simulated_sweep(seed: int, speed_nm_per_s: float) -> tuple[GlidingFoil, np.ndarray, TiltGeometry]:
    """A foil whose lines glide, its clean frames (frame, y, x), and their geometry."""
    values = {"size_px": 192, "sweep_glide_speed_nm_per_s": speed_nm_per_s, "seed": seed, "jitter_px": 0.0, "drift_px_per_s": 0.0}
    settings = settings_from(values)
    foil = gliding_foil("sweep", "series", settings)
    motion = tilting_stage(settings, random_stream(seed, "sweep", "goniometer"))
    times, pixels = np.arange(settings.tilt_frames) * settings.frame_period_s, np.arange(settings.size_px, dtype=float)
    frames = [foil.image(FrameGeometry(motion, start, settings.line_time_s, np.zeros(2), pixels, pixels)) for start in times]
    middle = motion.at(times + (settings.size_px - 1) / 2 * settings.line_time_s)
    shift = np.zeros((len(times), 2))
    geometry = TiltGeometry(middle, shift, settings.pixel_size_nm, settings.size_px, times, settings.line_time_s)
    return foil, np.stack(frames).astype(np.float32), geometry


def static_fit(images: np.ndarray, geometry: TiltGeometry, settings: MicroscopeSettings) -> FittedLines:
    """The lines of a reconstruction that takes the foil for one at rest, fitted to all frames."""
    depth_nm = settings.foil_thickness_nm + MARGIN_NM
    binary = binarise(images, line_scale_px=LINE_WIDTH_NM / (2 * geometry.pixel_size_nm))
    volume = reconstruct(binary, geometry, ReconstructionSettings(depth_nm))
    network = trace_lines(volume, geometry.pixel_size_nm, settings.foil_thickness_nm)
    traced = [line.points_nm for line in network.lines]
    box_nm = foil_box(traced_points(network), images.shape[1:], geometry.pixel_size_nm, settings.foil_thickness_nm)
    return fit_lines(images, geometry, traced, box_nm, volume.shape[0])


def static_table(static: FittedLines) -> pd.DataFrame:
    """Its points, as `lines.csv` has them."""
    parts = []
    for number, (line, sigma, when) in enumerate(zip(static.network.lines, static.sigma_nm, static.time_s, strict=True)):
        columns = np.column_stack([line.points_nm, sigma, when[:, 0]])
        parts.append(pd.DataFrame(columns, columns=["x_nm", "y_nm", "z_nm", *SIGMAS, "time_s"]).assign(line=number))
    return pd.concat(parts, ignore_index=True)


def rows_of(foil: GlidingFoil, motion: SweepMotion, static: FittedLines, geometry: TiltGeometry) -> list[tuple[str, pd.DataFrame]]:
    """The scores of the lines in time, and those of the static ones."""
    truth, views, times_s = true_lines(foil.lines, foil.courses), sweep_views(geometry, geometry.rows), np.asarray(geometry.time_s)
    scores = sweep_scores(motion.positions, static_table(static), truth, times_s, lambda points: shown_by_all(points, views))
    return [(name, table.drop(columns="fit")) for name, table in scores.groupby("fit")]


def main(seeds: Sequence[int], speed_nm_per_s: float, detail: bool) -> None:
    """Print and keep the table, row by row."""
    for seed in seeds:
        foil, clean, geometry = simulated_sweep(seed, speed_nm_per_s)
        images = filtered_frames(clean, foil.settings)
        static = static_fit(images, geometry, foil.settings)
        begin = time.process_time()
        motion = follow_sweep(tomogram_of(foil, False), [line.points_nm for line in static.network.lines], images, geometry, LINE_WIDTH_NM)
        seconds = (time.process_time() - begin) / geometry.frames
        for name, scores in rows_of(foil, motion, static, geometry):
            whole = scores[scores["line"] < 0]
            row = {"seed": seed, "speed_nm_per_s": speed_nm_per_s, "fit": name} | row_of(whole, "all") | {"lines": len(scores) - 1}
            row |= identity_of(whole)
            row |= {"processor_s_per_frame": round(seconds, 3) if name == "in time" else np.nan}
            record_table("sweep_motion", pd.DataFrame([row]), ["seed", "speed_nm_per_s", "fit"])
            if detail:
                print(scores.round(2).to_string(index=False))
        if detail:
            print(motion.flags.round(1).to_string(index=False), motion.followed.round(1).to_string(index=False), sep="\n", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[71, 72])
    parser.add_argument("--speed-nm-per-s", type=float, default=80.0, help="largest speed of lines that glide steadily")
    parser.add_argument("--detail", action="store_true", help="print every line and flag")
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.speed_nm_per_s, arguments.detail)
