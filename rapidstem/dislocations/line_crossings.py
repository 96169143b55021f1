"""Where paths of a line graph meet: lines that cross are led through, junctions stay."""

from dataclasses import dataclass
from itertools import combinations

import networkx as nx
import numpy as np

from rapidstem.dislocations.path_graph import arm_direction, dissolve, oriented, path_length, straight_bend_deg

# Lines bend less than this over a meeting place of some six line widths; by judgement, what it finds is measured (docs/dislocations.md).
LARGEST_BEND_DEG = 35.0
# Line tension holds three dislocations at a junction at large angles: where two go straight on, they are one line and the third has another
# story.
LARGEST_BEND_OF_THREE_DEG = 20.0


@dataclass(frozen=True)
class Arm:
    """A path that leaves a meeting place: its points from there on, the node at its far end, and its direction outward."""

    points: np.ndarray
    other: int
    outward: np.ndarray


def lead_through(graph: nx.MultiGraph, size: float, reach: float, width: float) -> None:
    """Lead lines that cross through the places where their paths meet, each on a path of its own.

    Two lines that pass each other at less than the width of a line are thinned to junctions with bridges between them. All junctions that
    bridges shorter than `size` join are one meeting place; its paths are paired so that they bend least, as a dislocation goes on, and
    what is left alone ends there. Where three paths meet, two of them must go straight on to be led through: line tension holds three
    dislocations at a junction at large angles.

    Parameters
    ----------
    graph : nx.MultiGraph
        As `rapidstem.dislocations.path_graph.line_graph` gives it; changed in place.
    size : float
        Longest bridge within a meeting place, in voxels.
    reach : float
        Length over which the direction of a path is measured, in voxels.
    width : float
        Of a line, in voxels: the way between two paths counts from there on.
    """
    fresh = max(graph.nodes, default=0) + 1
    for place in _meeting_places(graph, size):
        arms = _arms(graph, place, size, reach)
        pairs = _continuing(arms, width) if arms else []
        if not pairs:
            continue
        graph.remove_nodes_from(place)
        alone = set(range(len(arms))) - {index for pair in pairs for index in pair}
        for group in [*pairs, *([tuple(alone)] if len(alone) > 2 else [(index,) for index in alone])]:
            for index in group:
                graph.add_edge(fresh, arms[index].other, points=arms[index].points, start=fresh)
            fresh += 1
    graph.remove_nodes_from(list(nx.isolates(graph)))
    dissolve(graph)


def _meeting_places(graph: nx.MultiGraph, size: float) -> list[set[int]]:
    """Junctions, those together that a short bridge joins."""
    junctions = [node for node in graph if graph.degree(node) > 2]
    bridges = nx.Graph()
    bridges.add_nodes_from(junctions)
    edges = graph.subgraph(junctions).edges(data=True)
    bridges.add_edges_from((first, second) for first, second, data in edges if path_length(data["points"]) < size)
    return [set(place) for place in nx.connected_components(bridges)]


def _arms(graph: nx.MultiGraph, place: set[int], size: float, reach: float) -> list[Arm]:
    """The paths that leave a meeting place; none where one comes back to it by a longer way."""
    arms = []
    for node in sorted(place):
        for _, other, data in graph.edges(node, data=True):
            points = oriented(data, node)
            if other not in place:
                arms.append(Arm(points, other, arm_direction(points, reach)))
            elif path_length(points) >= 2 * size:
                return []
    return arms


def _continuing(arms: list[Arm], width: float) -> list[tuple[int, int]]:
    """Which arms are one line, paired so that all together bend least."""
    largest_deg = LARGEST_BEND_OF_THREE_DEG if len(arms) == 3 else LARGEST_BEND_DEG
    possible = nx.Graph()
    for first, second in combinations(range(len(arms)), 2):
        bend_deg = _bend_deg(arms[first], arms[second], width)
        if bend_deg < largest_deg:
            possible.add_edge(first, second, weight=largest_deg - bend_deg)
    return sorted((min(pair), max(pair)) for pair in nx.max_weight_matching(possible))


def _bend_deg(first: Arm, second: Arm, width: float) -> float:
    """By how much a line bends that comes along one arm and leaves along the other, the way between them included."""
    bend_deg = straight_bend_deg(first.outward, second.outward)
    link = second.points[0] - first.points[0]
    if np.linalg.norm(link) < width:
        return bend_deg
    link = link / np.linalg.norm(link)
    return max(bend_deg, straight_bend_deg(first.outward, link), straight_bend_deg(second.outward, -link))
