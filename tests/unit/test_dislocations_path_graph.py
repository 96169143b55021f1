from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from rapidstem.dislocations import path_graph
from rapidstem.dislocations.path_graph import contract, path_length, prune


def path(*corners: tuple[float, float]) -> np.ndarray:
    """Straight from corner to corner, (y, x), about a point a voxel, at z = 0."""
    parts = [np.linspace(a, b, int(np.hypot(*np.subtract(b, a))) + 1) for a, b in pairwise(corners)]
    return np.column_stack([np.zeros(sum(map(len, parts))), np.concatenate(parts)])


def comb(teeth: dict[float, float]) -> nx.MultiGraph:
    """A line along x from 0 to 10 voxels beyond its last tooth, with teeth along y of these lengths at these places."""
    graph, places = nx.MultiGraph(), [0.0, *teeth, max(teeth) + 10]
    for number, (start, stop) in enumerate(pairwise(places)):
        graph.add_edge(number, number + 1, points=path((0, start), (0, stop)), start=number)
    for number, (place, length) in enumerate(teeth.items(), 1):
        graph.add_edge(number, -number, points=path((0, place), (length, place)), start=number)
    return graph


def test_spurs_go_and_the_line_is_one_path():
    graph = comb({20.0: 4.0, 30.0: 5.0, 50.0: 4.0})
    prune(graph, 6.0)
    ((_, _, data),) = graph.edges(data=True)
    np.testing.assert_allclose(sorted(data["points"][[0, -1], 2]), [0, 60])


def test_a_long_branch_stays():
    graph = comb({20.0: 4.0, 30.0: 9.0})
    prune(graph, 6.0)
    assert graph.number_of_edges() == 3
    assert sorted(round(np.ptp(data["points"][:, 1])) for *_, data in graph.edges(data=True)) == [0, 0, 9]


def test_what_a_removed_spur_leaves_counts_with_its_whole_length():
    """The end of the line is shorter than a spur from the last tooth on, and longer once that has gone."""
    graph = comb({20.0: 3.0})
    graph.add_edge(9, 0, points=path((0, -20), (0, 0)), start=9)
    graph.add_edge(0, 8, points=path((0, 0), (4, 0)), start=0)
    prune(graph, 25.0)
    ((_, _, data),) = graph.edges(data=True)
    np.testing.assert_allclose(sorted(data["points"][[0, -1], 2]), [-20, 30])


def test_only_paths_near_a_removed_spur_are_looked_at_again(monkeypatch: pytest.MonkeyPatch):
    """Every spur used to be looked for among all paths: the candidates of a foil of 2e14 lines a square metre did not come to an end."""
    looked_at = []
    monkeypatch.setattr(path_graph, "path_length", lambda points: looked_at.append(len(points)) or path_length(points))
    graph = comb({20.0 + 10 * number: 4.0 for number in range(1000)})
    prune(graph, 6.0)
    assert graph.number_of_edges() == 1 and len(looked_at) < 10_000


def test_junctions_that_a_short_bridge_joins_are_one():
    graph = nx.MultiGraph()
    graph.add_edge(0, 1, points=path((0, 0), (0, 3)), start=0)
    for node, end in ((2, (-9, -9)), (3, (9, -9))):
        graph.add_edge(0, node, points=path((0, 0), end), start=0)
    for node, end in ((4, (-9, 12)), (5, (9, 12))):
        graph.add_edge(1, node, points=path((0, 3), end), start=1)
    contract(graph, 2.0)
    assert graph.number_of_nodes() == 6
    contract(graph, 4.0)
    assert sorted(dict(graph.degree()).values()) == [1, 1, 1, 1, 4]
