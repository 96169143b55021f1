"""Where errors of followed lines come from: simulated straining series with stages replaced by the truth.

`python -m benchmarks.motion_stages --seeds 62 63 --frames 200` simulates series as `config/examples/straining.yaml` does, each with three
kinds of frames: `clean` ones without noise and lag, `filtered` ones, recorded with noise and lag and denoised by the filter that comes with
rapidstem, and `wrong`, the filtered ones with the lines of the tomogram off by as much as its stated errors. Frames have no drift and no
scan distortion, and the lines of the tomogram are the true ones. Prints as `benchmarks.line_motion` does.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from benchmarks.line_motion import identity_of, row_of
from benchmarks.measured_tables import record_table
from rapidstem.denoising import GENERAL, denoise_stack, load_model, model_folder
from rapidstem.dislocations import LineNetwork, Polyline, crystal_orientation, line_points, line_summary, resampled, slip_normals
from rapidstem.figures import LineMovieLayout, grey_limits, picture_words
from rapidstem.lines.motion import FoilFaces, InSituFrames, SeriesMotion, TomogramLines, follow_series, view_of
from rapidstem.lines.motion.motion_tables import match_table
from rapidstem.microscope import MicroscopeSettings, random_stream, settings_from
from rapidstem.microscope.recording.detector import rapid_counts
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.specimen.gliding_specimen import GlidingFoil
from rapidstem.microscope.specimen.strained_specimen import StrainedFoil, strained_foil
from rapidstem.scores import jump_responses, kept_lengths, motion_errors, owned_lines, score_motion, true_lines

TILT_DEG, LINE_WIDTH_NM, STEP_NM = 10.0, 13.7, 2.0
# What the fit to a tilt series states for a point of the demo's lines, and over what length its errors are the same.
SIGMA_NM, CORRELATED_NM = np.array([1.0, 1.0, 1.5]), 50.0
LEAST_NM = 60.0
AXES = ["x_nm", "y_nm", "z_nm"]
# Shares of the series that the picture shows, and its colours, as those of `docs/copy_pictures.py`.
MOMENTS, COLOURS = (0.1, 0.45, 0.57, 0.85), 128
KINDS = ("clean", "filtered", "wrong")


def simulated_foil(seed: int, frames: int) -> StrainedFoil:
    """The foil of `config/examples/straining.yaml` under another seed."""
    values = {"size_px": 192, "glide_speed_nm_per_s": 200.0, "jitter_px": 0.0, "drift_px_per_s": 0.0, "slow_shift_px": 0.0}
    settings = settings_from(values | {"seed": seed, "in_situ_frames": frames})
    return strained_foil("strain", "series", TILT_DEG, resting_stage(TILT_DEG), 0.0, settings)


def clean_frames(foil: StrainedFoil) -> np.ndarray:
    """The images (frame, y, x) without noise, each row at its own time."""
    settings, pixels = foil.settings, np.arange(foil.settings.size_px, dtype=float)
    times = np.arange(settings.in_situ_frames) * settings.frame_period_s
    return np.stack([foil.image(time_s, np.zeros(2), pixels, pixels) for time_s in times]).astype(np.float32)


def filtered_frames(clean: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """The same images with noise and lag, and through the filter that comes with rapidstem."""
    rng = random_stream(settings.seed, "strain", "rapid")
    counts = np.stack([rapid_counts(image, settings, rng) for image in clean])
    return denoise_stack(load_model(model_folder(GENERAL)), counts)


def tomogram_of(foil: StrainedFoil | GlidingFoil, wrong: bool) -> TomogramLines:
    """The true lines at rest, as far as they lie in the field; wrong ones lie off by what a tilt series is uncertain by."""
    half = np.array([*[foil.settings.field_nm / 2] * 2, foil.settings.foil_thickness_nm / 2])
    lines = []
    for line in foil.lines:
        points = resampled(line.points_nm, STEP_NM)
        inside = np.all(np.abs(points[:, :2]) <= half[:2], axis=1)
        edges = np.flatnonzero(np.diff(np.r_[0, inside.astype(int), 0])).reshape(-1, 2)
        lines += [points[start:stop] for start, stop in edges if line.visible and (stop - start) * STEP_NM >= LEAST_NM]
    if wrong:
        rng = random_stream(foil.settings.seed, "strain", "errors of the tomogram")
        lines = [line + _errors(len(line), rng) for line in lines]
    network = LineNetwork([Polyline(line, 2 * n, 2 * n + 1, "surface", "surface") for n, line in enumerate(lines)], np.stack([-half, half]))
    crystal = {"x": [2.0, 0.0, 0.0], "z": [0.0, 1.0, 3.0]}
    summary = line_summary(network, crystal_orientation(**crystal))
    points = line_points(network, summary).assign(**dict(zip(["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"], SIGMA_NM, strict=True)))
    return TomogramLines(points, summary, FoilFaces.of(0.0, 2 * half[2]), slip_normals(crystal))


def _errors(count: int, rng: np.random.Generator) -> np.ndarray:
    smooth = gaussian_filter1d(rng.normal(0, 1, (count, 3)), CORRELATED_NM / STEP_NM / 2, axis=0, mode="nearest")
    return smooth / smooth.std() * SIGMA_NM if count > 1 else smooth


def scores_of(motion: SeriesMotion, foil: StrainedFoil) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores of `rapidstem.scores`, by line, and of jumps."""
    truth = true_lines(foil.lines, foil.courses)
    view = view_of(match_table(motion.match))
    times = np.arange(foil.settings.in_situ_frames) * foil.settings.frame_period_s
    owned = owned_lines(motion.positions, truth)
    kept = kept_lengths(motion.positions, truth, owned, times, lambda points: view.places(points).seen[0])
    errors = motion_errors(motion.positions, truth, owned)
    return score_motion(motion.positions, errors, kept, motion.followed, truth, owned), jump_responses(motion.positions, truth, owned)


