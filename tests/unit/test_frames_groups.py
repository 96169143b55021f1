"""Registration of stacks that are too long for the working memory: groups, and repeated frames among them."""

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.frames.registration import register_frames
from tests.unit.test_frames_registration import SIDE, drifting, error_px, recorded


@pytest.fixture
def small_groups(monkeypatch):
    monkeypatch.setattr("rapidstem.frames.registration.MOST_GROUP_FRAMES", 10)


@pytest.mark.parametrize("step", [0.4, 3.0])
def test_groups_join_to_one_drift(small_groups, monkeypatch, step):
    truth = drifting(30, step=step)
    frames = recorded(truth)
    in_groups = register_frames(frames)
    monkeypatch.undo()
    at_once = register_frames(frames)
    assert in_groups.used.all()
    assert error_px(in_groups, truth) < 0.2
    np.testing.assert_allclose(in_groups.shift_px, at_once.shift_px, atol=0.25)
    np.testing.assert_allclose(in_groups.shift_px.mean(axis=0), 0, atol=1e-9)


def test_a_group_of_another_field_is_rejected(small_groups):
    truth = drifting(30)
    frames = recorded(truth)
    frames[20:] = recorded(truth[20:], seed=99)
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == list(range(20, 30))
    assert error_px(drift, truth) < 0.2


def test_faults_are_found_in_their_groups(small_groups):
    truth = drifting(30)
    frames = recorded(truth).astype(float)
    frames[[2, 13]] = np.nan
    frames[21:] = 4.0
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == [2, 13, *range(20, 30)]
    assert "only usable" in drift.reason[20]
    assert "constant" in drift.reason[25]
    assert error_px(drift, truth) < 0.2


@pytest.mark.parametrize("step", [0.4, 3.0])
def test_both_of_a_torn_pair_are_left_out_where_two_groups_meet(small_groups, step):
    truth = drifting(30, step=step)
    frames = recorded(truth)
    frames[20, : SIDE // 2] = frames[19, : SIDE // 2]
    drift = register_frames(frames)
    assert np.flatnonzero(~drift.used).tolist() == [19, 20]
    assert "rows are those of frame 20" in drift.reason[19] and "rows are those of frame 19" in drift.reason[20]
    assert error_px(drift, truth) < 0.2


def test_groups_without_features_are_an_error(small_groups):
    with pytest.raises(InputError, match="no common features"):
        register_frames(np.random.default_rng(0).poisson(20, (30, SIDE, SIDE)))


@pytest.mark.parametrize(("copies", "originals"), [([5, 6], [4, 4]), ([7, 11], [2, 0])])
def test_repeated_frames_are_named_and_left_out(copies, originals):
    frames = recorded(drifting(14), electrons=40)
    frames[copies] = frames[originals]
    drift = register_frames(frames)
    np.testing.assert_array_equal(np.flatnonzero(~drift.used), copies)
    assert [drift.reason[number] for number in copies] == [f"repeats an earlier frame: frame {number}" for number in originals]
    with pytest.raises(InputError, match=r"7 frames: repeats an earlier frame \(1, 2"):
        register_frames(np.repeat(frames[:1], 8, axis=0))
