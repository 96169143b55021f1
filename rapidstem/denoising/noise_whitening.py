"""Noise that pixels share, as a camera's, filled up to white noise before a network sees it that knows no such noise."""

import zlib

import numpy as np

from rapidstem.frames import row_power_ratio
from rapidstem.numerics import gaussian_mean, hann_window

# Of noise power along y, see `row_power_ratio`: 24 fields that the general filter may learn from lie from 0.82 to 1.11, fast scans of
# kriss_sem from 0.96 to 1.00, a camera's frames of titanium at 0.65.
_ROW_POWER = (0.74, 1.35)
# Answers that are averaged: two give 0.1 to 0.2 dB more than one, eight 0.1 to 0.2 dB more than two (benchmarks/camera_noise.py).
DRAWS = 2
# Pixels: structure that is wider is no noise.
_WIDE_PX = 8.0
# Rings of wave numbers up to half a cycle a pixel, at most; and the slowest wave that shows noise rather than the specimen, in cycles a
# pixel.
_MOST_RINGS, _SLOWEST = 32, 0.15


def rows_share_noise(frames: np.ndarray) -> bool:
    """Whether neighbouring rows have noise in common, as no fast scan has: those of cameras, of slow scans and of filtered frames.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw; a few are enough.
    """
    return not _ROW_POWER[0] < row_power_ratio(frames) < _ROW_POWER[1]


def whitened(frame: np.ndarray, draw: int) -> np.ndarray:
    """The frame with as much noise added at every wave number as its own is weaker there than at its strongest.

    What neighbouring pixels share of the noise looks like structure to a network that has learned from noise of their own. Added noise
    hides it; noise that is only filled up costs less than any that outweighs it.

    Parameters
    ----------
    frame : (y, x)
        Raw.
    draw
        Number of the random noise; the same frame and number give the same noise.

    Returns
    -------
    (y, x) float32

    References
    ----------
    I. Ha, D. Ryou, S. Seo and B. Han, arXiv:2412.04727 (2024), for making noise white before it is filtered, there by a network.
    """
    image = np.asarray(frame, np.float32)
    ring = _rings(image.shape)
    power = _noise_power(image, ring)
    rng = np.random.default_rng([zlib.crc32(np.ascontiguousarray(image).tobytes()), draw])
    missing = np.sqrt(power.max() - power)
    white = np.fft.rfft2(rng.standard_normal(image.shape))
    return image + np.fft.irfft2(white * missing[ring], s=image.shape).astype(np.float32)


def _noise_power(image: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Power of the noise in each ring of wave numbers, per pixel; of slow waves, that of the slowest ones that show noise.

    The median over a ring, for noise half of which lies below ln 2 of its mean, leaves out the specimen's strong waves.
    """
    window = hann_window(image.shape)
    spectrum = np.abs(np.fft.rfft2((image - gaussian_mean(image, _WIDE_PX)) * window)) ** 2 / np.sum(window**2)
    rings = ring.max() + 1
    power = np.array([np.median(spectrum[ring == number]) for number in range(rings)]) / np.log(2)
    first = round(2 * rings * _SLOWEST)
    power[:first] = power[first : first + 3].mean()
    return power


def _rings(shape: tuple[int, ...]) -> np.ndarray:
    """The ring in which each wave number of a real transform lies, (y, x / 2 + 1); the corners belong to the last one."""
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1]))
    rings = min(_MOST_RINGS, min(shape) // 2)
    return np.minimum((2 * rings * frequency).astype(int), rings - 1)
