import networkx as nx
import numpy as np
import pytest

from rapidstem.dislocations.line_pruning import drop_short, drop_streaks, trim_hooks

REACH, TOLERANCE, WEAK = 10.0, 1.0, 0.5
FAINT = np.zeros((60, 60, 60))
STRAIGHT = np.column_stack([np.full(40, 20.0), np.full(40, 30.0), np.arange(10.0, 50)])


def trimmed(path: np.ndarray, strength: np.ndarray = FAINT) -> np.ndarray:
    """The path after its free ends were trimmed; its start is a branch and stays."""
    graph = nx.MultiGraph()
    graph.add_edge(0, 1, points=path, start=0)
    for node in (2, 3):
        graph.add_edge(0, node, points=np.stack([path[0], path[0] - [0, 1, 1]]), start=0)
    trim_hooks(graph, strength, WEAK, REACH, TOLERANCE)
    ((_, _, data),) = graph.edges(1, data=True)
    return data["points"]


def bent() -> np.ndarray:
    return np.concatenate([STRAIGHT, STRAIGHT[-1] + np.column_stack([np.zeros(8), np.arange(1.0, 9), np.zeros(8)])])


def test_weak_bent_end_is_cut_at_the_corner():
    assert abs(len(trimmed(bent())) - len(STRAIGHT)) <= 2


def test_strong_bent_end_stays():
    np.testing.assert_array_equal(trimmed(bent(), FAINT + 1), bent())


def test_straight_end_stays():
    np.testing.assert_array_equal(trimmed(STRAIGHT), STRAIGHT)


def test_long_step_before_the_end_is_no_hook():
    path = np.array([[20, 30, 10], [20, 30, 40.0], [20, 35, 40], [20, 39, 40]])
    np.testing.assert_array_equal(trimmed(path), path)


def test_strong_bent_end_is_cut_where_the_line_leaves_the_field_but_not_below_a_face():
    at_border, below_face = bent() + np.array([0.0, 20, 0]), bent() - np.array([19.0, 0, 0])
    assert abs(len(trimmed(at_border, FAINT + 1)) - len(STRAIGHT)) <= 2
    np.testing.assert_array_equal(trimmed(below_face, FAINT + 1), below_face)


def path(start: tuple[int, ...], end: tuple[int, ...]) -> np.ndarray:
    return np.linspace(start, end, int(np.abs(np.subtract(end, start)).max()) + 1)


def drawn(*paths: tuple[np.ndarray, float]) -> np.ndarray:
    """Ridge strength along paths, three voxels wide; the first one lies on top."""
    strength = np.zeros((60, 60, 60))
    for points, height in paths[::-1]:
        z, y, x = np.rint(points).astype(int).T
        for dz, dy, dx in np.ndindex(3, 3, 3):
            strength[z + dz - 1, y + dy - 1, x + dx - 1] = height
    return strength


def left(graph: nx.MultiGraph) -> list[tuple[int, ...]]:
    """The places where the paths of a graph end."""
    return sorted({tuple(np.rint(end).astype(int).tolist()) for *_, data in graph.edges(data=True) for end in data["points"][[0, -1]]})


def test_a_weak_path_sideways_goes_and_the_faint_part_of_a_line_stays():
    clear, faint, side = (path(end, (20, 30, 30)) for end in ((20, 30, 5), (20, 30, 50), (20, 50, 30)))
    graph = nx.MultiGraph()
    for node, points in enumerate((clear, faint, side)):
        graph.add_edge(node, 9, points=points, start=node)
    drop_streaks(graph, drawn((clear, 1.0), (faint, 0.3), (side, 0.3)), WEAK, 20.0, REACH)
    assert left(graph) == [(20, 30, 5), (20, 30, 50)]


@pytest.mark.parametrize(("length", "stays"), [(20, False), (30, False), (45, True)])
def test_the_longer_a_weak_path_is_the_surer_it_is_a_line(length: int, stays: bool):
    points = path((20, 30, 5), (20, 30, 5 + length))
    graph = nx.MultiGraph()
    graph.add_edge(0, 1, points=points, start=0)
    drop_streaks(graph, drawn((points, 0.36)), WEAK, 20.0, REACH)
    assert bool(graph.edges) == stays


def test_groups_of_paths_are_short_by_their_whole_length():
    graph = nx.MultiGraph()
    graph.add_edge(0, 1, points=path((20, 30, 5), (20, 30, 17)), start=0)
    graph.add_edge(1, 2, points=path((20, 30, 17), (20, 42, 17)), start=1)
    graph.add_edge(3, 4, points=path((40, 30, 5), (40, 30, 24)), start=3)
    drop_short(graph, 20.0)
    assert set(graph) == {0, 1, 2}
