"""Shifts refined against the mean of all other frames, to the limit that noise sets."""

from dataclasses import dataclass

import numpy as np

from rapidstem.frames.aligned_mean import AlignedMean, aligned_mean, spectrum_chunks, summed_power
from rapidstem.frames.correlation_peaks import bounded_steps, negative_definite
from rapidstem.frames.frame_spectra import Band, shift_phases
from rapidstem.frames.shift_search import OUTLIER_DEVIATIONS, unlike_others

# By judgement: each pass is a step of Newton's method against a mean of better shifts.
PASSES = 2
# Rows of the spectrum whose slopes are added before their scatter gives the error, as the fading window correlates neighbours; and the
# fewest such groups.
GROUP_ROWS = 6
LEAST_GROUPS = 8
# Of curvature, so that a frame without contrast has a large error and not an infinite one.
LEAST_CONTRAST = 0.1


@dataclass(frozen=True)
class RefinedShifts:
    """Shifts of some frames and what they rest on.

    Attributes
    ----------
    shift_px : (frame, 2)
        (dy, dx), zero in the mean of the kept frames.
    residual_px : (frame,)
        Expected length of the error.
    kept : (frame,) bool
        False for frames that are unlike the others or cannot be placed.
    mean : (ky, kx)
        Mean of the kept spectra, each brought back by its shift.
    pattern_power
        Power of the fixed pattern that is left in each coefficient of the mean.
    """

    shift_px: np.ndarray
    residual_px: np.ndarray
    kept: np.ndarray
    mean: np.ndarray
    pattern_power: float


def refined_shifts(
    spectra: np.ndarray, shift_px: np.ndarray, kept: np.ndarray, pattern_power: float, band: Band, weights: np.ndarray
) -> RefinedShifts:
    """Bring every frame to the highest correlation with the mean of the others, rebuilt in each pass.

    One step of Newton's method a pass, with the curvature that the frames have in common. The spectrum is weighted by the measured
    signal and noise, as a maximum-likelihood estimate of a displacement asks for. The own share of a frame in the mean does not
    matter: at the shift where the frame stands, its correlation with itself is level. Shifts whose sum is zero differ from the mean of
    the n - 1 others by n / (n - 1) of what they differ from the mean of all; the steps are shortened by that.

    Parameters
    ----------
    spectra : (frame, ky, kx)
    shift_px : (frame, 2)
        Nearer than a quarter of the shortest period.
    kept : (frame,) bool
        Frames that may count in the mean.
    pattern_power
        Power of the fixed pattern in each coefficient.
    band
        The wave numbers of the spectra.
    weights : (ky, kx)
        Additional weights.
    """
    shifts, power = shift_px, summed_power(spectra, kept)
    for _ in range(PASSES):
        mean = aligned_mean(spectra, shifts, kept, power, band)
        likelihood = weights * mean.likelihood_weights(pattern_power)
        curvature = _common_curvature(mean, likelihood, pattern_power, band)
        densities = _correlation_densities(spectra, shifts, mean, likelihood, pattern_power, band)
        slopes = -densities[:, :, 1:].imag / np.maximum(mean.number - kept, 1)[:, None, None]
        steps = bounded_steps(slopes.sum(axis=1) @ np.linalg.inv(curvature), band)
        shifts = shifts + steps * (1 - kept / mean.number)[:, None]
        shifts = shifts - shifts[kept].mean(axis=0)
    contrast, correlations = _likeness(spectra, densities[:, :, 0].real.sum(axis=1), kept, mean, likelihood, band)
    residuals = _expected_errors(slopes, curvature, contrast)
    kept = kept & ~_outliers(correlations, residuals)
    pattern_left = pattern_power * float((np.abs(mean.phases) ** 2).mean()) / mean.number**2
    return RefinedShifts(shifts - shifts[kept].mean(axis=0), residuals, kept, mean.total / mean.number, pattern_left)


def significance(spectra: np.ndarray, shift_px: np.ndarray, kept: np.ndarray, band: Band, weights: np.ndarray) -> np.ndarray:
    """Correlation (frame,) with the mean of the others, in standard deviations of that at random shifts.

    The deviation is that of the imaginary part, to which noise contributes as much as to the real part, and features nothing. The
    weights must not depend on the frames, or noise would look significant.

    Parameters
    ----------
    spectra : (frame, ky, kx)
        complex64.
    shift_px : (frame, 2)
        (dy, dx).
    kept : (frame,) bool
        Frames that count in the mean.
    band
        The wave numbers of the spectra.
    weights : (ky, kx)
        Of the wave numbers; they must not depend on the frames.

    Returns
    -------
    (frame,)
        In standard deviations.
    """
    mean = aligned_mean(spectra, shift_px, kept, np.zeros(band.shape, np.float32), band)
    density = _correlation_densities(spectra, shift_px, mean, weights, 0.0, band)[:, :, 0]
    real = density.real.sum(axis=1) - kept * _weighted_power(spectra, weights * band.doubling)
    return real / (np.sqrt((density.imag**2).sum(axis=1)) + 1e-30)


