"""What the noise of raw frames tells: electrons a pixel, lag and streaks, from single frames of anything.

Neighbouring rows show nearly the same specimen, but noise of their own: the lag of a detector acts along a row alone. The variance of
their second difference grows with the brightness by the counts of one electron (photon transfer); what the lag takes off the variance
shows in the correlation along the row.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.frames.frame_checks import counted_dose
from rapidstem.numerics import robust_spread

# Of brightness between which the noise is compared; of a frame with fewer pixels each would hold too few.
BRIGHTNESS_BINS = 12
# Pixels: a detector's lag is over after so many, and streaks, which reach farther, are all that is left.
LONGEST_LAG_PX, STREAK_PX = 12, (13, 20)
SMOOTHED_PX = 7
LARGEST_RELATIVE_ERROR = 0.35
# Of the variance from the darkest to the brightest places: with less, it may be chance.
LEAST_GROWTH = 0.1
# Cycles a pixel: beyond what lines of three pixels leave above the noise, and half of that.
FINE, COARSER = (0.4, 0.49), (0.25, 0.35)
# In standard deviations: what differs more between rows is a hot pixel or an edge.
LARGEST_NOISE = 4.0


@dataclass(frozen=True)
class FrameNoise:
    """The noise of some frames.

    Attributes
    ----------
    electrons_per_px : detected electrons of a pixel of mean brightness; NaN where the noise does not grow with the brightness. For a
        linear detector: counts that grow as the electrons to the power of 0.86 make two to five times too many.
    noise_counts : standard deviation of a pixel, without offsets of rows.
    lag_px : over how many pixels along the row the noise is spread; 1 for a detector without lag.
    row_offset_share : standard deviation of the offsets of whole rows, as a share of `noise_counts`.
    """

    electrons_per_px: float
    noise_counts: float
    lag_px: float
    row_offset_share: float


def noise_of_frames(frames: np.ndarray) -> FrameNoise:
    """Measure the noise of raw frames.

    Parameters
    ----------
    frames : (frame, y, x)
        Of one acquisition, at any tilts; a few are enough.

    References
    ----------
    J. R. Janesick, Photon Transfer (2007), for the growth of the variance with the signal.
    """
    images = np.asarray(frames, np.float32)
    steps = np.diff(images, 2, axis=1) / np.sqrt(6)
    offsets = np.median(steps, axis=2, keepdims=True)
    noise = steps - offsets
    usual = robust_spread(noise)
    sigma = usual or float(noise.std())
    clipped = np.clip(noise, -LARGEST_NOISE * usual, LARGEST_NOISE * usual) if usual else noise
    spread = _spread_along_row(clipped)
    electrons = counted_dose(frames[0])
    if electrons is None:
        electrons = _electrons(images, clipped, spread) if usual else math.nan
    return FrameNoise(electrons, sigma, spread, robust_spread(offsets) / sigma if sigma else 0.0)


def row_power_ratio(frames: np.ndarray) -> float:
    """Noise power of the finest structure along y over that of structure half as fine; 1 where no two rows share their noise.

    Rows of a scan have noise of their own. A camera spreads each electron over several rows, and programs smooth or sharpen frames.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw; a few are enough.

    Returns
    -------
    float

    Examples
    --------
    >>> white = np.random.default_rng(1).normal(size=(2, 128, 128))
    >>> round(row_power_ratio(white)), row_power_ratio((white + np.roll(white, 1, 1)) / 2) < 0.5
    (1, True)
    """
    images = np.asarray(frames, np.float32)
    images = images - np.median(images, axis=2, keepdims=True)
    windowed = images * np.hanning(images.shape[1])[:, None]
    power = np.mean(np.abs(np.fft.rfft(windowed, axis=1)) ** 2, axis=(0, 2))
    fine, coarser = (power[slice(*np.round(np.array(band) * images.shape[1]).astype(int))].mean() for band in (FINE, COARSER))
    return float(fine / coarser) if coarser > 0 else 1.0


def _spread_along_row(noise: np.ndarray) -> float:
    """Variance that the noise would have if the lag did not spread it, over the variance that it has."""
    power = np.mean(np.abs(np.fft.rfft(noise, 2 * noise.shape[2], axis=2)) ** 2, axis=(0, 1))
    overlap = noise.shape[2] - np.arange(STREAK_PX[1] + 1)
    correlation = np.fft.irfft(power)[: STREAK_PX[1] + 1] / overlap
    if not correlation[0] > 0:
        return 1.0
    correlation -= max(correlation[STREAK_PX[0] :].mean(), 0.0)
    return float(max(1 + 2 * correlation[1 : LONGEST_LAG_PX + 1].sum() / correlation[0], 1.0))


def _electrons(images: np.ndarray, noise: np.ndarray, spread: float) -> float:
    """Electrons of a pixel of mean brightness, from the straight line of the noise's variance over the brightness."""
    smooth = scipy.ndimage.uniform_filter(images, (0, SMOOTHED_PX, SMOOTHED_PX))
    level = smooth[:, 1:-1]
    edges = np.quantile(level[:, ::2, ::2], np.linspace(0, 1, BRIGHTNESS_BINS + 1))
    place = np.clip(np.searchsorted(edges, level) - 1, 0, BRIGHTNESS_BINS - 1)
    bins = [place == number for number in range(BRIGHTNESS_BINS)]
    brightness = np.array([level[each].mean() if each.any() else np.nan for each in bins])
    variance = np.array([(noise[each] ** 2).mean() if each.any() else np.nan for each in bins])
    known = np.isfinite(brightness) & (variance > 0)
    if known.sum() < 4 or np.ptp(brightness[known]) == 0:
        return math.nan
    (slope, offset), covariance = np.polyfit(brightness[known], variance[known], 1, cov=True)
    growth = slope * np.ptp(brightness[known]) / variance[known].mean()
    if growth < LEAST_GROWTH or np.sqrt(covariance[0, 0]) > LARGEST_RELATIVE_ERROR * slope:
        return math.nan
    return float((images.mean() + offset / slope) / (slope * spread))
