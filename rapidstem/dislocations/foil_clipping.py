"""Where the foil lies in a tomogram, and lines cut at its surfaces and at the border of the field of view."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rapidstem.dislocations.polylines import (
    BORDER,
    INSIDE,
    JUNCTION,
    LOOP,
    SURFACE,
    Polyline,
    end_direction,
    loop_from,
    steps_along,
)
from rapidstem.tomography.foil_extent import foil_surfaces

# The density at a surface is compared with that two line widths further inside.
INWARD_NM = 30.0
# Of the thickness, without lines: where they leave more, the middle may be farther from theirs than the 45 nm within which an end belongs
# to a face (`rapidstem.lines.foil_height`).
LEAST_EMPTY_NM = 90.0
# The direction of an end is that of its last 50 nm, more than three line widths: noise of 1 nm turns it by some 2 degrees.
DIRECTION_REACH_NM = 50.0
# Nothing but rounding lies between an end and the face that it was cut at.
ON_FACE_NM = 1e-6
# More than a line has pieces, and lines have nodes.
_FRESH_NODES = 1_000_000


def foil_middle(clear: np.ndarray, voxel_size_nm: float, thickness_nm: float) -> float:
    """Find the height of the foil's middle: halfway between the two heights beyond which there are no clear lines.

    The origin of a tilt series in z is arbitrary; the surfaces are where the voxels of lines become few (`foil_surfaces`). Lines that
    leave more than 90 nm of the foil empty do not tell its middle: of those that put all of them inside it takes the one nearest to the
    middle of the volume, where the alignment has placed the foil's.

    Parameters
    ----------
    clear : np.ndarray of bool, (z, y, x)
        Voxels of clear lines.
    voxel_size_nm : float
    thickness_nm : float
        Of the foil.

    Returns
    -------
    float
        In nm from the middle of the volume; 0 without clear lines.
    """
    counts = np.count_nonzero(clear, axis=(1, 2)).astype(float)
    if not counts.any():
        return 0.0
    inward = max(2, round(INWARD_NM / voxel_size_nm))
    lowest, highest = foil_surfaces(counts, inward)
    middle_nm = float(((lowest + highest) / 2 - (len(counts) - 1) / 2) * voxel_size_nm)
    empty_nm = thickness_nm - (highest - lowest) * voxel_size_nm
    return middle_nm if empty_nm < LEAST_EMPTY_NM else float(np.clip(0.0, middle_nm - empty_nm / 2, middle_nm + empty_nm / 2))


def box_around(middle_nm: float, shape: tuple[int, ...], pixel_size_nm: float, thickness_nm: float) -> np.ndarray:
    """Lowest and highest x, y, z, (2, 3), of the field of view (y, x) and of the foil around its middle.

    Parameters
    ----------
    middle_nm : float
        Height of the foil's middle.
    shape : tuple of int
        Rows and columns.
    pixel_size_nm, thickness_nm : float
        Edge length of a pixel, and thickness of the foil.

    Returns
    -------
    np.ndarray, (2, 3)
        In nm from the centre of the volume.
    """
    half_nm = np.array([shape[1] * pixel_size_nm, shape[0] * pixel_size_nm, thickness_nm]) / 2
    return np.stack([-half_nm, half_nm]) + np.array([0.0, 0.0, middle_nm])


def all_clipped(lines: Sequence[Polyline], box_nm: np.ndarray) -> list[Polyline]:
    """Cut lines into their pieces inside a box, as `clipped` does; the new ends of each line have numbers of their own.

    A loop that meets no other line is cut where it leaves the box alone, wherever it begins.

    Parameters
    ----------
    lines : sequence of Polyline
        In nm, x, y, z.
    box_nm : np.ndarray, (2, 3)
        Lowest and highest x, y, z.

    Returns
    -------
    list of Polyline
        In the order of the lines.
    """
    nodes = Counter(node for line in lines for node in (line.start_node, line.end_node))
    begun = [_begun_outside(line, box_nm) if line.start_node == line.end_node and nodes[line.start_node] == 2 else line for line in lines]
    return [piece for number, line in enumerate(begun) for piece in clipped(line, box_nm, _FRESH_NODES * (number + 1))]


def _begun_outside(loop: Polyline, box_nm: np.ndarray) -> Polyline:
    """A loop that begins outside of a box, or as it is where it lies inside."""
    outside = np.flatnonzero(np.any((loop.points_nm < box_nm[0]) | (loop.points_nm > box_nm[1]), axis=1))
    return replace(loop, points_nm=loop_from(loop.points_nm, int(outside[0]))) if len(outside) else loop


def clipped(line: Polyline, box_nm: np.ndarray, fresh_node: int) -> list[Polyline]:
    """Cut a line into its pieces inside a box; where it leaves the box, the piece ends on the box's face.

    Parameters
    ----------
    line
        In nm, x, y, z.
    box_nm : np.ndarray, (2, 3)
        Lowest and highest x, y, z.
    fresh_node : int
        The first of the numbers given to new ends; two for each piece are enough.

    Returns
    -------
    list of Polyline
        In the order of the line; empty where all of it lies outside.
    """
    points = line.points_nm
    inside = np.all((points >= box_nm[0]) & (points <= box_nm[1]), axis=1)
    change = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
    pieces = []
    for start, stop in zip(change[::2], change[1::2], strict=True):
        piece, start_node, end_node = points[start:stop], line.start_node, line.end_node
        if start > 0:
            piece, start_node = np.vstack([_on_face(points[start], points[start - 1], box_nm), piece]), fresh_node
        if stop < len(points):
            piece, end_node = np.vstack([piece, _on_face(points[stop - 1], points[stop], box_nm)]), fresh_node + 1
        fresh_node += 2
        if steps_along(piece)[-1] > 0:
            pieces.append(Polyline(piece, start_node, end_node))
    return pieces


def without_forks(lines: list[Polyline], box_nm: np.ndarray, depth_nm: float, shortest_nm: float) -> list[Polyline]:
    """Leave out short branches with a free end from junctions near a face of the box.

    Where a dislocation comes to a surface, or leaves the field, its ridge fades and forks.

    Parameters
    ----------
    lines : list of Polyline
        Lines inside the box.
    box_nm : np.ndarray, (2, 3)
        Lowest and highest x, y, z.
    depth_nm : float
        How far from a face a junction still counts as near.
    shortest_nm : float
        Branches of this length stay.

    Returns
    -------
    list of Polyline
        Those that stay.
    """
    nodes = Counter(node for line in lines for node in (line.start_node, line.end_node))
    return [line for line in lines if line.length_nm >= shortest_nm or not _is_fork(line, nodes, box_nm, depth_nm)]


def _is_fork(line: Polyline, nodes: Counter[int], box_nm: np.ndarray, depth_nm: float) -> bool:
    """Whether a line leads from a junction near a face to a free end."""
    for junction, end, place in ((line.start_node, line.end_node, line.points_nm[0]), (line.end_node, line.start_node, line.points_nm[-1])):
        if nodes[junction] > 2 and nodes[end] == 1:
            return float(np.minimum(place - box_nm[0], box_nm[1] - place).min()) <= depth_nm
    return False


def with_ends(lines: list[Polyline], box_nm: np.ndarray, largest_extension_nm: float, fading_nm: float = ON_FACE_NM) -> list[Polyline]:
    """Lead free ends near a face of the box straight on to it, and state what is at every end.

    A dislocation cannot end inside a crystal; its contrast fades just before a surface, and the ridge just before the border.

    Parameters
    ----------
    lines : list of Polyline
        Lines inside the box.
    box_nm : np.ndarray, (2, 3)
        Lowest and highest x, y, z.
    largest_extension_nm : float
        Ends that would need a longer extension stay where they are.
    fading_nm : float
        Free ends that are left no farther than this below a face are stated as ending at it, others as `inside`.

    Returns
    -------
    list of Polyline
        In the order of `lines`.
    """
    nodes = [node for line in lines for node in (line.start_node, line.end_node)]
    shared = {node for node in nodes if nodes.count(node) > 1}
    finished = []
    for line in lines:
        points = line.points_nm
        if line.end_node not in shared:
            points = _extended(points, box_nm, largest_extension_nm)
        if line.start_node not in shared:
            points = _extended(points[::-1], box_nm, largest_extension_nm)[::-1]
        start_kind = _end_kind(line.start_node, line, points[0], shared, box_nm, fading_nm)
        end_kind = _end_kind(line.end_node, line, points[-1], shared, box_nm, fading_nm)
        finished.append(Polyline(points, line.start_node, line.end_node, start_kind, end_kind))
    return finished


def _end_kind(node: int, line: Polyline, place: np.ndarray, shared: set[int], box_nm: np.ndarray, fading_nm: float) -> str:
    if line.start_node == line.end_node:
        return LOOP
    if node in shared:
        return JUNCTION
    room = np.minimum(place - box_nm[0], box_nm[1] - place)
    if room.min() > fading_nm:
        return INSIDE
    return SURFACE if np.argmin(room) == 2 else BORDER


def _extended(points: np.ndarray, box_nm: np.ndarray, largest_nm: float) -> np.ndarray:
    """Add the point in which the last stretch, led on, meets the box, if that is near enough."""
    direction = end_direction(points, DIRECTION_REACH_NM)
    distance = distance_to_face(points[-1], direction, box_nm)
    return np.vstack([points, points[-1] + distance * direction]) if ON_FACE_NM < distance <= largest_nm else points


def _on_face(inner: np.ndarray, outer: np.ndarray, box_nm: np.ndarray) -> np.ndarray:
    """The point between an inner and an outer one that lies on the box's face."""
    return inner + distance_to_face(inner, outer - inner, box_nm) * (outer - inner)


def distance_to_face(place: np.ndarray, direction: np.ndarray, box_nm: np.ndarray) -> float:
    """How many times `direction` (3,) leads from a place (3,) inside a box (2, 3) to its face.

    Parameters
    ----------
    place : np.ndarray, (3,)
        Inside the box.
    direction : np.ndarray, (3,)
        Of any length.
    box_nm : np.ndarray, (2, 3)
        Lowest and highest x, y, z.

    Returns
    -------
    float
        In lengths of `direction`; infinite for a direction of length 0.
    """
    face = np.where(direction > 0, box_nm[1], box_nm[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(direction == 0, np.inf, (face - place) / direction)
    return float(max(reach.min(), 0.0))
