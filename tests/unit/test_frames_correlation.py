"""Spectra that are compared: displacements, means and what they are known by, in closed form."""

import numpy as np
import pytest

from rapidstem.frames.correlation_peaks import correlation_peaks, highest_samples
from rapidstem.frames.frame_spectra import choose_band, feature_weights, shift_phases


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
