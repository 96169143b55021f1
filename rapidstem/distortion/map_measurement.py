"""Measurement of the scan distortion on calibration fields: one smooth monotone map, fitted to all rows and fields at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

from rapidstem.distortion.coarse_columns import ColumnMatches, match_columns
from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.feature_matching import Prediction, predict
from rapidstem.distortion.image_warping import match_pixel_size
from rapidstem.errors import InputError

KNOT_SHARE = 1 / 16
STRAIGHTENING_KNOTS = 4.0
COARSE_ROUGHNESS = 1e-2
ROUGHNESS_RANGE = np.logspace(-5, 1, 31)
SMOOTHINGS_PX = (2.5, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
LONGEST_STEP_PX = 2.0
ROW_GROUPS = 16
SMALLEST_MATCHED_SHARE = 0.5
LOWEST_CORRELATION = 0.25
LARGEST_UNCERTAINTY_PX = 0.5
SMALLEST_SLOPE = 0.05


@dataclass(frozen=True)
class _Fit:
    coefficients: np.ndarray
    row_shift_px: np.ndarray
    column_shift_px: np.ndarray
    covariance: np.ndarray
    correlation: np.ndarray


def measure_map(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], pixel_ratio: float = 1.0) -> tuple[ColumnMap, float]:
    """Measure the map from columns of rapid frames to columns of the slow image.

    One cubic spline, common to all fields, and one shift for each field are fitted by Gauss-Newton steps to the features of all
    rows (Ihara et al. fit strips, one after the other; here no strip decides). Brightness, contrast and background of the images
    do not matter. Columns that no slow image shows are extrapolated with the smoothest curve. The mean displacement by the
    detector's lag and the mean shift of the fields in x are part of the map.

    Parameters
    ----------
    references : DCFI references (y, x) in rapid geometry, all of one shape, NaN where unseen
    slow_images : slow images (y, x) of the same fields, in the same order
    pixel_ratio : pixel size of the slow images over that of the rapid frames

    Returns
    -------
    column_map : one row for each column of a rapid frame
    residual_px : expected error of the map along x, rms over its columns, from the scatter between bands of rows

    Raises
    ------
    InputError
        where a field has too few features, or its slow image shows another field
    """
    if len(references) == 0 or len(references) != len(slow_images):
        raise InputError(f"{len(references)} rapid references and {len(slow_images)} slow images: give one slow image for each reference")
    slow = [match_pixel_size(image, pixel_ratio) for image in slow_images]
    columns = references[0].shape[1]
    basis = _spline_basis(columns)
    matches = [_checked_matches(number, *pair) for number, pair in enumerate(zip(references, slow, strict=True))]
    fit = _refined(references, slow, basis, _first_fit(matches, basis))
    _check_fit(fit, basis)
    uncertainty = np.sqrt(np.einsum("uj,jk,uk->u", basis, fit.covariance, basis))
    return _monotone_map(basis @ fit.coefficients), float(np.sqrt((uncertainty**2).mean()))


def _spline_basis(columns: int) -> np.ndarray:
    """Cubic B-splines (column, coefficient) on evenly spaced knots over all columns."""
    intervals = max(4, round(1 / KNOT_SHARE))
    spacing = (columns - 1) / intervals
    knots = np.arange(-3, intervals + 4) * spacing
    return BSpline.design_matrix(np.arange(columns), knots, 3, extrapolate=True).toarray()


def _roughness(count: int) -> np.ndarray:
    """Penalty on third differences, and a weaker one on second differences, so that extrapolated columns run out straight."""
    third, second = (np.diff(np.eye(count), n=order, axis=0) for order in (3, 2))
    return third.T @ third + second.T @ second / STRAIGHTENING_KNOTS**2


def _checked_matches(number: int, reference: np.ndarray, slow_image: np.ndarray) -> ColumnMatches:
    found = match_columns(reference, slow_image)
    share = found.reliable.mean()
    if share < SMALLEST_MATCHED_SHARE:
        raise InputError(
            f"calibration field {number + 1}: only {share:.0%} of the columns of the rapid image are found in the slow image; the field "
            "has too few features, or the slow image shows another field. Give another pair"
        )
    return found


def _first_fit(matches: list[ColumnMatches], basis: np.ndarray) -> _Fit:
    columns = np.arange(basis.shape[0])
    maps = np.array([basis @ _robust_spline(found, basis) for found in matches])
    offsets = np.median(maps - maps[0], axis=1)
    offsets -= offsets.mean()
    common = np.median(maps - offsets[:, None], axis=0)
    coefficients = np.linalg.lstsq(basis, common, rcond=None)[0]
    rows = np.array([found.row_shift_px for found in matches], dtype=float)
    size = basis.shape[1]
    return _Fit(coefficients, rows, offsets, np.zeros((size, size)), np.zeros(columns.size))


def _robust_spline(found: ColumnMatches, basis: np.ndarray) -> np.ndarray:
    good = found.reliable
    rows = np.stack([np.interp(found.rapid_px[good], np.arange(len(basis)), column) for column in basis.T], axis=1)
    weight = found.score[good]
    penalty = COARSE_ROUGHNESS * weight.sum() * _roughness(basis.shape[1])
    coefficients = np.zeros(basis.shape[1])
    for _ in range(6):
        coefficients = np.linalg.solve(rows.T @ (weight[:, None] * rows) + penalty, rows.T @ (weight * found.slow_px[good]))
        error = found.slow_px[good] - rows @ coefficients
        spread = 1.4826 * np.median(np.abs(error)) + 0.3
        weight = found.score[good] / (1 + (error / (2 * spread)) ** 2)
    return coefficients


def _refined(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], basis: np.ndarray, fit: _Fit) -> _Fit:
    for smoothing in SMOOTHINGS_PX:
        fit = _gauss_newton_step(references, slow_images, basis, fit, smoothing)
    return fit


def _gauss_newton_step(
    references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], basis: np.ndarray, fit: _Fit, smoothing_px: float
) -> _Fit:
    """One step for spline coefficients, row shifts and column shifts together; the column shifts keep a mean of zero."""
    size, fields = basis.shape[1], len(references)
    matrix = np.zeros((size + 2 * fields, size + 2 * fields))
    gradients = np.zeros((fields, ROW_GROUPS, size + 2 * fields))
    correlations = np.zeros(fields)
    for field, (reference, slow_image) in enumerate(zip(references, slow_images, strict=True)):
        row_px = np.arange(reference.shape[0]) + fit.row_shift_px[field]
        column_px = basis @ fit.coefficients + fit.column_shift_px[field]
        prediction = predict(reference, slow_image, row_px, column_px, smoothing_px)
        own = np.concatenate([np.arange(size), [size + field, size + fields + field]])
        part, groups = _normal_equations(prediction, basis)
        matrix[np.ix_(own, own)] += part
        gradients[field][:, own] = groups
        correlations[field] = prediction.correlation
    penalty = np.zeros_like(matrix)
    penalty[:size, :size] = _roughness(size)
    matrix[size + fields :, size + fields :] += np.trace(matrix[:size, :size]) / size
    unknowns = np.concatenate([fit.coefficients, np.zeros(2 * fields)])
    step, covariance = _likeliest_step(matrix, gradients.reshape(-1, unknowns.size), penalty, unknowns)
    step = np.clip(step, -LONGEST_STEP_PX, LONGEST_STEP_PX)
    return _Fit(
        fit.coefficients + step[:size],
        fit.row_shift_px + step[size : size + fields],
        fit.column_shift_px + step[size + fields :],
        covariance[:size, :size],
        correlations,
    )


def _normal_equations(prediction: Prediction, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and, for groups of neighbouring rows, gradients for the coefficients, the row and the column shift."""
    along_x, along_y = prediction.slope_x, prediction.slope_y
    curvature, mixed = (along_x**2).sum(axis=0), (along_x * along_y).sum(axis=0)
    spline = basis.T @ (curvature[:, None] * basis)
    to_rows, to_columns = basis.T @ mixed, basis.T @ curvature
    matrix = np.block(
        [
            [spline, to_rows[:, None], to_columns[:, None]],
            [to_rows[None, :], np.array([[(along_y**2).sum(), mixed.sum()]])],
            [to_columns[None, :], np.array([[mixed.sum(), curvature.sum()]])],
        ]
    )
    bands = np.array_split(np.arange(along_x.shape[0]), ROW_GROUPS)
    by_column = np.array([(along_x[band] * prediction.difference[band]).sum(axis=0) for band in bands])
    by_row = np.array([(along_y[band] * prediction.difference[band]).sum() for band in bands])
    return matrix, np.concatenate([by_column @ basis, by_row[:, None], by_column.sum(axis=1, keepdims=True)], axis=1)


