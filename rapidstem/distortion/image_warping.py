"""Resampling between the geometry of rapid frames and that of slow images, in one step, by cubic splines."""

from functools import lru_cache

import numpy as np
import scipy

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.errors import InputError

# Cubic: a rapid image's details are several pixels wide.
SPLINE_DEGREE = 3
# Relative: over 4096 px a difference below this is less than half a pixel.
EQUAL_PIXELS = 1e-4


def to_slow_geometry(images: np.ndarray, column_map: ColumnMap, shift_px: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Correct rapid images for the scan distortion.

    Parameters
    ----------
    images : (y, x)
        Or (frame, y, x) in rapid geometry, without NaN.
    column_map
        The distortion.
    shift_px : (dy, dx)
        Of the images, in pixels of the corrected grid; it is taken back in the same resampling.

    Returns
    -------
    corrected : float32, the shape of `images`; outside the view of the rapid image its edge value
    """
    rows, columns = images.shape[-2:]
    along_rows = interpolation_matrix(rows, np.arange(rows) + shift_px[0])
    along_columns = interpolation_matrix(columns, column_map.to_rapid(np.arange(columns) + shift_px[1]))
    stack = np.asarray(images).reshape(-1, rows, columns)
    corrected = np.empty(stack.shape, dtype=np.float32)
    for number, image in enumerate(stack):
        corrected[number] = along_rows @ image @ along_columns.T
    return corrected.reshape(images.shape)


def to_rapid_geometry(
    slow_image: np.ndarray, column_map: ColumnMap, slow_shift_px: tuple[float, float], shape: tuple[int, int]
) -> np.ndarray:
    """Bring a slow image into the geometry of the rapid image.

    Parameters
    ----------
    slow_image : (y, x)
    column_map
        The distortion.
    slow_shift_px : (dy, dx)
        Of the slow image: what the map expects at (y, x) lies at (y + dy, x + dx).
    shape
        Rows and columns of the rapid image.

    Returns
    -------
    image : float32 of that shape; NaN where the slow image has not seen the place
    """
    return resample_view(slow_image, np.arange(shape[0]) + slow_shift_px[0], column_map.to_slow(np.arange(shape[1])) + slow_shift_px[1])


def resample_view(image: np.ndarray, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
    """Interpolate an image (y, x) at all crossings of rows and columns: float32, NaN beyond the centres of its outer pixels.

    Parameters
    ----------
    image : (y, x)
        Finite.
    row_px : (row,)
        Rows to interpolate at.
    column_px : (column,)
        Columns to interpolate at.

    Returns
    -------
    (row, column)
        float32.
    """
    seen_rows, seen_columns = (inside_view(px, side) for px, side in zip((row_px, column_px), image.shape, strict=True))
    sampled = np.full((len(row_px), len(column_px)), np.nan, dtype=np.float32)
    if seen_rows.any() and seen_columns.any():
        sampled[np.ix_(seen_rows, seen_columns)] = resample_grid(image, row_px[seen_rows], column_px[seen_columns])
    return sampled


def resample_grid(image: np.ndarray, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
    """Interpolate an image (y, x) at all crossings of rows and columns by a tensor-product cubic spline.

    Parameters
    ----------
    image : (y, x)
        Finite.
    row_px, column_px
        Positions; beyond the edges the edge value is taken.

    Returns
    -------
    (row, column)
        float64.
    """
    along_rows = interpolation_matrix(image.shape[0], row_px)
    along_columns = interpolation_matrix(image.shape[1], column_px)
    return along_rows @ np.asarray(image, dtype=float) @ along_columns.T


def interpolation_matrix(length: int, positions: np.ndarray) -> np.ndarray:
    """Matrix (position, sample) of cubic spline interpolation of `length` samples at positions; beyond the ends the end value."""
    return _cardinal_splines(length)(np.clip(positions, 0, length - 1))


@lru_cache(maxsize=8)
def _cardinal_splines(length: int) -> "scipy.interpolate.BSpline":
    return scipy.interpolate.make_interp_spline(np.arange(length), np.eye(length), k=SPLINE_DEGREE)


def inside_view(position_px: np.ndarray, length: int) -> np.ndarray:
    """True for positions between the centres of the first and the last of `length` pixels.

    Parameters
    ----------
    position_px
        Rows or columns, of any shape.
    length
        Pixels along this axis.

    Returns
    -------
    ndarray of bool
        Of the same shape.
    """
    return (position_px >= 0) & (position_px <= length - 1)


def at_reference_pixels(
    frame: np.ndarray,
    reference: np.ndarray,
    place_px: tuple[np.ndarray, np.ndarray],
    area: tuple[slice, slice],
    shift_px: np.ndarray,
    edge_px: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """A frame at the pixels of a reference, which is not interpolated: that would smooth its noise.

    Parameters
    ----------
    frame : (y, x)
        Without noise.
    reference : (row, column)
        In pixels of its own.
    place_px : (row,) and (column,)
        Where a frame at shift zero shows the rows and columns of the reference.
    area
        In which the reference holds, in pixels of such a frame.
    shift_px : (2,)
        Of the frame, (dy, dx).
    edge_px
        What is left out along the edges of the frame.

    Returns
    -------
    frame, reference : (row, column)
        Where both hold.
    """
    moved = [place + shift for place, shift in zip(place_px, shift_px, strict=True)]
    rows, columns = (
        np.flatnonzero((rest >= valid.start) & (rest <= valid.stop - 1) & inside_view(place - edge_px, side - 2 * edge_px))
        for rest, place, valid, side in zip(place_px, moved, area, frame.shape, strict=True)
    )
    return resample_grid(frame, moved[0][rows], moved[1][columns]), reference[np.ix_(rows, columns)]


def match_pixel_size(slow_image: np.ndarray, pixel_ratio: float) -> np.ndarray:
    """Resample a slow image to the pixel size of the rapid one; its centre stays the centre.

    Parameters
    ----------
    slow_image : (y, x)
    pixel_ratio
        Pixel size of the slow image over that of the rapid image. Below one the image is smoothed first, so that no detail finer than the
        new pixels is folded back.

    Returns
    -------
    (y, x)
        With pixels of the rapid image's size.

    Raises
    ------
    InputError
        where the ratio is not positive
    """
    if not pixel_ratio > 0:
        raise InputError(f"the pixel size of the slow image over that of the rapid image must be positive, not {pixel_ratio}")
    if abs(pixel_ratio - 1) < EQUAL_PIXELS:
        return slow_image
    smooth = np.asarray(slow_image, dtype=float)
    if pixel_ratio < 1:
        smooth = scipy.ndimage.gaussian_filter(smooth, 0.5 * np.sqrt(1 / pixel_ratio**2 - 1), mode="nearest")
    counts = matched_shape(slow_image.shape, pixel_ratio)
    positions = [
        (length - 1) / 2 + (np.arange(count) - (count - 1) / 2) / pixel_ratio
        for length, count in zip(slow_image.shape, counts, strict=True)
    ]
    return resample_grid(smooth, *positions)


def matched_shape(shape: tuple[int, ...], pixel_ratio: float) -> tuple[int, ...]:
    """Rows and columns of a slow image after `match_pixel_size`."""
    if abs(pixel_ratio - 1) < EQUAL_PIXELS:
        return shape
    return tuple(int((length - 1) * pixel_ratio + EQUAL_PIXELS) + 1 for length in shape)


def centre_offset_px(slow_shape: tuple[int, ...], rapid_shape: tuple[int, ...]) -> np.ndarray:
    """The shift (2,), (dy, dx), of a slow image whose centre shows what the centre of the rapid image shows; pixels of equal size."""
    return (np.array(slow_shape[-2:]) - np.array(rapid_shape[-2:])) / 2
