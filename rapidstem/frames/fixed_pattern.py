"""Strength of a detector's fixed pattern, which correlates at zero shift whatever the specimen does."""

import numpy as np
import scipy

from rapidstem.frames.frame_spectra import fading_window

# Cycles a pixel along y and x beyond which the specimen has next to nothing: lines are several pixels wide, the lag blurs along x.
LOWEST_FREQUENCY = (0.25, 0.35)
# In standard deviations of the mean: below it the pattern is taken for noise.
SIGNIFICANCE = 4.0


class HalfMeans:
    """Means of the even and of the odd frames, as they were recorded.

    A pattern that stays with the detector is common to both, shot noise is not. At frequencies that the specimen hardly reaches
    the cross-spectrum of the two means is therefore the power of the pattern, which is taken as white.

    Parameters
    ----------
    shape
        Rows and columns of what is added.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sums = np.zeros((2, *shape))
        self._count = 0

    def add(self, pairs: np.ndarray) -> None:
        """Take in a block (frame, y / 2, x) of frames whose rows were added in pairs."""
        for offset in (0, 1):
            chosen = pairs[offset::2]
            if len(chosen):
                self._sums[(self._count + offset) % 2] += chosen.sum(axis=0)
        self._count += len(pairs)

    def pattern_power(self) -> float:
        """Power of the pattern in every coefficient of `band_spectra`, for samples of any size; zero where it is not significant."""
        if self._count < 2:
            return 0.0
        numbers = np.array([(self._count + 1) // 2, self._count // 2])
        means = (self._sums / numbers[:, None, None]).astype(np.float32)
        spectra = scipy.fft.rfft2((means - means.mean(axis=(1, 2), keepdims=True)) * fading_window(means.shape[1:]))
        rows, columns = np.fft.fftfreq(means.shape[1]), np.fft.rfftfreq(means.shape[2])
        beyond = (np.abs(rows)[:, None] > LOWEST_FREQUENCY[0]) & (columns[None, :] > LOWEST_FREQUENCY[1])
        common = (np.conj(spectra[0]) * spectra[1]).real[beyond]
        power = float(common.mean())
        return power if power > SIGNIFICANCE * common.std() / np.sqrt(common.size) else 0.0
