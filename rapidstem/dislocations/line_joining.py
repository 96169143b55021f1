"""Follow faint lines on from where their paths end, and join ends that face each other across a gap."""

from dataclasses import dataclass

import networkx as nx
import numpy as np
import scipy

from rapidstem.dislocations.path_graph import oriented, straight_bend_deg
from rapidstem.dislocations.polylines import end_direction

# Of the direction from step to step, a voxel each: a ridge is followed with a memory of ten voxels; by judgement.
INERTIA = 0.9
# In voxels: of the disc, one voxel ahead, in which the ridge is looked for; by judgement.
SEARCH_RADIUS = 1.6
# In voxels: what lies nearer to the volume's edge cannot be interpolated.
EDGE = 1.0
# Ends that face each other over a gap bend less, and a ridge that is followed turns less from where it started: beyond, streaks that leave
# the line are followed (docs/dislocations.md).
LARGEST_BEND_DEG = 40.0
LARGEST_TURN_DEG = 35.0
# In line widths; two ends may each have been followed along one ridge until they met the other's path.
LARGEST_OVERLAP = 3.0


@dataclass(frozen=True)
class Following:
    """How a line is followed; lengths in voxels.

    Attributes
    ----------
    least : ridge strength below which a step counts as missing
    gap : longest run of missing steps that is bridged
    reach : length of the line's last stretch that gives its direction
    """

    least: float
    gap: float
    reach: float


def follow_ends(graph: nx.MultiGraph, strength: np.ndarray, following: Following) -> None:
    """Lengthen every path with a free end along the ridge, straight on over weak spots, until the ridge or the volume ends.

    Parameters
    ----------
    graph : nx.MultiGraph
        As `line_graph` gives it; changed in place.
    strength : np.ndarray, (z, y, x)
        Ridge strength.
    following : Following
        How far and over how weak spots a ridge is followed.
    """
    ends = [node for node in graph if graph.degree(node) == 1]
    strongest_first = sorted(ends, key=lambda node: -_median_strength(graph, node, strength))
    taken = _taken_voxels(graph, strength.shape)
    for node in strongest_first:
        ((_, other, key, data),) = list(graph.edges(node, keys=True, data=True))
        path = oriented(data, node)[::-1]
        onward = _followed(path, strength, following, taken)
        if len(onward):
            graph.remove_edge(node, other, key)
            graph.add_edge(other, node, points=np.vstack([path, onward]), start=other)
            _take(taken, onward)


def join_ends(graph: nx.MultiGraph, gap: float, reach: float, width: float) -> None:
    """Join free ends that face each other, the nearest first, if neither line has to bend by more than 40 degrees.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place; a joined pair becomes one path through a node of degree two, see `line_graph.dissolve`.
    gap : float
        Largest distance, in voxels.
    reach : float
        Length of the last stretch that gives an end's direction, in voxels.
    width : float
        Of a line, in voxels: ends nearer than this touch.
    """
    ends = [node for node in graph if graph.degree(node) == 1]
    if len(ends) < 2:
        return
    paths = [oriented(next(iter(graph.edges(node, data=True)))[2], node)[::-1] for node in ends]
    places = np.array([path[-1] for path in paths])
    outward = np.array([end_direction(path, reach) for path in paths])
    pairs = scipy.spatial.cKDTree(places).query_pairs(gap, output_type="ndarray")
    distance = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    joined: set[int] = set()
    for one, two in pairs[np.argsort(distance, kind="stable")]:
        if joined & {one, two} or not _face(places[one], places[two], outward[one], outward[two], width):
            continue
        joined |= {one, two}
        last = _without_overlap(graph, ends[two], places[one], outward[one])
        graph.add_edge(ends[one], ends[two], points=np.stack([places[one], last]), start=ends[one])


