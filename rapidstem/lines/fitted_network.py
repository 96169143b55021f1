"""Fitted curves as the lines of a piece of foil: cut at its faces, joined in nodes where they end on each other."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import scipy

from rapidstem.dislocations import (
    INSIDE,
    LOOP,
    LineNetwork,
    Polyline,
    all_clipped,
    distance_to_face,
    end_direction,
    longest_first,
    loop_from,
    steps_along,
    with_ends,
)
from rapidstem.lines.false_arms import without_false_arms
from rapidstem.lines.foil_height import FoilPlane
from rapidstem.lines.kinked_lines import joined_at_kinks, loops_closed

# Contrast fades that far below a face (docs/dislocations.md): ends within it are led on, or stated to end there.
EXTENSION_NM = 35.0
# How far an end is led on, and how near it must pass another line to meet it: about two line widths and less than one.
MEETING_NM = 30.0
TOUCHING_NM = 12.0
# A junction so near to the end of the other line is its end, not a place along it.
LEAST_ARM_NM = 30.0
# Nearer to a face a line that goes on behind the other one looks the same.
UNDECIDED_NM = 50.0
# The tension of the third line would pull a straight one out of line (Hirth and Lothe, Theory of Dislocations, on nodes).
LEAST_BEND_DEG = 20.0
# Three line widths: shorter pieces are no lines.
LEAST_NM = 40.0


def fitted_network(
    curves: Sequence[np.ndarray], box_nm: np.ndarray, plane: FoilPlane, chosen: Callable[[list[np.ndarray]], list[int]]
) -> LineNetwork:
    """Lines of a foil from curves (n, 3), nm.

    Two that end inside the foil side by side are one line with a kink (`joined_at_kinks`), one that does so with itself is a loop.
    A line that ends inside the foil on another one meets it there: if its end, led straight on over at most 30 nm, passes within 12 nm
    of the other line, that one is cut and all three share a node; not where a face of the box lies within 50 nm behind the other line,
    as a line that crosses another one just inside the border looks the same; and not where the other line goes on straight to 20 degrees,
    for the tension of the third one would pull it out of line. Ends that are left less than 35 nm below a face are stated
    as ending there.

    Parameters
    ----------
    curves : sequence of np.ndarray, (n, 3)
    box_nm : np.ndarray, (2, 3)
        Lowest and highest x, y, z: the field of view and the foil's thickness.
    plane : FoilPlane
        The foil's middle.
    chosen : callable
        Gives the numbers of the pieces (n, 3), nm, that are lines, of all that lie within the foil.

    Returns
    -------
    LineNetwork
        Its box is that of the foil as it lies over the middle of the field.
    """
    foil_nm = box_nm + np.array([0.0, 0.0, plane.middle_nm - box_nm[:, 2].mean()])
    lines = [Polyline(plane.levelled(curve), 2 * number, 2 * number + 1) for number, curve in enumerate(curves)]
    pieces = all_clipped(lines, foil_nm)
    pieces = [pieces[number] for number in chosen([plane.leaning(piece.points_nm) for piece in pieces])]
    pieces = loops_closed(joined_at_kinks(with_ends([piece for piece in pieces if piece.length_nm >= LEAST_NM], foil_nm, EXTENSION_NM)))
    finished = with_ends(_with_junctions(pieces, foil_nm), foil_nm, 0.0, EXTENSION_NM)
    finished = [replace(line, points_nm=plane.leaning(line.points_nm)) for line in finished]
    return LineNetwork(longest_first(without_false_arms(finished, chosen)), foil_nm)


def _with_junctions(lines: list[Polyline], box_nm: np.ndarray) -> list[Polyline]:
    """Cut lines where the free ends of others meet them, those of lines that are cut themselves included."""
    lines = list(lines)
    ends = [end for line in lines for end in ((line.start_node, line.start_kind), (line.end_node, line.end_kind))]
    free = [node for node, kind in ends if kind == INSIDE]
    for node in free:
        number = next(number for number, line in enumerate(lines) if node in (line.start_node, line.end_node))
        lines = _joined(lines, number, lines[number].end_node == node, box_nm)
    return lines


def _joined(lines: list[Polyline], number: int, last: bool, box_nm: np.ndarray) -> list[Polyline]:
    """The lines with one end led to the line that it meets, and that one cut there; unchanged where it meets none."""
    line = lines[number]
    points = line.points_nm if last else line.points_nm[::-1]
    others = [other for other in range(len(lines)) if other != number]
    if not others:
        return lines
    direction = end_direction(points, 2 * MEETING_NM)
    ahead = points[-1] + np.linspace(0, MEETING_NM, 16)[:, None] * direction
    owner = np.repeat(others, [len(lines[other].points_nm) for other in others])
    index = np.concatenate([np.arange(len(lines[other].points_nm)) for other in others])
    tree = scipy.spatial.cKDTree(np.concatenate([lines[other].points_nm for other in others]))
    distance, nearest = tree.query(ahead)
    touching = int(np.argmin(distance))
    if distance[touching] > TOUCHING_NM or distance_to_face(ahead[touching], direction, box_nm) < UNDECIDED_NM:
        return lines
    other, cut = lines[owner[nearest[touching]]], int(index[nearest[touching]])
    node, place = 1 + max(max(each.start_node, each.end_node) for each in lines), other.points_nm[cut]
    parts = _met(other, cut, node, lines)
    if not parts:
        return lines
    led = np.vstack([points, place])
    new = Polyline(led, line.start_node, node, line.start_kind) if last else Polyline(led[::-1], node, line.end_node, INSIDE, line.end_kind)
    changed = [new if each is line else parts[0] if each is other else each for each in lines]
    return [*changed, *parts[1:]]


def _met(line: Polyline, cut: int, node: int, lines: Sequence[Polyline]) -> list[Polyline]:
    """A line cut in a new node: two arms, a loop that nothing has met yet as one, which begins there; none where no line is met."""
    points = line.points_nm
    alone = line.start_node == line.end_node and not any(
        line.start_node in (each.start_node, each.end_node) for each in lines if each is not line
    )
    if alone:
        points, cut = loop_from(points, cut - len(points) // 2), len(points) // 2
    along = steps_along(points)
    if min(along[cut], along[-1] - along[cut]) < LEAST_ARM_NM or _bend_deg(points, cut) < LEAST_BEND_DEG:
        return []
    if alone:
        return [Polyline(loop_from(points, cut), node, node, LOOP, LOOP)]
    return [
        Polyline(points[: cut + 1], line.start_node, node, line.start_kind),
        Polyline(points[cut:], node, line.end_node, INSIDE, line.end_kind),
    ]


def _bend_deg(points_nm: np.ndarray, at: int) -> float:
    inward = [end_direction(part, 2 * MEETING_NM) for part in (points_nm[: at + 1], points_nm[at:][::-1])]
    return float(np.rad2deg(np.arccos(np.clip(-inward[0] @ inward[1], -1, 1))))
