"""Scan coils, goniometer and detector."""

import numpy as np
import pytest

from rapidstem.microscope.recording.detector import detector_lag, rapid_counts, slow_counts, slow_response, streaks, to_counts
from rapidstem.microscope.recording.goniometer import reported_angles_rad, resting_stage, tilting_stage
from rapidstem.microscope.recording.raw_stacks import wandering_shift
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.truth import StackTruth

SETTINGS = MicroscopeSettings()
COLUMNS = np.arange(256.0)


def test_rapid_scan_shows_extra_view_squeezed_at_the_line_start():
    slow = rapid_to_slow(COLUMNS, SETTINGS)
    step = np.diff(slow)
    assert step.min() > 0
    assert 0.05 * 256 < -slow[0] < 0.08 * 256
    assert slow[-1] > 255
    assert step[0] == step.max() > 1.2
    assert step[128] == pytest.approx(1, abs=0.05)


def test_stage_starts_and_stops_at_rest_and_turns_unevenly():
    motion = tilting_stage(SETTINGS, np.random.default_rng(4))
    assert motion.angle_rad[0] == pytest.approx(np.deg2rad(-70))
    assert motion.angle_rad[-1] == pytest.approx(np.deg2rad(70))
    speed = np.rad2deg(np.gradient(motion.angle_rad, motion.time_s))
    assert speed.min() > 0
    assert speed[[0, -1]].max() < 5
    middle = speed[len(speed) // 8 : -len(speed) // 8]
    assert middle.mean() == pytest.approx(28, rel=0.15)
    assert 0.02 < middle.std() / middle.mean() < 0.15


def test_resting_stage_rests():
    np.testing.assert_allclose(resting_stage(12.0).at(np.array((-5, 0, 0.3, 99))), np.deg2rad(12))


def test_reported_angles_are_off_by_more_than_a_degree_in_part():
    true = np.deg2rad(np.linspace(-70, 70, 71))
    error = np.rad2deg(reported_angles_rad(true, SETTINGS, np.random.default_rng(0)) - true)
    assert 1 < np.abs(error).max() < 2.5
    assert np.diff(error).std() < 0.4


def test_reported_angles_are_the_true_ones_and_the_offset_that_is_set():
    settings = MicroscopeSettings(reading_offset_deg=0.7, reading_wander_deg=0, reading_noise_deg=0)
    true = np.deg2rad(np.linspace(-70, 70, 71))
    np.testing.assert_allclose(np.rad2deg(reported_angles_rad(true, settings, np.random.default_rng(0)) - true), 0.7)


def test_drift_goes_on_while_a_frame_is_stored():
    settings = MicroscopeSettings(drift_px_per_s=3, jitter_px=0, frame_period_s=0.5)
    shift = wandering_shift(20, np.random.default_rng(0), settings)
    np.testing.assert_allclose(np.hypot(*np.diff(shift, axis=0).T), 1.5)
    np.testing.assert_allclose(shift.mean(axis=0), 0, atol=1e-12)


def test_the_middle_of_the_scan_is_its_middle_row_or_lies_between_two():
    tilts = [[0.0, 1.0, 5.0], [2.0, 3.0, 9.0]]
    np.testing.assert_allclose(StackTruth(np.arange(2), np.array(tilts), np.zeros((2, 2))).middle_tilt_deg, (1, 3))
    even = np.column_stack([tilts, [7.0, 11.0]])
    np.testing.assert_allclose(StackTruth(np.arange(2), even, np.zeros((2, 2))).middle_tilt_deg, (3, 6))


def test_electrons_have_poisson_statistics():
    settings = MicroscopeSettings(lag_decay=(0.0,), lag_weight=(1.0,), streak_strength=0, row_offset_strength=0)
    counts = rapid_counts(np.full((256, 256), 0.6), settings, np.random.default_rng(1)).astype(float)
    electrons = (counts - settings.rapid_offset) / settings.rapid_gain * settings.electrons_per_px
    assert electrons.mean() == pytest.approx(12, rel=0.01)
    assert electrons.var() == pytest.approx(12, rel=0.03)


def test_slow_image_has_the_larger_dose_and_no_lag():
    settings = MicroscopeSettings(streak_strength=0, row_offset_strength=0, slow_nonlinearity=0)
    counts = slow_counts(np.ones((256, 256)), settings, np.random.default_rng(1)).astype(float)
    signal = (counts - settings.slow_offset) / settings.slow_gain
    assert signal.var() == pytest.approx(1 / 1000, rel=0.03)
    neighbours = np.corrcoef(signal[:, 1:].ravel(), signal[:, :-1].ravel())[0, 1]
    assert abs(neighbours) < 0.02


def test_streaks_of_a_slow_image_are_averaged_as_its_electrons_are_and_its_response_bends_between_nothing_and_the_background():
    settings = MicroscopeSettings(
        electrons_per_px=1e9, slow_dose_factor=25, streak_strength=0.1, row_offset_strength=0, slow_nonlinearity=0
    )
    counts = slow_counts(np.full((256, 256), 0.5), settings, np.random.default_rng(1)).astype(float)
    assert (counts / settings.slow_gain).std() == pytest.approx(0.1 / 5, rel=0.05)
    np.testing.assert_allclose(slow_response(np.array((0, 0.5, 1)), MicroscopeSettings(slow_nonlinearity=0.2)), (0, 0.55, 1))


def test_lag_acts_along_plus_x_only_and_keeps_the_sum():
    image = np.zeros((5, 40))
    image[2, 10] = 1
    lagged = detector_lag(image, (0.5, 0.8), (3.0, 1.0))
    np.testing.assert_array_equal(lagged[[0, 1, 3, 4]], 0)
    np.testing.assert_array_equal(lagged[2, :10], 0)
    np.testing.assert_allclose(lagged[2, 10:13], 0.75 * 0.5 * 0.5 ** np.arange(3) + 0.25 * 0.2 * 0.8 ** np.arange(3))
    assert lagged.sum() == pytest.approx(1, abs=1e-2)
    np.testing.assert_allclose(detector_lag(np.ones((2, 9)), (0.5,), (1.0,)), 1)


def test_shot_noise_is_blurred_by_the_lag():
    settings = MicroscopeSettings(streak_strength=0, row_offset_strength=0)
    noise = rapid_counts(np.ones((256, 256)), settings, np.random.default_rng(2)).astype(float)
    noise -= noise.mean()
    along = (noise[:, 1:] * noise[:, :-1]).mean() / noise.var()
    down = (noise[1:] * noise[:-1]).mean() / noise.var()
    assert along > 0.35
    assert abs(down) < 0.02


def test_streaks_run_along_x():
    noise = streaks((400, 256), SETTINGS, np.random.default_rng(0))
    noise -= noise.mean()
    assert (noise[:, 10:] * noise[:, :-10]).mean() / noise.var() > 0.6
    assert abs((noise[1:] * noise[:-1]).mean() / noise.var()) < 0.06


def test_streaks_are_equally_strong_in_all_columns():
    settings = MicroscopeSettings(row_offset_strength=0.0)
    strength = streaks((20000, 256), settings, np.random.default_rng(0)).std(axis=0)
    np.testing.assert_allclose(strength, settings.streak_strength, rtol=0.03)


def test_counts_are_clipped_to_16_bits():
    np.testing.assert_array_equal(to_counts(np.array((-9.0, 0, 1, 99)), 100, 1000), np.array((0, 100, 1100, 65535), np.uint16))
