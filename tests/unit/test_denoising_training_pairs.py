"""Pairs of raw frames and references, on disk and in memory."""

from pathlib import Path

import numpy as np
import pytest
from denoising_phantoms import field

from rapidstem.denoising.fields.training_pairs import PairField, TrainingField, as_recorded, read_training_field, write_pair
from rapidstem.errors import InputError

SHAPE = (20, 30)
FRAMES = np.random.default_rng(0).integers(0, 60000, (3, *SHAPE)).astype(np.uint16)


def write(folder: Path, used: tuple[bool, ...] = (True, False, True)) -> dict[str, np.ndarray]:
    references = {"slow": np.arange(600, dtype=np.float32).reshape(SHAPE), "dcfi": np.full(SHAPE, 5, np.float32)}
    references["slow"][:, 0] = np.nan
    references["dcfi"][3, 3] = 6
    shift = np.array([[0.5, -1.25], [9.0, 9.0], [-0.5, 1.25]])
    pair = PairField((1.5, -2.5), 0.9, slice(2, 18), slice(1, 28))
    write_pair(folder, references, 4.56, shift, np.array(used), pair)
    return references


def test_a_pair_is_read_as_it_was_written(tmp_path: Path) -> None:
    references = write(tmp_path)
    found = read_training_field(tmp_path, FRAMES, "slow", "a", dwell_time_s=1e-7)
    np.testing.assert_array_equal(found.reference, references["slow"])
    np.testing.assert_array_equal(found.frames, FRAMES[[0, 2]])
    np.testing.assert_allclose(found.shift_px, [[0.5, -1.25], [-0.5, 1.25]])
    assert (found.rows, found.columns) == (slice(2, 18), slice(1, 28))
    assert (found.name, found.dwell_time_s) == ("a", 1e-7)
    assert found.pixel_size_nm == pytest.approx(4.56)
    np.testing.assert_array_equal(read_training_field(tmp_path, FRAMES, "dcfi", "a").reference, references["dcfi"])


def test_a_pair_of_another_stack_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(InputError, match=r"frames\.csv: 3 rows, but b has 2 frames"):
        read_training_field(tmp_path, FRAMES[:2], "slow", "b")
    with pytest.raises(InputError, match="do not fit a reference"):
        read_training_field(tmp_path, FRAMES[:, :-1], "slow", "b")


def test_a_field_without_used_frames_is_refused(tmp_path: Path) -> None:
    write(tmp_path, used=(False, False, False))
    with pytest.raises(InputError, match="no frame of c is used"):
        read_training_field(tmp_path, FRAMES, "slow", "c")


def test_frames_keep_their_values() -> None:
    for dtype in (np.uint8, np.uint16, np.int16, np.int32):
        stored = as_recorded(np.array([[[0, 100]]], dtype))
        assert stored.dtype == np.uint16
        assert stored.tolist() == [[[0, 100]]]
    for values in (np.array([-1], np.int16), np.array([70000], np.int32), np.array([0.5], np.float32)):
        assert as_recorded(values).dtype == np.float32
        np.testing.assert_array_equal(as_recorded(values), values)


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
