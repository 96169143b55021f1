"""The noise of rapid frames: how its variance grows with the intensity, and its power spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.errors import InputError

# Classes of intensity in which the variance is read, for a straight line through them; by judgement.
_INTENSITY_BINS = 20
# A variance that does not grow with the intensity counts as growing by this share of its mean over the whole range: the
# variance-stabilising transform divides by it.
_LEAST_GROWTH = 1e-3


@dataclass(frozen=True)
class NoiseStatistics:
    """Noise whose variance is `gain * (mean - offset)`, and its spectrum once the variance is stabilised.

    Attributes
    ----------
    gain, offset
        Of the variance, in intensities.
    spectrum : (y, x)
        Power a pixel of the stabilised noise, zero frequency at [0, 0]; its mean is the variance.
    """

    gain: float
    offset: float
    spectrum: np.ndarray

    def stabilised(self, frames: np.ndarray) -> np.ndarray:
        """Generalised Anscombe transform: intensities on a scale on which the noise is as strong everywhere."""
        return 2 * np.sqrt(np.maximum((frames - self.offset) / self.gain, 0) + 3 / 8)

    def restored(self, stabilised: np.ndarray) -> np.ndarray:
        """Inverse of `stabilised` for mean values (closed form of the exact unbiased inverse, Makitalo and Foi 2011)."""
        d = np.maximum(stabilised, 2 * np.sqrt(3 / 8))
        root = np.sqrt(3 / 2)
        counts = d**2 / 4 - 1 / 8 + root / (4 * d) - 11 / (8 * d**2) + 5 * root / (8 * d**3)
        return self.gain * counts + self.offset

    def spectrum_for(self, shape: tuple[int, int]) -> np.ndarray:
        """The spectrum on the frequencies of an image of another size, through the noise's autocovariance."""
        covariance = np.fft.fftshift(np.fft.ifft2(self.spectrum).real)
        fitted = np.zeros(shape)
        lags = [min(old, new) // 2 for old, new in zip(covariance.shape, shape, strict=True)]
        kept = [tuple(slice(n // 2 - lag, n // 2 + lag) for n, lag in zip(size, lags, strict=True)) for size in (covariance.shape, shape)]
        fitted[kept[1]] = covariance[kept[0]]
        return np.maximum(np.fft.fft2(np.fft.ifftshift(fitted)).real, 1e-3 * self.spectrum.mean())


def measure_noise(fields: Sequence[TrainingField]) -> NoiseStatistics:
    """Measure the noise of raw frames from their differences to the mean of their field.

    Frames are laid over each other by whole pixels; the mean image, not the frame, is moved by the rest of the shift.

    Parameters
    ----------
    fields
        Raw frames with the drift of each; two frames a field are the least.

    Raises
    ------
    InputError
        if a field has a single frame, or its frames have no area in common.
    """
    pairs = [_frames_and_means(field) for field in fields]
    gain, offset = _variance_growth(pairs)
    unstructured = NoiseStatistics(gain, offset, np.ones((1, 1)))
    rows, columns = (min(frames.shape[axis] for frames, _ in pairs) for axis in (1, 2))
    spectra = []
    for frames, means in pairs:
        noise = unstructured.stabilised(frames[:, :rows, :columns]) - unstructured.stabilised(means[:, :rows, :columns])
        noise -= noise.mean(axis=(1, 2), keepdims=True)
        power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0) / (rows * columns)
        spectra.append(power * len(frames) / (len(frames) - 1))
    return NoiseStatistics(gain, offset, np.mean(spectra, axis=0))


def _frames_and_means(field: TrainingField) -> tuple[np.ndarray, np.ndarray]:
    """The part of the scene that all frames show, and what each should show without noise; both (frame, y, x)."""
    if len(field.frames) < 2:
        raise InputError(f"{field.name}: noise cannot be measured on a single frame; choose another tuning field")
    whole = np.rint(field.shift_px).astype(int)
    start = np.array([field.rows.start, field.columns.start])
    stop = np.array([field.rows.stop, field.columns.stop])
    start = np.maximum(start, -whole.min(axis=0))
    stop = np.minimum(stop, np.array(field.reference.shape) - whole.max(axis=0))
    if (stop - start < 16).any():
        raise InputError(f"{field.name}: its frames have no area in common; choose another tuning field")
    places = [tuple(slice(a + d, b + d) for a, b, d in zip(start, stop, shift, strict=True)) for shift in whole]
    frames = np.stack([frame[place].astype(np.float64) for frame, place in zip(field.frames, places, strict=True)])
    mean = ndimage.spline_filter(frames.mean(axis=0))
    rest = field.shift_px - whole
    means = np.stack([ndimage.shift(mean, shift, order=3, mode="nearest", prefilter=False) for shift in rest])
    return frames, means


def _variance_growth(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Gain and offset of variance = gain * (mean - offset), fitted over bins of equal population."""
    means = np.concatenate([mean.ravel() for _, mean in pairs])
    squares = np.concatenate([((frames - mean) ** 2).ravel() * len(frames) / (len(frames) - 1) for frames, mean in pairs])
    edges = np.quantile(means, np.linspace(0, 1, _INTENSITY_BINS + 1))
    bins = np.clip(np.searchsorted(edges, means, side="right") - 1, 0, _INTENSITY_BINS - 1)
    population = np.bincount(bins, minlength=_INTENSITY_BINS)
    filled = population > 0
    level = (np.bincount(bins, means, _INTENSITY_BINS)[filled]) / population[filled]
    variance = (np.bincount(bins, squares, _INTENSITY_BINS)[filled]) / population[filled]
    slope = np.polyfit(level, variance, 1)[0] if np.ptp(level) > 0 else 0.0
    gain = max(slope, _LEAST_GROWTH * variance.mean() / max(np.ptp(means), 1.0))
    return float(gain), float(level.mean() - variance.mean() / gain)
