"""Curves fitted to all frames at once: least squares of the distances across every projected curve from the dark line there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rapidstem.lines.frame_curvature import curvature_across, frame_normals
from rapidstem.lines.line_coverage import CoveredFrames, SeriesEvidence
from rapidstem.lines.spline_curves import SplineCurve, bending

# In line widths: how far beside a curve its dark line is sought, and at what distance it counts half (simulated seeds 22 and 26).
OFFSETS_WIDTHS = np.linspace(-0.67, 0.67, 9)
SCALE_WIDTHS = 0.167
ALONG_SD_NM = 20.0
GROUP_NM, GROUP_FRAMES = 50.0, 8
LONGEST_STEP_NM = 8.0


@dataclass(frozen=True)
class FittedCurve:
    """A curve with the covariance of its coefficients.

    Attributes
    ----------
    curve : SplineCurve
    covariance_nm2 : np.ndarray, (3 m, 3 m)
        Of the coefficients, x, y, z of the first one first.
    """

    curve: SplineCurve
    covariance_nm2: np.ndarray

    def sigma_nm(self, along_nm: np.ndarray) -> np.ndarray:
        """Standard deviations (n, 3) of x, y, z across the line at places along it; what moves a point along its line is no error."""
        basis = self.curve.basis(along_nm)
        count = basis.shape[1]
        blocks = self.covariance_nm2.reshape(count, 3, count, 3)
        covariance = np.einsum("nj,jakb,nk->nab", basis, blocks, basis)
        tangent = self.curve.at(along_nm, 1)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        across = np.eye(3) - tangent[:, :, None] * tangent[:, None, :]
        return np.sqrt(np.maximum(np.einsum("nab,nbc,ncd->nad", across, covariance, across).diagonal(axis1=1, axis2=2), 0))


@dataclass(frozen=True)
class _Distances:
    """Where the dark line lies beside each point of a curve in each frame.

    Attributes
    ----------
    along_nm : (point,)
    offset_px, weight : (frame, point)
    by_place : (frame, point, 3) change of the offset in px by the point's x, y, z in nm
    """

    along_nm: np.ndarray
    offset_px: np.ndarray
    weight: np.ndarray
    by_place: np.ndarray


def fit_curves(curves: Sequence[SplineCurve], evidence: SeriesEvidence, curvature_sd: float, steps: int = 4) -> list[FittedCurve]:
    """Move curves to where all frames together show them.

    Parameters
    ----------
    curves : sequence of SplineCurve
        Within two thirds of a line width of their lines.
    evidence : SeriesEvidence
    curvature_sd : float
        Standard deviation of the curvature of such lines, in 1/nm; it keeps a curve smooth where the frames say nothing.
    steps : int
        Of Gauss and Newton.

    Returns
    -------
    list of FittedCurve
        The covariances hold what the residuals have in common along a line and in neighbouring frames.
    """
    fitted = list(curves)
    for _ in range(steps):
        covered = CoveredFrames(evidence, [curve.at(curve.samples_nm(evidence.step_nm)) for curve in fitted])
        found = [_distances(curve, evidence, covered, number) for number, curve in enumerate(fitted)]
        variance, inflation = _noise(found)
        systems = [_normal_equations(c, d, curvature_sd, variance * inflation) for c, d in zip(fitted, found, strict=True)]
        fitted = [_stepped(curve, *system) for curve, system in zip(fitted, systems, strict=True)]
    return [FittedCurve(curve, np.linalg.inv(matrix)) for curve, (matrix, _) in zip(fitted, systems, strict=True)]


def _distances(curve: SplineCurve, evidence: SeriesEvidence, covered: CoveredFrames, number: int) -> _Distances:
    along, width_px = curve.samples_nm(evidence.step_nm), 2 * evidence.curvature.scale_px
    places, offsets_px = evidence.places(curve.at(along)), OFFSETS_WIDTHS * width_px
    profile = np.stack([curvature_across(evidence.curvature, places, offset) for offset in offsets_px])
    best = np.clip(np.argmax(profile, axis=0), 1, len(offsets_px) - 2)
    left, top, right = (np.take_along_axis(profile, (best + side)[None], axis=0)[0] for side in (-1, 0, 1))
    bend = left - 2 * top + right
    part = np.clip(np.where(bend < 0, (left - right) / (2 * np.minimum(bend, -1e-9)), 0), -1, 1)
    offset = offsets_px[best] + part * (offsets_px[1] - offsets_px[0])
    good = places.seen & (top >= np.maximum(left, right)) & (evidence.likelihood(top) > 0)
    good &= covered.alone(number, places)
    normal_row, normal_column = frame_normals(places)
    by_height = normal_row / evidence.geometry.pixel_size_nm
    by_place = np.stack(
        [normal_column / evidence.geometry.pixel_size_nm, by_height * np.cos(places.tilt_rad), by_height * np.sin(places.tilt_rad)], axis=2
    )
    return _Distances(along, offset, good / (1 + (offset / (SCALE_WIDTHS * width_px)) ** 2), by_place)


def _noise(found: Sequence[_Distances]) -> tuple[float, float]:
    """Variance of one distance in px^2, and how many neighbouring ones count as one (variance of a group's sum over that of its parts)."""
    squares = weights = together = 0.0
    for each in found:
        residual = each.weight * each.offset_px
        squares += float(np.sum(residual * each.offset_px))
        weights += float(each.weight.sum())
        group = (np.arange(len(residual)) // GROUP_FRAMES)[:, None] * 10_000 + (each.along_nm // GROUP_NM).astype(int)
        sums = np.bincount(group.ravel(), residual.ravel())
        together += float(np.sum(sums**2)) - float(np.sum(residual**2))
    own = sum(float(np.sum((each.weight * each.offset_px) ** 2)) for each in found)
    return max(squares / max(weights, 1e-9), 1e-4), max(1.0, 1.0 + together / max(own, 1e-9))


def _normal_equations(curve: SplineCurve, found: _Distances, curvature_sd: float, variance_px2: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (3 m, 3 m) and right side (3 m,) of the step, in 1/nm^2 and 1/nm."""
    weight = found.weight / variance_px2
    blocks = np.einsum("fp,fpa,fpb->pab", weight, found.by_place, found.by_place)
    right = np.einsum("fp,fp,fpa->pa", weight, found.offset_px, found.by_place)
    basis, tangent = curve.basis(found.along_nm), curve.at(found.along_nm, 1)
    blocks += tangent[:, :, None] * tangent[:, None, :] / ALONG_SD_NM**2
    count = basis.shape[1]
    matrix = np.einsum("nj,nab,nk->jakb", basis, blocks, basis).reshape(3 * count, 3 * count)
    smooth = np.kron(bending(curve), np.eye(3)) / (curvature_sd**2 * 2 * GROUP_NM)
    pull = smooth @ curve.coefficients_nm.ravel()
    return matrix + smooth + 1e-6 * np.eye(3 * count), np.einsum("nj,na->ja", basis, right).ravel() - pull


def _stepped(curve: SplineCurve, matrix: np.ndarray, right: np.ndarray) -> SplineCurve:
    step = np.linalg.solve(matrix, right).reshape(-1, 3)
    return replace(curve, coefficients_nm=curve.coefficients_nm + np.clip(step, -LONGEST_STEP_NM, LONGEST_STEP_NM))
