"""Dislocation lines from few views: how far the fit to the frames carries where a tomogram does not.

`python -m benchmarks.few_views results/demo [variant] [--views 5 17]` (the default is rapid-dlf-slow) works on a finished simulated
session. It leaves 2, 3, 5, 9, 17 and 35 of the frames, each from the middle of an equal part of the range, and all frames within 30, 45
and 60 degrees; reconstructs them by SIRT, traces the lines, and fits them to the same frames. Angles and shifts are those that all frames
have given. Prints for the traced and for the fitted lines how much of the true length was found and how much of theirs is real (within 20
nm), the root mean square distance across the lines from the true ones in x, y and z, for the fitted ones the stated distance and the ratio
of the two. The true lines are cores, and a core lies beside its dark line by a nanometre or more, which no stated deviation has in it: the
ratio in `slow_ratio` is that of the distances from the lines of the slow series, whose images differ from their cores in the same way.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.line_positions import SIGMAS, LinePoints, differences
from benchmarks.measured_tables import record_table
from rapidstem.dislocations import (
    CENTROID_COLUMNS,
    COORDINATES,
    POINT_COLUMNS,
    RigidMotion,
    foil_box,
    resampled,
    rigid_motion,
    trace_lines,
    traced_points,
)
from rapidstem.files import read_series, read_table, read_volume_shape
from rapidstem.lines import fit_lines
from rapidstem.microscope import read_truth
from rapidstem.scores import line_centroids, line_detection, whole_field
from rapidstem.tomography import TiltGeometry, read_geometry
from rapidstem.tomography.reconstruction import ReconstructionSettings, reconstruct

COUNTS, RANGES_DEG = (2, 3, 5, 9, 17, 35), (30, 45, 60)
KEYS = ["session", "variant", "views", "lines"]


@dataclass(frozen=True)
class Series:
    """An aligned series of a finished session, and the true lines of its specimen in its own coordinates."""

    images: np.ndarray
    binary: np.ndarray
    geometry: TiltGeometry
    depth_nm: float
    thickness_nm: float
    true_lines: list[np.ndarray]
    motion: RigidMotion
    slow: pd.DataFrame
    slow_motion: RigidMotion


def read_session(folder: Path, variant: str) -> Series:
    """The series of a session, and the motion from its coordinates to those of the truth, from all frames."""
    stem = folder / "tilt_series/series" / variant
    shape, voxel_size_nm = read_volume_shape(folder / f"tomograms/series/{variant}.mrc")
    truth = read_truth(folder / "truth/series.h5")
    lines = [line.points_nm for line in truth.lines if line.visible]
    results = folder / "dislocations/series"
    centres, slow = (read_table(results / f"{name}.centroids.csv", CENTROID_COLUMNS) for name in (variant, "slow"))
    motion, slow_motion = rigid_motion(centres, line_centroids(lines, shape, voxel_size_nm)), rigid_motion(centres, slow)
    slow_lines = read_table(results / "slow.lines.csv", [*POINT_COLUMNS, *SIGMAS])
    images, binary = read_series(f"{stem}.mrc")[0], read_series(f"{stem}.binary.mrc")[0]
    depth_nm = shape[0] * voxel_size_nm
    return Series(
        images, binary, read_geometry(f"{stem}.angles.csv"), depth_nm, truth.foil_thickness_nm, lines, motion, slow_lines, slow_motion
    )


def chosen_views(geometry: TiltGeometry) -> Iterator[tuple[str, np.ndarray]]:
    """Names and masks (frame,) of the views that are left."""
    usable = np.flatnonzero(geometry.used)
    for count in COUNTS:
        middles = usable[((np.arange(count) + 0.5) * len(usable) / count).astype(int)]
        yield f"{count}", np.isin(np.arange(geometry.frames), middles)
    for limit in RANGES_DEG:
        yield f"within {limit} degrees", geometry.used & (np.abs(np.rad2deg(geometry.angle_rad)) <= limit)
    yield "all", geometry.used


def scores(series: Series, lines: list[np.ndarray], sigma_nm: list[np.ndarray]) -> dict[str, float]:
    """Length found and real, and errors beside the stated ones."""
    rows, columns = (side * series.geometry.pixel_size_nm for side in series.images.shape[1:])
    field_nm = whole_field((columns, rows))
    detection = line_detection(lines, series.true_lines, field_nm, motion=series.motion, acquisition="", variant="", against="truth")
    detection = detection.set_index("place").loc["all"]
    row = {f"{name}_percent": round(float(detection[f"{name}_percent"]), 1) for name in ("found", "real")}
    if not lines:
        return row
    true_points = np.concatenate([resampled(line, 1.0) for line in series.true_lines])
    points = points_of(lines, sigma_nm)
    slow = differences(points.moved(series.slow_motion), series.slow[COORDINATES].to_numpy(), series.slow[SIGMAS].to_numpy())
    row |= differences(points.moved(series.motion), true_points, 0.0)
    return row | {f"{axis}_slow_ratio": slow[f"{axis}_ratio"] for axis in "xyz"}


def points_of(lines: list[np.ndarray], sigma_nm: list[np.ndarray]) -> LinePoints:
    """Points of lines with their deviations."""
    direction = np.concatenate([np.gradient(line, axis=0) for line in lines])
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    numbers = [np.arange(len(line)) for line in lines]
    inner = np.concatenate([np.minimum(number, number[::-1]) >= 5 for number in numbers])
    return LinePoints(np.concatenate(lines), np.concatenate(sigma_nm), direction, inner)


def rows_of(series: Series, views: np.ndarray) -> list[dict[str, object]]:
    """One row for the traced, one for the fitted lines of some views."""
    geometry = replace(series.geometry, used=views)
    pixel_size_nm = geometry.pixel_size_nm
    volume = reconstruct(series.binary, geometry, ReconstructionSettings(series.depth_nm))
    network = trace_lines(volume, pixel_size_nm, series.thickness_nm)
    traced = [line.points_nm for line in network.lines]
    table = scores(series, traced, [np.ones((len(line), 3)) for line in traced])
    told = {key: value for key, value in table.items() if not key.endswith(("stated_nm", "ratio"))}
    box_nm = foil_box(traced_points(network), series.images.shape[1:], pixel_size_nm, series.thickness_nm)
    found = fit_lines(series.images, geometry, traced, box_nm, volume.shape[0])
    fitted = [line.points_nm for line in found.network.lines]
    return [{"lines": "traced", **told}, {"lines": "fitted", **scores(series, fitted, found.sigma_nm)}]


def main(folder: Path, variant: str, wanted: list[str]) -> None:
    """Print and keep the table of one session, row by row."""
    series = read_session(folder, variant)
    for name, views in chosen_views(series.geometry):
        if not wanted or name in wanted:
            table = pd.DataFrame(rows_of(series, views)).assign(session=folder.name, variant=variant, views=name)
            record_table("few_views", table[[*KEYS, *(column for column in table if column not in KEYS)]], KEYS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results/demo"), help="a finished session")
    parser.add_argument("variant", nargs="?", default="rapid-dlf-slow")
    parser.add_argument("--views", nargs="+", default=[], help='some of them, as "5" or "within 30 degrees"')
    arguments = parser.parse_args()
    main(arguments.folder, arguments.variant, arguments.views)
