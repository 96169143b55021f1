"""Drift and scan distortion of rapid frames taken back in one resampling."""

import numpy as np

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.image_warping import resample_view


def corrected_shift(shift_px: np.ndarray, column_map: ColumnMap) -> np.ndarray:
    """Shifts (..., 2) of rapid frames in pixels of the corrected grid: along x by the mean magnification of the map.

    Parameters
    ----------
    shift_px : (..., 2)
        (dy, dx) in pixels of the rapid frames.
    column_map
        The scan distortion.

    Returns
    -------
    (..., 2)
        (dy, dx) in pixels of the corrected grid.
    """
    magnification = np.ptp(column_map.slow_px) / np.ptp(column_map.rapid_px)
    return np.asarray(shift_px) * [1.0, magnification]


def in_common_geometry(frames: np.ndarray, shift_px: np.ndarray, column_map: ColumnMap) -> np.ndarray:
    """Bring rapid frames into the geometry of slow images at shift zero.

    Parameters
    ----------
    frames : (frame, y, x)
        Without NaN.
    shift_px : (frame, 2)
        (dy, dx) of each frame in pixels of the rapid frames.
    column_map
        The scan distortion.

    Returns
    -------
    corrected : (frame, y, x) float32; NaN where the frame has not seen the place
    """
    rows, columns = (np.arange(length) for length in frames.shape[1:])
    corrected = np.empty(frames.shape, np.float32)
    for number, (frame, (dy, dx)) in enumerate(zip(frames, corrected_shift(shift_px, column_map), strict=True)):
        corrected[number] = resample_view(frame, rows + dy, column_map.to_rapid(columns + dx))
    return corrected
