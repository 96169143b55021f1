"""Band-limited spectra of frames: the part of the Fourier transform in which frames are compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

# Cycles a pixel: lines are wider than four pixels' detail, which in rapid frames is mostly noise.
HIGHEST_FREQUENCY = 0.25
# A side: more samples do not make the shift better at the lines' width, and take longer.
ENOUGH_SAMPLES = 256
# Two rows are added: half of the time, and lines are wider.
ROW_PAIR = 2
# Of a side over which the window falls to zero.
EDGE_SHARE = 0.125
# In modes: slower waves are background, and those within two of kx = 0 streaks, which are uncorrelated from row to row.
SLOWEST_MODE = 4.0
STREAK_MODES = 2.0
# 2 MB of raw counts at a time.
BLOCK_PIXELS = 1_000_000


@dataclass(frozen=True)
class Band:
    """The wave numbers that are kept.

    Attributes
    ----------
    row_frequency, column_frequency : (ky,)
        And (kx,) in cycles per pixel of the frame; kx holds the non-negative half.
    row_modes, column_modes
        Highest kept mode number along y and x.
    sample_px
        Edges, in y and x, of the pixels that were added to one sample before the transform.
    """

    row_frequency: np.ndarray
    column_frequency: np.ndarray
    row_modes: int
    column_modes: int
    sample_px: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of kept coefficients along ky and kx."""
        return 2 * self.row_modes + 1, self.column_modes + 1

    @property
    def doubling(self) -> np.ndarray:
        """How often a coefficient (kx,) counts in sums over the whole spectrum: those at kx > 0 stand for those at kx < 0 too."""
        return np.where(self.column_frequency > 0, 2, 1).astype(np.float32)


