"""Tilt series with the tilt axis along x, without shifts and without the rotation of the axis."""

from typing import Literal

import numpy as np
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.tomography.tilt_geometry import TiltGeometry


def with_axis_along_x(images: np.ndarray, tilt_axis: Literal["x", "y"]) -> np.ndarray:
    """Transpose images (..., y, x) whose tilt axis is vertical, so that it runs along x; others stay as they are.

    After the transposition the scan time runs along the columns: the geometry of the series then has `slow_scan="columns"`.

    Parameters
    ----------
    images : np.ndarray, (..., y, x)
        As recorded.
    tilt_axis : {"x", "y"}
        In the recorded images.

    Returns
    -------
    np.ndarray, (..., y, x)
        With the axis along x.

    Raises
    ------
    InputError
        If the axis is neither x nor y.
    """
    if tilt_axis not in ("x", "y"):
        raise InputError(f"tilt_axis is {tilt_axis!r}: choose 'x' (the fast scan direction) or 'y'")
    return np.ascontiguousarray(np.swapaxes(images, -1, -2)) if tilt_axis == "y" else images


def apply_alignment(series: np.ndarray, geometry: TiltGeometry, order: int = 3) -> np.ndarray:
    """Take shifts and the rotation of the axis away in one resampling by splines of the order; outside counts the value of the edge.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Raw or denoised frames.
    geometry : TiltGeometry
        As aligned.
    order : int
        Of the spline: 1 is linear, 3 cubic.

    Returns
    -------
    np.ndarray, (frame, y, x), float32
        Aligned row r of a frame shows what its raw row r + dy has scanned.
    """
    sine, cosine = np.sin(geometry.axis_rotation_rad), np.cos(geometry.axis_rotation_rad)
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    centre = (np.array(series.shape[1:]) - 1) / 2
    aligned = np.empty(series.shape, np.float32)
    for index, frame in enumerate(series):
        start = centre + geometry.shift_px[index] - matrix @ centre
        ndimage.affine_transform(frame, matrix, start, output=aligned[index], order=order, mode="nearest")
    return aligned
