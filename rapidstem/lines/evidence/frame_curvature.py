"""How dark every frame is across a line of any direction: the second derivatives of the background-corrected frames."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.compiled_loops import compiled
from rapidstem.lines.evidence.frame_projection import FramePlaces
from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography import subtract_background

# Of a frame's curvature: lines cover a few per cent of it, so that this is a strong line whatever the contrast.
STRONG_PERCENTILE = 99.0


@dataclass(frozen=True)
class FrameCurvature:
    """Second derivatives at the lines' scale, times its square, in units of each frame's strong lines.

    Attributes
    ----------
    second : np.ndarray, (frame, y, x, 3), float32
        By row and row, row and column, column and column.
    scale_px : float
        Standard deviation of the Gaussian whose derivatives were taken.
    """

    second: np.ndarray
    scale_px: float


def curvature_of_frames(series: np.ndarray, scale_px: float, threads: int = 1) -> FrameCurvature:
    """Second derivatives of every frame, relative to its background, over the 99th percentile of the curvature of its dark lines.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Aligned bright-field series.
    scale_px : float
        Half of the full width of the lines at half depth.
    threads : int
        Frames that are worked on at once.
    """
    second = np.empty((*series.shape, 3), np.float32)

    def fill(index: int) -> None:
        flat = subtract_background(series[index], scale_px)
        for number, order in enumerate([(2, 0), (1, 1), (0, 2)]):
            second[index, ..., number] = scipy.ndimage.gaussian_filter(flat, scale_px, order=order, mode="nearest") * scale_px**2
        second[index] /= max(float(np.percentile(largest_curvature(second[index]), STRONG_PERCENTILE)), 1e-9)

    mapped_by_threads(fill, threads, range(len(series)))
    return FrameCurvature(second, scale_px)


def largest_curvature(second: np.ndarray) -> np.ndarray:
    """Second derivative of an image in the direction in which it is largest: the larger eigenvalue of the Hessian.

    Parameters
    ----------
    second : np.ndarray, (..., 3)
        Second derivatives along y, along both and along x.

    Returns
    -------
    np.ndarray, (...)
        Positive on dark lines.
    """
    rows, mixed, columns = np.moveaxis(second, -1, 0)
    return (rows + columns) / 2 + np.hypot((rows - columns) / 2, mixed)


def curvature_across(curvature: FrameCurvature, places: FramePlaces, offsets_px: np.ndarray | None = None) -> np.ndarray:
    """Second derivative across a projected line at its points, or beside them along the normal, (frame, ..., point).

    The points must follow each other along the line. Another line that crosses this one hardly counts, as it is curved along it.

    Parameters
    ----------
    curvature : FrameCurvature
        Of the aligned series.
    places : FramePlaces
        Where the points of a line appear in the frames.
    offsets_px : np.ndarray, (offset,), optional
        Distances from the line along its normal.

    Returns
    -------
    np.ndarray, (frame, ..., point), or with offsets (offset, frame, ..., point)
        In the unit of `FrameCurvature`.
    """
    across = frame_normals(places)
    if offsets_px is None:
        return _curvature_along(curvature, places.row, places.column, across)
    return np.stack(
        [_curvature_along(curvature, places.row + offset * across[0], places.column + offset * across[1], across) for offset in offsets_px]
    )


def _curvature_along(
    curvature: FrameCurvature, row: np.ndarray, column: np.ndarray, direction: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Second derivative at places, along directions (row, column)."""
    frames = len(curvature.second)
    found = np.empty(row.shape)
    _bilinear_along(curvature.second, *(each.reshape(frames, -1) for each in (row, column, *direction)), found.reshape(frames, -1))
    return found


@compiled(error_model="numpy")
def _bilinear_along(
    second: np.ndarray, row: np.ndarray, column: np.ndarray, along_row: np.ndarray, along_column: np.ndarray, found: np.ndarray
) -> None:
    """Fill in the second derivatives (frame, n), bilinear between pixels; places outside, or nowhere, count as the nearest pixel."""
    frames, rows, columns, _ = second.shape
    for frame in range(frames):
        for n in range(row.shape[1]):
            y, x = row[frame, n], column[frame, n]
            y, x = y if y > 0 else 0.0, x if x > 0 else 0.0
            y, x = y if y < rows - 1.001 else rows - 1.001, x if x < columns - 1.001 else columns - 1.001
            low_y, low_x = int(y), int(x)
            down, right = y - low_y, x - low_x
            upper, lower = second[frame, low_y], second[frame, low_y + 1]
            p, q = along_row[frame, n], along_column[frame, n]
            weights = (p * p, 2 * p * q, q * q)
            total = 0.0
            for k in range(3):
                above = upper[low_x, k] * (1 - right) + upper[low_x + 1, k] * right
                below = lower[low_x, k] * (1 - right) + lower[low_x + 1, k] * right
                total += weights[k] * (above * (1 - down) + below * down)
            found[frame, n] = total


def frame_normals(places: FramePlaces) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors across the projected line.

    Parameters
    ----------
    places : FramePlaces
        Of points that follow each other.

    Returns
    -------
    row, column : np.ndarray, (frame, ..., point)
    """
    along_row, along_column = np.gradient(places.row, axis=-1), np.gradient(places.column, axis=-1)
    length = np.maximum(np.hypot(along_row, along_column), 1e-9)
    return -along_column / length, along_row / length
