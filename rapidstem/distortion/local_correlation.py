"""The map by local cross-correlation of small windows, as Zhao et al. measure it on a cross grating."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view

from rapidstem.distortion.feature_matching import NARROW
from rapidstem.distortion.first_guess import FirstGuess
from rapidstem.distortion.image_warping import resample_view
from rapidstem.distortion.map_estimate import MapEstimate
from rapidstem.distortion.random_curve import likeliest_step, spline_basis
from rapidstem.errors import InputError
from rapidstem.numerics import SIGMA_PER_MEDIAN_DEVIATION, parabola_vertex, weighted_median

# (y, x), in widths of the features. Zhao et al. do not give the size of their windows; high ones average over noise, narrow ones see one
# stretch. They overlap by half.
WINDOW_WIDTHS = (16, 8)
OVERLAP = 2
# In widths, from the first guess, which is good to one.
FARTHEST_WIDTHS = 5 / 3
# Windows that correlate by less hold no feature.
LOWEST_ZNCC = 0.4
# The squeeze inside the windows shrinks by more than half a pass.
PASSES = 4
# Fewer do not show a curve.
FEWEST_COLUMNS = 4
# Huber's usual limit, 1.345 for 95 % efficiency, rounded up.
HUBER = 1.5
# No column is trusted to better than what interpolation leaves.
SMALLEST_ERROR_PX = 0.01
# Of a perfect match against a poor one, so that a single window cannot decide a column.
STRONGEST_WEIGHT = 50.0


@dataclass(frozen=True)
class _Windows:
    """Windows that were found again: centre column, displacement along x in slow pixels and along y, and weight of each."""

    column: np.ndarray
    along_x: np.ndarray
    along_y: np.ndarray
    weight: np.ndarray


def correlate_locally(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], guess: FirstGuess) -> MapEstimate:
    """Measure the map by the displacements of small windows (Zhao et al., Sci. Rep. 11 (2021) 20720, "Image distortion correction").

    Windows as high as 16 features and as wide as 8, on a grid, are searched in the slow image by zero-mean normalised cross-correlation,
    with a parabola through the peak. Their displacements along x are pooled over rows and fields, column by column and robustly, and one
    smooth curve is drawn through the columns (`rapidstem.distortion.random_curve`). With it the slow image is brought into the rapid
    geometry, and what is left is measured again, so that the squeeze inside the windows vanishes.

    Parameters
    ----------
    references
        DCFI references (y, x) of one shape, NaN where unseen.
    slow_images
        Slow images (y, x) of the same fields with pixels of the same size.
    guess
        Where to start; the mean shift of the fields in x stays what it is there.

    Raises
    ------
    InputError
        where windows are found in fewer than four columns
    """
    basis = spline_basis(references[0].shape[1])
    slow_px, shift_px = guess.slow_px, guess.shift_px.copy()
    uncertainty = np.zeros_like(slow_px)
    for _ in range(PASSES):
        pairs = zip(references, slow_images, shift_px, strict=True)
        found = [_found_windows(reference, slow_image, slow_px, shift, guess.feature_px) for reference, slow_image, shift in pairs]
        own = np.array([[weighted_median(each.along_y, each.weight), weighted_median(each.along_x, each.weight)] for each in found])
        own[:, 1] -= own[:, 1].mean()
        shift_px = shift_px + own
        column, displacement, error = _pooled(found, own[:, 1])
        slow_px, uncertainty = _smooth_curve(basis, column, slow_px[column.astype(int)] + displacement, error)
    return MapEstimate(slow_px, uncertainty)


def searched_area_px(feature_px: int) -> tuple[int, int]:
    """Rows and columns of the area in which a window is searched: smaller images hold none.

    Parameters
    ----------
    feature_px
        Full width of the fields' features.

    Returns
    -------
    rows, columns
    """
    rows, columns = (count * feature_px + 2 * round(FARTHEST_WIDTHS * feature_px) for count in WINDOW_WIDTHS)
    return rows, columns


def _found_windows(reference: np.ndarray, slow_image: np.ndarray, slow_px: np.ndarray, shift: np.ndarray, feature_px: int) -> _Windows:
    warped = resample_view(slow_image, np.arange(len(reference)) + shift[0], slow_px + shift[1])
    rapid, shown = (_smoothed(image, NARROW * feature_px) for image in (reference, warped))
    window, farthest = tuple(count * feature_px for count in WINDOW_WIDTHS), round(FARTHEST_WIDTHS * feature_px)
    reach = searched_area_px(feature_px)
    starts = [np.arange(0, side - size + 1, own // OVERLAP) for side, size, own in zip(reference.shape, reach, window, strict=True)]
    searched = sliding_window_view(shown, reach)[np.ix_(*starts)].reshape(-1, *reach)
    inner = np.ix_(*(start + farthest for start in starts))
    templates = sliding_window_view(rapid, window)[inner].reshape(-1, *window)
    centre = np.broadcast_to(starts[1] + (reach[1] - 1) // 2, (starts[0].size, starts[1].size)).ravel()
    complete = np.isfinite(searched).all(axis=(1, 2)) & np.isfinite(templates).all(axis=(1, 2))
    score = _zncc(templates[complete], searched[complete])
    along_y, along_x, weight = _peaks(score)
    centre = centre[complete]
    stretch = np.gradient(slow_px)[centre]
    used = weight > 0
    return _Windows(centre[used], (along_x * stretch)[used], along_y[used], weight[used])


def _smoothed(image: np.ndarray, smoothing_px: float) -> np.ndarray:
    seen = np.isfinite(image)
    mean = np.mean(image[seen]) if seen.any() else 0
    return np.where(seen, scipy.ndimage.gaussian_filter(np.where(seen, image, mean), smoothing_px), np.nan)


def _zncc(templates: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """Zero-mean normalised cross-correlation (window, dy, dx) of templates at all places inside the searched areas."""
    size, lags = templates.shape[1:], searched.shape[1] - templates.shape[1] + 1
    centred = templates - templates.mean(axis=(1, 2), keepdims=True)
    area = searched - searched.mean(axis=(1, 2), keepdims=True)
    shape = searched.shape[1:]
    product = scipy.fft.irfft2(np.conj(scipy.fft.rfft2(centred, s=shape)) * scipy.fft.rfft2(area, s=shape), s=shape)[:, :lags, :lags]
    mean, square = (_box_means(image, size) for image in (area, area**2))
    energy = (square - mean**2) * np.prod(size) * (centred**2).sum(axis=(1, 2))[:, None, None]
    return product / np.sqrt(np.maximum(energy, 1e-12 * max(energy.max(initial=0), 1e-12)))


def _box_means(images: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    sums = np.pad(images.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    rows, columns = size
    box = sums[:, rows:, columns:] - sums[:, :-rows, columns:] - sums[:, rows:, :-columns] + sums[:, :-rows, :-columns]
    return box / (rows * columns)


def _peaks(score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Displacement along y and x of each window, and a weight: zero where the peak is low, at the border or flat along x.

    The distortion has no component along y. Along x the peak is therefore taken at equal rows: a straight line in a window, which can
    slide along itself, has one answer there.
    """
    number = np.arange(len(score))
    row = score.max(axis=2).argmax(axis=1)
    farthest = score.shape[1] // 2
    along_y = row - farthest + _vertex(score.max(axis=2), row)[0]
    level = score[:, farthest]
    column = level.argmax(axis=1)
    offset, bend = _vertex(level, column)
    peak = level[number, column]
    weight = np.minimum(bend / np.maximum(1 - peak, 1e-3), STRONGEST_WEIGHT)
    inside = (column > 0) & (column < level.shape[1] - 1)
    return along_y, column - farthest + offset, np.where(inside & (peak > LOWEST_ZNCC), weight, 0)


