"""The mean of spectra that are brought back by their shifts, and for each frame the mean of all others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from rapidstem.frames.frame_spectra import Band, shift_phases

CHUNK_COEFFICIENTS = 60_000
NOISE_ROWS = 9
SIGNAL_MODES = 5


@dataclass(frozen=True)
class AlignedMean:
    """Sums over the kept frames.

    Attributes
    ----------
    total : (ky, kx) sum of the aligned spectra
    power : (ky, kx) sum of their powers
    phases : (ky, kx) sum of the factors that align them
    number : how many frames
    """

    total: np.ndarray
    power: np.ndarray
    phases: np.ndarray
    number: int

    def of_others(self, aligned: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """Mean (frame, ky, kx) over all kept frames but the frame itself."""
        own = kept[:, None, None].astype(np.float32)
        return (self.total - aligned * own) / np.maximum(self.number - own, 1)

    def pattern_share(self, phases: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """What a pattern of unit power, fixed to the detector, adds to the cross-spectra with the mean of the others."""
        own = kept[:, None, None].astype(np.float32)
        return (np.conj(self.phases) * phases - own) / np.maximum(self.number - own, 1)

    def likelihood_weights(self, pattern_power: float) -> np.ndarray:
        """Wiener factor of the mean over the noise power, both smoothed along ky (streak noise varies along kx)."""
        mean_power = np.abs(self.total / self.number) ** 2
        noise = np.maximum(self.power / self.number - mean_power, 0) * self.number / max(self.number - 1, 1)
        noise = np.fft.ifftshift(ndimage.uniform_filter1d(np.fft.fftshift(noise, axes=0), NOISE_ROWS, axis=0), axes=0)
        smooth = np.fft.ifftshift(ndimage.uniform_filter(np.fft.fftshift(mean_power, axes=0), SIGNAL_MODES), axes=0)
        signal = np.maximum(smooth - noise / self.number - pattern_power, 0)
        noise = noise + pattern_power + 1e-3 * float(noise.mean()) + 1e-30
        return (signal / (signal + noise / self.number + pattern_power) / noise).astype(np.float32)


def aligned_mean(spectra: np.ndarray, shift_px: np.ndarray, kept: np.ndarray, band: Band) -> AlignedMean:
    """Sum the kept spectra (frame, ky, kx), each brought back by its shift."""
    total = np.zeros(spectra.shape[1:], np.complex64)
    power = np.zeros(spectra.shape[1:], np.float32)
    for chunk in spectrum_chunks(spectra):
        chosen = spectra[chunk][kept[chunk]]
        power += (chosen.real**2 + chosen.imag**2).sum(axis=0)
        total += (chosen * _phases(shift_px[chunk][kept[chunk]], band)).sum(axis=0)
    rows, columns = shift_phases(shift_px[kept], band)
    return AlignedMean(total, power, rows.T @ columns, int(kept.sum()))


def aligned_chunks(spectra: np.ndarray, shift_px: np.ndarray, band: Band) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """A few frames at a time: their slice, their aligned spectra and the factors that aligned them."""
    for chunk in spectrum_chunks(spectra):
        phases = _phases(shift_px[chunk], band)
        yield chunk, spectra[chunk] * phases, phases


def spectrum_chunks(spectra: np.ndarray) -> Iterator[slice]:
    """Slices of a few frames, so that temporary arrays stay in the processor's cache."""
    step = max(1, CHUNK_COEFFICIENTS // (spectra.shape[1] * spectra.shape[2]))
    for start in range(0, len(spectra), step):
        yield slice(start, min(start + step, len(spectra)))


def _phases(shift_px: np.ndarray, band: Band) -> np.ndarray:
    rows, columns = shift_phases(shift_px, band)
    return rows[:, :, None] * columns[:, None, :]
