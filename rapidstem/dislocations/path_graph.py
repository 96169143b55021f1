"""From a mask of line voxels to a graph of clean paths: thinning, spurs, and the steps that the graph is changed by."""

import networkx as nx
import numpy as np
from skan import Skeleton
from skimage.morphology import skeletonize

from rapidstem.dislocations.polylines import end_direction, steps_along

# As of crossings: up to here two paths are taken for one line.
STRAIGHTEST_BEND_DEG = 35.0


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


def prune(graph: nx.MultiGraph, spur: float) -> None:
    """Remove side branches with a free end, the shortest first, joining what they leave behind."""
    dissolve(graph)
    while True:
        branches = [
            (path_length(data["points"]), first, second, key)
            for first, second, key, data in graph.edges(keys=True, data=True)
            if sorted((min(graph.degree(first), 3), min(graph.degree(second), 3))) == [1, 3]
        ]
        short = min(branches, default=None, key=lambda branch: branch[0])
        if short is None or short[0] >= spur:
            return
        graph.remove_edge(*short[1:])
        graph.remove_nodes_from(list(nx.isolates(graph)))
        dissolve(graph, short[1:3])


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
    while True:
        bridges = [
            (path_length(data["points"]), first, second, key)
            for first, second, key, data in graph.edges(keys=True, data=True)
            if graph.degree(first) > 2 and graph.degree(second) > 2
        ]
        short = min(bridges, default=None, key=lambda bridge: bridge[0])
        if short is None or short[0] >= node_size:
            return
        _, kept, gone, key = short
        graph.remove_edge(kept, gone, key)
        if kept == gone:
            continue
        for _, other, data in list(graph.edges(gone, data=True)):
            points = oriented(data, gone)
            graph.add_edge(kept, kept if other == gone else other, points=points, start=kept)
        graph.remove_node(gone)


def arm_direction(points: np.ndarray, reach: float) -> np.ndarray:
    """Unit vector along a path at its first point, the first few voxels, where lines merge, left out of longer ones."""
    skipped = max(0, min(3, len(points) - 4))
    return -end_direction(points[skipped:][::-1], reach)


def straight_bend_deg(first: np.ndarray, second: np.ndarray) -> float:
    """By how much a line bends that comes along one direction away from a point and leaves along another; 0 if they are opposite."""
    return float(np.rad2deg(np.arccos(np.clip(-first @ second, -1.0, 1.0))))
