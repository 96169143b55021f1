"""How much of the true dislocation length a tomogram's lines hold, and how much of what they hold is real."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy

from rapidstem.dislocations.pairing import NO_MOTION, RigidMotion

# A tenth of the radius.
STEP_NM = 2.0
# Places that the score tells apart: near the field's border, near a surface, and lines within 45 degrees of the tilt axis.
BORDER_NM = 60.0
SURFACE_NM = 30.0
ALONG_X_DEG = 45.0
DETECTION_COLUMNS = [
    *["acquisition", "variant", "against", "place", "true_nm", "found_percent", "traced_nm", "real_percent"],
    *["radius_nm", "rotation_deg", "shift_x_nm", "shift_y_nm", "shift_z_nm"],
]


def line_detection(
    traced: Sequence[np.ndarray],
    reference: Sequence[np.ndarray],
    field_nm: np.ndarray,
    radius_nm: float = 20.0,
    motion: RigidMotion = NO_MOTION,
    *,
    acquisition: str,
    variant: str,
    against: str,
) -> pd.DataFrame:
    """Share of the reference's line length that was found, and share of the traced length that is real, by kind of line.

    A stretch of a line counts as found, or as real, if a line of the other side passes within `radius_nm`. Only what lies in the
    field is judged; a partner may lie outside.

    Parameters
    ----------
    traced, reference : sequence of ndarray (n, 3)
        Polylines, nm, in the order x, y, z. The reference is the truth (lines with contrast) or another tomogram's lines.
    field_nm : ndarray (2, 2)
        Lowest and highest x and y, in the coordinates of `traced`, of the field that both hold (`whole_field`, `common_field`).
    radius_nm : float
        Largest distance.
    motion : RigidMotion
        Brings `traced` onto `reference` (`rapidstem.dislocations.pairing.rigid_motion`).
    acquisition, variant, against : str
        Copied to the table.

    Returns
    -------
    DataFrame
        One row a `place`: `all`; `along x` (within 45 degrees of the tilt axis) and `across x`; `border` (within 60 nm of the edge of
        the field), `surface` (not at the border, but within 30 nm of the heights between which the reference lies) and `middle`.
        Columns `true_nm` and `traced_nm` (lengths judged), `found_percent` and `real_percent` (NaN where there is nothing to judge),
        and the motion.
    """
    place, direction = sampled(traced)
    true_place, true_direction = sampled([motion.undo(line) for line in reference])
    heights_nm = _heights(true_place, field_nm)
    hit = points_near(true_place, place, radius_nm)
    real = points_near(place, true_place, radius_nm)
    true_kinds, kinds = (_kinds(*each, field_nm, heights_nm) for each in ((true_place, true_direction), (place, direction)))
    names = {"acquisition": acquisition, "variant": variant, "against": against}
    removed = {"radius_nm": radius_nm} | motion.columns
    rows = [
        names
        | {"place": kind, "true_nm": STEP_NM * true_kinds[kind].sum(), "found_percent": _percent(hit, true_kinds[kind])}
        | {"traced_nm": STEP_NM * kinds[kind].sum(), "real_percent": _percent(real, kinds[kind])}
        | removed
        for kind in kinds
    ]
    return pd.DataFrame(rows, columns=DETECTION_COLUMNS)


def sampled(lines: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) in the middle of equal stretches of 2 nm of all polylines, and the unit directions (n, 3) there."""
    points, directions = [np.empty((0, 3))], [np.empty((0, 3))]
    for line in lines:
        steps = np.diff(np.asarray(line, float), axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        at = np.arange(STEP_NM / 2, along[-1], STEP_NM)
        segment = np.clip(np.searchsorted(along, at, side="right") - 1, 0, len(steps) - 1)
        unit = steps / np.maximum(lengths, 1e-12)[:, None]
        points.append(line[segment] + (at - along[segment])[:, None] * unit[segment])
        directions.append(unit[segment])
    return np.concatenate(points), np.concatenate(directions)


def points_near(points: np.ndarray, others: np.ndarray, radius_nm: float) -> np.ndarray:
    """Which points (n, 3), nm, have one of some others (m, 3) within a radius.

    Parameters
    ----------
    points, others : np.ndarray, (n, 3) and (m, 3)
        Either may be empty.
    radius_nm : float

    Returns
    -------
    np.ndarray of bool, (n,)
    """
    if len(points) == 0 or len(others) == 0:
        return np.zeros(len(points), bool)
    return np.isfinite(scipy.spatial.cKDTree(others).query(points, distance_upper_bound=radius_nm)[0])


def _room(points: np.ndarray, field_nm: np.ndarray) -> np.ndarray:
    """Distances (n, 2) in x and y to the nearer border of the field, below zero outside."""
    return np.minimum(points[:, :2] - field_nm[0], field_nm[1] - points[:, :2])


def _heights(points: np.ndarray, field_nm: np.ndarray) -> tuple[float, float]:
    """Lowest and highest z in the field."""
    inside = points[np.all(_room(points, field_nm) >= 0, axis=1), 2]
    return (float(inside.min()), float(inside.max())) if len(inside) else (0.0, 0.0)


def _kinds(points: np.ndarray, directions: np.ndarray, field_nm: np.ndarray, heights_nm: tuple[float, float]) -> dict[str, np.ndarray]:
    """Which points belong to each kind of line; the last three share the field among them."""
    room = _room(points, field_nm)
    depth = np.minimum(points[:, 2] - heights_nm[0], heights_nm[1] - points[:, 2])
    inside = np.all(room >= 0, axis=1)
    along = np.abs(directions[:, 0]) > np.cos(np.deg2rad(ALONG_X_DEG))
    border = np.any(room < BORDER_NM, axis=1)
    surface = ~border & (depth < SURFACE_NM)
    kinds = {"all": True, "along x": along, "across x": ~along, "border": border, "surface": surface, "middle": ~border & ~surface}
    return {kind: inside & chosen for kind, chosen in kinds.items()}


def _percent(good: np.ndarray, chosen: np.ndarray) -> float:
    return 100.0 * float(good[chosen].mean()) if chosen.any() else float("nan")
