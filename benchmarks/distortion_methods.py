"""The methods of measuring the scan distortion beside each other.

Run from the root of the repository:

    python -m benchmarks.distortion_methods            simulated calibration fields, against the truth
    python -m benchmarks.distortion_methods --real     real fast and slow scans, half of them judged by strip

The first simulates single calibration fields (dislocations and gold-particle gratings, 256 x 256 pixels, 50 frames), with the demo's
noise and with worse, registers and integrates the frames, and measures the map from one field at a time. The error is that of the map's
shape: its mean, which the detector's lag and the field's shift set, is removed. The columns that no slow image shows (13 of 256 at the line
start) count. The second needs the environment variable RAPIDSTEM_REAL_DATA.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.map_measurement import METHODS, measure_map
from rapidstem.distortion.reference_alignment import align_reference
from rapidstem.distortion.residual_strips import strip_residuals
from rapidstem.errors import InputError
from rapidstem.files.image_stacks import read_stack
from rapidstem.frames.integration import integrate_frames
from rapidstem.frames.registration import register_frames
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.settings import settings_from
from rapidstem.microscope.truth import read_truth

SEEDS = (1, 2, 3, 4, 5)
WORSE = {"electrons_per_px": 8.0, "streak_strength": 0.06, "row_offset_strength": 0.04, "jitter_px": 1.0, "lag_decay": (0.6, 0.9)}
NOISES = {"demo": {}, "worse": WORSE}
SPECIMENS = ("dislocations", "gold-grating")
EDGE_SHARE = 0.1
FITTED, JUDGED = range(1, 19), range(19, 37)


@dataclass(frozen=True)
class Field:
    """One calibration field: its DCFI image, its slow image, and the true map."""

    reference: np.ndarray
    slow: np.ndarray
    slow_px: np.ndarray


def simulated_field(specimen: str, noise: str, seed: int) -> Field:
    """A calibration field as the virtual microscope records it."""
    settings = settings_from({"seed": seed, "calibration_specimen": specimen, **NOISES[noise]})
    with tempfile.TemporaryDirectory() as folder:
        rapid, slow, truth = (Path(folder, name) for name in ("rapid.emd", "slow.emd", "truth.h5"))
        simulate_acquisition("calibration", "calibration", None, settings, rapid, slow, truth)
        frames = read_stack(rapid).frames
        return Field(integrate_frames(frames, register_frames(frames)), read_stack(slow).frames[0], read_truth(truth).slow_px)


def scores(method: str, field: Field) -> dict[str, float]:
    """Errors of the map of one field in px, the error that was stated without the truth, and the time it took."""
    start = time.perf_counter()
    try:
        measured = measure_map([field.reference], [field.slow], method=method)
    except InputError as error:
        print(f"    {method} refused: {error}", file=sys.stderr)
        return {"refused": 1.0}
    seconds = time.perf_counter() - start
    off_px = measured.column_map.slow_px - field.slow_px
    off_px -= off_px.mean()
    edge = int(EDGE_SHARE * off_px.size)
    return {
        "rms": rms(off_px),
        "edges": rms(np.concatenate([off_px[:edge], off_px[-edge:]])),
        "inner": rms(off_px[edge:-edge]),
        "largest": float(np.abs(off_px).max()),
        "stated": measured.residual_px,
        "seconds": seconds,
        "refused": 0.0,
    }


def rms(values: np.ndarray | pd.Series) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def compare_with_truth() -> None:
    """Print the errors of all methods on simulated fields."""
    rows = []
    for specimen in SPECIMENS:
        for noise in NOISES:
            fields = [simulated_field(specimen, noise, seed) for seed in SEEDS]
            rows += [
                {"specimen": specimen, "noise": noise, "method": method, **scores(method, field)} for method in METHODS for field in fields
            ]
    table = pd.DataFrame(rows)
    groups = table.groupby(["specimen", "noise", "method"], sort=False)
    summary = groups[["rms", "edges", "inner", "stated"]].agg(lambda values: rms(values.dropna()))
    summary.insert(1, "worst_field", groups["rms"].max())
    summary["largest"], summary["seconds"], summary["refused"] = groups["largest"].max(), groups["seconds"].min(), groups["refused"].sum()
    print(f"error of the map in px, {len(SEEDS)} fields each, one field a map")
    record_table("distortion_methods", summary.round(3).reset_index(), ["specimen", "noise", "method"])


def strips_of(pairs: list[list[np.ndarray]], column_map: ColumnMap) -> pd.DataFrame:
    """Strips of pairs that the map has not seen, with `before_px`, what a shift alone leaves over."""
    rapid, slow = ([np.asarray(image, dtype=float) for image in side] for side in zip(*pairs, strict=True))
    shifts = [align_reference(*pair, column_map).slow_shift_px for pair in zip(rapid, slow, strict=True)]
    strips = strip_residuals(rapid, slow, column_map, np.array(shifts))
    return strips.assign(before_px=strips["displacement_px"] - strips.groupby("field")["displacement_px"].transform("mean"))


def compare_on_real_pairs() -> None:
    """Print what every method leaves over, by strip, on pairs that the map has not seen."""
    from skimage.io import imread

    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        print("RAPIDSTEM_REAL_DATA does not name the folder with the real data")
        return
    kinds = [Path(folder, "kriss_sem", "dwell", kind) for kind in ("rapid_100ns", "slow_30us")]
    fitted, judged = ([[imread(kind / f"fov_{number:03d}.tif") for kind in kinds] for number in part] for part in (FITTED, JUDGED))
    by_strip: dict[str, pd.Series] = {}
    rows = []
    rapid, slow = zip(*fitted, strict=True)
    for method in METHODS:
        start = time.perf_counter()
        measured = measure_map(rapid, slow, method=method)
        seconds = time.perf_counter() - start
        strips = strips_of(judged, measured.column_map)
        totals = {name: rms(strips[name]) for name in ("before_px", "residual_px", "expected_px")}
        rows.append({"method": method, **totals, "map_expected_px": measured.residual_px, "seconds": seconds})
        squares = strips.groupby("column")[["before_px", "residual_px", "expected_px"]].agg(rms)
        by_strip |= {"before": squares["before_px"], method: squares["residual_px"], "expected": squares["expected_px"]}
    print(
        f"map from {len(fitted)} real pairs, judged on {len(judged)} others: px rms with one shift alone, with the map, expected of a strip"
    )
    record_table("distortion_methods.real", pd.DataFrame(rows).round(3), ["method"])
    record_table("distortion_methods.strips", pd.DataFrame(by_strip).round(2).reset_index(), ["column"])


def main() -> None:
    """Print the table that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true", help="real fast and slow scans instead of simulated fields")
    if parser.parse_args().real:
        compare_on_real_pairs()
    else:
        compare_with_truth()


if __name__ == "__main__":
    main()