def _vertex(values: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of the maximum of each row between the samples, by a parabola, and its curvature."""
    number, place = np.arange(len(values)), np.clip(place, 1, values.shape[1] - 2)
    left, centre, right = (values[number, place + step] for step in (-1, 0, 1))
    return parabola_vertex(left, centre, right), np.maximum(2 * centre - left - right, 1e-6)


def _pooled(found: list[_Windows], own_shift: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Displacement and its expected error for each column in which windows were found."""
    column = np.concatenate([each.column for each in found])
    values = np.concatenate([each.along_x - shift for each, shift in zip(found, own_shift, strict=True)])
    weight = np.concatenate([each.weight for each in found])
    centres = [centre for centre in np.unique(column) if np.count_nonzero(column == centre) > 1]
    if len(centres) < FEWEST_COLUMNS:
        raise InputError("windows are found again in too few columns: the calibration fields have too few features. Give other fields")
    pooled = np.array([_robust_mean(values[column == centre], weight[column == centre]) for centre in centres])
    return np.array(centres), pooled[:, 0], pooled[:, 1]


def _robust_mean(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Mean with Huber's weights, and its expected error; every second window overlaps with its neighbour by half."""
    mean = weighted_median(values, weight)
    spread = SIGMA_PER_MEDIAN_DEVIATION * weighted_median(np.abs(values - mean), weight) + SMALLEST_ERROR_PX
    for _ in range(5):
        trusted = weight * np.minimum(1, HUBER * spread / np.maximum(np.abs(values - mean), 1e-9))
        mean = float((trusted * values).sum() / trusted.sum())
    variance = (trusted**2 * (values - mean) ** 2).sum() / trusted.sum() ** 2
    effective = trusted.sum() ** 2 / (trusted**2).sum()
    return mean, float(np.sqrt(OVERLAP * (variance * effective / max(effective - 1, 0.5) + SMALLEST_ERROR_PX**2)))


def _smooth_curve(basis: np.ndarray, column: np.ndarray, slow_px: np.ndarray, error_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest curve through the columns, and its expected error; neighbouring windows overlap by half along x too."""
    rows = basis[column.astype(int)]
    weight = 1 / (error_px**2 * OVERLAP)
    matrix = rows.T @ (weight[:, None] * rows)
    matrix += 1e-9 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    straight = np.linalg.lstsq(basis, np.polyval(np.polyfit(column, slow_px, 1), np.arange(len(basis))), rcond=None)[0]
    likeliest = likeliest_step(matrix, rows.T @ (weight * (slow_px - rows @ straight)), 1.0, straight, basis.shape[1])
    variance = np.einsum("uj,jk,uk->u", basis, likeliest.covariance, basis)
    return basis @ (straight + likeliest.step), np.sqrt(np.maximum(variance, 0))
