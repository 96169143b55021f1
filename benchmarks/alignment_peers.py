"""Alignment of a real tilt series of a needle, as recorded and disturbed, beside etspy's.

Run from the root of the repository, with RAPIDSTEM_REAL_DATA set: `python -m benchmarks.alignment_peers`. etspy
(`pip install etspy`) is left out where it is missing. Every frame of the series (91 frames of 64 x 64 pixels) is moved by a random
vector and its angle is changed by a random error of a degree; each method aligns the recorded and the disturbed series. Printed are

* how well the vectors are found again: rms of the difference of the two alignments less the vectors, along and across the axis, in pixels,
  without what no alignment can tell (the origin of the volume);
* the same for the angles, in degrees, and the spread of the errors over their stated standard deviations;
* what the projections of a reconstruction leave unexplained of the aligned frames, in percent (relative root mean square).
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from benchmarks.measured_tables import record_table
from rapidstem.files.image_stacks import read_stack
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment.density_alignment import object_density
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, project_volume, reconstruct
from rapidstem.tomography.reported_angles import recorded_geometry
from rapidstem.tomography.tilt_geometry import TiltGeometry

SEEDS = (1, 2, 3)
SHIFT_PX, ANGLE_DEG = 1.5, 1.0
MARGIN_PX = 6
ETSPY_METHODS = ("PC", "COM", "COM-CL", "StackReg")


@dataclass(frozen=True)
class Alignment:
    """Shifts (frame, 2) in px, angles (frame,) with their stated standard deviations in degrees, and the aligned frames."""

    shift_px: np.ndarray
    angle_deg: np.ndarray
    sigma_deg: np.ndarray
    frames: np.ndarray


Align = Callable[[np.ndarray, np.ndarray, float, float], Alignment]


def ours(series: np.ndarray, reported_deg: np.ndarray, sigma_deg: float, pixel_size_nm: float) -> Alignment:
    """By moments and projection matching."""
    depth_nm = series.shape[1] * pixel_size_nm / np.sqrt(2)
    recorded = recorded_geometry(reported_deg, series.shape, pixel_size_nm)
    found = align_series(series, recorded, AlignmentSettings(depth_nm, sigma_deg, features="density"))
    return Alignment(
        found.geometry.shift_px, np.rad2deg(found.geometry.angle_rad), found.sigma_deg, apply_alignment(series, found.geometry)
    )


def as_reported(series: np.ndarray, reported_deg: np.ndarray, sigma_deg: float, pixel_size_nm: float) -> Alignment:
    """Not aligned at all."""
    del pixel_size_nm
    return Alignment(np.zeros((len(series), 2)), reported_deg, np.full(len(series), sigma_deg), series)


def by_etspy(method: str) -> Align:
    """One of etspy's registrations, then its axis by centres of mass; the angles stay as reported."""

    def align(series: np.ndarray, reported_deg: np.ndarray, sigma_deg: float, pixel_size_nm: float) -> Alignment:
        from etspy import AlignmentMethod
        from etspy.base import TomoStack

        del pixel_size_nm
        stack = TomoStack(series.astype(np.float32), reported_deg)
        aligned = stack.stack_register(AlignmentMethod(method))
        centred = aligned.tilt_align("CoM")
        return Alignment(-np.asarray(aligned.shifts.data), reported_deg, np.full(len(series), sigma_deg), np.asarray(centred.data))

    return align


def disturbed(series: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames that are moved, the vectors (frame, 2) in px, and errors (frame,) of the angles in degrees."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, SHIFT_PX, (len(series), 2))
    moved = [ndimage.shift(frame, vector, order=3, mode="nearest") for frame, vector in zip(series, vectors, strict=True)]
    return np.array(moved), vectors, rng.normal(0, ANGLE_DEG, len(series))


def shift_errors_px(found: Alignment, recorded: Alignment, vectors: np.ndarray, tilt_deg: np.ndarray) -> tuple[float, float]:
    """Across and along the axis."""
    tilt = np.deg2rad(tilt_deg)
    error = found.shift_px - recorded.shift_px - vectors
    origin = np.column_stack([np.cos(tilt), np.sin(tilt)])
    across = error[:, 0] - origin @ np.linalg.lstsq(origin, error[:, 0], rcond=None)[0]
    return float(np.sqrt(np.mean(across**2))), float(error[:, 1].std())


def unexplained_percent(found: Alignment, pixel_size_nm: float) -> float:
    """What the projections of a SIRT reconstruction leave of the aligned frames, inside a margin that all of them show."""
    density = object_density(found.frames)
    geometry = TiltGeometry(np.deg2rad(found.angle_deg), np.zeros((len(density), 2)), pixel_size_nm, density.shape[1])
    volume = reconstruct(
        density, geometry, ReconstructionSettings(density.shape[1] * pixel_size_nm / np.sqrt(2), iterations=50, isolated=True), device="cpu"
    )
    inner = (slice(None), slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX))
    left = (density - project_volume(volume, geometry, isolated=True))[inner]
    return 100 * float(np.linalg.norm(left) / np.linalg.norm(density[inner]))


def compare(name: str, align: Align, series: np.ndarray, tilt_deg: np.ndarray, pixel_size_nm: float) -> dict[str, object]:
    """One method's row of the table."""
    recorded = align(series, tilt_deg, 0.1, pixel_size_nm)
    rows = []
    for seed in SEEDS:
        moved, vectors, wrong_deg = disturbed(series, seed)
        found = align(moved, tilt_deg + wrong_deg, ANGLE_DEG, pixel_size_nm)
        angle = found.angle_deg - tilt_deg
        angle -= angle.mean()
        spread = float((angle / found.sigma_deg).std())
        rows.append((*shift_errors_px(found, recorded, vectors, tilt_deg), angle.std(), spread, unexplained_percent(found, pixel_size_nm)))
    columns = ("across_px", "along_px", "angle_deg", "spread", "unexplained_disturbed_percent")
    row = dict(zip(columns, np.mean(rows, axis=0).round(2), strict=True))
    return {"method": name, **row, "unexplained_recorded_percent": round(unexplained_percent(recorded, pixel_size_nm), 2)}


def main() -> None:
    """Print the table."""
    folder = os.environ.get("RAPIDSTEM_REAL_DATA")
    if not folder:
        print("RAPIDSTEM_REAL_DATA does not name the folder with the real data")
        return
    stack = read_stack(Path(folder, "needle_tilt_series/HAADF.dm3"))
    series = np.asarray(stack.frames, np.float32)
    assert stack.tilt_deg is not None
    methods: dict[str, Align] = {"as reported": as_reported, "rapidstem, density": ours}
    if find_spec("etspy"):
        methods |= {f"etspy, {name}": by_etspy(name) for name in ETSPY_METHODS}
    else:
        print("etspy is left out: it is not installed", file=sys.stderr)
    assert stack.tilt_deg is not None
    rows = []
    for name, align in methods.items():
        try:
            rows.append(compare(name, align, series, stack.tilt_deg, stack.pixel_size_nm))
        except (ImportError, ValueError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    record_table("alignment_peers", pd.DataFrame(rows), ["method"])


if __name__ == "__main__":
    main()
