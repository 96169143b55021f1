"""Which of the paths of a line graph are dislocations and which are streaks of the reconstruction."""

import networkx as nx
import numpy as np

from rapidstem.dislocations.line_graph import STRAIGHTEST_BEND_DEG, arm_direction, dissolve, oriented, straight_bend_deg
from rapidstem.dislocations.line_joining import sampled_strength


def drop_streaks(graph: nx.MultiGraph, strength: np.ndarray, weak: float, reach: float) -> None:
    """Remove weak paths that continue no other path.

    The streaks that a limited number of views leaves in a tomogram start at strong lines and leave them sideways; the faint part of a
    line goes on in the direction of its clear part.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place; paths that only one other path meets are joined with it.
    strength : np.ndarray, (z, y, x)
        Ridge strength.
    weak : float
        Paths with a median strength below this must continue another one.
    reach : float
        Length over which the direction of a path at its end is measured, in voxels.
    """
    while True:
        dissolve(graph)
        found = [
            (level, first, second, key)
            for first, second, key, data in graph.edges(keys=True, data=True)
            if (level := float(np.median(sampled_strength(strength, data["points"])))) < weak
            and not any(_continues(graph, node, key, data, reach) for node in (first, second))
        ]
        if not found:
            return
        graph.remove_edge(*min(found)[1:])
        graph.remove_nodes_from(list(nx.isolates(graph)))


def drop_short(graph: nx.MultiGraph, least: float) -> None:
    """Remove connected groups of paths whose whole length is below `least`, in voxels."""
    for group in list(nx.connected_components(graph)):
        length = sum(np.linalg.norm(np.diff(data["points"], axis=0), axis=1).sum() for *_, data in graph.subgraph(group).edges(data=True))
        if length < least:
            graph.remove_nodes_from(group)


def _continues(graph: nx.MultiGraph, node: int, key: int, data: dict, reach: float) -> bool:
    """Whether a path goes straight on into another one at a node."""
    own = arm_direction(oriented(data, node), reach)
    others = [each for *_, each in graph.edges(node, data=True) if each is not data]
    bends = [straight_bend_deg(own, arm_direction(oriented(each, node), reach)) for each in others]
    return min(bends, default=180.0) < STRAIGHTEST_BEND_DEG
