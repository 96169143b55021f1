"""Spectra that are compared: displacements, means and what they are known by, in closed form."""

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.frames.aligned_mean import aligned_mean, summed_power
from rapidstem.frames.correlation_peaks import correlation_peaks, highest_samples
from rapidstem.frames.frame_spectra import choose_band, feature_weights, shift_phases
from rapidstem.frames.registration import register_frames
from rapidstem.frames.shift_refinement import refined_shifts
from rapidstem.frames.shift_search import searched_shifts


def displaced(band, shifts, seed=2):
    """Spectra (frame, ky, kx) of one random scene that lies at shifts (frame, 2)."""
    rng = np.random.default_rng(seed)
    scene = rng.normal(size=band.shape) + 1j * rng.normal(size=band.shape)
    rows, columns = shift_phases(-np.asarray(shifts), band)
    return (scene * rows[:, :, None] * columns[:, None, :]).astype(np.complex64)


@pytest.mark.parametrize(("shape", "sample_px"), [((1024, 32), (8, 1)), ((64, 1600), (2, 6)), ((96, 128), (2, 1))])
def test_a_displacement_is_found_exactly_in_frames_of_any_shape(shape, sample_px):
    """Of frames that are 16 times as high as wide the steps along y were no longer than those along x, and ended several pixels away."""
    band = choose_band((shape[0] // sample_px[0], shape[1] // sample_px[1]), sample_px, 24)
    shifts = np.array([[0.0, 0.0], [-0.0364, 0.081], [0.0291, -0.044], [0.0095, 0.0125]]) * shape
    spectra = displaced(band, shifts)
    cross = np.conj(spectra[0]) * spectra * feature_weights(band, shape)
    np.testing.assert_allclose(correlation_peaks(cross, band, highest_samples(cross, band, shape)), shifts, atol=2e-3)


SHAPE = (96, 128)
BAND = choose_band((48, 128), (2, 1), 24)
WEIGHTS = feature_weights(BAND, SHAPE)
SHIFTS = np.array([[-9.3, 14.6], [7.2, -11.5], [3.4, 6.6], [-4.1, -8.2], [0.7, 5.3], [2.1, -6.8]])
ALL = np.ones(6, bool)


def noisy(spectra, size, seed=5):
    rng = np.random.default_rng(seed)
    return (spectra + size * (rng.normal(size=spectra.shape) + 1j * rng.normal(size=spectra.shape))).astype(np.complex64)


@pytest.mark.parametrize("others", [0, 3, 5])
def test_frames_are_found_wherever_they_lie_and_whichever_is_of_another_field(others):
    spectra = noisy(displaced(BAND, SHIFTS), 0.3)
    spectra[others] = displaced(BAND, SHIFTS[others : others + 1], seed=9)[0]
    shifts, kept = searched_shifts(spectra, 0.0, BAND, SHAPE)
    assert np.flatnonzero(~kept).tolist() == [others]
    np.testing.assert_allclose(shifts[kept], SHIFTS[kept] - SHIFTS[kept].mean(axis=0), atol=0.15)


@pytest.mark.parametrize("strength", [1, 3])
def test_frames_that_may_not_count_do_not_come_back_and_those_of_another_field_go_however_strong(strength):
    spectra, kept = noisy(displaced(BAND, SHIFTS), 0.3), np.arange(6) != 1
    spectra[4] = strength * displaced(BAND, SHIFTS[4:5], seed=9)[0]
    found = refined_shifts(spectra, SHIFTS, kept, 0.0, BAND, WEIGHTS)
    assert np.flatnonzero(~found.kept).tolist() == [1, 4]
    np.testing.assert_allclose(found.shift_px[found.kept].mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize(("moved", "left"), [(0.0, 0.7), (1.0, 0.7 / 5)])
def test_the_power_of_the_pattern_in_the_mean_falls_as_the_frames_move(moved, left):
    spectra = noisy(displaced(BAND, moved * SHIFTS), 0.3)
    found = refined_shifts(spectra, moved * SHIFTS, np.arange(6) != 1, 0.7, BAND, WEIGHTS)
    assert found.pattern_power == pytest.approx(left, rel=0.1)


def test_a_frame_of_half_the_contrast_has_a_larger_error_and_one_of_none_a_large_but_finite_one():
    clean = displaced(BAND, SHIFTS)
    clean[2] *= 0.5
    clean[3] *= 0
    residual = np.array([refined_shifts(noisy(clean, 0.6, seed), SHIFTS, ALL, 0.0, BAND, WEIGHTS).residual_px for seed in range(10)])
    typical = residual[:, [0, 1, 4, 5]].mean()
    assert 1.3 < residual[:, 2].mean() / typical < 2.2
    assert 5 * typical < residual[:, 3].min() and residual[:, 3].max() < 30 * typical


@pytest.mark.parametrize("pattern_power", [0.0, 3.0])
def test_weights_are_those_of_wiener_over_the_noise_which_differs_from_column_to_column(pattern_power):
    noise = np.where(np.arange(BAND.shape[1]) < 8, 80.0, 20.0)
    pattern = noisy(np.zeros(BAND.shape), np.sqrt(pattern_power / 2), seed=4)
    spectra = displaced(BAND, np.zeros((20, 2))) + pattern + noisy(np.zeros((20, *BAND.shape)), np.sqrt(noise / 2))
    spectra = np.concatenate([spectra, 1e3 * spectra[:4]])
    kept = np.arange(24) < 20
    mean = aligned_mean(spectra, np.zeros((24, 2)), kept, summed_power(spectra, kept), BAND)
    weights = mean.likelihood_weights(pattern_power).mean(axis=0) * (noise + pattern_power)
    expected = 2 / (2 + noise / 20 + pattern_power)
    assert weights[:6].mean() == pytest.approx(expected[0], rel=0.08) and weights[10:].mean() == pytest.approx(expected[-1], rel=0.18)
    assert mean.common_power().mean() == pytest.approx(2 + pattern_power, rel=0.08)


@pytest.mark.parametrize("shape", [(64, 768), (768, 64)])
def test_drift_is_found_in_frames_of_which_several_pixels_are_added_to_a_sample(shape):
    scene, rng = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=shape), 2, mode="wrap"), np.random.default_rng(7)
    moves = np.array([[0, 0], [3, -5], [-2, 4], [4, 7], [-5, -6]])
    frames = [np.roll(scene, move, (0, 1)) + 0.05 * rng.normal(size=shape) for move in moves]
    drift = register_frames(np.rint(20000 + 20000 * np.array(frames)).astype(np.uint16))
    assert drift.used.all()
    np.testing.assert_allclose(drift.shift_px, moves - moves.mean(axis=0), atol=0.1)
