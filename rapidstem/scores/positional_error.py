"""How far the dislocation centres of a tomogram lie from those of a reference (Zhao et al. 2021, equations 2 and 3, Fig. 7)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rapidstem.dislocations.centre_uncertainty import SIGMA_COLUMNS
from rapidstem.dislocations.pairing import MOTION_COLUMNS, NO_MOTION, RigidMotion, moved_to_sections, pair_centroids
from rapidstem.dislocations.section_links import COORDINATES, SECTION_NORMAL, chain_labels
from rapidstem.errors import InputError
from rapidstem.scores.difference_fit import AXIS_PLANE, quadratic_fit

# Zhao et al. 2021: mean absolute differences of rapid and slow, on a real specimen.
ZHAO_MEAN_ABS_NM = {"x": 6.4, "y": 7.8, "z": 10.3}
ERROR_COLUMNS = [
    *["acquisition", "variant", "against", "axis", "mean_abs_nm", "median_abs_nm", "bias_nm", "pairs", "unpaired", "paired_percent"],
    *["unpaired_measured", "paired_measured_percent", "curvature_nm_per_um2", "radius_nm"],
    *["rotation_deg", "shift_x_nm", "shift_y_nm", "shift_z_nm", "curvature_sigma_nm_per_um2", "normalised_rms"],
]


def position_pairs(measured: pd.DataFrame, reference: pd.DataFrame, radius_nm: float, motion: RigidMotion = NO_MOTION) -> pd.DataFrame:
    """Pair the centres of a tomogram, after the motion, with those of the reference; differences are measured - reference.

    Parameters
    ----------
    measured, reference : DataFrame
        Tables of centres, as `rapidstem.dislocations.locate_centroids` gives them.
    radius_nm : float
        Largest distance of a pair.
    motion : RigidMotion
        Brings the measured centres onto the reference.

    Returns
    -------
    DataFrame
        As `rapidstem.dislocations.pairing.pair_centroids` gives it, with `line`, the number of the reference's line in these sections
        (`rapidstem.dislocations.section_links.chain_labels`), and `sigma_x_nm`, `sigma_y_nm`, `sigma_z_nm`, the standard deviations of
        the differences: from the sigma columns of both tables, or of the one that has them (a reference without them is taken as
        exact), NaN if neither has, or one of a pair states none in them.
    """
    moved = moved_to_sections(measured, reference, motion)
    pairs = pair_centroids(moved, reference, radius_nm)
    sides = ((moved, pairs["first_index"]), (reference, pairs["second_index"]))
    stated = [table[SIGMA_COLUMNS].to_numpy(float)[rows] ** 2 for table, rows in sides if set(SIGMA_COLUMNS) <= set(table)]
    variance = sum(stated) if stated else np.full((len(pairs), len(SIGMA_COLUMNS)), np.nan)
    sigma = dict(zip(SIGMA_COLUMNS, np.sqrt(variance).T, strict=True))
    return pairs.assign(line=chain_labels(reference)[pairs["second_index"]], **sigma)


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
        the time-lag artefact), `radius_nm`, the motion removed: `rotation_deg`, `shift_x_nm`, `shift_y_nm`, `shift_z_nm`,
        `curvature_sigma_nm_per_um2` (standard deviation of the curvature, see `rapidstem.scores.difference_fit.quadratic_fit`), and
        `normalised_rms` (root mean square of the errors over their stated standard deviations, near 1 if these are right). Without
        pairs the errors are NaN.
    """
    pairs = position_pairs(measured, reference, radius_nm, motion)
    return errors_of_pairs(pairs, measured, reference, radius_nm, motion, acquisition=acquisition, variant=variant, against=against)


def errors_of_pairs(
    pairs: pd.DataFrame,
    measured: pd.DataFrame,
    reference: pd.DataFrame,
    radius_nm: float,
    motion: RigidMotion,
    *,
    acquisition: str,
    variant: str,
    against: str,
) -> pd.DataFrame:
    """The table of `positional_errors` for pairs that were already found, such as those of `rapidstem.scores.time_lag.cross_calibrated`.

    Parameters
    ----------
    pairs : DataFrame
        As `position_pairs` gives them.
    measured, reference : DataFrame
        The tables of centres that were paired.
    radius_nm : float
        Largest distance of a pair.
    motion : RigidMotion
        That was removed before pairing.
    acquisition, variant, against : str
        What was compared with what.

    Returns
    -------
    DataFrame
        With the columns `ERROR_COLUMNS`, one row for each axis.
    """
    names = {"acquisition": acquisition, "variant": variant, "against": against}
    removed = {"radius_nm": radius_nm} | motion.columns
    rows = [names | _axis_errors(pairs, measured, reference, axis) | removed for axis in AXIS_PLANE]
    return pd.DataFrame(rows)[ERROR_COLUMNS]


def removed_motion(errors: pd.DataFrame, acquisition: str, variant: str, against: str) -> RigidMotion:
    """What brought a variant's tomogram onto what it was compared with, from the table of `positional_errors`.

    Parameters
    ----------
    errors : DataFrame
        As `positional_errors` gives it.
    acquisition, variant, against : str
        What was compared with what.
    """
    names = errors[["acquisition", "variant", "against"]] == [acquisition, variant, against]
    return RigidMotion(**errors.loc[names.all(axis=1), MOTION_COLUMNS].iloc[0])


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
    smallest_angle_deg : float
        Between line and section plane.

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
    fit = quadratic_fit(pairs, "y", axis)
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
        "curvature_nm_per_um2": fit.curvature_nm_per_um2,
        "curvature_sigma_nm_per_um2": fit.curvature_sigma_nm_per_um2,
        "normalised_rms": np.sqrt(np.mean((differences / pairs.loc[differences.index, f"sigma_{axis}_nm"]) ** 2)),
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
