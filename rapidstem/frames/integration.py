"""Averages of frames that are brought back by their drift."""

from math import comb, factorial

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.frames.frame_source import FrameSource
from rapidstem.frames.frame_spectra import frame_blocks
from rapidstem.frames.registration import Drift

# Quintic: a sine of period 3 px loses less than 3 %.
SPLINE_ORDER = 5
TAPS = SPLINE_ORDER + 1


def integrate_frames(frames: FrameSource, drift: Drift) -> np.ndarray:
    """Drift-corrected frame integration: the mean of the used frames, each brought back by its shift.

    Frames are resampled once, by a quintic spline with its prefilter, which keeps the resolution (a sine of period 3 px loses less
    than 3 % at worst). A frame contributes only to the pixels that it has seen; nothing is wrapped around.

    Parameters
    ----------
    frames : (frame, y, x)
        Any real dtype; read block by block with slices.
    drift
        Their drift.

    Returns
    -------
    mean : (y, x) float32; NaN where no used frame has seen the pixel

    Raises
    ------
    InputError
        where no frame is used

    References
    ----------
    M. Unser, IEEE Signal Process. Mag. 16 (1999) 22: B-splines with a prefilter.
    """
    if not drift.used.any():
        raise InputError("no frame is left to integrate")
    rows, columns = frames.shape[1:]
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    for block in frame_blocks(frames.shape):
        numbers = np.arange(block.start, block.stop)[drift.used[block]]
        if numbers.size == 0:
            continue
        pixels = np.asarray(frames[block])
        for number in numbers:
            shift = drift.shift_px[number]
            seen = valid_area(shift[None], (rows, columns))
            if total[seen].size == 0:
                continue
            total[seen] += _moved_back(pixels[number - block.start], shift, seen)
            count[seen] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def valid_area(shift_px: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the reference that every frame has seen.

    Parameters
    ----------
    shift_px : (frame, 2)
        (dy, dx); frames without a shift (NaN) are left out.
    shape
        Rows and columns of a frame.

    Returns
    -------
    rows, columns : slices; empty where the frames share no area

    Examples
    --------
    >>> valid_area(np.array([[1.5, 0.0], [-0.5, 3.0]]), (8, 8))
    (slice(1, 6, None), slice(0, 5, None))
    """
    known = shift_px[np.isfinite(shift_px).all(axis=1)]
    if known.size == 0:
        return slice(0, 0), slice(0, 0)
    starts = np.ceil(np.maximum(-known.min(axis=0), 0)).astype(int)
    stops = np.array(shape) - np.ceil(np.maximum(known.max(axis=0), 0)).astype(int)
    rows, columns = (slice(int(start), int(max(start, stop))) for start, stop in zip(starts, stops, strict=True))
    return rows, columns


def _moved_back(frame: np.ndarray, shift: np.ndarray, seen: tuple[slice, slice]) -> np.ndarray:
    """The frame at the pixels `seen` of the reference, by a separable spline: its kernel is the same for all pixels."""
    moved = scipy.ndimage.spline_filter(frame, SPLINE_ORDER, output=np.float32 if frame.dtype.itemsize <= 2 else float, mode="mirror")
    for axis in (0, 1):
        whole = int(np.floor(shift[axis]))
        kernel = _spline_kernel(float(shift[axis] - whole))
        start, length = seen[axis].start + whole - TAPS // 2 + 1, seen[axis].stop - seen[axis].start
        moved = _filtered(moved, kernel, start, length, axis)
    return moved


def _filtered(values: np.ndarray, kernel: np.ndarray, start: int, length: int, axis: int) -> np.ndarray:
    """Sums of `kernel` times neighbours along an axis, from `start` on; mirrored at the edges."""
    positions = np.arange(start, start + length + TAPS - 1)
    last = values.shape[axis] - 1
    mirrored = last - np.abs(last - np.abs(positions))
    if mirrored[0] == start and mirrored[-1] == positions[-1]:
        window = values[start : positions[-1] + 1] if axis == 0 else values[:, start : positions[-1] + 1]
    else:
        window = values.take(mirrored, axis=axis)
    parts = [window[tap : tap + length] if axis == 0 else window[:, tap : tap + length] for tap in range(TAPS)]
    total = parts[0] * kernel[0]
    for part, weight in zip(parts[1:], kernel[1:], strict=True):
        total += part * weight
    return total


def _spline_kernel(fraction: float) -> np.ndarray:
    """Values (tap,) of the quintic B-spline around a point that lies `fraction` beyond the third of six samples."""
    distance = np.abs(fraction + TAPS // 2 - 1 - np.arange(TAPS))
    terms = [(-1) ** k * comb(TAPS, k) * np.maximum(TAPS / 2 - k - distance, 0) ** SPLINE_ORDER for k in range(TAPS // 2)]
    return (np.sum(terms, axis=0) / factorial(SPLINE_ORDER)).astype(np.float32)
