"""How well the dislocation lines of a tilt series fix its angles, its shifts and its axis."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.tomography.alignment.bundle_adjustment import (
    Measurement,
    point_equations,
    prior_equations,
    reduced_equations,
    residuals_px,
)
from rapidstem.tomography.alignment.line_points import LinePoints, line_labels
from rapidstem.tomography.tilt_geometry import TiltGeometry

# Standard deviation of the average over frames of similar tilt: they see the same lines, and a jackknife variance of one frame scatters.
_NEIGHBOUR_FRAMES = 2


@dataclass(frozen=True)
class SeriesUncertainty:
    """Standard deviations of what the adjustment found, without what no frame can tell (zero of the angles, origin of the volume).

    Attributes
    ----------
    angle_rad : np.ndarray, (frame,)
        Not a number for frames that are not used.
    shift_px : np.ndarray, (frame, 2)
        The same.
    rotation_rad : float
    """

    angle_rad: np.ndarray
    shift_px: np.ndarray
    rotation_rad: float


def series_uncertainty(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> SeriesUncertainty:
    """Jackknife over the lines, each left out in turn with one Newton step, and what the priors are uncertain by where these decide.

    The points of a line share their errors, above all the distance of a dislocation's image from its core, which changes slowly with
    the tilt. Three things make the step and its variance honest: the curvature of the Cauchy loss is smaller than the weights of
    its reweighted least squares (`loss_curvature`); a few long lines carry most of the information, so that the variance of n
    contributions is divided by n - 1 with their effective number; and variances are averaged over the used frames of similar tilt, which
    see the same lines.

    Parameters
    ----------
    points : LinePoints
        Points on dislocations, after the adjustment.
    geometry : TiltGeometry
        As adjusted.
    measured : Measurement
        Matches and weights of the last step.

    References
    ----------
    B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM 1982); P. Huber, Robust Statistics (Wiley 1981), section 7.6;
    J. MacKinnon and H. White, J. Econometrics 29 (1985) 305.
    """
    by_lines, by_priors = _steps(points, geometry, measured)
    seen = np.flatnonzero(geometry.used)
    seen = seen[np.argsort(geometry.angle_rad[seen], kind="stable")]
    own_steps = [steps[:, :-1].reshape(len(steps), -1, 3)[:, seen] for steps in (by_lines, by_priors)]
    frame_steps = [_without_gauge(steps, geometry.angle_rad[seen]) for steps in own_steps]
    variance = _variance(frame_steps[0]) + np.sum(frame_steps[1] ** 2, axis=0)
    sigma = np.full((geometry.frames, 3), np.nan)
    sigma[seen] = np.sqrt(scipy.ndimage.gaussian_filter1d(variance, _NEIGHBOUR_FRAMES, axis=0, mode="nearest"))
    rotation = float(np.sqrt(_variance(by_lines[:, -1]) + np.sum(by_priors[:, -1] ** 2)))
    return SeriesUncertainty(sigma[:, 0], sigma[:, 1:], rotation)


def loss_curvature(residual_px: np.ndarray, scale_px: float) -> float:
    """Mean second derivative of the Cauchy loss over the mean weight of its reweighted least squares; 0.52 for normal residuals."""
    weight = 1 / (scale_px**2 + residual_px**2)
    return float(np.sum((scale_px**2 - residual_px**2) * weight**2) / np.sum(weight))


def _steps(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> tuple[np.ndarray, np.ndarray]:
    """How the unknowns of the series move when a line is left out, and with one standard deviation of each prior, (n, frame * 3 + 1)."""
    equations = point_equations(points, geometry, measured)
    prior, _ = prior_equations(geometry, measured)
    information, score = reduced_equations(equations)
    residual = residuals_px(points, geometry, measured.columns, measured.matches)
    curvature = max(loss_curvature(residual, measured.residual_px), 0.1)
    line = line_labels(points, measured.line_px)
    left_out = []
    for index in range(line.max() + 1):
        share, _ = reduced_equations(equations.of_points(line == index))
        left_out.append(np.linalg.solve(curvature * (information - share) + prior, score[line == index].sum(axis=0)))
    return np.array(left_out), np.linalg.solve(curvature * information + prior, np.sqrt(prior)).T


def _without_gauge(steps: np.ndarray, angle_rad: np.ndarray) -> np.ndarray:
    """Steps (line, frame, 3) without a common angle, without dy = a cos(tilt) + b sin(tilt), without a constant dx."""
    origin = np.column_stack([np.cos(angle_rad), np.sin(angle_rad)])
    free = steps - steps.mean(axis=1, keepdims=True)
    free[:, :, 1] = steps[:, :, 1] - (origin @ np.linalg.lstsq(origin, steps[:, :, 1].T, rcond=None)[0]).T
    return free


def _variance(steps: np.ndarray) -> np.ndarray:
    """Jackknife variance over the first axis, n / (n - 1) with the effective number of the lines that contribute."""
    square = steps**2
    effective = square.sum(axis=0) ** 2 / np.maximum((square**2).sum(axis=0), 1e-300)
    return square.sum(axis=0) * effective / np.maximum(effective - 1, 0.5)
