"""How far the fitted lines of a session lie from each other and from the true ones, beside the standard deviations that they state.

`python -m benchmarks.line_positions results/demo` compares the lines of every rapid variant with those of the slow series, and both with
the truth where the session was simulated. Prints the root mean square distance across the lines in x, y and z, the stated one, the ratio
of the two, point by point (1 where the stated deviations are right), and that of all three axes together, once for all points, once
(`yz_points`, `yz_ratio`) for those alone where a line runs within 15 degrees of a yz section and is seen end-on at some tilt, and once
(`turned_ratio`) after a common turn in the plane of the foil (`turn_deg`): an error of the tilt axis, which the alignment states. Where
the simulated foil has bent before the slow series, the slow lines are brought back to the foil as it was, for bending is no error. What
rapid and slow differ by is noise; what both differ by from the truth holds the distance of the dark line from the dislocation's core as
well, which no stated deviation has in it.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from scipy.spatial import cKDTree

from benchmarks.measured_tables import record_table
from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, RigidMotion, resampled, rigid_motion
from rapidstem.files import read_table, read_volume_shape
from rapidstem.microscope import AcquisitionTruth, read_truth
from rapidstem.scores import line_centroids

NEAREST_NM = 20.0
LEFT_OUT_POINTS = 5
SMALLEST_SIGMA_NM = 0.1
# Of the angle between a line and a yz section, 15 degrees.
YZ_SINE = 0.26
TRUTH = "truth/series.h5"
KEYS = ["session", "variant", "against"]
SIGMAS = ["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]


@dataclass(frozen=True)
class LinePoints:
    """Points of lines, each with its deviation, the line's direction there, and whether it lies away from the line's ends."""

    places_nm: np.ndarray
    sigma_nm: np.ndarray
    direction: np.ndarray
    inner: np.ndarray

    def moved(self, motion: RigidMotion) -> "LinePoints":
        """The same points in the coordinates of another volume."""
        return LinePoints(motion.apply(self.places_nm), self.sigma_nm, motion.turn(self.direction), self.inner)

    def beside_yz_sections(self) -> "LinePoints":
        """The same points, of which only those count where a line runs beside a yz section."""
        return replace(self, inner=self.inner & (np.abs(self.direction[:, 0]) < YZ_SINE))


def points_of(table: pd.DataFrame) -> LinePoints:
    """The points of a table of fitted lines."""
    lines = [line for _, line in table.groupby("line", sort=True)]
    places = [line[["x_nm", "y_nm", "z_nm"]].to_numpy() for line in lines]
    direction = np.concatenate([np.gradient(line, axis=0) for line in places])
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    numbers = [np.arange(len(line)) for line in places]
    inner = np.concatenate([np.minimum(number, number[::-1]) >= LEFT_OUT_POINTS for number in numbers])
    return LinePoints(np.concatenate(places), np.concatenate([line[SIGMAS].to_numpy() for line in lines]), direction, inner)


def differences(points: LinePoints, others_nm: np.ndarray, others_sigma_nm: np.ndarray | float) -> dict[str, float]:
    """Distances across the lines from the nearest of some other points, beside the stated ones, by axis."""
    distance, nearest = cKDTree(others_nm).query(points.places_nm)
    apart = points.places_nm - others_nm[nearest]
    apart -= np.sum(apart * points.direction, axis=1, keepdims=True) * points.direction
    others = others_sigma_nm[nearest] if isinstance(others_sigma_nm, np.ndarray) else others_sigma_nm
    stated = np.hypot(points.sigma_nm, others)
    row: dict[str, float] = {"points": int(np.count_nonzero(points.inner & (distance < NEAREST_NM)))}
    for axis, name in enumerate("xyz"):
        told = points.inner & (distance < NEAREST_NM) & (points.sigma_nm[:, axis] > SMALLEST_SIGMA_NM)
        own, sigma = apart[told, axis], stated[told, axis]
        row |= {f"{name}_rms_nm": _rms(own), f"{name}_stated_nm": _rms(sigma), f"{name}_ratio": _rms(own / sigma)}
    return row | {"ratio": _rms(np.array([row[f"{name}_ratio"] for name in "xyz"]))}


def common_turn(points: LinePoints, others_nm: np.ndarray) -> tuple[float, LinePoints]:
    """The rotation about z, in degrees, that with a shift brings points nearest to others across their lines, and the points after it."""
    distance, nearest = cKDTree(others_nm).query(points.places_nm)
    told = points.inner & (distance < NEAREST_NM)
    x, y, _ = points.places_nm.T
    moves = np.concatenate([np.tile(np.eye(3), (len(x), 1, 1)), np.stack([-y, x, np.zeros(len(x))], axis=1)[:, :, None]], axis=2)
    across = np.eye(3) - points.direction[:, :, None] * points.direction[:, None, :]
    weighed = across / np.maximum(points.sigma_nm, SMALLEST_SIGMA_NM)[:, :, None]
    apart = (weighed @ (others_nm[nearest] - points.places_nm)[:, :, None])[told].ravel()
    found = scipy.optimize.least_squares(
        lambda motion: (weighed @ moves)[told].reshape(-1, 4) @ motion - apart, np.zeros(4), loss="soft_l1"
    ).x
    return float(np.rad2deg(found[3])), replace(points, places_nm=points.places_nm + moves @ found)


def compared(points: LinePoints, others_nm: np.ndarray, others_sigma_nm: np.ndarray | float) -> dict[str, float]:
    """The same, and the ratio of the points beside yz sections, and of all points after a common turn about z."""
    turn_deg, turned = common_turn(points, others_nm)
    row = differences(points, others_nm, others_sigma_nm)
    beside, after = (differences(each, others_nm, others_sigma_nm) for each in (points.beside_yz_sections(), turned))
    row |= {f"yz_{name}": beside[name] for name in ("points", "ratio")}
    return row | {"turn_deg": round(turn_deg, 3), "turned_ratio": after["ratio"]}


@dataclass(frozen=True)
class KnownTruth:
    """The truth of a session, and the motions of its variants onto it."""

    truth: AcquisitionTruth
    lines: dict[str, list[np.ndarray]]
    motions: dict[str, RigidMotion]

    @classmethod
    def of(
        cls, truth: AcquisitionTruth, centres: dict[str, pd.DataFrame], shape: tuple[int, int, int], voxel_size_nm: float
    ) -> "KnownTruth":
        """The truth beside the centres of every variant."""
        lines = {name: [line.points_nm for line in truth.contrast_lines(slow=name == "slow")] for name in centres}
        motions = {name: rigid_motion(table, line_centroids(lines[name], shape, voxel_size_nm)) for name, table in centres.items()}
        return cls(truth, lines, motions)

    def unbent(self, slow_nm: np.ndarray) -> np.ndarray:
        """Points of the slow series, in the coordinates of the truth, where they lay before the foil bent."""
        bending = self.truth.faults.bending
        placed = self.motions["slow"].apply(slow_nm)
        return placed if bending is None else 2 * placed - bending.moved(placed)


def _rms(values: np.ndarray) -> float:
    return round(float(np.sqrt(np.mean(values**2))), 2) if len(values) else float("nan")


def main(folder: Path) -> None:
    """Print the table of one session."""
    results = folder / "dislocations/series"
    variants = sorted(path.name.removesuffix(".traced.csv") for path in results.glob("*.traced.csv"))
    points = {name: points_of(read_table(results / f"{name}.lines.csv", [*POINT_COLUMNS, *SIGMAS])) for name in variants}
    centres = {name: read_table(results / f"{name}.centroids.csv", CENTROID_COLUMNS) for name in variants}
    known = None
    if (folder / TRUTH).is_file():
        known = KnownTruth.of(read_truth(folder / TRUTH), centres, *read_volume_shape(folder / "tomograms/series/slow.mrc"))
    rows = []
    for name in variants:
        if name != "slow":
            if known is None or known.truth.faults.bending is None:
                moved, slow_nm = points[name].moved(rigid_motion(centres[name], centres["slow"])), points["slow"].places_nm
            else:
                moved, slow_nm = points[name].moved(known.motions[name]), known.unbent(points["slow"].places_nm)
            rows.append({"variant": name, "against": "slow"} | compared(moved, slow_nm, points["slow"].sigma_nm))
        if known is not None:
            places_nm = np.concatenate([resampled(line, 1.0) for line in known.lines[name]])
            rows.append({"variant": name, "against": "truth"} | compared(points[name].moved(known.motions[name]), places_nm, 0.0))
    record_table(
        "line_positions", pd.DataFrame(rows).assign(session=folder.name)[[*KEYS, *(key for key in rows[0] if key not in KEYS)]], KEYS
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
