"""Dislocations as images show them: arms of a network that go on into each other at its nodes are one line."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import scipy

from rapidstem.microscope.specimen.line_networks import DislocationLine

# Arms that meet share their end but for rounding.
SHARED_NODE_NM = 1.0
# A line width at half depth, 13.7 nm, rounded up: nodes nearer to each other are one in every image.
ONE_IN_IMAGES_NM = 15.0
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
    vector. Where they have reacted over less than the width of their images, to a junction that often has no contrast, the two nodes are
    one for every observer. Joined by their course, nodes within 15 nm of each other are one, and of more than three arms those are one line
    that together bend least.

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
    if by_course:
        return _joined_by_course(arms)
    points = [np.asarray(arm.points_nm) for arm in arms]
    ends = np.array([line[end] for line in points for end in (0, -1)]).reshape(-1, 3)
    partner: dict[int, int] = {}
    for node in _nodes(ends):
        left = list(node)
        pairs = [pair for pair in combinations(left, 2) if _same_burgers(arms, pair)]
        for pair in sorted(pairs, key=lambda pair: _cosine(points, pair)):
            if pair[0] in left and pair[1] in left:
                partner |= {pair[0]: pair[1], pair[1]: pair[0]}
                left = [end for end in left if end not in pair]
        if len(left) == 2:
            partner |= {left[0]: left[1], left[1]: left[0]}
    return [_one(arms, points, chain) for chain in _chains(len(arms), partner)]


def _joined_by_course(arms: Sequence[DislocationLine]) -> list[DislocationLine]:
    """The lines that are seen; arms that lie within one node of the images are left out."""
    places = np.array([np.asarray(arm.points_nm)[end] for arm in arms for end in (0, -1)]).reshape(-1, 3)
    nodes = _nodes(places)
    centres = np.array([places[node].mean(axis=0) for node in nodes]).reshape(-1, 3)
    groups = [group.tolist() for group in _nodes(centres, ONE_IN_IMAGES_NM)]
    groups += [[number] for number in range(len(nodes)) if not any(number in group for group in groups)]
    seen = [np.concatenate([nodes[number] for number in group]) for group in groups]
    inner = {end // 2 for node in seen for end in node if end ^ 1 in node and arms[end // 2].length_nm < 2 * ONE_IN_IMAGES_NM}
    points = [np.asarray(arm.points_nm) for arm in arms]
    partner: dict[int, int] = {}
    for node in seen:
        for one, two in _straightest(points, [int(end) for end in node if end // 2 not in inner]):
            partner |= {one: two, two: one}
    chains = _chains(len(arms), partner)
    return [_one(arms, points, chain) for chain in chains if chain[0] // 2 not in inner]


def _straightest(points: Sequence[np.ndarray], ends: list[int]) -> list[tuple[int, int]]:
    """Pairs of ends of arms that are one line: of four those that together bend least; three end."""
    left, found = list(ends), []
    while len(left) > 4:
        found.append(min(combinations(left, 2), key=lambda pair: _cosine(points, pair)))
        left = [end for end in left if end not in found[-1]]
    if len(left) == 4:
        first, second, third, last = left
        ways = [((first, second), (third, last)), ((first, third), (second, last)), ((first, last), (second, third))]
        return [*found, *min(ways, key=lambda way: sum(np.pi - np.arccos(_cosine(points, pair)) for pair in way))]
    return [*found, (left[0], left[1])] if len(left) == 2 else found


def _cosine(points: Sequence[np.ndarray], pair: tuple[int, int]) -> float:
    """Of the angle between two arms that leave a node; -1 where they go straight on into each other."""
    return float(np.clip(_outward(points, pair[0]) @ _outward(points, pair[1]), -1, 1))


def _nodes(ends: np.ndarray, apart_nm: float = SHARED_NODE_NM) -> list[np.ndarray]:
    pairs = scipy.spatial.cKDTree(ends).query_pairs(apart_nm, output_type="ndarray") if len(ends) else np.empty((0, 2), int)
    links = scipy.sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    label = scipy.sparse.csgraph.connected_components(links, directed=False)[1] if len(ends) else np.empty(0, int)
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
