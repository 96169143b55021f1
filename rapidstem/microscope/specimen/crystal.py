"""The fcc crystal in the foil: axes, slip systems and the visibility of dislocations for g = 200.

The tilt axis x of the specimen is parallel to [100], so that g = 200 stays excited at every tilt.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

GLIDE_PLANES = np.array([(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)], float)
# g = 200 along the tilt axis: it stays excited at every tilt.
REFLECTION = np.array((2.0, 0.0, 0.0))


@dataclass(frozen=True)
class SlipSystem:
    """A {111} glide plane with one of its a/2<110> Burgers vectors, both in crystal axes.

    Attributes
    ----------
    plane_normal : (3,) unit vector
    burgers : (3,) in units of the lattice parameter
    """

    plane_normal: np.ndarray
    burgers: np.ndarray


def specimen_axes(foil_normal: tuple[float, float, float]) -> np.ndarray:
    """Give the specimen's x, y and z directions in crystal axes, as the rows of a rotation matrix (3, 3).

    Parameters
    ----------
    foil_normal
        The specimen's z in crystal axes, perpendicular to [100].

    Returns
    -------
    (3, 3)
        Unit vectors.
    """
    x = np.array((1.0, 0.0, 0.0))
    z = np.asarray(foil_normal, float) / np.linalg.norm(foil_normal)
    return np.array((x, np.cross(z, x), z))


def slip_systems() -> list[SlipSystem]:
    """List the twelve slip systems {111}<110> of an fcc crystal."""
    directions = np.array([v for v in product((-0.5, 0.0, 0.5), repeat=3) if np.count_nonzero(v) == 2])
    half = directions[[tuple(v) > tuple(-v) for v in directions]]
    return [SlipSystem(normal / np.sqrt(3), burgers) for normal in GLIDE_PLANES for burgers in half if abs(normal @ burgers) < 1e-9]


def g_dot_b(burgers: np.ndarray) -> float:
    """Give g.b for g = 200 and a Burgers vector in units of the lattice parameter; 0 means invisible."""
    return float(REFLECTION @ burgers)


def to_microscope(vectors: np.ndarray, tilt_rad: float | np.ndarray) -> np.ndarray:
    """Turn specimen vectors about x into the microscope's axes (x, image row direction, beam direction).

    Parameters
    ----------
    vectors : (..., 3)
    tilt_rad
        A number, or an array of the shape of the leading axes.

    Returns
    -------
    (..., 3)
        Of the same length.

    Notes
    -----
    The row direction becomes `y cos(tilt) + z sin(tilt)`, the beam `-y sin(tilt) + z cos(tilt)`.
    """
    x, y, z = np.moveaxis(np.asarray(vectors, float), -1, 0)
    cosine, sine = np.cos(tilt_rad), np.sin(tilt_rad)
    return np.stack(np.broadcast_arrays(x, y * cosine + z * sine, z * cosine - y * sine), axis=-1)
