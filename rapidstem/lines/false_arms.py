"""Arms that leave a junction and are lost inside the foil: without those that are no lines, and what they had cut is whole again."""

from collections.abc import Callable, Sequence

import numpy as np

from rapidstem.dislocations import INSIDE, JUNCTION, Polyline


def without_false_arms(lines: Sequence[Polyline], chosen: Callable[[list[np.ndarray]], list[int]]) -> list[Polyline]:
    """Take away the arms that end inside the foil and are not chosen; two arms that are left at a junction are one line.

    Parameters
    ----------
    lines : sequence of Polyline
        With the kinds of their ends; nm.
    chosen : callable
        Gives the numbers of those polylines (n, 3), nm, that are lines.

    Returns
    -------
    list of Polyline
    """
    lines = list(lines)
    while false := _false_arms(lines, chosen):
        arm = lines.pop(false[0])
        lines = _whole_at(lines, arm.start_node if arm.start_kind == JUNCTION else arm.end_node)
    return lines


def _false_arms(lines: Sequence[Polyline], chosen: Callable[[list[np.ndarray]], list[int]]) -> list[int]:
    arms = [number for number, line in enumerate(lines) if {line.start_kind, line.end_kind} == {JUNCTION, INSIDE}]
    return sorted(set(arms) - set(chosen([line.points_nm for line in lines]))) if arms else []


def _whole_at(lines: Sequence[Polyline], node: int) -> list[Polyline]:
    """The lines with those that meet in a node as one, where they are two."""
    meeting = [line for line in lines if node in (line.start_node, line.end_node)]
    if len(meeting) != 2 or any(line.start_node == line.end_node for line in meeting):
        return list(lines)
    before, after = (_turned_round(line) if (line.end_node == node) == last else line for last, line in enumerate(meeting))
    points_nm = np.vstack([before.points_nm, after.points_nm[1:]])
    whole = Polyline(points_nm, before.start_node, after.end_node, before.start_kind, after.end_kind)
    return [line for line in lines if not any(line is each for each in meeting)] + [whole]


def _turned_round(line: Polyline) -> Polyline:
    return Polyline(line.points_nm[::-1], line.end_node, line.start_node, line.end_kind, line.start_kind)
