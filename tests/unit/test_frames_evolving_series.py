"""Drift of series whose content changes: signs, joined windows, lost frames."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from rapidstem.errors import InputError
from rapidstem.frames.evolving_series import filled_shifts, register_series
from rapidstem.frames.registration import Drift


def _series(count: int, drift_px: np.ndarray, seed: int = 0) -> np.ndarray:
    """A resting pattern with drift, a spot that crosses the field, and noise."""
    rng = np.random.default_rng(seed)
    resting = gaussian_filter(rng.normal(size=(72, 88)), 2.0) * 10
    rows, columns = np.mgrid[:72, :88]
    frames = []
    for number, move in enumerate(drift_px):
        spot = -6 * np.exp(-((rows - 40) ** 2 + (columns - 10 - 60 * number / count) ** 2) / 18)
        frames.append(shift(resting + spot, move, order=3, mode="nearest") + rng.normal(0, 0.4, resting.shape))
    return np.array(frames)


@pytest.fixture(scope="module")
def drifting() -> tuple[np.ndarray, np.ndarray]:
    number = np.arange(90)
    drift = np.column_stack((0.08 * number, -3 * np.sin(number / 40)))
    return _series(len(number), drift), drift - drift.mean(axis=0)


@pytest.mark.parametrize("window", [24, 90, 400])
def test_drift_comes_back_with_its_sign_over_joined_windows(drifting: tuple[np.ndarray, np.ndarray], window: int) -> None:
    frames, drift = drifting
    found = register_series(frames, window)
    assert found.used.all()
    assert np.abs(found.shift_px - drift).max() < 0.3
    assert np.abs(found.shift_px.mean(axis=0)).max() < 1e-9


def test_blank_frames_are_left_out_and_filled_in(drifting: tuple[np.ndarray, np.ndarray]) -> None:
    frames, drift = drifting
    damaged = frames.copy()
    damaged[40:43] = 0.0
    found = register_series(damaged, 30)
    assert np.flatnonzero(~found.used).tolist() == [40, 41, 42]
    assert all(found.reason[number] for number in (40, 41, 42)) and not found.reason[0]
    filled = filled_shifts(found)
    assert np.abs(filled - drift - (filled - drift)[found.used].mean(axis=0)).max() < 0.5


def test_a_gap_longer_than_a_window_is_named(drifting: tuple[np.ndarray, np.ndarray]) -> None:
    damaged = drifting[0].copy()
    damaged[30:60] = 0.0
    with pytest.raises(InputError, match=r"frames \d+ to \d+ of the series"):
        register_series(damaged, 20)


def test_shifts_before_the_first_used_frame_are_those_of_it() -> None:
    shift_px = np.array([[np.nan, np.nan], [1.0, 2.0], [np.nan, np.nan], [3.0, 4.0]])
    drift = Drift(shift_px, np.zeros(4), np.isfinite(shift_px[:, 0]))
    assert filled_shifts(drift).tolist() == [[1, 2], [1, 2], [2, 3], [3, 4]]


@pytest.mark.parametrize("first", [14, 44])
def test_repeated_frames_are_left_out_wherever_the_windows_end(drifting: tuple[np.ndarray, np.ndarray], first: int) -> None:
    frames = drifting[0].copy()
    frames[[first + 1, first + 9]] = frames[first]
    found = register_series(frames, 30)
    assert np.flatnonzero(~found.used).tolist() == [first + 1, first + 9]
    assert found.reason[first + 9] == f"repeats an earlier frame: frame {first}"