def _face(one: np.ndarray, two: np.ndarray, outward: np.ndarray, other_outward: np.ndarray, width: float) -> bool:
    """Whether two ends continue each other; ends that touch, or have passed each other on the same ridge, need only be antiparallel."""
    link = two - one
    along = float(link @ outward)
    passed = -LARGEST_OVERLAP * width < along < 0 and np.linalg.norm(link - along * outward) < width
    if passed or np.linalg.norm(link) < width:
        return straight_bend_deg(outward, other_outward) < LARGEST_BEND_DEG
    return max(straight_bend_deg(outward, -link), straight_bend_deg(other_outward, link)) < LARGEST_BEND_DEG


def _without_overlap(graph: nx.MultiGraph, node: int, place: np.ndarray, outward: np.ndarray) -> np.ndarray:
    """Cut off what the path that ends at a node has passed a place that is led on `outward`; give where the path ends then."""
    ((_, other, _, data),) = graph.edges(node, keys=True, data=True)
    path = oriented(data, other)
    beyond = np.flatnonzero((path - place) @ outward > 0)
    if len(beyond) and beyond[-1] < len(path) - 1 and beyond[-1] > 0:
        data.update(points=path[: beyond[-1] + 1], start=other)
    return data["points"][-1] if data["start"] == other else data["points"][0]


def _median_strength(graph: nx.MultiGraph, node: int, strength: np.ndarray) -> float:
    _, _, data = next(iter(graph.edges(node, data=True)))
    return float(np.median(sampled_strength(strength, data["points"])))


def sampled_strength(strength: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Ridge strength at points (n, 3) in voxels, 0 outside the volume."""
    return scipy.ndimage.map_coordinates(strength, points.T, order=1, mode="constant")


def _taken_voxels(graph: nx.MultiGraph, shape: tuple[int, ...]) -> np.ndarray:
    """Voxels that some path already occupies, with the next ones around."""
    taken = np.zeros(shape, bool)
    for _, _, data in graph.edges(data=True):
        _take(taken, data["points"])
    return taken


def _take(taken: np.ndarray, points: np.ndarray) -> None:
    corner = np.rint(points).astype(int)
    around = (corner[:, None, :] + np.indices((3, 3, 3)).reshape(3, -1).T - 1).reshape(-1, 3)
    taken[tuple(np.clip(around, 0, np.array(taken.shape) - 1).T)] = True


def _followed(path: np.ndarray, strength: np.ndarray, following: Following, taken: np.ndarray) -> np.ndarray:
    """Points (n, 3) that continue a path at its end, without the missing steps at their end."""
    place = path[-1]
    direction = start_direction = end_direction(path, following.reach)
    last = np.array(strength.shape) - 1.0
    points: list[np.ndarray] = []
    kept = missing = 0
    for step in range(int(np.sum(strength.shape))):
        ahead = _centred(place + direction, direction, strength)
        turned = straight_bend_deg(direction, -start_direction) > LARGEST_TURN_DEG
        if turned or np.any(ahead < EDGE) or np.any(ahead > last - EDGE):
            break
        if step > 2 and taken[tuple(np.rint(ahead).astype(int))]:
            kept = len(points)
            break
        present = float(sampled_strength(strength, ahead[None])[0]) >= following.least
        direction = direction * INERTIA + (ahead - place) / max(float(np.linalg.norm(ahead - place)), 1e-9) * (1 - INERTIA)
        direction /= np.linalg.norm(direction)
        place = ahead
        points.append(ahead)
        missing = 0 if present else missing + 1
        kept = len(points) if present else kept
        if missing > following.gap:
            break
    return np.array(points[:kept]).reshape(-1, 3)


def _centred(place: np.ndarray, direction: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Move a place onto the ridge's centre of gravity in the disc across the direction."""
    across = np.linalg.svd(direction[None])[2][1:]
    radii, angles = np.linspace(0, SEARCH_RADIUS, 4), np.linspace(0, 2 * np.pi, 12, endpoint=False)
    disc = np.array([(0.0, 0.0), *[(r * np.cos(a), r * np.sin(a)) for r in radii[1:] for a in angles]]) @ across
    weight = sampled_strength(strength, place + disc) ** 2
    total = weight.sum()
    return place if total <= 0 else place + weight @ disc / total
