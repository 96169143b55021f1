"""Pairs of raw frames and references, on disk and in memory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from denoising_phantoms import field

from rapidstem.denoising.fields.training_pairs import TrainingField, as_recorded, in_one_array, read_training_field
from rapidstem.distortion.reference_alignment import AlignedReference
from rapidstem.distortion.reference_pairs import read_pair, write_pair
from rapidstem.errors import InputError
from rapidstem.frames.registration import Drift

SHAPE = (20, 30)
FRAMES = np.random.default_rng(0).integers(0, 60000, (3, *SHAPE)).astype(np.uint16)


DCFI = np.where(np.arange(600).reshape(SHAPE) == 93, 6, 5).astype(np.float32)
SLOW = np.where(np.arange(30) == 0, np.nan, np.arange(600, dtype=np.float32).reshape(SHAPE))


def write(folder: Path, used: tuple[bool, ...] = (True, False, True)) -> Drift:
    write_pair(folder, DCFI, AlignedReference(SLOW, np.array([1.5, -2.5]), 0.9, slice(2, 18), slice(1, 28)), 4.56)
    return Drift(np.array([[0.5, -1.25], [9.0, 9.0], [-0.5, 1.25]]), np.zeros(3), np.array(used), ("", "", ""))


def test_a_pair_is_read_as_it_was_written(tmp_path: Path) -> None:
    drift = write(tmp_path)
    found = read_training_field(tmp_path, FRAMES, drift, "slow", "a", dwell_time_s=1e-7)
    np.testing.assert_array_equal(found.reference, SLOW)
    np.testing.assert_array_equal(found.frames, FRAMES[[0, 2]])
    np.testing.assert_allclose(found.shift_px, [[0.5, -1.25], [-0.5, 1.25]])
    assert (found.rows, found.columns) == (slice(2, 18), slice(1, 28))
    assert (found.name, found.dwell_time_s) == ("a", 1e-7)
    assert found.pixel_size_nm == pytest.approx(4.56)
    assert found.recorded_apart
    mean = read_training_field(tmp_path, FRAMES, drift, "dcfi", "a")
    np.testing.assert_array_equal(mean.reference, DCFI)
    assert not mean.recorded_apart


def test_the_alignment_of_a_pair_comes_back(tmp_path: Path) -> None:
    write(tmp_path)
    dcfi, aligned, pixel_size_nm = read_pair(tmp_path)
    np.testing.assert_array_equal(dcfi, DCFI)
    np.testing.assert_array_equal(aligned.slow, SLOW)
    np.testing.assert_allclose(aligned.slow_shift_px, [1.5, -2.5])
    assert (aligned.correlation, aligned.rows, aligned.columns) == (0.9, slice(2, 18), slice(1, 28))
    assert pixel_size_nm == pytest.approx(4.56)


def test_a_pair_of_another_stack_is_refused(tmp_path: Path) -> None:
    drift = write(tmp_path)
    with pytest.raises(InputError, match="drift of 3 frames is known, but b has 2"):
        read_training_field(tmp_path, FRAMES[:2], drift, "slow", "b")
    with pytest.raises(InputError, match="do not fit a reference"):
        read_training_field(tmp_path, FRAMES[:, :-1], drift, "slow", "b")


def test_a_field_without_used_frames_is_refused(tmp_path: Path) -> None:
    drift = write(tmp_path, used=(False, False, False))
    with pytest.raises(InputError, match="no frame of c is used"):
        read_training_field(tmp_path, FRAMES, drift, "slow", "c")


def test_frames_keep_their_values() -> None:
    for dtype in (np.uint8, np.uint16, np.int16, np.int32):
        stored = as_recorded(np.array([[[0, 100]]], dtype))
        assert stored.dtype == np.uint16
        assert stored.tolist() == [[[0, 100]]]
    assert as_recorded(np.array([65535], np.int32)).dtype == np.uint16
    for values in (np.array([-1], np.int16), np.array([70000], np.int32), np.array([0.5], np.float32)):
        assert as_recorded(values).dtype == np.float32
        np.testing.assert_array_equal(as_recorded(values), values)


def test_frames_lie_in_one_array_and_the_old_ones_are_let_go() -> None:
    fields = [field(1, size=60), field(2, size=90, frames=3)]
    old = [each.frames.copy() for each in fields]
    joined = in_one_array(fields)
    assert fields == []
    assert joined[0].frames.base is joined[1].frames.base is not None
    for each, frames in zip(joined, old, strict=True):
        np.testing.assert_array_equal(each.frames, frames)


def test_integers_and_floats_stay_apart() -> None:
    fields = [field(1), replace(field(2), frames=field(2).frames.astype(np.float32))]
    assert [each.frames.dtype for each in in_one_array(fields)] == [np.uint16, np.float32]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": np.ones((80, 80), np.float32)}, "constant"),
        ({"reference": np.full((80, 80), np.nan, np.float32)}, "unseen"),
        ({"reference": np.ones((80, 70), np.float32)}, "do not fit"),
        ({"rows": slice(40, 40)}, "empty"),
        ({"shift_px": np.zeros((5, 2))}, "6 frames, but shifts"),
    ],
)
def test_unusable_fields_are_refused(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"field-1.*{message}"):
        TrainingField(**{**vars(field(1)), **change})
