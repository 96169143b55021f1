"""Lines that slide in their planes: nodes of the line that the tomogram shows, each with one coordinate that changes in time."""

import sys
from dataclasses import dataclass

import numpy as np

from rapidstem.dislocations import resampled, steps_along
from rapidstem.lines.motion.glide_planes import FoilFaces, GlidePlane
from rapidstem.lines.motion.tilted_view import TiltedView

# By judgement: about half of a line's width (13.7 nm), so that the nodes follow every bend that an image can show.
NODE_NM = 8.0
# What may come into view while a line glides: as far beyond the border its end is led straight on.
BEYOND_NM = 400.0
# Lines that run near the trace of their plane: their ends move by one over the tangent of that angle farther than they do across.
BEYOND_FACES_NM = 600.0
# By judgement: four line widths show the direction of an end in spite of the noise of its points.
DIRECTION_NM = 60.0
# Along the trace, unless the line runs within 25 degrees of it: then up and down the plane.
LEAST_CROSSING = float(np.sin(np.deg2rad(25.0)))
# By judgement: about a pixel of 4.56 nm, within which an end counts as one on a face.
FACE_NM = 5.0
ALL_FRAMES = range(sys.maxsize)


@dataclass(frozen=True)
class MovingLine:
    """One line of the tomogram, ready to be followed.

    Attributes
    ----------
    number : the line's in the tomogram
    plane : GlidePlane
    nodes_nm : (node, 2) in-plane coordinates before it moves, evenly spaced; led on beyond the border of the field
    slide : (2,) in-plane unit vector along which every node slides; along the trace in the surface the ends stay on the faces of the foil
    at_face : whether its first and its last node lie on a face of the foil
    known : (node,) bool, nodes that the tomogram has shown, not those beyond the border
    faces_nm : (2,) in-plane heights of the foil's faces
    frames : in which it lies in this plane
    """

    number: int
    plane: GlidePlane
    nodes_nm: np.ndarray
    slide: np.ndarray
    at_face: tuple[bool, bool]
    known: np.ndarray
    faces_nm: np.ndarray
    frames: range

    def in_foil(self, slid_nm: np.ndarray) -> np.ndarray:
        """Which nodes (..., node) lie between the faces of the foil when they have slid by `slid_nm` (..., node)."""
        height = self.nodes_nm[:, 1] + slid_nm * self.slide[1]
        return (height >= self.faces_nm[0] - FACE_NM) & (height <= self.faces_nm[1] + FACE_NM)

    def points(self, slid_nm: np.ndarray) -> np.ndarray:
        """Points (..., node, 3) when the nodes have slid by `slid_nm` (..., node)."""
        return self.plane.points(self.nodes_nm + slid_nm[..., None] * self.slide)

    @property
    def direction(self) -> np.ndarray:
        """In three dimensions, the unit vector (3,) along which nodes slide."""
        return self.slide @ self.plane.axes

    def sensitivity(self, slid_nm: np.ndarray, view: TiltedView) -> np.ndarray:
        """Pixels across the projected line by nm that a node slides, (node,)."""
        return view.normals_at(self.points(slid_nm)) @ (view.by_place @ self.direction)

    def across(self, slid_nm: np.ndarray) -> np.ndarray:
        """Unit vectors (node, 3) in the plane at right angles to the line, on the side to which positive slides lead."""
        tangent = np.gradient(self.nodes_nm + slid_nm[:, None] * self.slide, axis=0)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        normal *= np.where(normal @ self.slide < 0, -1.0, 1.0)[:, None]
        return normal @ self.plane.axes


def moving_line(number: int, points_nm: np.ndarray, plane: GlidePlane, foil: FoilFaces, frames: range = ALL_FRAMES) -> MovingLine:
    """Prepare a line (n, 3), nm, of the tomogram; a loop has no ends that could be led on.

    Parameters
    ----------
    number : int
        The line's in the tomogram.
    points_nm : np.ndarray, (n, 3)
        x, y, z of its points, one after the other.
    plane : GlidePlane
    foil : FoilFaces
    frames : range
        In which it lies in this plane.
    """
    flat = plane.coordinates(points_nm)
    steepness = max(float(plane.steep @ foil.normal), 1e-6)
    faces = np.sort((np.asarray(foil.heights_nm) - plane.centre_nm @ foil.normal) / steepness)
    climbs = _crossing(flat) < LEAST_CROSSING
    at_face = tuple(not climbs and bool(np.min(np.abs(end[1] - faces)) * steepness < FACE_NM) for end in (flat[0], flat[-1]))
    shown, loop = [0.0, 0.0], np.array_equal(points_nm[0], points_nm[-1])
    for last in (False, True):
        if not (loop or at_face[last]):
            before = len(flat)
            flat = _led_on(flat if last else flat[::-1], None if climbs else faces)
            flat = flat if last else flat[::-1]
            shown[last] = (len(flat) - before) * NODE_NM
    nodes = resampled(np.column_stack([flat, np.zeros(len(flat))]), NODE_NM)[:, :2]
    along = np.linspace(0, float(steps_along(flat)[-1]), len(nodes))
    known = (along >= shown[0]) & (along <= along[-1] - shown[1])
    slide = np.array([0.0, 1.0]) if climbs else np.array([1.0, 0.0])
    return MovingLine(number, plane, nodes, slide, (at_face[0], at_face[1]), known, faces, frames)


def _crossing(flat: np.ndarray) -> float:
    """Sine of the angle between a line in its plane and the plane's trace in the surface."""
    run = flat[-1] - flat[0]
    return abs(float(run[1])) / max(float(np.linalg.norm(run)), 1e-9)


def _led_on(flat: np.ndarray, faces: np.ndarray | None) -> np.ndarray:
    """In-plane points led straight on at their end, as far as the foil goes; without faces, as far as the line may slide into it."""
    steps = np.linalg.norm(flat - flat[-1], axis=1)
    back = flat[max(int(np.argmin(np.abs(steps - DIRECTION_NM))), 0)]
    direction = (flat[-1] - back) / max(float(np.linalg.norm(flat[-1] - back)), 1e-9)
    if faces is None:
        return np.vstack([flat, flat[-1] + np.arange(NODE_NM, BEYOND_FACES_NM, NODE_NM)[:, None] * direction])
    further = flat[-1] + np.arange(NODE_NM, BEYOND_NM, NODE_NM)[:, None] * direction
    inside = (further[:, 1] >= faces[0]) & (further[:, 1] <= faces[1])
    stop = len(further) if inside.all() else int(np.argmin(inside))
    return np.vstack([flat, further[:stop]])