def _likeliest_step(matrix: np.ndarray, gradients: np.ndarray, penalty: np.ndarray, unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Step and covariance under the smoothness that makes the images most likely.

    The map is a random curve whose third differences are normal with an unknown variance; the variance with the highest marginal
    likelihood is taken (type-II maximum likelihood; MacKay, Neural Computation 4 (1992) 415). The noise of the images is measured
    by the scatter of the gradients between groups of rows.
    """
    strength = np.trace(matrix) / len(matrix)
    matrix = matrix + 1e-9 * strength * np.eye(len(matrix))
    centred = gradients - gradients.mean(axis=0)
    noise = np.trace(np.linalg.solve(matrix, centred.T @ centred)) / len(matrix) * len(gradients) / (len(gradients) - 1)
    gradient, rank = gradients.sum(axis=0), np.linalg.matrix_rank(penalty)
    best = (-np.inf, unknowns, matrix)
    for roughness in ROUGHNESS_RANGE * strength:
        damped = matrix + roughness * penalty
        step = np.linalg.solve(damped, gradient - roughness * penalty @ unknowns)
        smooth = unknowns + step
        misfit = step @ matrix @ step - 2 * gradient @ step + roughness * smooth @ penalty @ smooth
        evidence = rank * np.log(roughness) - np.linalg.slogdet(damped)[1] - misfit / noise
        if evidence > best[0]:
            best = (evidence, step, noise * np.linalg.inv(damped))
    return best[1], best[2]


def _check_fit(fit: _Fit, basis: np.ndarray) -> None:
    poor = int(np.argmin(fit.correlation))
    if fit.correlation[poor] < LOWEST_CORRELATION:
        raise InputError(
            f"calibration field {poor + 1}: rapid and slow image correlate by {fit.correlation[poor]:.2f} only after the fit; the slow "
            "image shows another field, or the field has too few features. Give another pair"
        )
    uncertainty = np.sqrt(np.einsum("uj,jk,uk->u", basis, fit.covariance, basis))
    inner = uncertainty[len(uncertainty) // 8 : -len(uncertainty) // 8]
    if inner.max() > LARGEST_UNCERTAINTY_PX:
        column = int(np.argmax(inner)) + len(uncertainty) // 8
        raise InputError(
            f"the calibration fields have too few features around column {column}: the map would be uncertain by {inner.max():.1f} px "
            "there. Add a calibration field with features at these columns"
        )


def _monotone_map(slow_px: np.ndarray) -> ColumnMap:
    if np.diff(slow_px).min() < SMALLEST_SLOPE:
        column = int(np.argmin(np.diff(slow_px)))
        raise InputError(f"the measured map runs backwards at column {column}: the calibration fields have too few features there")
    return ColumnMap(np.arange(slow_px.size), slow_px)
