"""The noise of rapid frames: how its variance grows with the intensity, and its power spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

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


@dataclass(frozen=True)
class _CommonArea:
    """The part of a field's scene that all of its frames show.

    Attributes
    ----------
    frames
        Views (y, x) of the raw frames, laid over each other by whole pixels.
    means
        What each should show without noise, (frame, y, x).
    bias
        Factor for squares of differences from the means, which is above 1 where the frames themselves have given them.
    """

    frames: list[np.ndarray]
    means: np.ndarray
    bias: float


def measure_noise(fields: Sequence[TrainingField]) -> NoiseStatistics:
    """Measure the noise of raw frames from their differences to the mean of their field.

    Frames are laid over each other by whole pixels; the mean image, not the frame, is moved by the rest of the shift. The memory holds,
    beside the raw frames, twice a number of four bytes for each of their pixels. A single frame is compared with the slow image of its
    field, brought to its intensities; what the two do not share, as the lag's blur at edges, counts as noise there.

    Parameters
    ----------
    fields
        Raw frames with the drift of each.

    Raises
    ------
    InputError
        if a field has a single frame and no reference that was recorded apart from it, or its frames have no area in common.
    """
    areas = [_common_area(field) for field in fields]
    gain, offset = _variance_growth(areas)
    unstructured = NoiseStatistics(gain, offset, np.ones((1, 1)))
    rows, columns = (min(area.means.shape[axis] for area in areas) for axis in (1, 2))
    spectra = [_spectrum(area, unstructured, (rows, columns)) for area in areas]
    return NoiseStatistics(gain, offset, _all_frequencies(np.mean(spectra, axis=0), columns))


def _common_area(field: TrainingField) -> _CommonArea:
    whole = np.rint(field.shift_px).astype(int)
    start = np.array([field.rows.start, field.columns.start])
    stop = np.array([field.rows.stop, field.columns.stop])
    start = np.maximum(start, -whole.min(axis=0))
    stop = np.minimum(stop, np.array(field.reference.shape) - whole.max(axis=0))
    if (stop - start < 16).any():
        raise InputError(f"{field.name}: its frames have no area in common; choose another tuning field")
    places = [tuple(slice(a + d, b + d) for a, b, d in zip(start, stop, shift, strict=True)) for shift in whole]
    frames = [frame[place] for frame, place in zip(field.frames, places, strict=True)]
    if len(frames) > 1:
        scene, bias = _mean_image(frames), len(frames) / (len(frames) - 1)
    else:
        scene, bias = _reference_in_counts(field, frames[0], (slice(start[0], stop[0]), slice(start[1], stop[1]))), 1.0
    scene = scipy.ndimage.spline_filter(scene)
    means = np.empty((len(frames), *scene.shape), np.float32)
    for own, rest in zip(means, field.shift_px - whole, strict=True):
        scipy.ndimage.shift(scene, rest, output=own, order=3, mode="nearest", prefilter=False)
    return _CommonArea(frames, means, bias)


def _mean_image(frames: Sequence[np.ndarray]) -> np.ndarray:
    total = np.zeros(frames[0].shape)
    for frame in frames:
        total += frame
    return total / len(frames)


def _reference_in_counts(field: TrainingField, frame: np.ndarray, place: tuple[slice, slice]) -> np.ndarray:
    if not field.recorded_apart:
        raise InputError(f"{field.name}: noise cannot be measured on a single frame without a slow image; choose another tuning field")
    reference = field.reference[place].astype(float)
    slope, offset = np.polyfit(reference.ravel(), frame.ravel().astype(float), 1)
    return offset + slope * reference


def _variance_growth(areas: Sequence[_CommonArea]) -> tuple[float, float]:
    """Gain and offset of variance = gain * (mean - offset), fitted over bins of equal population."""
    means = np.concatenate([area.means.ravel() for area in areas])
    means.sort()
    places = np.linspace(0, len(means) - 1, _INTENSITY_BINS + 1)
    below, above = means[np.floor(places).astype(int)].astype(float), means[np.ceil(places).astype(int)].astype(float)
    edges, spread = below + (places % 1) * (above - below), float(means[-1]) - float(means[0])
    del means
    population, level, variance = np.zeros((3, _INTENSITY_BINS))
    for area in areas:
        for frame, mean in zip(area.frames, area.means, strict=True):
            expected = mean.astype(float).ravel()
            bins = np.clip(np.searchsorted(edges, expected, side="right") - 1, 0, _INTENSITY_BINS - 1)
            population += np.bincount(bins, minlength=_INTENSITY_BINS)
            level += np.bincount(bins, expected, _INTENSITY_BINS)
            variance += np.bincount(bins, (frame.ravel() - expected) ** 2 * area.bias, _INTENSITY_BINS)
    filled = population > 0
    level, variance = level[filled] / population[filled], variance[filled] / population[filled]
    slope = np.polyfit(level, variance, 1)[0] if np.ptp(level) > 0 else 0.0
    gain = max(slope, _LEAST_GROWTH * variance.mean() / max(spread, 1.0))
    return float(gain), float(level.mean() - variance.mean() / gain)


def _spectrum(area: _CommonArea, noise: NoiseStatistics, shape: tuple[int, int]) -> np.ndarray:
    """Power a pixel of the stabilised noise at the frequencies of a real transform, (y, half of x)."""
    rows, columns = shape
    power = np.zeros((rows, columns // 2 + 1))
    for frame, mean in zip(area.frames, area.means, strict=True):
        difference = noise.stabilised(frame[:rows, :columns].astype(float)) - noise.stabilised(mean[:rows, :columns].astype(float))
        power += np.abs(scipy.fft.rfft2(difference - difference.mean())) ** 2
    return power / (len(area.frames) * rows * columns) * area.bias


def _all_frequencies(power: np.ndarray, columns: int) -> np.ndarray:
    """The power at all frequencies (y, x) of a real image; opposite ones have the same."""
    opposite = np.roll(power[::-1], 1, axis=0)[:, columns - np.arange(power.shape[1], columns)]
    return np.hstack([power, opposite])