def _correlation_densities(
    spectra: np.ndarray, shifts: np.ndarray, mean: AlignedMean, weights: np.ndarray, pattern_power: float, band: Band
) -> np.ndarray:
    """Correlations with the sum of all frames, and their derivatives, as (frame, ky, 3) sums over kx: value, along y, along x."""
    reference = np.conj(mean.total) * weights
    pattern = (pattern_power * np.conj(mean.phases) * weights).astype(np.complex64)
    angular_y, angular_x = 2 * np.pi * band.row_frequency, 2 * np.pi * band.column_frequency
    densities = np.empty((len(spectra), band.shape[0], 3), np.complex64)
    for chunk in spectrum_chunks(spectra):
        rows, columns = shift_phases(shifts[chunk], band)
        product = spectra[chunk] * reference
        if pattern_power > 0:
            product -= pattern
        by_column = np.stack([columns * band.doubling, columns * (band.doubling * angular_x)], axis=2)
        sums = (product @ by_column) * rows[:, :, None]
        densities[chunk, :, 0], densities[chunk, :, 2] = sums[:, :, 0], sums[:, :, 1]
        densities[chunk, :, 1] = sums[:, :, 0] * angular_y
    return densities


def _common_curvature(mean: AlignedMean, likelihood: np.ndarray, pattern_power: float, band: Band) -> np.ndarray:
    """Curvature (2, 2) of the correlation of a typical frame with the mean of the others, counted positive."""
    own = 1 / max(mean.number - 1, 1)
    pattern = pattern_power * (np.abs(mean.phases) ** 2 / mean.number - 1) * own
    strength = (mean.common_power() - pattern) * likelihood * band.doubling
    angular_y, angular_x = 2 * np.pi * band.row_frequency, 2 * np.pi * band.column_frequency
    by_row, by_column = strength.sum(axis=1), strength.sum(axis=0)
    mixed = angular_y @ strength @ angular_x
    curvature = np.array([[by_row @ angular_y**2, mixed], [mixed, by_column @ angular_x**2]], dtype=float)
    return -negative_definite(-curvature[None])[0]


def _likeness(
    spectra: np.ndarray, products: np.ndarray, kept: np.ndarray, mean: AlignedMean, likelihood: np.ndarray, band: Band
) -> tuple[np.ndarray, np.ndarray]:
    """Contrast (frame,) against that of a typical frame, and correlation coefficient (frame,) with the mean of the others."""
    weighting = likelihood * band.doubling
    own = _weighted_power(spectra, weighting)
    with_others = products - kept * own
    typical = float((mean.common_power() * weighting).sum()) * np.maximum(mean.number - kept, 1)
    others = float((np.abs(mean.total) ** 2 * weighting).sum()) - kept * (2 * products - own)
    return with_others / (typical + 1e-30), with_others / np.sqrt(own * np.maximum(others, 0) + 1e-30)


def _weighted_power(spectra: np.ndarray, weighting: np.ndarray) -> np.ndarray:
    doubled = np.repeat(weighting.reshape(-1), 2).astype(np.float32)
    flat = spectra.reshape(len(spectra), -1).view(np.float32)
    return np.concatenate([np.square(flat[chunk]) @ doubled for chunk in spectrum_chunks(spectra)]).astype(float)


def _expected_errors(slopes: np.ndarray, curvature: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Expected length (frame,) of the errors of the shifts.

    The sandwich estimate: the scatter of the slopes of the correlation over groups of spectral rows, propagated through its curvature.
    Neighbouring rows, which the fading edges make dependent, share a group.
    """
    length = max(1, min(GROUP_ROWS, slopes.shape[1] // LEAST_GROUPS))
    grouped = np.add.reduceat(np.fft.fftshift(slopes, axes=1).astype(float), np.arange(0, slopes.shape[1], length), axis=1)
    grouped -= grouped.mean(axis=1, keepdims=True)
    scatter = np.einsum("igy,igx->iyx", grouped, grouped) * grouped.shape[1] / (grouped.shape[1] - 1)
    inverse = np.linalg.inv(curvature)
    covariance = inverse @ scatter @ inverse
    return np.sqrt(np.trace(covariance, axis1=1, axis2=2)) / np.maximum(contrast, LEAST_CONTRAST)


def _outliers(correlations: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Frames that are unlike the others, or that are placed far less surely than the majority."""
    outliers = unlike_others(correlations) | (residuals > OUTLIER_DEVIATIONS * np.median(residuals) + 0.5)
    return outliers if (~outliers).sum() >= 2 else np.zeros(len(outliers), dtype=bool)
