"""What is worked out of frames before the last one has come is what the whole series gives."""

from unittest.mock import Mock

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.live import StageClock
from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography import FOIL, binarise, faint_line_image, line_curvature, ridges_of, subtract_background, vacuum_places
from rapidstem.tomography.alignment import SingleFrames, coarse_shifts
from tests.unit.test_tomography_vacuum import foil, half_plane, vacuum

SCALE = 1.5


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    """Six frames of a foil with a line; all but the first show its edge, and vacuum beyond."""
    rng = np.random.default_rng(5)
    return np.concatenate([[foil(0.1, rng)], vacuum(half_plane(), 1.0)]).astype(np.float32)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ahead", [True, False])
def test_lines_are_those_of_the_whole_series(series: np.ndarray, ahead: bool, threads: int) -> None:
    frames = SingleFrames(SCALE)
    for first in range(0, 6, 2) if ahead else ():
        frames.put(first, series[first : first + 2])
    places, used = frames.places(series), np.arange(6) != 1
    np.testing.assert_array_equal(places, vacuum_places(series, SCALE))
    hidden = places != FOIL
    assert hidden[3].any() and not hidden[0].any()
    lines, ridges = frames.lines(series, places, used, threads)
    np.testing.assert_array_equal(lines, binarise(series, "soft", SCALE))
    assert not len(ridges[1].strength)
    for number in (0, 3):
        curvature = line_curvature(subtract_background(series[number], SCALE, hidden[number]), SCALE)
        expected = ridges_of(curvature, SCALE, hidden[number])
        np.testing.assert_array_equal(ridges[number].position_px, expected.position_px)


def test_faint_lines_are_those_of_all_frames_and_their_dark_lines_are_the_same(series: np.ndarray) -> None:
    frames, used = SingleFrames(SCALE), np.ones(6, bool)
    places = frames.places(series)
    images, ridges = frames.lines(series, places, used, 1, faint=True)
    hidden = places[3] != FOIL
    curvature = line_curvature(subtract_background(series[3], SCALE, hidden), SCALE)
    np.testing.assert_array_equal(images[3], faint_line_image(curvature.strength, SCALE, hidden))
    np.testing.assert_array_equal(ridges[3].strength, frames.lines(series, places, used, 1)[1][3].strength)
    assert np.all(images >= frames.lines(series, places, used, 1)[0] - 1e-6)


def test_frames_that_come_once_more_take_the_place_of_the_first(series: np.ndarray) -> None:
    frames = SingleFrames(SCALE)
    frames.put(0, series)
    turned = series[:, ::-1].copy()
    frames.put(0, turned)
    lines, _ = frames.lines(turned, frames.places(turned), np.ones(6, bool), 1)
    np.testing.assert_array_equal(lines, binarise(turned, "soft", SCALE))


def test_a_frame_without_intensity_is_refused_when_all_are_there(series: np.ndarray) -> None:
    blank = series.copy()
    blank[4] = 0
    frames = SingleFrames(SCALE)
    with pytest.raises(InputError, match="holds no intensity"):
        frames.lines(blank, frames.places(blank), np.ones(6, bool), 1)


def test_pairs_of_frames_are_compared_by_several_threads_alike(series: np.ndarray) -> None:
    angle_rad = np.deg2rad(np.arange(-3.0, 3.0) * 2)
    np.testing.assert_array_equal(coarse_shifts(series, angle_rad, threads=3), coarse_shifts(series, angle_rad))


def test_results_come_in_the_order_of_the_items() -> None:
    assert mapped_by_threads(lambda a, b: a - b, 3, range(40), range(40, 0, -1)) == [2 * n - 40 for n in range(40)]
    with pytest.raises(ZeroDivisionError):
        mapped_by_threads(lambda a: 1 // a, 2, [1, 0])


def test_parts_of_a_stage_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = Mock(monotonic=Mock(side_effect=[0.0, 2.0, 10.0, 13.0]), process_time=Mock(side_effect=[5.0, 9.0, 9.5, 11.5]))
    monkeypatch.setattr("rapidstem.live.stage_clock.time", moments)
    clock = StageClock()
    for _ in range(2):
        with clock.stage("lines"):
            pass
    assert clock.words() == "lines 5.0 s (6.0 s of a processor)"
