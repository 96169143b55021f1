"""How far the dislocation centres of a tomogram lie from those of a reference (Zhao et al. 2021, equations 2 and 3, Fig. 7)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.dislocations.pairing import COORDINATES, NO_MOTION, SECTION_NORMAL, RigidMotion, moved_to_sections, pair_centroids
from rapidstem.errors import InputError

ZHAO_MEAN_ABS_NM = {"x": 6.4, "y": 7.8, "z": 10.3}
AXIS_PLANE = {"x": "xz", "y": "yz", "z": "yz"}


ERROR_COLUMNS = [
    *["acquisition", "variant", "against", "axis", "mean_abs_nm", "median_abs_nm", "bias_nm", "pairs", "unpaired", "paired_percent"],
    *["unpaired_measured", "paired_measured_percent", "curvature_nm_per_um2", "radius_nm"],
    *["rotation_deg", "shift_x_nm", "shift_y_nm", "shift_z_nm"],
]


@dataclass(frozen=True)
class QuadraticFit:
    """dG = offset_nm + slope_nm_per_um p + curvature_nm_per_um2 p^2, p being the position in um."""

    offset_nm: float
    slope_nm_per_um: float
    curvature_nm_per_um2: float

    def at(self, position_nm: np.ndarray) -> np.ndarray:
        """The fitted difference in nm at positions in nm."""
        position_um = np.asarray(position_nm, float) / 1000.0
        return self.offset_nm + self.slope_nm_per_um * position_um + self.curvature_nm_per_um2 * position_um**2


def position_pairs(measured: pd.DataFrame, reference: pd.DataFrame, radius_nm: float, motion: RigidMotion = NO_MOTION) -> pd.DataFrame:
    """Pair the centres of a tomogram, after the motion, with those of the reference; differences are measured - reference."""
    return pair_centroids(moved_to_sections(measured, reference, motion), reference, radius_nm)


def positional_errors(
    measured: pd.DataFrame,
    reference: pd.DataFrame,
    radius_nm: float,
    motion: RigidMotion = NO_MOTION,
    *,
    acquisition: str,
    variant: str,
    against: str,
) -> pd.DataFrame:
    """Errors of the dislocation centres in x (from xz sections), y and z (from yz sections).

    Parameters
    ----------
    measured, reference : DataFrame
        Centres with the columns `plane`, `slice`, `x_nm`, `y_nm`, `z_nm`.
    radius_nm : float
        Largest distance of a pair within its section.
    motion : RigidMotion
        Brings `measured` onto `reference` (`rapidstem.dislocations.pairing.rigid_motion`); it is removed first and stated in the table.
    acquisition, variant, against : str
        Copied to the table.

    Returns
    -------
    DataFrame
        One row an axis: `acquisition`, `variant`, `against`, `axis`, `mean_abs_nm`, `median_abs_nm`, `bias_nm` (mean of measured -
        reference), `pairs`, `unpaired` and `paired_percent` (of the reference's centres), `unpaired_measured` and
        `paired_measured_percent` (of the measured ones), `curvature_nm_per_um2` (coefficient of y^2 of the axis' error against y; for z
        the time-lag artefact), `radius_nm`, and the motion removed: `rotation_deg`, `shift_x_nm`, `shift_y_nm`, `shift_z_nm`. Without
        pairs the errors are NaN.
    """
    pairs = position_pairs(measured, reference, radius_nm, motion)
    names = {"acquisition": acquisition, "variant": variant, "against": against}
    removed = {"radius_nm": radius_nm, "rotation_deg": motion.rotation_deg}
    removed |= dict(zip(("shift_x_nm", "shift_y_nm", "shift_z_nm"), motion.shift_nm.tolist(), strict=True))
    return pd.DataFrame([names | _axis_errors(pairs, measured, reference, axis) | removed for axis in AXIS_PLANE])


def quadratic_fit(pairs: pd.DataFrame, along: str, of: str = "z") -> QuadraticFit:
    """Least-squares quadratic of the difference in one axis against the position along another (the time-lag artefact: z along y).

    Differences in x come from the pairs of the xz sections, those in y and z from the yz sections. NaN from fewer than three positions.
    """
    rows = pairs[pairs["plane"] == AXIS_PLANE[of]]
    position_um = rows[f"{along}_nm"].to_numpy(float) / 1000.0
    if len(np.unique(position_um)) < 3:
        return QuadraticFit(float("nan"), float("nan"), float("nan"))
    coefficients = np.polynomial.Polynomial.fit(position_um, rows[f"d{of}_nm"].to_numpy(float), 2).convert().coef
    return QuadraticFit(*np.pad(coefficients, (0, 3 - len(coefficients))).tolist())


def difference_profile(pairs: pd.DataFrame, along: str, bin_nm: float, of: str = "z") -> pd.DataFrame:
    """Average the difference in one axis over bins of the position along another (Zhao Fig. 7a: z along y; 7b: z along x).

    Returns
    -------
    DataFrame
        `position_nm` (centre of the bin), `mean_nm`, `standard_error_nm` (pairs taken as independent; NaN for a single one), `pairs`.
    """
    rows = pairs[pairs["plane"] == AXIS_PLANE[of]]
    centre_nm = bin_nm * np.rint(rows[f"{along}_nm"].to_numpy(float) / bin_nm)
    grouped = rows[f"d{of}_nm"].groupby(centre_nm)
    profile = pd.DataFrame({"mean_nm": grouped.mean(), "standard_error_nm": grouped.sem(), "pairs": grouped.size()})
    return profile.rename_axis("position_nm").reset_index()


def line_centroids(
    polylines: Sequence[np.ndarray], shape: tuple[int, int, int], voxel_size_nm: float, smallest_angle_deg: float = 20.0
) -> pd.DataFrame:
    """Intersect known dislocation lines with the yz and xz section planes of a volume: the truth that measured centres are held against.

    Where a line runs at less than `smallest_angle_deg` to the section plane, its intersection is long and the centre of it ill-defined;
    such intersections are left out, with the same limit for every line, plane and tomogram.

    Parameters
    ----------
    polylines : sequence of ndarray (n, 3)
        Lines, nm, in the order x, y, z, origin at the centre of the volume.
    shape : tuple of int
        Voxels of the reconstructed volume (z, y, x); intersections outside are left out.
    voxel_size_nm : float
        Distance of the sections.

    Returns
    -------
    DataFrame
        `plane`, `slice`, `x_nm`, `y_nm`, `z_nm`, `weight` (1).
    """
    starts, steps = _segments(polylines)
    counts = np.array(shape[::-1])
    tables = []
    for plane, axis in SECTION_NORMAL.items():
        sections, points = _intersections(starts, steps, axis, counts[axis], voxel_size_nm, smallest_angle_deg)
        inside = np.all(np.abs(points) <= counts * voxel_size_nm / 2.0, axis=1)
        table = pd.DataFrame(points[inside], columns=COORDINATES)
        table.insert(0, "plane", plane)
        table.insert(1, "slice", sections[inside])
        tables.append(table.assign(weight=1.0))
    return pd.concat(tables, ignore_index=True)


def _axis_errors(pairs: pd.DataFrame, measured: pd.DataFrame, reference: pd.DataFrame, axis: str) -> dict[str, object]:
    plane = AXIS_PLANE[axis]
    differences = pairs.loc[pairs["plane"] == plane, f"d{axis}_nm"]
    of_measured = int((measured["plane"] == plane).sum())
    of_reference = int((reference["plane"] == plane).sum())
    found = len(differences)
    return {
        "axis": axis,
        "mean_abs_nm": differences.abs().mean(),
        "median_abs_nm": differences.abs().median(),
        "bias_nm": differences.mean(),
        "pairs": found,
        "unpaired": of_reference - found,
        "paired_percent": _percent(found, of_reference),
        "unpaired_measured": of_measured - found,
        "paired_measured_percent": _percent(found, of_measured),
        "curvature_nm_per_um2": quadratic_fit(pairs, "y", axis).curvature_nm_per_um2,
    }


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else float("nan")


def _segments(polylines: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    starts, steps = [np.empty((0, 3))], [np.empty((0, 3))]
    for number, line in enumerate(polylines):
        points = np.asarray(line, float)
        if points.ndim != 2 or points.shape[1] != 3:
            raise InputError(f"line {number} has the shape {points.shape}; give one row (x, y, z) a point")
        starts.append(points[:-1])
        steps.append(np.diff(points, axis=0))
    return np.concatenate(starts), np.concatenate(steps)


def _intersections(
    starts: np.ndarray, steps: np.ndarray, axis: int, count: int, voxel_size_nm: float, smallest_angle_deg: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give section numbers and points where segments cross the section planes; a segment owns its lower end, not its upper."""
    lengths = np.linalg.norm(steps, axis=1)
    steep = np.abs(steps[:, axis]) > lengths * np.sin(np.deg2rad(smallest_angle_deg))
    starts, steps = starts[steep], steps[steep]
    ends = np.sort(np.stack([starts[:, axis], starts[:, axis] + steps[:, axis]]), axis=0) / voxel_size_nm + (count - 1) / 2.0
    lowest = np.maximum(np.ceil(ends[0]), 0).astype(int)
    crossed = np.maximum(np.minimum(np.ceil(ends[1]), count).astype(int) - lowest, 0)
    segment = np.repeat(np.arange(len(starts)), crossed)
    within = np.arange(len(segment)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    sections = lowest[segment] + within
    plane_nm = (sections - (count - 1) / 2.0) * voxel_size_nm
    share = (plane_nm - starts[segment, axis]) / steps[segment, axis]
    return sections, starts[segment] + share[:, None] * steps[segment]
