"""Faint lines are followed on over weak spots, straight on, and no farther than they are seen."""

import networkx as nx
import numpy as np
import pytest

from rapidstem.dislocations.line_joining import Following, follow_ends, join_ends

SHAPE = (30, 60, 110)
PLACES = np.indices(SHAPE)


def ridge(points: np.ndarray) -> np.ndarray:
    """Strength that falls off over two voxels around points (n, 3)."""
    strength = np.zeros(SHAPE)
    for z, y, x in points:
        strength = np.maximum(strength, np.exp(-((PLACES[0] - z) ** 2 + (PLACES[1] - y) ** 2 + (PLACES[2] - x) ** 2) / 4))
    return strength


def along_x(start: float, stop: float) -> np.ndarray:
    x = np.arange(start, stop + 1)
    return np.column_stack([np.full(len(x), 14.0), 30 + 0.1 * (x - 30), x])


def followed(strength: np.ndarray, gap: float) -> np.ndarray:
    """The path that begins at x = 10 and was traced to x = 30, followed on; its beginning is a branch and stays."""
    graph = nx.MultiGraph()
    graph.add_edge(0, 1, points=along_x(10, 30), start=0)
    for node in (2, 3):
        graph.add_edge(0, node, points=np.array([[14.0, 28, 10], [14, 27, 9]]), start=0)
    follow_ends(graph, strength, Following(0.5, gap, 10.0))
    (path,) = (data["points"] for *_, data in graph.edges(data=True) if len(data["points"]) > 2)
    return path


@pytest.mark.parametrize(("gap", "end"), [(8.0, 80), (3.0, 52)])
def test_a_line_is_followed_over_a_gap_to_where_it_is_seen_last(gap: float, end: float) -> None:
    strength = ridge(np.vstack([along_x(10, 50), along_x(58, 78)]))
    path = followed(strength, gap)
    assert path[-1, 2] == pytest.approx(end, abs=2)
    np.testing.assert_allclose(path[:, 1], 30 + 0.1 * (path[:, 2] - 30), atol=0.7)


def test_a_ridge_that_turns_away_is_left() -> None:
    angle = np.linspace(0, np.pi / 2, 60)
    bow = np.column_stack([np.full(60, 14.0), 32 + 24 * (1 - np.cos(angle)), 40 + 24 * np.sin(angle)])
    path = followed(ridge(np.vstack([along_x(10, 40), bow])), 4.0)
    assert 45 < path[-1, 2] < 64 and path[-1, 1] < 50


def joined(*paths: np.ndarray) -> set[frozenset[int]]:
    """Which ends are joined: ends are counted along the paths, two a path."""
    graph = nx.MultiGraph()
    for number, points in enumerate(paths):
        graph.add_edge(2 * number, 2 * number + 1, points=points, start=2 * number)
    join_ends(graph, 20.0, 12.0, 3.0)
    return {frozenset(pair) for pair in graph.edges()} - {frozenset((2 * number, 2 * number + 1)) for number in range(len(paths))}


def straight(start: tuple[float, ...], end: tuple[float, ...]) -> np.ndarray:
    return np.linspace(start, end, int(np.linalg.norm(np.subtract(end, start))) + 1)


def test_of_ends_that_face_each_other_the_nearest_are_joined() -> None:
    line = straight((14, 30, 10), (14, 30, 40))
    near, far = straight((14, 32, 48), (14, 32, 80)), straight((14, 29, 56), (14, 29, 90))
    assert joined(line, far) == {frozenset((1, 2))}
    assert joined(line, far, near) == {frozenset((1, 4))}


def test_both_lines_must_go_straight_on() -> None:
    line = straight((14, 30, 10), (14, 30, 40))
    turned = straight((14, 30, 50), (14, 58, 50))
    assert joined(line, turned) == joined(turned, line) == set()
