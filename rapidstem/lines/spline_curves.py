"""Lines as cubic B-splines of their length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.dislocations import resampled, steps_along

# Cubic: continuous curvature, as line tension makes it.
DEGREE = 3
# A radius of 5 um, straight in any field: keeps the penalty finite where all traced lines are straight.
LEAST_CURVATURE_PER_NM = 2e-4


@dataclass(frozen=True)
class SplineCurve:
    """A cubic B-spline in space.

    Attributes
    ----------
    knots_nm : np.ndarray, (m + 4,)
        Knots along the line, the first and the last fourfold.
    coefficients_nm : np.ndarray, (m, 3)
    """

    knots_nm: np.ndarray
    coefficients_nm: np.ndarray

    @property
    def length_nm(self) -> float:
        """Range of the parameter."""
        return float(self.knots_nm[-1])

    def at(self, along_nm: np.ndarray, derivative: int = 0) -> np.ndarray:
        """Points (n, 3), or derivatives by the parameter."""
        return self.basis(along_nm, derivative) @ self.coefficients_nm

    def basis(self, along_nm: np.ndarray, derivative: int = 0) -> np.ndarray:
        """Values of the m basis functions, or of their derivatives, (n, m)."""
        spline = scipy.interpolate.BSpline(self.knots_nm, np.eye(len(self.coefficients_nm)), DEGREE)
        return np.asarray(spline(np.clip(along_nm, 0, self.length_nm), nu=derivative))

    def samples_nm(self, step_nm: float) -> np.ndarray:
        """Parameters (n,) about `step_nm` apart, the ends included."""
        return np.linspace(0, self.length_nm, max(4, round(self.length_nm / step_nm) + 1))


def curve_through(points_nm: np.ndarray, knot_nm: float, stiffness: float = 0.0) -> SplineCurve:
    """The spline nearest to a polyline, with knots about `knot_nm` apart.

    Parameters
    ----------
    points_nm : np.ndarray, (n, 3)
    knot_nm : float
    stiffness : float
        Weight of the integral of the squared second derivative, in nm^3, against the mean squared distance.
    """
    length = float(steps_along(points_nm)[-1])
    inner = np.linspace(0, length, max(2, round(length / knot_nm) + 1))
    knots = np.concatenate([[0.0] * DEGREE, inner, [length] * DEGREE])
    curve = SplineCurve(knots, np.zeros((len(inner) + DEGREE - 1, 3)))
    dense = resampled(points_nm, min(2.0, length / 20))
    basis = curve.basis(np.linspace(0, length, len(dense)))
    normal = basis.T @ basis / len(dense) + stiffness * bending(curve) + 1e-9 * np.eye(basis.shape[1])
    return SplineCurve(knots, np.linalg.solve(normal, basis.T @ dense / len(dense)))


def bending(curve: SplineCurve) -> np.ndarray:
    """Matrix (m, m) of the integral of the squared second derivative, exact (Gauss, two points between knots)."""
    spans = np.unique(curve.knots_nm)
    middle, half = (spans[1:] + spans[:-1]) / 2, np.diff(spans) / 2
    places = np.concatenate([middle - half / np.sqrt(3), middle + half / np.sqrt(3)])
    second = curve.basis(places, 2)
    return second.T @ (np.tile(half, 2)[:, None] * second)


def typical_curvature(lines: Sequence[np.ndarray], knot_nm: float) -> float:
    """Root mean square curvature of lines (n, 3), in 1/nm, the sharpest tenth left out, as splines with such knots show it."""
    curves = [curve_through(line, knot_nm) for line in lines]
    bends = [np.linalg.norm(curve.at(curve.samples_nm(knot_nm / 4), 2), axis=1) for curve in curves]
    bend = np.sort(np.concatenate(bends))
    return max(float(np.sqrt(np.mean(bend[: max(1, int(0.9 * len(bend)))] ** 2))), LEAST_CURVATURE_PER_NM)
