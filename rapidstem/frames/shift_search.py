"""First shifts of frames that may lie anywhere: the highest peak of their correlations, in the lowest modes alone."""

import numpy as np

from rapidstem.frames.aligned_mean import aligned_mean, spectrum_chunks, summed_power
from rapidstem.frames.correlation_peaks import correlation_peaks, highest_samples
from rapidstem.frames.frame_spectra import Band, feature_weights, shift_phases
from rapidstem.numerics import evenly_spread, robust_spread

# Frames that all others are compared with first: one of them may be an outlier.
ANCHORS = 3
# Twice against the mean of all others: the second time it is built from good shifts.
PASSES = 2
# Robust deviations below the median correlation; a frame among a thousand good ones hardly lies there. The spread is not below 5 % of the
# median, so that frames without noise are not judged by rounding.
OUTLIER_DEVIATIONS = 5.0
SMALLEST_SPREAD = 0.05


def searched_shifts(spectra: np.ndarray, pattern_power: float, band: Band, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Shifts (frame, 2) of all frames, to a fraction of a pixel, and which frames (frame,) are like the others.

    Each frame is correlated with a few single frames, then twice with the mean of all others (so that its own noise cannot hold it
    where it is), which is rebuilt from the better shifts.

    Parameters
    ----------
    spectra : (frame, ky, kx)
    pattern_power
        Power of the fixed pattern in each coefficient.
    band
        The wave numbers of the spectra.
    shape
        Rows and columns of a frame.

    Returns
    -------
    shift_px : (frame, 2)
        (dy, dx).
    kept : (frame,) bool
        False for frames unlike the others.
    """
    shifts = _anchored_shifts(spectra, pattern_power, band, shape)
    kept = np.ones(len(spectra), dtype=bool)
    correlations = np.zeros(len(spectra))
    weights = feature_weights(band, shape)
    for _ in range(PASSES):
        mean = aligned_mean(spectra, shifts, kept, summed_power(spectra, kept), band)
        likelihood = weights * mean.likelihood_weights(pattern_power)
        steps = np.zeros_like(shifts)
        for chunk in spectrum_chunks(spectra):
            rows, columns = shift_phases(shifts[chunk], band)
            phases = rows[:, :, None] * columns[:, None, :]
            aligned = spectra[chunk] * phases
            own = kept[chunk, None, None].astype(np.float32)
            others = (mean.total - aligned * own) / np.maximum(mean.number - own, 1)
            pattern = pattern_power * (np.conj(mean.phases) * phases - own) / np.maximum(mean.number - own, 1)
            cross = (np.conj(others) * aligned - pattern) * likelihood
            steps[chunk] = correlation_peaks(cross, band, highest_samples(cross, band, shape))
            correlations[chunk] = _correlations(others, aligned, likelihood, steps[chunk], band)
        shifts = shifts + steps * (1 - kept / mean.number)[:, None]
        kept = ~unlike_others(correlations)
        shifts -= shifts[kept].mean(axis=0)
    return shifts, kept


def unlike_others(correlations: np.ndarray) -> np.ndarray:
    """Frames (frame,) that correlate far worse than the majority (median and median deviation)."""
    typical = np.median(correlations)
    spread = robust_spread(correlations, typical) + SMALLEST_SPREAD * abs(typical)
    unlike = correlations < typical - OUTLIER_DEVIATIONS * spread
    return unlike if (~unlike).sum() >= 2 else np.zeros(len(unlike), dtype=bool)


def _anchored_shifts(spectra: np.ndarray, pattern_power: float, band: Band, shape: tuple[int, ...]) -> np.ndarray:
    """Shifts against the one of a few frames with which most frames correlate best."""
    count = len(spectra)
    weights = feature_weights(band, shape)
    best_score, best_shifts = -np.inf, np.zeros((count, 2))
    for anchor in evenly_spread(count, ANCHORS + 2)[1:-1]:
        shifts, scores = np.zeros((count, 2)), np.zeros(count)
        for chunk in spectrum_chunks(spectra):
            cross = (np.conj(spectra[anchor]) * spectra[chunk] - pattern_power) * weights
            shifts[chunk] = highest_samples(cross, band, shape)
            scores[chunk] = _correlations(spectra[anchor][None], spectra[chunk], weights, shifts[chunk], band)
        score = float(np.median(np.delete(scores, anchor))) if count > 1 else 0.0
        if score > best_score:
            best_score, best_shifts = score, shifts
    return best_shifts


def _correlations(reference: np.ndarray, spectra: np.ndarray, weights: np.ndarray, shifts: np.ndarray, band: Band) -> np.ndarray:
    """Correlation coefficient (frame,) of each spectrum, brought back by its shift, with its reference."""
    rows, columns = shift_phases(shifts, band)
    weighting = weights * band.doubling
    common = np.conj(reference) * spectra * weighting
    products = ((rows[:, None, :] @ common)[:, 0, :] * columns).sum(axis=1).real
    own, other = (((each.real**2 + each.imag**2) * weighting).sum(axis=(1, 2)) for each in (spectra, reference))
    return products / np.sqrt(own * other + 1e-30)
