"""Averages of frames that are brought back by their drift."""

import numpy as np
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.frames.registration import Drift

SPLINE_ORDER = 5


def integrate_frames(frames: np.ndarray, drift: Drift) -> np.ndarray:
    """Drift-corrected frame integration: the mean of the used frames, each brought back by its shift.

    Frames are resampled once, by a quintic spline with its prefilter, which keeps the resolution (a sine of period 3 px loses less
    than 3 % at worst). A frame contributes only to the pixels that it has seen; nothing is wrapped around.

    Parameters
    ----------
    frames : (frame, y, x), any real dtype; read frame by frame
    drift : their drift

    Returns
    -------
    mean : (y, x) float32; NaN where no used frame has seen the pixel

    Raises
    ------
    InputError
        where no frame is used
    """
    numbers = np.flatnonzero(drift.used)
    if numbers.size == 0:
        raise InputError("no frame is left to integrate")
    rows, columns = frames.shape[1:]
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    for number in numbers:
        shift = drift.shift_px[number]
        seen = valid_area(shift[None], (rows, columns))
        moved = ndimage.shift(np.asarray(frames[number], dtype=float), -shift, order=SPLINE_ORDER, mode="mirror")
        total[seen] += moved[seen]
        count[seen] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def valid_area(shift_px: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the reference that every frame has seen.

    Parameters
    ----------
    shift_px : (frame, 2), (dy, dx); frames without a shift (NaN) are left out
    shape : rows and columns of a frame

    Returns
    -------
    rows, columns : slices; empty where the frames share no area
    """
    known = shift_px[np.isfinite(shift_px).all(axis=1)]
    if known.size == 0:
        return slice(0, 0), slice(0, 0)
    starts = np.ceil(np.maximum(-known.min(axis=0), 0)).astype(int)
    stops = np.array(shape) - np.ceil(np.maximum(known.max(axis=0), 0)).astype(int)
    rows, columns = (slice(int(start), int(max(start, stop))) for start, stop in zip(starts, stops, strict=True))
    return rows, columns
