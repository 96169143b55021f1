"""The plane of a dislocation line, and which {111} plane of an fcc crystal it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.dislocations.polylines import resampled, steps_along
from rapidstem.errors import InputError

SLIP_NORMALS = np.array([(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)], float) / np.sqrt(3)
SLIP_NAMES = ("(111)", "(-111)", "(1-11)", "(11-1)")
# Against the truth, lines lie some 1 to 3 nm off; their errors are the same over some 50 nm, over which positions are smoothed.
POSITION_SD_NM = 3.0
INDEPENDENT_NM = 50.0
# Of the points that planes are fitted to; finer than any detail of a line.
STEP_NM = 2.0
# A normal that is known to 5 degrees tells {111} planes apart, which lie 70.5 degrees from each other.
LARGEST_NORMAL_SD_DEG = 5.0
# Twice as far from the second-best plane as from the best one, with the measuring error allowed for; by judgement, its yield is measured
# (`benchmarks/line_detection.py`).
LEAST_MARGIN = 2.0
# Root mean square, three times the position error: a line farther from every {111} plane lies in none of them, as one that changes its
# plane at a kink (simulated networks: 14 and 15 nm there, up to 6 nm elsewhere).
FARTHEST_NM = 10.0
# Rounded directions from a diffraction pattern are that far from a right angle; more is a mistake.
ORTHOGONAL_WITHIN_DEG = 2.0


@dataclass(frozen=True)
class CrystalOrientation:
    """How the crystal lies in the microscope.

    Attributes
    ----------
    axes : (3, 3) the specimen's x (tilt axis), y and z (beam at zero tilt) in crystal axes, row by row: a rotation
    """

    axes: np.ndarray

    def to_specimen(self, vectors: np.ndarray) -> np.ndarray:
        """Give vectors (n, 3) of the crystal in specimen axes."""
        return vectors @ self.axes.T


@dataclass(frozen=True)
class BestPlane:
    """The plane that fits a line best.

    Attributes
    ----------
    normal : (3,) unit vector in specimen axes, z not negative
    direction : (3,) unit vector, the line's main direction
    distance_nm : root mean square distance of the line from the plane
    width_nm : root mean square extent of the line in the plane across its main direction; 0 for a straight line, which fixes no plane
    normal_sd_deg : standard deviation of the normal, turned about the main direction
    """

    normal: np.ndarray
    direction: np.ndarray
    distance_nm: float
    width_nm: float
    normal_sd_deg: float

    @property
    def conditioned(self) -> bool:
        """Whether the line is flat, to twice the measuring error, and bent enough to fix its plane to 5 degrees."""
        return self.normal_sd_deg <= LARGEST_NORMAL_SD_DEG and self.distance_nm <= 2 * POSITION_SD_NM


@dataclass(frozen=True)
class SlipPlane:
    """The {111} plane nearest to a line.

    Attributes
    ----------
    name : as in `SLIP_NAMES`
    distance_nm : root mean square distance of the line from a plane of this orientation through its centre
    margin : how many times farther, at least, it lies from any other {111} plane (measuring errors of `POSITION_SD_NM` allowed for)
    direction_misfit_deg : angle between the line's main direction and the plane
    normal_misfit_deg : angle between the normals of the line's own plane and of the slip plane; NaN where the line fixes no plane
    """

    name: str
    distance_nm: float
    margin: float
    direction_misfit_deg: float
    normal_misfit_deg: float

    @property
    def conditioned(self) -> bool:
        """Whether the line lies within 10 nm of the plane, and at least twice as far from every other {111} plane."""
        return self.margin >= LEAST_MARGIN and self.distance_nm <= FARTHEST_NM


def crystal_orientation(x: Sequence[float], z: Sequence[float]) -> CrystalOrientation:
    """Orientation of a cubic crystal from two of its directions.

    Parameters
    ----------
    x : sequence of 3 numbers
        Crystal direction along the specimen's x, the tilt axis; its length does not matter.
    z : sequence of 3 numbers
        Crystal direction along z, the beam at zero tilt: away from somebody who sees x to the right and y down. y follows as z x x, so
        that the axes are right-handed.

    Raises
    ------
    InputError
        They are no directions, or not at right angles to each other (within 2 degrees; the small rest is taken from z).
    """
    directions = []
    for name, indices in (("x", x), ("z", z)):
        vector = np.asarray(indices, float)
        if vector.shape != (3,) or not np.all(np.isfinite(vector)) or not np.linalg.norm(vector) > 0:
            raise InputError(
                f"crystal: {name} must be three indices of a crystal direction, not all zero, such as [2, 0, 0]; it is {indices}"
            )
        directions.append(vector / np.linalg.norm(vector))
    angle = float(np.rad2deg(np.arccos(np.clip(directions[0] @ directions[1], -1, 1))))
    if abs(angle - 90) > ORTHOGONAL_WITHIN_DEG:
        raise InputError(f"crystal: x {list(x)} and z {list(z)} must be at right angles to each other; the angle is {angle:.1f} degrees")
    upright = directions[1] - (directions[0] @ directions[1]) * directions[0]
    upright /= np.linalg.norm(upright)
    return CrystalOrientation(np.array([directions[0], np.cross(upright, directions[0]), upright]))


def slip_normals(crystal: Mapping[str, Sequence[float]] | None) -> dict[str, np.ndarray]:
    """Normals of the {111} planes in specimen axes.

    Parameters
    ----------
    crystal
        Its directions along `x` and `z`, as `crystal_orientation` takes them; None where they are not known.

    Returns
    -------
    dict
        Unit vectors (3,) by the names in `SLIP_NAMES`; empty where the crystal is not known.
    """
    if not crystal:
        return {}
    return dict(zip(SLIP_NAMES, crystal_orientation(crystal["x"], crystal["z"]).to_specimen(SLIP_NORMALS), strict=True))


def best_plane(points_nm: np.ndarray) -> BestPlane:
    """Fit a plane to a line by least squares of the distances, every stretch of the line weighing the same.

    Parameters
    ----------
    points_nm : np.ndarray, (n, 3)
    """
    variances, axes = np.linalg.eigh(_covariance(points_nm))
    spreads = np.sqrt(np.maximum(variances, 0))
    independent = max(1.0, float(steps_along(points_nm)[-1]) / INDEPENDENT_NM)
    error_nm = max(float(spreads[0]), POSITION_SD_NM) / np.sqrt(independent)
    normal = axes[:, 0] if axes[2, 0] >= 0 else -axes[:, 0]
    sd_deg = float(np.rad2deg(np.arctan2(error_nm, spreads[1])))
    return BestPlane(normal, axes[:, 2], float(spreads[0]), float(spreads[1]), sd_deg)


def nearest_slip_plane(points_nm: np.ndarray, orientation: CrystalOrientation) -> SlipPlane:
    """Find the {111} plane from which a line lies least far.

    The distance uses all that a line tells: a straight one excludes the planes that do not hold its direction, a bent one those that do
    not hold its bow.

    Parameters
    ----------
    points_nm : np.ndarray, (n, 3)
        In specimen axes x, y, z.
    orientation : CrystalOrientation
    """
    normals = orientation.to_specimen(SLIP_NORMALS)
    covariance = _covariance(points_nm)
    distances = np.sqrt(np.maximum(np.einsum("ki,ij,kj->k", normals, covariance, normals), 0))
    order = np.argsort(distances)
    fitted = best_plane(points_nm)
    normal = normals[order[0]]
    direction_misfit = float(np.rad2deg(np.arcsin(min(abs(float(normal @ fitted.direction)), 1.0))))
    normal_misfit = float(np.rad2deg(np.arccos(min(abs(float(normal @ fitted.normal)), 1.0)))) if fitted.conditioned else float("nan")
    margin = float(distances[order[1]] / max(float(distances[order[0]]), POSITION_SD_NM))
    return SlipPlane(SLIP_NAMES[order[0]], float(distances[order[0]]), margin, direction_misfit, normal_misfit)


def _covariance(points_nm: np.ndarray) -> np.ndarray:
    even = resampled(points_nm, STEP_NM)
    centred = even - even.mean(axis=0)
    return centred.T @ centred / len(even)
