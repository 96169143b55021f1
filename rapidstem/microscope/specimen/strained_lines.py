"""Lines that a strained foil holds besides those of any foil, and that its tilt series shows as well.

A screw dislocation, which lies in two glide planes and can slip across, and two lines of opposite Burgers vectors on one plane, which can
annihilate.
"""

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import g_dot_b, slip_systems, specimen_axes
from rapidstem.microscope.specimen.line_networks import STEP_NM, DislocationLine
from rapidstem.numerics import plane_trace

# One screw dislocation and two lines of opposite Burgers vectors.
ADDED_LINES = 3
# By judgement, of the side of the field: apart enough to be seen as two lines, and near enough to meet during a series.
DIPOLE_SHARE = 0.3


def added_lines(name: str, settings: MicroscopeSettings) -> list[DislocationLine]:
    """A screw dislocation that can slip across, and two lines that can annihilate, near the middle of the field of a strained foil."""
    rng = random_stream(settings.seed, name, "strained lines")
    axes = specimen_axes(settings.foil_normal)
    screw_plane, screw = _screw_system(axes)
    reach = settings.field_nm / 4
    lines = [DislocationLine(_threading(axes @ screw, rng.uniform(-reach, reach, 2), settings), screw, screw_plane)]
    plane, burgers = next(
        (each.plane_normal, each.burgers) for each in slip_systems() if g_dot_b(each.burgers) and abs(each.plane_normal @ screw) > 0.1
    )
    trace = plane_trace(axes @ plane)
    steep = np.cross(axes @ plane, trace)
    apart = DIPOLE_SHARE * settings.field_nm / 2 * trace[:2]
    middle = rng.uniform(-reach, reach, 2)
    for sign in (-1.0, 1.0):
        lines.append(DislocationLine(_threading(steep, middle + sign * apart, settings), sign * burgers, plane))
    return lines


def _screw_system(axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plane and the visible Burgers vector, both in crystal axes, whose screw dislocation crosses the foil most steeply."""
    visible = [each for each in slip_systems() if g_dot_b(each.burgers)]
    best = max(visible, key=lambda each: abs((axes @ each.burgers)[2]))
    return best.plane_normal, best.burgers


def _threading(direction: np.ndarray, place_nm: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """A straight line (n, 3) from one surface to the other through a place (x, y) in the middle of the foil."""
    half = settings.foil_thickness_nm / 2
    reach = half * direction / direction[2]
    count = max(4, int(2 * np.linalg.norm(reach) / STEP_NM))
    return np.array([*place_nm, 0.0]) + np.linspace(-1, 1, count)[:, None] * reach
