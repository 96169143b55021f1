"""The mean of spectra that are brought back by their shifts, and how surely each of its coefficients is known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.frames.frame_spectra import Band, shift_phases

# Half a megabyte of complex64: stays in the processor's second cache.
CHUNK_COEFFICIENTS = 60_000
# Smoothing of the noise's power along ky, and of the signal's in both directions, in modes: an average over as many estimates.
NOISE_ROWS = 9
SIGNAL_MODES = 5


@dataclass(frozen=True)
class AlignedMean:
    """Sums over the kept frames.

    Attributes
    ----------
    total : (ky, kx)
        Sum of the aligned spectra.
    power : (ky, kx)
        Sum of their powers.
    phases : (ky, kx)
        Sum of the factors that align them.
    number
        How many frames.
    """

    total: np.ndarray
    power: np.ndarray
    phases: np.ndarray
    number: int

    def likelihood_weights(self, pattern_power: float) -> np.ndarray:
        """Wiener factor of the mean over the noise power, both smoothed along ky (streak noise varies along kx)."""
        mean_power = np.abs(self.total / self.number) ** 2
        noise = np.maximum(self.power / self.number - mean_power, 0) * self.number / max(self.number - 1, 1)
        noise = np.fft.ifftshift(scipy.ndimage.uniform_filter1d(np.fft.fftshift(noise, axes=0), NOISE_ROWS, axis=0), axes=0)
        smooth = np.fft.ifftshift(scipy.ndimage.uniform_filter(np.fft.fftshift(mean_power, axes=0), SIGNAL_MODES), axes=0)
        signal = np.maximum(smooth - noise / self.number - pattern_power, 0)
        noise = noise + pattern_power + 1e-3 * float(noise.mean()) + 1e-30
        return (signal / (signal + noise / self.number + pattern_power) / noise).astype(np.float32)

    def common_power(self) -> np.ndarray:
        """Mean (ky, kx) of the cross-spectra of each frame with the mean of all others, which holds the signal alone."""
        return (np.abs(self.total) ** 2 - self.power) / (self.number * max(self.number - 1, 1))


def aligned_mean(spectra: np.ndarray, shift_px: np.ndarray, kept: np.ndarray, power: np.ndarray, band: Band) -> AlignedMean:
    """Sum the kept spectra (frame, ky, kx), each brought back by its shift; `power` is the sum of their powers.

    Parameters
    ----------
    spectra : (frame, ky, kx)
        complex64.
    shift_px : (frame, 2)
        (dy, dx).
    kept : (frame,) bool
        Frames that count in the mean.
    power : (ky, kx)
        As `summed_power` gives it.
    band
        The wave numbers of the spectra.
    """
    total = np.zeros(band.shape, np.complex64)
    for chunk in spectrum_chunks(spectra):
        rows, columns = shift_phases(shift_px[chunk], band)
        aligned = spectra[chunk] * (rows * kept[chunk, None])[:, :, None]
        aligned *= columns[:, None, :]
        total += aligned.sum(axis=0)
    rows, columns = shift_phases(shift_px[kept], band)
    return AlignedMean(total, power, rows.T @ columns, int(kept.sum()))


def summed_power(spectra: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Sum (ky, kx) of the powers of the kept spectra."""
    power = np.zeros(spectra.shape[1:], np.float32)
    for chunk in spectrum_chunks(spectra):
        squares = np.square(spectra[chunk][kept[chunk]].view(np.float32)).sum(axis=0)
        power += squares[:, ::2] + squares[:, 1::2]
    return power


def spectrum_chunks(spectra: np.ndarray) -> Iterator[slice]:
    """Slices of a few frames, so that temporary arrays stay in the processor's cache."""
    step = max(1, CHUNK_COEFFICIENTS // (spectra.shape[1] * spectra.shape[2]))
    for start in range(0, len(spectra), step):
        yield slice(start, min(start + step, len(spectra)))
