"""Lines that pass each other closely: which way goes on into which, judged over a long stretch on either side."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy

from rapidstem.dislocations import end_direction, resampled, steps_along
from rapidstem.lines.piece_linking import bridge

# A third of a line width.
STEP_NM = 5.0
# One and a half line widths: nearer lines are seen as one in most frames, and what was fitted there says little about either.
PASSING_NM = 20.0
# What is left out beyond the passage, and how far the courses on either side are looked at.
MARGIN_NM, REACH_NM = 10.0, 200.0
# Shorter ways beside a passage say too little of their course to exchange partners; and too little to doubt them.
LEAST_NM, LEAST_DOUBTED_NM = 50.0, 20.0
# How far a line of constant curvature over 400 nm lies from the true one at independent places, one every 50 nm; chosen on the simulated
# seeds 22 and 51.
COURSE_SD_NM, INDEPENDENT_NM = 4.0, 50.0
# Natural logarithm of the odds at which partners are exchanged, and below which they are doubtful: 20 to 1.
LEAST_ODDS = 3.0
# All ways in which four ends can be two lines; the first is that of two lines whose ends come one after the other.
PARTNERS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
# Of exchanges, for each line: a bound that is never reached where exchanges make courses better.
MOST_EXCHANGES = 4


@dataclass(frozen=True)
class Passage:
    """Where two lines pass each other.

    Attributes
    ----------
    ways : list of np.ndarray, (n, 3)
        The four ways that leave the passage, outwards: both of the first line, then both of the second.
    """

    ways: list[np.ndarray]

    def costs(self) -> list[float]:
        """How badly parabolas go through the ways, for each of `PARTNERS`; the first is that of the lines as they are."""
        return [sum(course_cost(self.ways[one], self.ways[two]) for one, two in partners) for partners in PARTNERS]


def exchanged(lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Let lines that pass each other within 20 nm exchange partners where their courses are smoother so.

    A dislocation between two passages is an arc of nearly constant curvature (line tension). Of the three ways in which four ends can be
    two lines, the one is chosen for which parabolas over 200 nm on either side lie nearest; what was fitted within the passage does not
    count.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.

    Returns
    -------
    list of np.ndarray, (n, 3)
        As many lines, evenly sampled where partners were exchanged, nm.
    """
    lines, left = list(lines), MOST_EXCHANGES * len(lines)
    waiting = list(combinations(range(len(lines)), 2))
    while waiting and left:
        pair = heapq.heappop(waiting)
        joined = _better(*(lines[number] for number in pair))
        if joined is None:
            continue
        left -= 1
        lines[pair[0]], lines[pair[1]] = joined
        changed = {(min(one, two), max(one, two)) for one in pair for two in range(len(lines)) if one != two}
        waiting = sorted(changed.union(waiting))
    return lines


def doubtful_partners(lines: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """With which line every line may have exchanged partners where the two pass each other: their courses say 20 to 1 or less.

    The frames say next to nothing more: two lines that cross at a small angle, or that each bend back, cover the same pixels.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.

    Returns
    -------
    np.ndarray, (line,), int
        The other line, the most doubtful one; -1 where there is none.
    np.ndarray, (line,)
        Odds of the partners as they are over the next best ones; NaN where there is no other line.
    """
    other, log_odds = np.full(len(lines), -1), np.full(len(lines), LEAST_ODDS)
    for pair in combinations(range(len(lines)), 2):
        passage = passage_of(lines[pair[0]], lines[pair[1]], LEAST_DOUBTED_NM)
        if passage is None:
            continue
        costs = passage.costs()
        found = min(costs[1:]) - costs[0]
        for number, its_other in (pair, pair[::-1]):
            if found < log_odds[number]:
                other[number], log_odds[number] = its_other, found
    return other, np.where(other < 0, np.nan, np.exp(log_odds))


def _better(first: np.ndarray, second: np.ndarray) -> list[np.ndarray] | None:
    """Two lines with their partners exchanged; None where they do not pass each other or are better as they are."""
    passage = passage_of(first, second)
    if passage is None:
        return None
    costs = passage.costs()
    best = int(np.argmin(costs))
    if costs[0] - costs[best] < LEAST_ODDS:
        return None
    return [_joined(passage.ways[one], passage.ways[two]) for one, two in PARTNERS[best]]


def passage_of(first: np.ndarray, second: np.ndarray, least_nm: float = LEAST_NM) -> Passage | None:
    """Where two lines (n, 3) come nearest to each other, if that is within 20 nm and either goes on on both sides for so long or more."""
    if np.any(first.min(axis=0) > second.max(axis=0) + PASSING_NM) or np.any(second.min(axis=0) > first.max(axis=0) + PASSING_NM):
        return None
    lines = [resampled(line, STEP_NM) for line in (first, second)]
    near = []
    for line, other in (lines, lines[::-1]):
        distance = scipy.spatial.cKDTree(other).query(line)[0]
        nearest = int(np.argmin(distance))
        if distance[nearest] > PASSING_NM:
            return None
        apart = np.flatnonzero(distance > PASSING_NM)
        before, after = apart[apart < nearest], apart[apart > nearest]
        margin, least = int(MARGIN_NM / STEP_NM), int(least_nm / STEP_NM)
        start = (int(before[-1]) if len(before) else 0) - margin
        stop = (int(after[0]) if len(after) else len(line)) + margin
        if start < least or stop > len(line) - least:
            return None
        near.append((start, stop))
    ways = [way for line, (start, stop) in zip(lines, near, strict=True) for way in (line[: start + 1][::-1], line[stop:])]
    return Passage(ways)


def course_cost(one: np.ndarray, two: np.ndarray) -> float:
    """How badly a parabola goes through two ways (n, 3) that leave one place: half the sum of squares over independent places."""
    count = int(REACH_NM / STEP_NM)
    ends = [way[:count] for way in (one, two)]
    gap_nm = float(np.linalg.norm(ends[0][0] - ends[1][0]))
    along = [sign * (gap_nm / 2 + steps_along(end)) for sign, end in zip((-1, 1), ends, strict=True)]
    powers = np.vander(np.concatenate(along) / REACH_NM, 3)
    places = np.concatenate(ends)
    residual = places - powers @ np.linalg.lstsq(powers, places, rcond=None)[0]
    return float(np.sum(residual**2)) * STEP_NM / INDEPENDENT_NM / (2 * COURSE_SD_NM**2)


def _joined(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    outward = np.array([end_direction(way[::-1], 2 * LEAST_NM) for way in (one, two)])
    return np.vstack([one[::-1], bridge(np.array([one[0], two[0]]), outward)[1:-1], two])