def followed(foil: StrainedFoil, images: np.ndarray, wrong: bool) -> tuple[SeriesMotion, float]:
    """The lines followed, and the processor time for a frame."""
    settings = foil.settings
    times = np.arange(len(images)) * settings.frame_period_s
    frames = InSituFrames(images, times, settings.line_time_s, np.zeros(len(images)), TILT_DEG, settings.pixel_size_nm)
    begin = time.process_time()
    motion = follow_series(tomogram_of(foil, wrong), frames, LINE_WIDTH_NM)
    return motion, (time.process_time() - begin) / len(images)


def write_picture(path: Path, motion: SeriesMotion, images: np.ndarray, settings: MicroscopeSettings) -> None:
    """Four pictures of the movie, as `scripts/film_lines.py` makes them, as one PNG."""
    places = motion.positions[AXES].to_numpy(float)
    box_nm = np.stack([places.min(axis=0), places.max(axis=0)])
    layout = LineMovieLayout(images.shape[1:], settings.pixel_size_nm, grey_limits(images[::6]), box_nm)
    pictures = []
    for frame in (np.array(MOMENTS) * len(images)).astype(int).tolist():
        rows = motion.positions[motion.positions["frame"] == frame]
        lines = {int(number): own[AXES].to_numpy(float) for number, own in rows.groupby("line") if len(own) > 1}
        projected = {number: motion.match.view.seen_at(points) for number, points in lines.items()}
        pictures.append(np.asarray(layout.picture(images[frame], projected, lines, picture_words(frame * settings.frame_period_s, np.nan))))
    Image.fromarray(np.vstack([np.hstack(pictures[:2]), np.hstack(pictures[2:])])).quantize(COLOURS).save(path, optimize=True)


def main(seeds: list[int], count: int, kinds: list[str], detail: bool, picture: Path | None) -> None:
    """Print and keep the table, row by row."""
    for seed in seeds:
        foil = simulated_foil(seed, count)
        clean = clean_frames(foil)
        filtered = filtered_frames(clean, foil.settings) if kinds != ["clean"] else clean
        for name in kinds:
            motion, seconds = followed(foil, clean if name == "clean" else filtered, name == "wrong")
            if picture is not None:
                write_picture(picture, motion, clean if name == "clean" else filtered, foil.settings)
            scores, responses = scores_of(motion, foil)
            whole = scores[scores["line"] < 0]
            row = {"seed": seed, "frames": count, "images": name} | row_of(whole, "all") | {"lines": len(scores) - 1}
            row |= identity_of(whole) | {"jumps": len(responses)}
            row |= {"answered": int((responses["response_frames"] <= 2).sum()), "processor_s_per_frame": round(seconds, 3)}
            record_table("motion_stages", pd.DataFrame([row]), ["seed", "frames", "images"])
            if detail:
                print(scores.round(2).to_string(index=False), responses.round(2).to_string(index=False), sep="\n")
                print(motion.flags.round(1).to_string(index=False), motion.followed.round(1).to_string(index=False), sep="\n", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[62, 63])
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--images", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--picture", type=Path, help="PNG of the last series to write")
    parser.add_argument("--detail", action="store_true", help="print every line, jump and flag")
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.frames, arguments.images, arguments.detail, arguments.picture)