def choose_band(shape: tuple[int, ...], sample_px: tuple[int, int], most_modes: int) -> Band:
    """Wave numbers up to a quarter cycle per pixel, or the lowest modes.

    Parameters
    ----------
    shape
        Rows and columns of samples.
    sample_px
        Edges of a sample in pixels.
    most_modes
        Highest mode number to keep.
    """
    sides = [samples * edge for samples, edge in zip(shape, sample_px, strict=True)]
    modes = [max(1, min(most_modes, int(side * HIGHEST_FREQUENCY), samples // 2 - 1)) for side, samples in zip(sides, shape, strict=True)]
    rows = np.fft.ifftshift(np.arange(-modes[0], modes[0] + 1)) / sides[0]
    columns = np.arange(modes[1] + 1) / sides[1]
    return Band(rows.astype(np.float32), columns.astype(np.float32), modes[0], modes[1], sample_px)


def sample_edges(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns that are added to one sample: at least two rows, and as many pixels as large frames allow.

    Halving the rows halves the time of all that follows and costs next to nothing, for lines are wider than that.

    Parameters
    ----------
    shape
        Rows and columns of a frame.

    Returns
    -------
    rows, columns
        In pixels.
    """
    return max(ROW_PAIR, shape[0] // ENOUGH_SAMPLES // ROW_PAIR * ROW_PAIR), max(1, shape[1] // ENOUGH_SAMPLES)


def row_pairs(frames: np.ndarray) -> np.ndarray:
    """Sums (frame, y / 2, x), float32, of every two rows.

    Numbers of more than 16 bits, which single precision may not hold, are brought to zero mean and unit deviation in every frame.

    Parameters
    ----------
    frames : (frame, y, x)
        Any real dtype.

    Returns
    -------
    (frame, y / 2, x) float32
        A last single row is cut off.
    """
    rows = frames.shape[1] // ROW_PAIR * ROW_PAIR
    even, odd = frames[:, 0:rows:ROW_PAIR], frames[:, 1:rows:ROW_PAIR]
    if frames.dtype.itemsize <= 2:
        return np.add(even, odd, dtype=np.float32)
    pairs = np.add(even, odd, dtype=float)
    pairs -= pairs.mean(axis=(1, 2), keepdims=True)
    pairs /= pairs.std(axis=(1, 2), keepdims=True)
    return pairs.astype(np.float32)


def added(samples: np.ndarray, factors: tuple[int, int]) -> np.ndarray:
    """Sums (frame, y, x) over blocks of that many rows and columns; what is left over at the end is cut off."""
    rows, columns = (side // factor * factor for side, factor in zip(samples.shape[1:], factors, strict=True))
    by_row = samples[:, 0 : rows : factors[0], :columns]
    for start in range(1, factors[0]):
        by_row = by_row + samples[:, start : rows : factors[0], :columns]
    total = by_row[:, :, 0 :: factors[1]]
    for start in range(1, factors[1]):
        total = total + by_row[:, :, start :: factors[1]]
    return total


def band_spectra(
    samples: np.ndarray, band: Band, shift_px: np.ndarray | None = None, margin_px: np.ndarray | tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Spectra of frames whose mean is removed and whose edges fade to zero.

    Parameters
    ----------
    samples : (frame, y, x) float32
    band
        The wave numbers to keep.
    shift_px : (frame, 2)
        Where given, by which the fading window of each frame is moved.
    margin_px : (2,)
        By how much the window is smaller on all sides, in y and x.

    Returns
    -------
    spectra : (frame, ky, kx) complex64
    """
    shifts, margins = np.zeros((1, 2)) if shift_px is None else shift_px / band.sample_px, np.asarray(margin_px) / band.sample_px
    rows, columns = (_fading_edges(samples.shape[axis + 1], shifts[:, axis], margins[axis]) for axis in (0, 1))
    pixels = samples - samples.mean(axis=(1, 2), keepdims=True)
    pixels *= columns[:, None, :]
    along_x = scipy.fft.rfft(pixels, axis=2)[:, :, : band.column_modes + 1] * rows[:, :, None]
    along_y = scipy.fft.fft(along_x, axis=1, overwrite_x=True)
    return np.concatenate([along_y[:, : band.row_modes + 1], along_y[:, -band.row_modes :]], axis=1)


def frame_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of frames small enough for a bounded working memory, and for the processor's cache.

    Parameters
    ----------
    shape
        Frames, rows and columns of a stack.

    Yields
    ------
    slice
        Of frames, in their order.
    """
    step = max(1, BLOCK_PIXELS // (shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def feature_weights(band: Band, shape: tuple[int, ...]) -> np.ndarray:
    """Weights (ky, kx) of a band-pass that leaves out slow backgrounds and the streak line kx = 0.

    Streaks along x are uncorrelated from row to row, so that their energy lies near kx = 0 at all ky.

    Parameters
    ----------
    band
        The wave numbers of the spectra.
    shape
        Rows and columns of a frame.

    Returns
    -------
    (ky, kx) float32
        From 0 to 1.
    """
    modes_y = band.row_frequency[:, None] * shape[0]
    modes_x = band.column_frequency[None, :] * shape[1]
    slow = 1 - np.exp(-(modes_y**2 + modes_x**2) / SLOWEST_MODE**2)
    streaks = 1 - np.exp(-((modes_x / STREAK_MODES) ** 2))
    cutoff_y = np.cos(np.pi / 2 * band.row_frequency / np.abs(band.row_frequency).max())[:, None] ** 2
    cutoff_x = np.cos(np.pi / 2 * band.column_frequency / band.column_frequency.max())[None, :] ** 2
    return (slow * streaks * cutoff_y * cutoff_x).astype(np.float32)


def shift_phases(shift_px: np.ndarray, band: Band) -> tuple[np.ndarray, np.ndarray]:
    """Factors (frame, ky) and (frame, kx) that bring spectra back by `shift_px` (frame, 2)."""
    return _phases(shift_px[:, 0], band.row_frequency), _phases(shift_px[:, 1], band.column_frequency)


@lru_cache(maxsize=4)
def fading_window(shape: tuple[int, int]) -> np.ndarray:
    """Window (y, x) that is one inside and falls to zero over the outer eighth of each side."""
    return np.outer(*(_fading_edges(side, np.zeros(1), 0.0)[0] for side in shape))


def _fading_edges(length: int, shift: np.ndarray, margin: float) -> np.ndarray:
    """Windows (frame, length) that fall to zero, by a raised cosine, over an eighth of the length on both sides."""
    position = np.arange(length)[None, :]
    left, right = position + 0.5 - (margin + shift[:, None]), length - 0.5 - position - (margin - shift[:, None])
    inside = np.clip(np.minimum(left, right) / max(1, length * EDGE_SHARE), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)


def _phases(shift: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    angle = (2 * np.pi * shift[:, None] * frequency[None, :]).astype(np.float32)
    phases = np.empty(angle.shape, np.complex64)
    phases.real, phases.imag = np.cos(angle), np.sin(angle)
    return phases
