"""The joint fit of the map: one smooth curve for all rows and all fields at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.distortion.feature_matching import LONGEST_STEP_WIDTHS, NARROW, ROW_GROUPS, WIDE, Prediction, predict
from rapidstem.distortion.first_guess import FirstGuess
from rapidstem.distortion.map_estimate import MapEstimate
from rapidstem.distortion.random_curve import SETTLING_KNOTS, likeliest_step, spline_basis

# Smoothing and lengths of settling that are tried: coarse, fine, and fine with the exponential.
PASSES = (*4 * ((WIDE, ()),), *4 * ((NARROW, ()),), *4 * ((NARROW, SETTLING_KNOTS),))


@dataclass(frozen=True)
class _Fit:
    coefficients: np.ndarray
    shift_px: np.ndarray
    covariance: np.ndarray


def fit_spline(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], guess: FirstGuess) -> MapEstimate:
    """Fit one cubic spline, common to all fields, and one shift a field by Gauss-Newton steps to the features of all rows.

    Parameters
    ----------
    references
        DCFI references (y, x) of one shape, NaN where unseen.
    slow_images
        Slow images (y, x) of the same fields with pixels of the same size.
    guess
        Where to start; the mean shift of the fields in x stays what it is there.

    Returns
    -------
    estimate : with the expected error of each column from the scatter between bands of rows
    """
    basis = spline_basis(references[0].shape[1])
    size = basis.shape[1]
    fit = _Fit(np.linalg.lstsq(basis, guess.slow_px, rcond=None)[0], guess.shift_px, np.zeros((size, size)))
    for smoothing, lengths in PASSES:
        fit = _gauss_newton_step(references, slow_images, basis, fit, smoothing, lengths, guess.feature_px)
    variance = np.einsum("uj,jk,uk->u", basis, fit.covariance, basis)
    return MapEstimate(basis @ fit.coefficients, np.sqrt(np.maximum(variance, 0)))


def _gauss_newton_step(
    references: Sequence[np.ndarray],
    slow_images: Sequence[np.ndarray],
    basis: np.ndarray,
    fit: _Fit,
    smoothing: float,
    settling_knots: Sequence[float],
    feature_px: int,
) -> _Fit:
    """One step for spline coefficients, row shifts and column shifts together; the column shifts keep their mean."""
    size, fields = basis.shape[1], len(references)
    matrix, shown = np.zeros((size + 2 * fields, size + 2 * fields)), np.zeros(basis.shape[0], bool)
    gradients = np.zeros((fields, ROW_GROUPS, size + 2 * fields))
    for field, (reference, slow_image) in enumerate(zip(references, slow_images, strict=True)):
        row_px = np.arange(reference.shape[0]) + fit.shift_px[field, 0]
        column_px = basis @ fit.coefficients + fit.shift_px[field, 1]
        prediction = predict(reference, slow_image, row_px, column_px, smoothing, feature_px)
        own = np.concatenate([np.arange(size), [size + field, size + fields + field]])
        part, groups = _normal_equations(prediction, basis)
        matrix[np.ix_(own, own)] += part
        gradients[field][:, own] = groups
        shown |= prediction.slope_x.any(axis=0)
    matrix[size + fields :, size + fields :] += np.trace(matrix[:size, :size]) / size
    matrix += 1e-9 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    unknowns = np.concatenate([fit.coefficients, np.zeros(2 * fields)])
    gradients = gradients.reshape(-1, unknowns.size)
    likeliest = likeliest_step(matrix, gradients.sum(axis=0), _noise(matrix, gradients), unknowns, size, settling_knots)
    moved = np.concatenate([basis[shown] @ likeliest.step[:size], likeliest.step[size:]])
    step = likeliest.step * min(1.0, LONGEST_STEP_WIDTHS * feature_px / np.abs(moved).max())
    shift = fit.shift_px + step[size:].reshape(2, fields).T
    return _Fit(fit.coefficients + step[:size], shift, likeliest.covariance[:size, :size])


def _noise(matrix: np.ndarray, gradients: np.ndarray) -> float:
    """Noise of the images from the scatter of the gradients between groups of rows, which knows of correlated noise too."""
    centred = gradients - gradients.mean(axis=0)
    groups = len(gradients)
    return float(np.trace(np.linalg.solve(matrix, centred.T @ centred)) / len(matrix) * groups / (groups - 1))


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
