"""Band-limited spectra of frames: the part of the Fourier transform in which frames are compared."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft

HIGHEST_FREQUENCY = 0.25
MOST_MODES = 96
LARGEST_SIDE = 512
EDGE_SHARE = 0.125
SLOWEST_MODE = 4.0
STREAK_MODES = 2.0
BLOCK_PIXELS = 4_000_000


@dataclass(frozen=True)
class Band:
    """The wave numbers that are kept.

    Attributes
    ----------
    row_frequency, column_frequency : (ky,) and (kx,) in cycles per pixel of the frame; kx holds the non-negative half
    row_modes, column_modes : highest kept mode number along y and x
    binning : pixels that are averaged in y and x before the transform
    """

    row_frequency: np.ndarray
    column_frequency: np.ndarray
    row_modes: int
    column_modes: int
    binning: int

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of kept coefficients along ky and kx."""
        return 2 * self.row_modes + 1, self.column_modes + 1


def choose_band(shape: tuple[int, int]) -> Band:
    """Wave numbers up to a quarter cycle per pixel, or the lowest modes of a large frame.

    Parameters
    ----------
    shape : rows and columns of a frame
    """
    binning = max(1, min(shape) // LARGEST_SIDE)
    sides = [side // binning for side in shape]
    modes = [max(2, min(MOST_MODES, int(side * HIGHEST_FREQUENCY))) for side in sides]
    rows = np.fft.ifftshift(np.arange(-modes[0], modes[0] + 1)) / (sides[0] * binning)
    columns = np.arange(modes[1] + 1) / (sides[1] * binning)
    return Band(rows.astype(np.float32), columns.astype(np.float32), modes[0], modes[1], binning)


def band_spectra(
    frames: np.ndarray, band: Band, shift_px: np.ndarray | None = None, margin_px: np.ndarray | tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Spectra of frames whose mean is removed and whose edges fade to zero.

    Parameters
    ----------
    frames : (frame, y, x)
    band : the wave numbers to keep
    shift_px : (frame, 2), where given, by which the fading window of each frame is moved
    margin_px : (2,), by how much the window is smaller on all sides, in y and x

    Returns
    -------
    spectra : (frame, ky, kx) complex64
    """
    pixels = _binned(np.asarray(frames, dtype=np.float32), band.binning)
    shifts = np.zeros((len(pixels), 2)) if shift_px is None else shift_px / band.binning
    rows, columns = (_fading_edges(pixels.shape[axis + 1], shifts[:, axis], margin_px[axis] / band.binning) for axis in (0, 1))
    pixels = pixels - pixels.mean(axis=(1, 2), keepdims=True)
    pixels *= rows[:, :, None]
    pixels *= columns[:, None, :]
    along_x = fft.rfft(pixels, axis=2)[:, :, : band.column_modes + 1]
    along_y = fft.fft(along_x, axis=1)
    return np.concatenate([along_y[:, : band.row_modes + 1], along_y[:, -band.row_modes :]], axis=1).astype(np.complex64)


def frame_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of frames small enough for a bounded working memory."""
    step = max(1, BLOCK_PIXELS // (shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def feature_weights(band: Band, shape: tuple[int, int]) -> np.ndarray:
    """Weights (ky, kx) of a band-pass that leaves out slow backgrounds and the streak line kx = 0.

    Streaks along x are uncorrelated from row to row, so that their energy lies near kx = 0 at all ky.
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
    rows = np.exp(2j * np.pi * shift_px[:, 0, None] * band.row_frequency[None, :])
    columns = np.exp(2j * np.pi * shift_px[:, 1, None] * band.column_frequency[None, :])
    return rows.astype(np.complex64), columns.astype(np.complex64)


def fading_window(shape: tuple[int, int]) -> np.ndarray:
    """Window (y, x) that is one inside and falls to zero over the outer eighth of each side."""
    return np.outer(*(_fading_edges(side, np.zeros(1), 0.0)[0] for side in shape))


def _binned(frames: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return frames
    count, rows, columns = frames.shape[0], frames.shape[1] // factor, frames.shape[2] // factor
    cropped = frames[:, : rows * factor, : columns * factor]
    return cropped.reshape(count, rows, factor, columns, factor).mean(axis=(2, 4))


def _fading_edges(length: int, shift: np.ndarray, margin: float) -> np.ndarray:
    """Windows (frame, length) that fall to zero, by a raised cosine, over an eighth of the length on both sides."""
    position = np.arange(length)[None, :]
    left, right = position + 0.5 - (margin + shift[:, None]), length - 0.5 - position - (margin - shift[:, None])
    inside = np.clip(np.minimum(left, right) / max(1, length * EDGE_SHARE), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)
