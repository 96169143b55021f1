"""Tilt series with the tilt axis along x, without shifts and without the rotation of the axis."""

from typing import Literal

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned


def with_axis_along_x(images: np.ndarray, tilt_axis: Literal["x", "y"]) -> np.ndarray:
    """Transpose images (..., y, x) whose tilt axis is vertical, so that it runs along x; others stay as they are.

    After the transposition the scan time runs along the columns (`slow_scan_along`).

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


def slow_scan_along(tilt_axis: Literal["x", "y"]) -> Literal["rows", "columns"]:
    """What is scanned one after the other in images that `with_axis_along_x` has given.

    Parameters
    ----------
    tilt_axis : {"x", "y"}
        In the recorded images.

    Returns
    -------
    {"rows", "columns"}
    """
    return "columns" if tilt_axis == "y" else "rows"


def apply_alignment(
    series: np.ndarray, geometry: TiltGeometry, order: int = 3, line_shifts_px: np.ndarray | None = None, threads: int = 1
) -> np.ndarray:
    """Take shifts and the rotation of the axis away in one resampling by splines of the order; outside counts the value of the edge.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Raw or denoised frames.
    geometry : TiltGeometry
        As aligned.
    order : int
        Of the spline: 1 is linear, 3 cubic.
    line_shifts_px : np.ndarray, (frame, line, 2), optional
        Displacement (dy, dx) of each scan line (a row, or a column: `geometry.slow_scan`) within its frame, taken away, too.
    threads : int
        Frames that are worked on at once.

    Returns
    -------
    np.ndarray, (frame, y, x), float32
        Aligned row r of a frame shows what its raw row r + dy has scanned.
    """
    sine, cosine = np.sin(geometry.axis_rotation_rad), np.cos(geometry.axis_rotation_rad)
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    centre = (np.array(series.shape[1:]) - 1) / 2
    aligned = np.empty(series.shape, np.float32)

    def fill(number: int) -> None:
        start = centre + geometry.shift_px[number] - matrix @ centre
        if line_shifts_px is None:
            scipy.ndimage.affine_transform(series[number], matrix, start, output=aligned[number], order=order, mode="nearest")
        else:
            place = np.einsum("ab,byx->ayx", matrix, np.indices(series.shape[1:])) + start[:, None, None]
            place += _line_displacement(place, line_shifts_px[number], geometry.slow_scan)
            scipy.ndimage.map_coordinates(series[number], place, output=aligned[number], order=order, mode="nearest")

    mapped_by_threads(fill, threads, range(len(series)))
    return aligned


def _line_displacement(place_px: np.ndarray, shift_px: np.ndarray, slow_scan: Literal["rows", "columns"]) -> np.ndarray:
    """How far what would lie at places (2, y, x) of a still frame is displaced, by the line on which it falls (two steps)."""
    axis = 0 if slow_scan == "rows" else 1
    lines = np.arange(len(shift_px))
    line = place_px[axis]
    for _ in range(2):
        line = place_px[axis] + np.interp(line, lines, shift_px[:, axis])
    return np.stack([np.interp(line, lines, one) for one in shift_px.T])


def scanned_pixels(geometry: TiltGeometry, columns: int, wanted: range | None = None) -> np.ndarray:
    """Which pixels of the aligned frames come from within the raw ones.

    Parameters
    ----------
    geometry : TiltGeometry
        Of the aligned series.
    columns : int
        Of a frame.
    wanted : range, optional
        Which columns are asked for; the default is all.

    Returns
    -------
    np.ndarray, (frame, y, column), bool
    """
    last_row, last_column = geometry.rows - 1, columns - 1
    along = np.asarray(range(columns) if wanted is None else wanted) - last_column / 2
    row, column = turned(np.arange(geometry.rows)[:, None] - last_row / 2, along, geometry.axis_rotation_rad)
    raw_row = (row + last_row / 2)[None] + geometry.shift_px[:, :1, None]
    raw_column = (column + last_column / 2)[None] + geometry.shift_px[:, 1:, None]
    return (raw_row >= 0) & (raw_row <= last_row) & (raw_column >= 0) & (raw_column <= last_column)
