"""What goes wrong while frames are scanned: which rows are displaced which way, brighter, cut off or hot."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.microscope.recording.beam_current import beam_current
from rapidstem.microscope.recording.detector import rapid_counts
from rapidstem.microscope.recording.frame_vibration import mains_vibration, stage_jumps, steady_drift
from rapidstem.microscope.recording.hot_pixels import add_hot_pixels
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.recording.scan_faults import ScanFaults, rapid_faults, slow_faults
from rapidstem.microscope.settings import MicroscopeSettings

SETTINGS = MicroscopeSettings(size_px=64, pixel_size_nm=8.0, line_time_s=4.7e-4)
START_S = np.arange(5) * 0.07


def _blobs(row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
    """An image without symmetry: three dark blobs."""
    image = np.ones((len(row_px), len(column_px)))
    for row, column, depth in ((20.0, 15.0, 0.5), (40.0, 45.0, 0.8), (50.0, 12.0, 0.3)):
        image -= depth * np.exp(-((row_px[:, None] - row) ** 2 + (column_px[None, :] - column) ** 2) / (2 * 3.0**2))
    return image


def test_every_row_shows_the_specimen_where_the_recorded_displacement_puts_it() -> None:
    moves = np.stack((np.linspace(-3, 4, 64), 2 * np.sin(np.arange(64) / 9)), axis=1)[None]
    faults = ScanFaults(None, moves, None)
    seen = faults.image(0, _blobs, lambda columns: rapid_to_slow(columns, SETTINGS), 64)
    pixels = np.arange(64.0)
    for row in range(64):
        dy, dx = moves[0, row]
        expected = _blobs(np.array([row - dy]), rapid_to_slow(pixels, SETTINGS) - dx)[0]
        np.testing.assert_allclose(seen[row], expected, atol=0.004)


def test_motion_divides_into_the_shift_of_the_frame_and_that_of_its_rows() -> None:
    settings = replace(SETTINGS, vibration_nm=16.0, stage_shake_nm=8.0, stage_jumps=2, stage_jump_nm=80.0)
    faults = rapid_faults("series", START_S, True, settings)
    assert faults.row_shift_px is not None and faults.frame_shift_px is not None
    assert faults.row_shift_px.shape == (5, 64, 2)
    np.testing.assert_allclose(faults.row_shift_px.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_array_equal(faults.added_to(np.ones((5, 2))), 1 + faults.frame_shift_px)
    resting = rapid_faults("series", START_S, False, settings)
    assert resting.frame_shift_px is not None
    assert np.abs(resting.frame_shift_px).max() < 3 < np.abs(faults.frame_shift_px).max()


def test_mains_vibration_has_its_frequency_and_amplitude_and_another_phase_in_every_frame() -> None:
    settings = replace(SETTINGS, vibration_nm=8.0, vibration_hz=(50.0,), vibration_share=(1.0,))
    time = START_S[:, None] + np.arange(2000) * 1e-4
    motion = mains_vibration(time, settings, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(motion, axis=1))
    np.testing.assert_array_equal(np.fft.rfftfreq(2000, 1e-4)[spectrum.argmax(axis=1)], 50.0)
    np.testing.assert_allclose(motion.std(axis=1), 8.0 / np.sqrt(2), rtol=1e-6)
    assert np.unique(np.round(motion[:, 0].ravel(), 3)).size == 10


def test_jumps_are_for_good() -> None:
    settings = replace(SETTINGS, stage_jumps=3, stage_jump_nm=50.0)
    time = START_S[:, None] + np.arange(64) * SETTINGS.line_time_s
    moved = stage_jumps(time, settings, np.random.default_rng(4)).reshape(-1, 2)
    steps = np.flatnonzero(np.any(np.diff(moved, axis=0) != 0, axis=1))
    assert len(steps) == 3
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=1e-9)


def test_a_slow_image_drifts_while_it_is_scanned_and_only_a_series_lies_elsewhere() -> None:
    settings = replace(SETTINGS, slow_drift_px_per_s=2.0)
    time = np.arange(64)[None] * settings.slow_line_time_s
    drift = steady_drift(time, settings, np.random.default_rng(0))[0] / settings.pixel_size_nm
    assert np.linalg.norm(drift[-1] - drift[0]) == pytest.approx(2.0 * 63 * settings.slow_line_time_s)
    offset = replace(SETTINGS, slow_offset_nm=40.0)
    series, field = (slow_faults("a", np.zeros(2), series, offset) for series in (True, False))
    assert series.frame_shift_px is not None
    np.testing.assert_allclose(np.linalg.norm(series.frame_shift_px, axis=1), 5.0)
    assert field.frame_shift_px is None


def test_the_beam_current_fluctuates_slowly_more_than_fast_and_scales_the_rows() -> None:
    settings = replace(SETTINGS, beam_fluctuation=0.03)
    time = np.arange(0, 40, 2e-4)[None]
    current = beam_current(time, settings, np.random.default_rng(0))
    assert current is not None
    assert current.mean() == pytest.approx(1, abs=0.005)
    assert current.std() == pytest.approx(0.03, rel=0.15)
    power = np.abs(np.fft.rfft(current[0] - 1)) ** 2
    frequency = np.fft.rfftfreq(current.size, 2e-4)
    octaves = [power[(frequency >= low) & (frequency < 2 * low)].sum() for low in (0.25, 4.0, 64.0)]
    assert max(octaves) < 3 * min(octaves)
    faults = ScanFaults(None, None, np.linspace(0.9, 1.1, 64)[None])
    image = faults.image(0, _blobs, lambda columns: columns, 64)
    np.testing.assert_allclose(image, _blobs(np.arange(64.0), np.arange(64.0)) * np.linspace(0.9, 1.1, 64)[:, None])


def test_without_settings_frames_are_what_they_were() -> None:
    faults = rapid_faults("series", START_S, True, SETTINGS)
    assert faults == ScanFaults(None, None, None) == slow_faults("series", START_S, True, SETTINGS)
    pixels = np.arange(64.0)
    np.testing.assert_array_equal(faults.image(2, _blobs, lambda columns: columns, 64), _blobs(pixels, pixels))
    assert faults.reach_px == 0


def test_the_detector_saturates() -> None:
    settings = replace(SETTINGS, saturation_intensity=1.3)
    counts = rapid_counts(np.full((64, 64), 1.42), settings, np.random.default_rng(0))
    assert counts.max() == 6000 + 1.3 * 7000
    assert (counts == counts.max()).mean() > 0.5
    assert rapid_counts(np.full((64, 64), 1.42), SETTINGS, np.random.default_rng(0)).max() > counts.max()


def test_hot_pixels_are_where_the_truth_says() -> None:
    frames = np.full((20, 64, 64), 13000, np.uint16)
    assert add_hot_pixels(frames, 6000, 7000, SETTINGS, np.random.default_rng(0)) is None
    places = add_hot_pixels(frames, 6000, 7000, replace(SETTINGS, hot_pixel_share=1e-3), np.random.default_rng(0))
    assert places is not None
    assert len(places) == pytest.approx(82, abs=30)
    assert set(frames[tuple(places.T)]) == {34000}
    assert (frames != 13000).sum() == len(places)
