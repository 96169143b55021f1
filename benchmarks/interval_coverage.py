"""Whether the intervals of denoised frames hold what they state: on the test fields of a session, and on fields of other seeds.

Run from the root of the repository with the folder of a session: `python -m benchmarks.interval_coverage results/demo --seeds 201 202`.
Intervals are calibrated from the session's models and training fields, as its own job does. Fields of other seeds are specimens that no
part of the session has seen, under the same virtual microscope, with a few frames each.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.denoising import (
    PredictionIntervals,
    RecordedReference,
    TrainedModel,
    calibrated_intervals,
    compared_field,
    frames_to_compare,
    load_model,
)
from rapidstem.denoising.fields import TrainingField, read_training_field
from rapidstem.distortion import AlignedReference, ColumnMap, align_reference, match_pixel_size, read_map, read_pair, write_pair
from rapidstem.files import read_stack
from rapidstem.frames import integrate_frames, read_drift, register_frames
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from

FRAMES_SCORED = 4
FRAMES_SIMULATED = 12
TILTS_DEG = (0.0, 40.0, 70.0)


Field = tuple[TrainingField, RecordedReference]


def session_field(session: Path, name: str, target: str) -> Field:
    """A field of a session, and its reference."""
    drift, stack = read_drift(session / f"dcfi/{name}.drift.csv"), read_stack(session / f"raw/{name}.rapid.emd")
    dcfi, aligned, _ = read_pair(session / "pairs" / name)
    slow = read_stack(session / f"raw/{name}.slow.emd")
    image = match_pixel_size(slow.frames[0], slow.pixel_size_nm / stack.pixel_size_nm)
    reference = recorded_reference(target, dcfi, image, aligned, read_map(session / "distortion/map.csv"))
    return read_training_field(session / "pairs" / name, stack.frames, drift, target, name), reference


def recorded_reference(
    target: str, dcfi: np.ndarray, slow: np.ndarray, aligned: AlignedReference, column_map: ColumnMap
) -> RecordedReference:
    """The reference of a field in pixels of its own."""
    if target == "dcfi":
        return RecordedReference.of_mean(dcfi)
    return RecordedReference.of_slow_image(slow, aligned.slow_shift_px, column_map)


def simulated_field(session: Path, seed: int, tilt_deg: float, target: str) -> Field:
    """A field of another specimen, aligned as the session aligns its own."""
    name = f"seed{seed}-{tilt_deg:02.0f}"
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder, each) for each in ("rapid.emd", "slow.emd", "truth.h5"))
        settings = settings_from({"seed": seed, "frames_per_field": FRAMES_SIMULATED})
        simulate_acquisition("test", name, tilt_deg, settings, rapid, slow, truth)
        stack, slow_image = read_stack(rapid), read_stack(slow)
        drift = register_frames(stack.frames)
        dcfi = integrate_frames(stack.frames, drift)
        scale = slow_image.pixel_size_nm / stack.pixel_size_nm
        shift_px = drift.shift_px[drift.used]
        column_map = read_map(session / "distortion/map.csv")
        aligned = align_reference(dcfi, slow_image.frames[0], column_map, shift_px, scale)
        write_pair(Path(folder), dcfi, aligned, stack.pixel_size_nm)
        reference = recorded_reference(target, dcfi, match_pixel_size(slow_image.frames[0], scale), aligned, column_map)
        return read_training_field(Path(folder), stack.frames, drift, target, name), reference


def session_intervals(session: Path, model: TrainedModel) -> PredictionIntervals:
    """The intervals of a session's model."""
    target, data = model.settings.target, model.card["data"]
    frames = frames_to_compare(data["training"], data["validation"])
    compared = {name: compared_field(model, *session_field(session, name, target), most) for name, most in frames.items()}
    learnt_on, calibrated_on = ([compared[name] for name in data[part] if name in compared] for part in ("training", "validation"))
    return calibrated_intervals(target, learnt_on, calibrated_on)


def scored(model: TrainedModel, intervals: PredictionIntervals, field: TrainingField, reference: RecordedReference) -> dict[str, float]:
    """Share of the reference's pixels inside, and the mean half width."""
    compared = compared_field(model, field, reference, FRAMES_SCORED)
    widths = [intervals.half_width(answer) for answer in compared.answers]
    inside = [
        np.mean(abs(known - found) <= width) for known, found, width in zip(compared.references, compared.answers, widths, strict=True)
    ]
    return {
        "inside_percent": round(100 * float(np.mean(inside)), 1),
        "mean_half_width": round(float(np.mean([width.mean() for width in widths])), 1),
    }


def asked_fields(session: Path, seeds: list[int], target: str) -> Iterator[Field]:
    """The session's test fields, or those of other seeds."""
    names = sorted(path.name for path in (session / "pairs").glob("test-*"))
    yield from (session_field(session, name, target) for name in names if not seeds)
    yield from (simulated_field(session, seed, tilt_deg, target) for seed in seeds for tilt_deg in TILTS_DEG)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--denoisers", nargs="+", default=["dlf-slow", "dlf-dcfi"])
    parser.add_argument(
        "--seeds", type=int, nargs="*", default=[], help="of other fields; without any, the session's test fields are asked"
    )
    arguments = parser.parse_args()
    for denoiser in arguments.denoisers:
        model = load_model(arguments.session / "models" / denoiser)
        intervals = session_intervals(arguments.session, model)
        for field, reference in asked_fields(arguments.session, arguments.seeds, model.settings.target):
            place = {"session": arguments.session.name, "denoiser": denoiser, "field": field.name, "stated_percent": 90}
            row = place | scored(model, intervals, field, reference)
            record_table("interval_coverage", pd.DataFrame([row]), ["session", "denoiser", "field"])


if __name__ == "__main__":
    main()
