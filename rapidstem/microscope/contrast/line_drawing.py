"""Dislocation lines as they are drawn: those that reach a surface go on outside for a little, where their field still acts.

A line that ends at a surface has a displacement field that reaches into the columns beyond its end. In Head's treatment the infinite
line goes on outside the crystal; here it fades out there, as the free surface relaxes the field.
"""

from dataclasses import dataclass, fields

import numpy as np

from rapidstem.microscope.specimen.foil_shape import FoilShape
from rapidstem.microscope.specimen.line_networks import STEP_NM, DislocationLine

# A line's field acts on the crystal before it leaves the foil; a line along the surface is drawn no farther outside than 90 nm.
OUTSIDE_NM = 20.0
LONGEST_NM = 90.0


@dataclass(frozen=True)
class DrawnLines:
    """Vertices of all visible lines, one line after the other.

    Attributes
    ----------
    points_nm : (vertex, 3) in specimen axes
    line : (vertex,) index of the line among all lines of the specimen
    fraction : (vertex,) depth in the foil, 0 at the lower surface and 1 at the upper one
    fade : (vertex,) strength of the line inside the foil, falling to 0 outside
    burgers, plane_normal : (vertex, 3) in crystal axes
    """

    points_nm: np.ndarray
    line: np.ndarray
    fraction: np.ndarray
    fade: np.ndarray
    burgers: np.ndarray
    plane_normal: np.ndarray

    def chosen(self, mask: np.ndarray) -> "DrawnLines":
        """Some of the vertices, by a mask (vertex,).

        Parameters
        ----------
        mask : (vertex,) bool
            Which are kept.
        """
        return DrawnLines(*(getattr(self, field.name)[mask] for field in fields(self)))


def drawn_lines(lines: list[DislocationLine], thickness_nm: float, shape: FoilShape | None = None) -> DrawnLines:
    """Collect the vertices of the visible lines and continue those that end at a surface.

    Parameters
    ----------
    lines
        Dislocations in specimen axes.
    thickness_nm
        Of the foil where it is an even plate.
    shape
        Of a foil that is no even plate, to whose surfaces the lines have been cut.
    """
    shown = [(index, line, _continued(line.points_nm, thickness_nm / 2, shape)) for index, line in enumerate(lines) if line.strength]
    if not shown:
        return DrawnLines(np.zeros((0, 3)), np.zeros(0, int), np.zeros(0), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))
    counts = [len(points) for _, _, (points, _) in shown]
    points_nm = np.vstack([points for _, _, (points, _) in shown])
    return DrawnLines(
        points_nm,
        np.repeat([index for index, _, _ in shown], counts),
        _depth_fraction(points_nm, thickness_nm, shape),
        np.concatenate([line.strength * fade for _, line, (_, fade) in shown]),
        np.repeat([line.burgers for _, line, _ in shown], counts, axis=0),
        np.repeat([line.plane_normal for _, line, _ in shown], counts, axis=0),
    )


def _depth_fraction(points_nm: np.ndarray, thickness_nm: float, shape: FoilShape | None) -> np.ndarray:
    if shape is None:
        return points_nm[:, 2] / thickness_nm + 0.5
    lower, upper = shape.surfaces_nm(points_nm[:, 0], points_nm[:, 1])
    outside = OUTSIDE_NM / thickness_nm
    return np.clip((points_nm[:, 2] - lower) / np.maximum(upper - lower, 1.0), -outside, 1 + outside)


def _continued(points: np.ndarray, half_thickness_nm: float, shape: FoilShape | None) -> tuple[np.ndarray, np.ndarray]:
    """Give the points with their continuation at both ends, and the fade of each."""
    head_half, tail_half = (_half_at(end, half_thickness_nm, shape) for end in (points[0], points[-1]))
    head, head_fade = _continuation(points[0], points[0] - points[1], head_half)
    tail, tail_fade = _continuation(points[-1], points[-1] - points[-2], tail_half)
    fade = np.concatenate((head_fade[::-1], np.ones(len(points)), tail_fade))
    return np.vstack((head[::-1], points, tail)), fade


def _half_at(end: np.ndarray, half_thickness_nm: float, shape: FoilShape | None) -> float:
    """How far from the middle plane the surface lies that is on the same side of it as the end of a line."""
    if shape is None:
        return half_thickness_nm
    lower, upper = shape.surfaces_nm(*end[:2])
    return float(upper if end[2] > 0 else -lower)


def _continuation(end: np.ndarray, outward: np.ndarray, half_thickness_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Continue a line straight on from its end, if that lies on a surface."""
    if abs(end[2]) < half_thickness_nm - 1e-6 or outward[2] * end[2] <= 0:
        return np.zeros((0, 3)), np.zeros(0)
    outward = outward / np.linalg.norm(outward)
    length = min(LONGEST_NM, OUTSIDE_NM / abs(outward[2]))
    distance = np.linspace(0, length, int(np.ceil(length / STEP_NM)) + 1)[1:]
    left = 1 - distance / length
    return end + distance[:, None] * outward, left * left * (3 - 2 * left)
