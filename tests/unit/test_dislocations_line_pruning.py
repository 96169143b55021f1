import networkx as nx
import numpy as np

from rapidstem.dislocations.line_pruning import trim_hooks

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
