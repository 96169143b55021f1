"""Dislocation lines as they are drawn: those that reach a surface go on outside for a little, where their field still acts.

A line that ends at a surface has a displacement field that reaches into the columns beyond its end. In Head's treatment the infinite
line goes on outside the crystal; here it fades out there, as the free surface relaxes the field.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.specimen.line_networks import STEP_NM, DislocationLine

OUTSIDE_NM = 20.0
LONGEST_NM = 90.0


@dataclass(frozen=True)
class DrawnLines:
    """Vertices of all visible lines, one line after the other.

    Attributes
    ----------
    points_nm : (vertex, 3) in specimen axes
    line : (vertex,) index of the line among all lines of the specimen
    fade : (vertex,) 1 inside the foil, falling to 0 outside
    burgers, plane_normal : (vertex, 3) in crystal axes
    """

    points_nm: np.ndarray
    line: np.ndarray
    fade: np.ndarray
    burgers: np.ndarray
    plane_normal: np.ndarray


def drawn_lines(lines: list[DislocationLine], thickness_nm: float) -> DrawnLines:
    """Collect the vertices of the visible lines and continue those that end at a surface."""
    shown = [(index, line, _continued(line.points_nm, thickness_nm / 2)) for index, line in enumerate(lines) if line.visible]
    if not shown:
        return DrawnLines(np.zeros((0, 3)), np.zeros(0, int), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))
    counts = [len(points) for _, _, (points, _) in shown]
    return DrawnLines(
        np.vstack([points for _, _, (points, _) in shown]),
        np.repeat([index for index, _, _ in shown], counts),
        np.concatenate([fade for _, _, (_, fade) in shown]),
        np.repeat([line.burgers for _, line, _ in shown], counts, axis=0),
        np.repeat([line.plane_normal for _, line, _ in shown], counts, axis=0),
    )


def _continued(points: np.ndarray, half_thickness_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the points with their continuation at both ends, and the fade of each."""
    head, head_fade = _continuation(points[0], points[0] - points[1], half_thickness_nm)
    tail, tail_fade = _continuation(points[-1], points[-1] - points[-2], half_thickness_nm)
    fade = np.concatenate((head_fade[::-1], np.ones(len(points)), tail_fade))
    return np.vstack((head[::-1], points, tail)), fade


def _continuation(end: np.ndarray, outward: np.ndarray, half_thickness_nm: float) -> tuple[np.ndarray, np.ndarray]:
    """Continue a line straight on from its end, if that lies on a surface."""
    if abs(end[2]) < half_thickness_nm - 1e-6 or outward[2] * end[2] <= 0:
        return np.zeros((0, 3)), np.zeros(0)
    outward = outward / np.linalg.norm(outward)
    length = min(LONGEST_NM, OUTSIDE_NM / abs(outward[2]))
    distance = np.linspace(0, length, int(np.ceil(length / STEP_NM)) + 1)[1:]
    left = 1 - distance / length
    return end + distance[:, None] * outward, left * left * (3 - 2 * left)
