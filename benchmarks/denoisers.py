r"""Train denoisers for the same number of steps on a finished session's training fields and compare their scores on its test fields.

    python -m benchmarks.denoisers results/demo dlf-slow dlf-dcfi noise2noise --steps 600

All frames stay in the geometry in which they were recorded; the reference is moved to them. Settings are given as name=value, and
name:label trains a denoiser twice with different ones:

    python -m benchmarks.denoisers results/demo noise2noise noise2noise:paper,preset=paper,width=24,depth=3
    python -m benchmarks.denoisers results/demo general dlf-slow:tuned,steps=300 \
        dlf-slow:fresh,start_from=nothing,steps=2000 --frames 4 --by-field

Fields are the folders below `pairs`: those whose name starts with `test` are judged, those that start with `train` learned from.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml

from benchmarks.measured_tables import record_table
from rapidstem.denoising.bm3d.block_matching import denoise_with_bm3d, tune
from rapidstem.denoising.fields.frame_choice import own_reference_field, training_frames
from rapidstem.denoising.fields.training_pairs import TrainingField, read_training_field
from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.model_paths import GENERAL, model_folder
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.settings import BlockMatchingSettings, NetworkSettings
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.dislocations import DEFAULT_TRACING
from rapidstem.files.image_stacks import FrameStack, read_stack
from rapidstem.frames.drift_tables import read_drift
from rapidstem.numerics import whole_pixels
from rapidstem.scores.frame_references import FrameReference
from rapidstem.scores.image_quality import psnr_affine_db, psnr_db, ssim
from rapidstem.scores.line_profiles import relative_line_profiles

REFERENCES = ("slow", "dcfi")
COLUMNS = ["psnr_affine_db", "relative_width", "relative_intensity"]


def stack_of(session: Path, name: str) -> FrameStack:
    return read_stack(session / f"raw/{name}.rapid.emd")


def field_of(session: Path, name: str, target: str) -> TrainingField:
    stack, drift = stack_of(session, name), read_drift(session / f"dcfi/{name}.drift.csv")
    if target != "none":
        return read_training_field(session / f"pairs/{name}", stack.frames, drift, target, name, stack.dwell_time_s)
    return own_reference_field(name, stack.frames, drift, stack.pixel_size_nm, stack.dwell_time_s)


def parsed(entry: str) -> tuple[str, str, dict]:
    """Label, name and settings of an entry `name[:label][,setting=value...]`."""
    head, *changes = re.split(r",(?![^\[]*\])", entry)
    name = head.split(":")[0]
    return head, name, {key: yaml.safe_load(value) for key, value in (change.split("=", 1) for change in changes)}


def denoised_by(session: Path, entry: str, steps: int, judged: dict[str, np.ndarray]) -> tuple[str, float, dict[str, np.ndarray]]:
    """Label, seconds of training, and the denoised frames of the judged fields."""
    label, name, changes = parsed(entry)
    untrained = name in ("bm3d", GENERAL) or "model" in changes
    settings = denoiser_settings(name, changes if untrained else {"steps": steps, "validation_interval": steps} | changes)
    if isinstance(settings, NetworkSettings) and settings.model:
        model = load_model(model_folder(settings.model))
        return label, 0.0, {field: denoise_stack(model, frames) for field, frames in judged.items()}
    learned = sorted(path.name for path in (session / "pairs").glob("train*"))
    fields = [field_of(session, field, settings.target) for field in learned]
    start = time.perf_counter()
    if isinstance(settings, BlockMatchingSettings):
        tuned, _ = tune(fields, settings, psnr_affine_db)
        seconds = time.perf_counter() - start
        return label, seconds, {field: denoise_with_bm3d(frames, tuned) for field, frames in judged.items()}
    with tempfile.TemporaryDirectory() as folder:
        model = train_denoiser(training_frames(fields, settings, name), settings, folder, label)
    return label, time.perf_counter() - start, {field: denoise_stack(model, frames) for field, frames in judged.items()}


def scores(session: Path, field: str, images: np.ndarray) -> list[dict]:
    """Scores of the denoised frames of one of the session's fields against both of its references."""
    rows = []
    for target in REFERENCES:
        rows += [{"reference": target, "field": field, **each} for each in scores_of(field_of(session, field, target), images)]
    return rows


def scores_of(known: TrainingField, images: np.ndarray) -> list[dict[str, float]]:
    """Scores of the first denoised frames of a field against its reference, which is moved to each."""
    assert known.pixel_size_nm is not None
    line_px = whole_pixels(DEFAULT_TRACING.line_width_nm, known.pixel_size_nm)
    reference = FrameReference(np.nan_to_num(known.reference, nan=float(known.valid_reference.mean())), (known.rows, known.columns))
    rows = []
    for image, shift in zip(images, known.shift_px, strict=False):
        moved = reference.moved((shift[0], shift[1]))
        quality = {score.__name__: score(image, moved.image, moved.area) for score in (psnr_db, psnr_affine_db, ssim)}
        lines = relative_line_profiles(image, moved.image, moved.area, line_px)[["relative_width", "relative_intensity"]].mean()
        rows.append({**quality, **lines})
    return rows


def mean_scores(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="field").groupby(["reference", "denoiser"], sort=False).mean().round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("denoisers", nargs="*", default=["dlf-slow", "dlf-dcfi", "noise2noise"])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--frames", type=int, default=2, help="judged, of each test field")
    parser.add_argument("--by-field", action="store_true", help="record the scores of every test field too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tests = sorted(path.name for path in (arguments.session / "pairs").glob("test*"))
    judged = {field: stack_of(arguments.session, field).frames[: arguments.frames] for field in tests}
    tables = []
    for entry in arguments.denoisers:
        label, seconds, images = denoised_by(arguments.session, entry, arguments.steps, judged)
        rows = [row for field in tests for row in scores(arguments.session, field, images[field])]
        tables.append(pd.DataFrame(rows).assign(denoiser=label, seconds=seconds))
        print(mean_scores(tables[-1]).to_string(header=len(tables) == 1), flush=True)
    table = pd.concat(tables, ignore_index=True)
    means = mean_scores(table).sort_index(level="reference", sort_remaining=False).reset_index()
    means = means.assign(session=arguments.session.name, steps=arguments.steps)
    record_table("denoisers", means, ["session", "reference", "denoiser", "steps"])
    if arguments.by_field:
        by_field = table.groupby(["reference", "denoiser", "field"], sort=False)[COLUMNS].mean().round(2).reset_index()
        record_table("denoisers.fields", by_field.assign(session=arguments.session.name), ["session", "reference", "denoiser", "field"])


if __name__ == "__main__":
    main()
