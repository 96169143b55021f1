"""Lines that bend sharply inside the foil: two that end there, side by side, are one; one whose ends meet is a loop."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import scipy

from rapidstem.dislocations import INSIDE, LOOP, SURFACE, Polyline, end_direction, steps_along

# Two line widths: within that, the ridges of two ways that meet in a kink are one, and either end may have stopped short or gone too far.
KINK_NM = 30.0
# Length that gives the direction of an end.
DIRECTION_NM = 60.0
# Contrast fades that far below a face (docs/dislocations.md), and ends within it are those of lines that leave the foil.
FADING_NM = 35.0
# Of two lines that run side by side and both stop there, neither goes on into the other.
SHARPEST_DEG = 135.0


def linked_at_kinks(lines: Sequence[np.ndarray], box_nm: np.ndarray) -> list[np.ndarray]:
    """Join curves at ends that lie more than 35 nm inside the foil and within 30 nm of each other, before they are fitted any further.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.
    box_nm : np.ndarray, (2, 3)
        Field of view and foil.

    Returns
    -------
    list of np.ndarray, (n, 3)
    """
    inner_nm = box_nm + np.array([[FADING_NM], [-FADING_NM]])
    kinds = [[INSIDE if np.all((end > inner_nm[0]) & (end < inner_nm[1])) else SURFACE for end in line[[0, -1]]] for line in lines]
    polylines = [Polyline(line, 2 * number, 2 * number + 1, *kinds[number]) for number, line in enumerate(lines)]
    return [line.points_nm for line in joined_at_kinks(polylines)]


def joined_at_kinks(lines: Sequence[Polyline]) -> list[Polyline]:
    """Join lines at ends inside the foil that lie within 30 nm of each other, the nearest first.

    No dislocation ends inside a crystal (Hirth and Lothe, Theory of Dislocations), so an end there was lost. Two of them at one place are a
    line with a kink: it changes its slip plane there, or meets a line without contrast.

    Parameters
    ----------
    lines : sequence of Polyline
        With the kinds of their ends; nm.

    Returns
    -------
    list of Polyline
    """
    lines = list(lines)
    while (kink := _nearest_kink(lines)) is not None:
        pair, ways = kink
        first, second = (lines[number] for number, _ in pair)
        kinds = [
            (line.start_node, line.start_kind) if last else (line.end_node, line.end_kind)
            for line, (_, last) in zip((first, second), pair, strict=True)
        ]
        (start_node, start_kind), (end_node, end_kind) = kinds
        whole = Polyline(np.vstack([ways[0], ways[1][::-1]]), start_node, end_node, start_kind, end_kind)
        lines = [line for line in lines if line is not first and line is not second] + [whole]
    return lines


def loops_closed(lines: Sequence[Polyline]) -> list[Polyline]:
    """Close lines whose own two ends lie inside the foil within 30 nm of each other, and lead on to each other.

    Parameters
    ----------
    lines : sequence of Polyline
        With the kinds of their ends; nm.

    Returns
    -------
    list of Polyline
        In the same order; a loop begins and ends in one node, in its middle before.
    """
    return [_closed(line) if {line.start_kind, line.end_kind} == {INSIDE} else line for line in lines]


def _closed(line: Polyline) -> Polyline:
    """A line as a loop, if it is one."""
    half = len(line.points_nm) // 2
    ways = [line.points_nm[half:], line.points_nm[: half + 1][::-1]]
    if min(float(steps_along(way)[-1]) for way in ways) < DIRECTION_NM or _bend_deg(ways) > SHARPEST_DEG:
        return line
    met, apart_nm = _met(ways)
    return Polyline(np.vstack([met[0], met[1][::-1]]), line.start_node, line.start_node, LOOP, LOOP) if apart_nm < KINK_NM else line


def _nearest_kink(lines: Sequence[Polyline]) -> tuple[list[tuple[int, bool]], list[np.ndarray]] | None:
    """Of the pairs of free ends of two lines that may be one, the nearest: (line, whether its last end) twice, and the ways to the kink."""
    ends = [(number, last) for number, line in enumerate(lines) for last in (False, True) if _kind(line, last) == INSIDE]
    best, nearest_nm = None, KINK_NM
    for pair in combinations(ends, 2):
        if pair[0][0] == pair[1][0]:
            continue
        ways = [lines[number].points_nm[:: 1 if last else -1] for number, last in pair]
        if np.linalg.norm(ways[0][-1] - ways[1][-1]) > 2 * KINK_NM or _bend_deg(ways) > SHARPEST_DEG:
            continue
        met, apart_nm = _met(ways)
        if apart_nm < nearest_nm:
            best, nearest_nm = (list(pair), met), apart_nm
    return best


def _met(ways: Sequence[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """Two ways without what lies beyond the place where their last 30 nm are nearest to each other, and the distance there."""
    firsts = [max(1, int(np.searchsorted(along := steps_along(way), along[-1] - KINK_NM))) for way in ways]
    distance, nearest = scipy.spatial.cKDTree(ways[1][firsts[1] :]).query(ways[0][firsts[0] :])
    at = len(distance) - 1 - int(np.argmin(distance[::-1]))
    return [ways[0][: firsts[0] + at + 1], ways[1][: firsts[1] + int(nearest[at]) + 1]], float(distance[at])


def _bend_deg(ways: Sequence[np.ndarray]) -> float:
    one, two = (end_direction(way, DIRECTION_NM) for way in ways)
    return float(np.rad2deg(np.arccos(np.clip(-one @ two, -1, 1))))


def _kind(line: Polyline, last: bool) -> str:
    return line.end_kind if last else line.start_kind
