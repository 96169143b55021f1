"""The map before it is measured: a random smooth curve that settles exponentially, whose smoothness the data choose."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

# Of the spline over the width: an exponential that settles over 0.15 of it, the shortest tried, needs two knots and more.
INTERVALS = 16
# Tried and weighed by their likelihoods, in units of the data's own strength: from a straight line to free knots.
ROUGHNESSES = np.logspace(-5, 1, 25)
# In knots: over a longer way without data the curve runs out straight.
STRAIGHTENING_KNOTS = 4.0
# Lengths of settling that are tried, a factor of 1.6 apart: 0.15 to 1.5 of the width.
SETTLING_KNOTS = (2.4, 3.8, 6.0, 9.5, 15.0, 24.0)


@dataclass(frozen=True)
class CurveStep:
    """A step towards the most likely curve.

    Attributes
    ----------
    step : (unknown,)
        Change of the unknowns.
    covariance : (unknown, unknown)
        Of the unknowns after the step.
    """

    step: np.ndarray
    covariance: np.ndarray


def spline_basis(columns: int) -> np.ndarray:
    """Cubic B-splines (column, coefficient) on evenly spaced knots over all columns."""
    spacing = (columns - 1) / INTERVALS
    knots = np.arange(-3, INTERVALS + 4) * spacing
    return scipy.interpolate.BSpline.design_matrix(np.arange(columns), knots, 3, extrapolate=True).toarray()


def likeliest_step(
    matrix: np.ndarray,
    gradient: np.ndarray,
    noise: float,
    unknowns: np.ndarray,
    coefficients: int,
    settling_knots: Sequence[float] = SETTLING_KNOTS,
) -> CurveStep:
    """Step of a least-squares problem under the smoothness that makes the data most likely.

    After the fly-back the scan settles exponentially. The curve is therefore an L-spline (Heckman and Ramsay, Can. J. Statist. 28
    (2000) 241): its random part are the differences that a straight line and one exponential leave over. Their variance, and the
    length in which the exponential settles (at the line start or at the line end; infinite: a parabola), are unknown. All are tried, and
    the steps are averaged with the marginal likelihoods as weights (MacKay, Neural Computation 4 (1992) 415), so that the covariance holds
    what is not known about the smoothness too.

    Parameters
    ----------
    matrix, gradient : (unknown, unknown)
        (unknown,) of the normal equations, not divided by the noise.
    noise
        Variance by which the normal equations are to be divided.
    unknowns : (unknown,)
        Their values before the step; the spline's coefficients come first.
    coefficients
        Number of the spline's coefficients.
    settling_knots
        The lengths to be tried besides an infinite one, in distances between knots; none: `straightening_operator` alone.
    """
    strength = np.trace(matrix) / len(matrix)
    steps, covariances, evidences = [], [], []
    for operator in _settling_operators(coefficients, settling_knots):
        penalty = np.zeros_like(matrix)
        penalty[:coefficients, :coefficients] = operator.T @ operator
        volume = np.linalg.slogdet(operator @ operator.T)[1]
        for roughness in ROUGHNESSES * strength:
            damped = matrix + roughness * penalty
            inverse = np.linalg.inv(damped)
            step = inverse @ (gradient - roughness * penalty @ unknowns)
            smooth = unknowns + step
            misfit = step @ matrix @ step - 2 * gradient @ step + roughness * smooth @ penalty @ smooth
            evidences.append(len(operator) * np.log(roughness) + volume - np.linalg.slogdet(damped)[1] - misfit / noise)
            steps.append(step)
            covariances.append(noise * inverse)
    return _averaged(np.array(steps), np.array(covariances), np.array(evidences))


def straightening_operator(coefficients: int) -> np.ndarray:
    """Operator (coefficient - 2, coefficient) whose squares are third differences and weaker second ones.

    Where nothing is measured the curve then runs out towards a straight line: the safe choice far from the answer.

    Parameters
    ----------
    coefficients
        Of the spline.

    Returns
    -------
    (coefficient - 2, coefficient)
        Upper trapezoidal.
    """
    bends = np.diff(np.eye(coefficients), n=2, axis=0)
    both = np.concatenate([np.diff(bends, axis=0), bends / STRAIGHTENING_KNOTS])
    return np.asarray(np.linalg.qr(both, mode="r"))[: len(bends)]


def _averaged(steps: np.ndarray, covariances: np.ndarray, evidences: np.ndarray) -> CurveStep:
    weight = np.exp((evidences - evidences.max()) / 2)
    weight /= weight.sum()
    mean = weight @ steps
    scatter = steps - mean
    return CurveStep(mean, np.tensordot(weight, covariances, axes=1) + scatter.T @ (weight[:, None] * scatter))


def _settling_operators(coefficients: int, settling_knots: Sequence[float]) -> list[np.ndarray]:
    """Operators (coefficient - 3, coefficient) that a straight line and an exponential of one length annihilate."""
    bends = np.diff(np.eye(coefficients), n=2, axis=0)
    if not settling_knots:
        return [straightening_operator(coefficients)]
    lengths = np.array(settling_knots)
    decays = np.exp(np.concatenate([-1 / lengths, [0.0], 1 / lengths]))
    return [bends[1:] - decay * bends[:-1] for decay in decays]
