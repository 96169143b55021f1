r"""Filters on the frames of a simulated session's tilt series, against what 50 frames of the same place and moment would give.

    python -m benchmarks.series_filters results/demo raw general results/demo/models/dlf-dcfi results/demo/models/dlf-slow \
        neighbours neighbours:alone,start_from=nothing,steps=600,learning_rate=1.25e-3 noise2void,steps=800 \
        support support:rows,blind=row udvd udvd:rows,blind=row

The virtual microscope records every judged frame of the series again, 50 times in its place, tilt and distortion, with noise of its own;
their mean is the DCFI image of the frame. Entries are `raw`, `general`, the folder of a trained model, `neighbours` with settings of its
own, which learns from the series, or another denoiser that learns from the session's training fields, as in `benchmarks.denoisers`.
`support` and `udvd` are two networks of other papers that learn from the series alone (`benchmarks/peers`), with as many operations as 300
steps of `neighbours`, or as `budget_tflop` says.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.denoisers import denoised_by, parsed
from benchmarks.measured_tables import record_table
from benchmarks.peers.blind_spot_networks import PIXEL
from benchmarks.peers.blind_spot_training import BUDGET_TFLOP, PEERS, denoised_by_peer
from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.model_paths import GENERAL, model_folder
from rapidstem.denoising.neighbours.series_context import SeriesContext, levelled_rows
from rapidstem.denoising.neighbours.series_prediction import denoise_series
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.settings import NEIGHBOURS, NetworkSettings
from rapidstem.denoising.training.series_training import train_on_series
from rapidstem.dislocations import DEFAULT_TRACING
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.detector import rapid_counts
from rapidstem.microscope.recording.goniometer import tilting_stage
from rapidstem.microscope.recording.raw_stacks import wandering_shift
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.recording.scan_faults import rapid_faults
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.specimens import FrameGeometry, foil_for_series
from rapidstem.numerics import evenly_spread, whole_pixels
from rapidstem.scores.image_quality import psnr_affine_db, ssim
from rapidstem.scores.line_profiles import relative_line_profiles
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts

SERIES, REPETITIONS, MARGIN_PX = "series", 50, 12


def integrated_again(settings: MicroscopeSettings, chosen: np.ndarray) -> np.ndarray:
    """Means of 50 rapid frames in the place of each chosen frame of the series, (frame, y, x)."""
    specimen = foil_for_series(SERIES, settings)
    motion = tilting_stage(settings, random_stream(settings.seed, SERIES, "goniometer"))
    time_s = np.arange(settings.tilt_frames) * settings.frame_period_s
    faults = rapid_faults(SERIES, time_s, True, settings)
    shift = faults.added_to(wandering_shift(len(time_s), random_stream(settings.seed, SERIES, "drift"), settings))
    noise = random_stream(settings.seed, SERIES, "recorded again")

    def clean(frame: int, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        return specimen.image(FrameGeometry(motion, time_s[frame], settings.line_time_s, shift[frame], row_px, column_px))

    means = []
    for frame in chosen:
        image = faults.image(frame, partial(clean, frame), partial(rapid_to_slow, settings=settings), settings.size_px)
        means.append(np.mean([rapid_counts(image, settings, noise) for _ in range(REPETITIONS)], axis=0))
    return np.stack(means)


def context_of(stack: FrameStack, reach: int) -> SeriesContext:
    """The frames of the series, and where they show the specimen."""
    assert stack.tilt_deg is not None
    tilt_rad = np.deg2rad(stack.tilt_deg)
    return SeriesContext(stack.frames, tilt_rad, coarse_shifts(levelled_rows(stack.frames), tilt_rad), reach)


def by_neighbours(stack: FrameStack, changes: dict, chosen: np.ndarray) -> np.ndarray:
    """The chosen frames as a network that has learned from all of the series, with these settings in the place of its own, gives them."""
    settings = denoiser_settings(NEIGHBOURS, changes)
    assert isinstance(settings, NetworkSettings)
    series = context_of(stack, settings.neighbour_frames)
    with tempfile.TemporaryDirectory() as folder:
        return denoise_series(train_on_series(series, settings, Path(folder), SERIES), series, chosen.tolist())


def answered_by(session: Path, entry: str, stack: FrameStack, chosen: np.ndarray) -> tuple[str, float, np.ndarray]:
    """Name of an entry, seconds of a processor that its training and answers took, and the denoised frames."""
    start = time.process_time()
    label, name, changes = parsed(entry)
    if entry == "raw":
        return entry, 0.0, stack.frames[chosen].astype(np.float32)
    if entry == GENERAL or Path(entry).is_dir():
        images = denoise_stack(load_model(model_folder(entry)), stack.frames[chosen])
        return Path(entry).name, time.process_time() - start, images
    if name == NEIGHBOURS:
        images = by_neighbours(stack, changes, chosen)
    elif name in PEERS:
        blind, budget_tflop = changes.get("blind", PIXEL), float(changes.get("budget_tflop", BUDGET_TFLOP))
        images = denoised_by_peer(name, context_of(stack, 2), chosen.tolist(), blind, budget_tflop)
    else:
        images = denoised_by(session, entry, int(changes["steps"]), {SERIES: stack.frames[chosen]})[2][SERIES]
    return label, time.process_time() - start, images


def scores(images: np.ndarray, references: np.ndarray, line_px: int) -> pd.DataFrame:
    """Scores of every frame inside of a margin, which neighbours do not reach."""
    area = (slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX))
    rows = []
    for image, reference in zip(images, references, strict=True):
        lines = relative_line_profiles(image, reference, area, line_px)[["relative_width", "relative_intensity"]].mean()
        rows.append({"psnr_affine_db": psnr_affine_db(image, reference, area), "ssim": ssim(image, reference, area), **lines})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("filters", nargs="*", default=["raw", GENERAL, NEIGHBOURS])
    parser.add_argument("--seed", type=int, default=1, help="that the session was simulated with")
    parser.add_argument("--frames", type=int, default=9, help="judged, spread over the tilts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    stack = read_stack(arguments.session / f"raw/{SERIES}.rapid.emd")
    settings = MicroscopeSettings(seed=arguments.seed, size_px=stack.frames.shape[1], tilt_frames=len(stack.frames))
    chosen = np.asarray(evenly_spread(len(stack.frames), arguments.frames))
    references = integrated_again(settings, chosen)
    line_px = whole_pixels(DEFAULT_TRACING.line_width_nm, stack.pixel_size_nm)
    rows = []
    for entry in arguments.filters:
        label, seconds, images = answered_by(arguments.session, entry, stack, chosen)
        rows.append({"session": arguments.session.name, "filter": label, **scores(images, references, line_px).mean().round(3)})
        rows[-1]["processor_s"] = round(seconds)
        record_table("series_filters", pd.DataFrame(rows[-1:]), ["session", "filter"])


if __name__ == "__main__":
    main()
