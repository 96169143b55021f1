"""Dislocations as images show them: arms of a network that go on into each other at its nodes are one line."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.sparse import coo_array, csgraph
from scipy.spatial import cKDTree

from rapidstem.microscope.specimen.line_networks import DislocationLine

# Arms that meet share their end but for rounding.
SHARED_NODE_NM = 1.0
# Of Burgers vectors, in lattice parameters: far below their differences.
SAME_BURGERS = 0.01
# From a node: the arm's direction there.
DIRECTION_POINTS = 6


def whole_dislocations(arms: Sequence[DislocationLine], by_course: bool = False) -> list[DislocationLine]:
    """Join the arms that are one dislocation at the nodes where they meet.

    A Burgers vector is kept along a dislocation: two arms of a node that have the same one are one line, be it that its slip plane
    changes there or that another line touches it; of several such pairs the straightest goes first. If just two arms are left at a node,
    they are one line as well: what has taken up the difference has no contrast and is not among the arms. (With g = 200 and Burgers
    vectors a/2<110>, g.b is 0 or 1 in size, and as the vectors of a node sum to nothing, an even number of its arms has contrast; Hirth
    and Lothe, Theory of Dislocations, on the conservation of Burgers vectors.) Where three or more are left all of them end.

    Where two dislocations touch, images of one reflection show four arms with the same contrast, and nothing of which two have one Burgers
    vector. Joined by their course, of more than three arms the two that go on into each other most nearly straight are one line.

    Parameters
    ----------
    arms : sequence of DislocationLine
        Those that have contrast.
    by_course : bool
        Whether arms are joined by their course alone, as one reflection shows them, not by their Burgers vectors.

    Returns
    -------
    list of DislocationLine
        With the Burgers vector, the plane and the contrast of the longest arm.
    """
    points = [np.asarray(arm.points_nm) for arm in arms]
    ends = np.array([line[end] for line in points for end in (0, -1)]).reshape(-1, 3)
    partner: dict[int, int] = {}
    for node in _nodes(ends):
        left = list(node)
        pairs = [pair for pair in combinations(left, 2) if by_course or _same_burgers(arms, pair)]
        for pair in sorted(pairs, key=lambda pair: float(_outward(points, pair[0]) @ _outward(points, pair[1]))):
            if pair[0] in left and pair[1] in left and (len(left) > 3 or not by_course):
                partner |= {pair[0]: pair[1], pair[1]: pair[0]}
                left = [end for end in left if end not in pair]
        if len(left) == 2:
            partner |= {left[0]: left[1], left[1]: left[0]}
    return [_one(arms, points, chain) for chain in _chains(len(arms), partner)]


def _nodes(ends: np.ndarray) -> list[np.ndarray]:
    pairs = cKDTree(ends).query_pairs(SHARED_NODE_NM, output_type="ndarray") if len(ends) else np.empty((0, 2), int)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    label = csgraph.connected_components(links, directed=False)[1] if len(ends) else np.empty(0, int)
    return [np.flatnonzero(label == number) for number in np.flatnonzero(np.bincount(label, minlength=1) > 1)]


def _same_burgers(arms: Sequence[DislocationLine], pair: tuple[int, int]) -> bool:
    """Whether the Burgers vector of one end's arm, followed through the node, is that of the other's; end 2 k is the first of arm k."""
    one, two = ((-1) ** end * np.asarray(arms[end // 2].burgers) for end in pair)
    return bool(np.allclose(one, -two, atol=SAME_BURGERS))


def _outward(points: Sequence[np.ndarray], end: int) -> np.ndarray:
    line = points[end // 2][:: -1 if end % 2 else 1]
    along = line[min(DIRECTION_POINTS, len(line) - 1)] - line[0]
    return along / max(float(np.linalg.norm(along)), 1e-9)


def _chains(count: int, partner: dict[int, int]) -> list[list[int]]:
    """The arms of every dislocation, each by the end at which it is entered."""
    done: set[int] = set()
    chains = []
    starts = [end for end in range(2 * count) if end not in partner]
    for start in [*starts, *range(0, 2 * count, 2)]:
        chain, end = [], start
        while end // 2 not in done:
            done.add(end // 2)
            chain.append(end)
            end = partner.get(end ^ 1, end)
        if chain:
            chains.append(chain)
    return chains


def _one(arms: Sequence[DislocationLine], points: Sequence[np.ndarray], chain: Sequence[int]) -> DislocationLine:
    if len(chain) == 1:
        return arms[chain[0] // 2]
    longest = max(chain, key=lambda end: arms[end // 2].length_nm)
    parts = [points[end // 2][:: -1 if end % 2 else 1] for end in chain]
    joined = np.vstack([parts[0], *(part[1:] for part in parts[1:])])
    return replace(arms[longest // 2], points_nm=joined[:: -1 if longest % 2 else 1])
