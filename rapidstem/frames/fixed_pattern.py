"""Strength of a detector's fixed pattern, which correlates at zero shift whatever the specimen does."""

import numpy as np
from scipy import fft

from rapidstem.frames.frame_spectra import fading_window

LOWEST_FREQUENCY = 0.35
SIGNIFICANCE = 4.0


class HalfMeans:
    """Means of the even and of the odd frames, as they were recorded.

    A pattern that stays with the detector is common to both, shot noise is not. At frequencies that the specimen hardly reaches
    the cross-spectrum of the two means is therefore the power of the pattern, which is taken as white.

    Parameters
    ----------
    shape : rows and columns of a frame
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sums = np.zeros((2, *shape))
        self._count = 0

    def add(self, frames: np.ndarray) -> None:
        """Take in a block of frames (frame, y, x)."""
        first = self._count % 2
        for number, frame in enumerate(frames):
            self._sums[(first + number) % 2] += frame
        self._count += len(frames)

    def pattern_power(self, binning: int) -> float:
        """Power of the pattern in every coefficient of `band_spectra`; zero where it is not significant."""
        if self._count < 2:
            return 0.0
        numbers = np.array([(self._count + 1) // 2, self._count // 2])
        means = (self._sums / numbers[:, None, None]).astype(np.float32)
        window = fading_window((means.shape[1], means.shape[2])).astype(np.float32)
        spectra = fft.rfft2((means - means.mean(axis=(1, 2), keepdims=True)) * window)
        rows, columns = np.fft.fftfreq(window.shape[0]), np.fft.rfftfreq(window.shape[1])
        beyond = (np.abs(rows)[:, None] > LOWEST_FREQUENCY) & (columns[None, :] > LOWEST_FREQUENCY)
        common = (np.conj(spectra[0]) * spectra[1]).real[beyond]
        power = float(common.mean())
        if power < SIGNIFICANCE * common.std() / np.sqrt(common.size):
            return 0.0
        return power / binning**4
