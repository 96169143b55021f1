"""Frames that hold rows of a neighbour, rows that rest, and holes in the foil: what is left out, and what does no harm."""

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.frames.registration import register_frames
from tests.unit.test_frames_registration import SIDE, drifting, error_px, recorded


def test_torn_frames_and_the_neighbours_whose_rows_they_hold_are_left_out():
    truth = drifting(14)
    frames = recorded(truth)
    frames[3, SIDE // 2 :] = frames[4, SIDE // 2 :]
    frames[9, :20] = frames[8, :20]
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == [3, 4, 8, 9]
    assert drift.reason[3] == "is torn, or its neighbour is: 50% of its rows are those of frame 4"
    assert drift.reason[9] == "is torn, or its neighbour is: 16% of its rows are those of frame 8"
    assert error_px(drift, truth) < 0.2


def test_rows_that_rest_in_most_frames_are_no_tear():
    frames = recorded(drifting(14))
    frames[:, 100:] = frames[0, 100:]
    frames[:, :8] = 0
    assert register_frames(frames).used.all()


def test_a_hole_that_drifts_with_the_foil_does_no_harm():
    truth = drifting(14)
    frames = recorded(truth).astype(float)
    y, x = np.mgrid[:SIDE, :SIDE]
    for frame, (dy, dx) in zip(frames, truth, strict=True):
        frame[(y - dy - 70) ** 2 + (x - dx - 40) ** 2 < 35**2] = 30000
    drift = register_frames(frames + np.random.default_rng(2).normal(0, 300, frames.shape))
    assert drift.used.all()
    assert error_px(drift, truth) < 0.2


def test_a_stack_that_is_torn_throughout_is_refused_with_the_frames():
    frames = recorded(drifting(4))
    frames[1, :40], frames[3, 80:] = frames[0, :40], frames[2, 80:]
    with pytest.raises(InputError, match=r"0 of 4 left; 4 frames: is torn, or its neighbour is \(0, 1, 2, 3\)"):
        register_frames(frames)
