"""From a mask of line voxels to a graph of clean paths: thinning, spurs, and the steps that the graph is changed by."""

import heapq
from collections.abc import Callable, Iterable

import networkx as nx
import numpy as np

from rapidstem.dislocations.polylines import end_direction, steps_along

# As of crossings: up to here two paths are taken for one line.
STRAIGHTEST_BEND_DEG = 35.0
# Both ends, the first in the order of the graph's nodes, and its number among the edges between them.
Edge = tuple[int, int, int]


def line_graph(mask: np.ndarray, spur: float) -> nx.MultiGraph:
    """Thin a mask to lines one voxel wide and give them as a graph without spurs (Lee, Kashyap & Chu 1994; skan, Nunez-Iglesias 2018).

    Parameters
    ----------
    mask : np.ndarray of bool, (z, y, x)
    spur : float
        Side branches shorter than this are removed, in voxels.

    Returns
    -------
    nx.MultiGraph
        Nodes are junctions, ends, or the seam of a loop. Edges hold `points` (n, 3), voxel coordinates (z, y, x) from the node `start`
        to the other one.
    """
    graph = _skeleton_graph(mask)
    prune(graph, spur)
    return graph


def _skeleton_graph(mask: np.ndarray) -> nx.MultiGraph:
    # Take longer to import than all else here, and those who look at lines thin none.
    from skan import Skeleton
    from skimage.morphology import skeletonize

    graph = nx.MultiGraph()
    thin = skeletonize(mask)
    if np.count_nonzero(thin) < 2:
        return graph
    skeleton = Skeleton(np.pad(thin, 1), keep_images=False)
    for number in range(skeleton.n_paths):
        path = skeleton.path(number)
        if len(path) > 1:
            graph.add_edge(int(path[0]), int(path[-1]), points=skeleton.coordinates[path] - 1.0, start=int(path[0]))
    return graph


def path_length(points: np.ndarray) -> float:
    """Length along the points, in voxels."""
    return float(steps_along(points)[-1])


class EdgeQueue:
    """The edges of a graph that a condition on the degrees of their ends chooses, the shortest first, as the graph changes.

    Of edges of one length the first in the order of the graph is taken, so that a result does not hang on the history of the queue. Nodes
    may go, but none may come.

    Parameters
    ----------
    graph : nx.MultiGraph
    chosen : callable
        Whether an edge counts, by the degrees of its two ends.
    """

    def __init__(self, graph: nx.MultiGraph, chosen: Callable[[int, int], bool]) -> None:
        self._graph, self._chosen = graph, chosen
        self._rank = {node: number for number, node in enumerate(graph)}
        self._waiting: list[tuple[float, int, Edge]] = []
        self.add(graph)

    def add(self, nodes: Iterable[int]) -> None:
        """Look again at all edges of these nodes."""
        for first, second, key, data in self._graph.edges([node for node in nodes if node in self._graph], keys=True, data=True):
            if self._chosen(self._graph.degree(first), self._graph.degree(second)):
                ends = sorted((first, second), key=self._rank.__getitem__)
                heapq.heappush(self._waiting, (path_length(data["points"]), self._rank[ends[0]], (ends[0], ends[1], key)))

    def shorter_than(self, length: float) -> Edge | None:
        """The shortest edge, which leaves the queue, if it is shorter than this, in voxels."""
        while self._waiting and self._waiting[0][0] < length:
            place, alike = self._waiting[0][:2], set()
            while self._waiting and self._waiting[0][:2] == place:
                alike.add(heapq.heappop(self._waiting)[2])
            present = sorted((edge for edge in alike if self._counts(edge, place[0])), key=self._place)
            for edge in present[1:]:
                heapq.heappush(self._waiting, (*place, edge))
            if present:
                return present[0]
        return None

    def _counts(self, edge: Edge, length: float) -> bool:
        """Whether an edge is still there, with that length and of the chosen kind."""
        first, second, key = edge
        return (
            self._graph.has_edge(first, second, key)
            and path_length(self._graph.edges[edge]["points"]) == length
            and self._chosen(self._graph.degree(first), self._graph.degree(second))
        )

    def _place(self, edge: Edge) -> tuple[int, int]:
        """Where an edge stands among those of its first node."""
        first, second, key = edge
        return list(self._graph.adj[first]).index(second), list(self._graph.adj[first][second]).index(key)


def prune(graph: nx.MultiGraph, spur: float) -> None:
    """Remove side branches with a free end, the shortest first, joining what they leave behind."""
    dissolve(graph)
    branches = EdgeQueue(graph, lambda first, second: sorted((min(first, 3), min(second, 3))) == [1, 3])
    while (short := branches.shorter_than(spur)) is not None:
        graph.remove_edge(*short)
        around = {node for end in short[:2] for node in graph.adj[end]}
        graph.remove_nodes_from([end for end in short[:2] if graph.degree(end) == 0])
        dissolve(graph, short[:2])
        branches.add(around)


def dissolve(graph: nx.MultiGraph, nodes: tuple[int, ...] | None = None) -> None:
    """Join the two paths at every node where only two meet; the seam of a loop stays."""
    for node in list(graph.nodes if nodes is None else nodes):
        if node not in graph or graph.degree(node) != 2 or graph.number_of_edges(node, node):
            continue
        (_, first, head), (_, second, tail) = graph.edges(node, data=True)
        before = oriented(head, node)[::-1]
        after = oriented(tail, node)
        graph.remove_node(node)
        graph.add_edge(first, second, points=np.vstack([before, after[int(np.allclose(before[-1], after[0])) :]]), start=first)


def oriented(data: dict, node: int) -> np.ndarray:
    """Points of an edge, given by its data, in the order that starts at `node`."""
    return data["points"] if data["start"] == node else data["points"][::-1]


def contract(graph: nx.MultiGraph, node_size: float) -> None:
    """Make one node of junctions that a bridge shorter than `node_size` voxels joins; the paths keep their own points.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place.
    node_size : float
        In voxels.
    """
    bridges = EdgeQueue(graph, lambda first, second: first > 2 and second > 2)
    while (short := bridges.shorter_than(node_size)) is not None:
        kept, gone, _ = short
        graph.remove_edge(*short)
        if kept == gone:
            continue
        for _, other, data in list(graph.edges(gone, data=True)):
            points = oriented(data, gone)
            graph.add_edge(kept, kept if other == gone else other, points=points, start=kept)
        graph.remove_node(gone)
        bridges.add([kept])


def arm_direction(points: np.ndarray, reach: float) -> np.ndarray:
    """Unit vector along a path at its first point, the first few voxels, where lines merge, left out of longer ones."""
    skipped = max(0, min(3, len(points) - 4))
    return -end_direction(points[skipped:][::-1], reach)


def straight_bend_deg(first: np.ndarray, second: np.ndarray) -> float:
    """By how much a line bends that comes along one direction away from a point and leaves along another; 0 if they are opposite."""
    return float(np.rad2deg(np.arccos(np.clip(-first @ second, -1.0, 1.0))))
