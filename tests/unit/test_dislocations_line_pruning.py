import numpy as np

from rapidstem.dislocations.line_pruning import _hook_start

REACH, TOLERANCE = 10.0, 1.0


def test_bent_end_begins_at_the_corner():
    straight = np.column_stack([np.zeros(40), np.zeros(40), np.arange(40.0)])
    bent = straight[-1] + np.column_stack([np.zeros(8), np.arange(1.0, 9), np.zeros(8)])
    cut = _hook_start(np.concatenate([straight, bent]), REACH, TOLERANCE)
    assert cut is not None and abs(cut - 40) <= 2
    assert _hook_start(straight, REACH, TOLERANCE) is None


def test_long_step_before_the_end_is_no_hook():
    path = np.array([[0, 0, 0], [0, 0, 30.0], [0, 5, 30], [0, 9, 30]])
    assert _hook_start(path, REACH, TOLERANCE) is None
