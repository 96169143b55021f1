"""Dislocation lines in a foil: generated on the {111} planes, bowed, and going on outside the field of view."""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import SlipSystem, g_dot_b, slip_systems, specimen_axes
from rapidstem.numerics import plane_trace

# Of a line's points; bows have radii of hundreds of nm.
STEP_NM = 8.0
# A bowed line that turns farther would come back into the field.
LONGEST_TURN_RAD = np.deg2rad(120)
# Lines begin that far outside of what is seen, so that its border is like its middle.
MARGIN_NM = 150.0
# A shorter line is not seen.
FEWEST_POINTS = 4


@dataclass(frozen=True)
class DislocationLine:
    """One dislocation.

    Attributes
    ----------
    points_nm : (n, 3) polyline in specimen axes x, y, z; its order is the line direction that belongs to `burgers`
    burgers : (3,) in crystal axes and units of the lattice parameter
    plane_normal : (3,) unit vector in crystal axes
    contrast : how strong its contrast is beside that of the two-beam theory; by default 1 where g.b differs from zero, else 0
    """

    points_nm: np.ndarray
    burgers: np.ndarray
    plane_normal: np.ndarray
    contrast: float | None = None

    @property
    def visible(self) -> bool:
        """Whether g.b differs from zero."""
        return abs(g_dot_b(self.burgers)) > 0.5

    @property
    def strength(self) -> float:
        """How strong it is drawn, 1 being what the two-beam theory gives."""
        return float(self.visible) if self.contrast is None else self.contrast

    @property
    def length_nm(self) -> float:
        """Length of the polyline."""
        return float(np.linalg.norm(np.diff(self.points_nm, axis=0), axis=1).sum())


def seen_box_nm(settings: MicroscopeSettings, tilt_deg: float) -> np.ndarray:
    """Give the half widths (x, y, z) of the specimen that is seen when it is tilted by up to `tilt_deg` either way."""
    half = settings.field_nm / 2 + MARGIN_NM
    tilt = np.deg2rad(abs(tilt_deg))
    thickness = settings.foil_thickness_nm
    return np.array((half * (1 + 2 * settings.hysteresis_extra_view), (half + thickness / 2 * np.sin(tilt)) / np.cos(tilt), thickness / 2))


def generate_lines(settings: MicroscopeSettings, half_box_nm: np.ndarray, rng: np.random.Generator) -> list[DislocationLine]:
    """Fill a box of foil with dislocation lines up to the density of the settings.

    Every line lies on a {111} plane, has one of the plane's three Burgers vectors, is straight or bowed, and goes on to the surfaces or
    out of the box, for a dislocation cannot end inside a crystal.

    Parameters
    ----------
    settings
        Of the virtual microscope.
    half_box_nm : (3,)
        Half widths of the box in x, y and z.
    rng
        Source of the random numbers.

    Returns
    -------
    list of DislocationLine
        In specimen axes, nm.
    """
    wanted = settings.dislocation_density_per_m2 * 1e-18 * np.prod(2 * half_box_nm)
    axes = specimen_axes(settings.foil_normal)
    systems = slip_systems()
    lines: list[DislocationLine] = []
    length = 0.0
    while length < wanted:
        system = systems[rng.integers(len(systems))]
        points = grow_line(system, axes, settings, half_box_nm, rng.uniform(-half_box_nm, half_box_nm), rng)
        if len(points) < FEWEST_POINTS:
            continue
        lines.append(DislocationLine(points, system.burgers, system.plane_normal))
        length += lines[-1].length_nm
    return lines


def grow_line(
    system: SlipSystem,
    axes: np.ndarray,
    settings: MicroscopeSettings,
    half_box_nm: np.ndarray,
    start: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Walk from a point along the glide plane in both directions until the box ends.

    Parameters
    ----------
    system
        Plane and Burgers vector of the line.
    axes : (3, 3)
        The specimen's axes in crystal axes (`rapidstem.microscope.crystal.specimen_axes`).
    settings
        Of the virtual microscope.
    half_box_nm : (3,)
        Half widths of the box.
    start : (3,)
        The point, in the box.
    rng
        Source of the random numbers.

    Returns
    -------
    np.ndarray
        (n, 3) polyline.
    """
    normal = axes @ system.plane_normal
    trace, across = _in_plane_axes(normal)
    angle = rng.choice((0, np.pi)) + rng.normal(0, np.deg2rad(35))
    curvature = rng.normal(0, settings.line_curvature_per_um) * 1e-3
    waviness = rng.normal(0, 0.12)
    period = rng.uniform(250, 700)
    phase = rng.uniform(0, 2 * np.pi)
    steps = np.arange(1, int(4 * np.max(half_box_nm) / STEP_NM))

    def walk(sign: int) -> np.ndarray:
        distance = sign * (steps - 0.5) * STEP_NM
        turned = curvature * distance
        direction = angle + turned + waviness * np.sin(2 * np.pi * distance / period + phase)
        moves = sign * STEP_NM * (np.cos(direction)[:, None] * trace + np.sin(direction)[:, None] * across)
        points = start + np.cumsum(moves, axis=0)[np.abs(turned) < LONGEST_TURN_RAD]
        return _until_outside(np.vstack((start, points)), half_box_nm)

    return np.vstack((walk(-1)[:0:-1], walk(1)))


def _in_plane_axes(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the plane's trace in the foil and the in-plane direction across it."""
    trace = plane_trace(normal)
    return trace, np.cross(normal, trace)


def _until_outside(points: np.ndarray, half_box_nm: np.ndarray) -> np.ndarray:
    """Cut a polyline that starts inside the box where it first leaves it, with its last point on the box's face."""
    outside = np.flatnonzero(np.any(np.abs(points) > half_box_nm, axis=1))
    if not outside.size:
        return points
    last = outside[0]
    return np.vstack((points[:last], on_face(points[last - 1], points[last], half_box_nm)))


def on_face(inner: np.ndarray, outer: np.ndarray, half_box_nm: np.ndarray) -> np.ndarray:
    """Give the point between an inner and an outer one that lies on the box's face."""
    move = outer - inner
    reach = np.where(move == 0, np.inf, (np.sign(move) * half_box_nm - inner) / np.where(move == 0, 1, move))
    return inner + reach.min() * move
