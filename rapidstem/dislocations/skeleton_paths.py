"""The paths of a skeleton: from one end or junction to the next, voxel by voxel."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import scipy

# Half of the 26 neighbours of a voxel; the others lie in the opposite directions.
_STEPS = [step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]


def skeleton_paths(thin: np.ndarray) -> Iterator[np.ndarray]:
    """The paths of a skeleton from each voxel that has not two neighbours to the next one, and its loops.

    Voxels that touch by a face, an edge or a corner are neighbours; those with more than two are joined among each other by a minimum
    spanning tree, so that a junction of several voxels holds no loops. Paths of the same skeleton always come in the same order.

    Parameters
    ----------
    thin : np.ndarray of bool, (z, y, x)
        Lines one voxel wide.

    Yields
    ------
    np.ndarray, (n, 3)
        z, y, x of the voxels, both ends included; a loop ends where it starts.

    References
    ----------
    J. Nunez-Iglesias et al., PeerJ 6 (2018) e4312.
    """
    place = np.argwhere(thin)
    links = _links(place, thin.shape)
    ways = [part.tolist() for part in np.split(links.indices, links.indptr[1:-1])]
    walked: set[tuple[int, int]] = set()
    ends = [(voxel, other) for voxel, others in enumerate(ways) if len(others) != 2 for other in others]
    loops = [(voxel, others[0]) for voxel, others in enumerate(ways) if others]
    for first, second in ends + loops:
        if (first, second) not in walked:
            yield place[_walk(first, second, ways, walked)]


def _links(place: np.ndarray, shape: tuple[int, ...]) -> scipy.sparse.csr_array:
    """Which voxels are neighbours (voxel, voxel), with their distances; junctions are trees."""
    number = np.full([side + 2 for side in shape], -1)
    number[tuple(place.T + 1)] = np.arange(len(place))
    pairs = [(np.arange(len(place)), number[tuple((place + 1 + step).T)]) for step in _STEPS]
    first, second = (np.concatenate([pair[side][pair[1] >= 0] for pair in pairs]) for side in (0, 1))
    first, second = np.concatenate([first, second]), np.concatenate([second, first])
    distance = np.linalg.norm(place[first] - place[second], axis=1)
    crowded = np.bincount(first, minlength=len(place)) > 2
    within = crowded[first] & crowded[second]
    among, others = (
        scipy.sparse.csr_array((distance[kept], (first[kept], second[kept])), shape=(len(place), len(place))) for kept in (within, ~within)
    )
    tree = scipy.sparse.csgraph.minimum_spanning_tree(among)
    links = scipy.sparse.csr_array(others + tree + tree.T)
    links.sort_indices()
    return links


def _walk(first: int, second: int, ways: list[list[int]], walked: set[tuple[int, int]]) -> list[int]:
    """Voxels from one to the end of the path that leaves it towards a neighbour; its steps are noted both ways."""
    path, before, here = [first], first, second
    while (before, here) not in walked:
        walked |= {(before, here), (here, before)}
        path.append(here)
        if len(ways[here]) != 2 or here == first:
            break
        one, other = ways[here]
        before, here = here, other if one == before else one
    return path
