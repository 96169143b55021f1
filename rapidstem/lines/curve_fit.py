"""Curves fitted to all frames at once: least squares of the distances across every projected curve from the dark line there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from rapidstem.lines.evidence import CoveredFrames, SeriesEvidence, curvature_across, frame_normals
from rapidstem.lines.spline_curves import SplineCurve, bending
from rapidstem.thread_maps import mapped_by_threads

# In line widths: how far beside a curve its dark line is sought, and at what distance it counts half (simulated seeds 22 and 26).
OFFSETS_WIDTHS = np.linspace(-0.67, 0.67, 9)
SCALE_WIDTHS = 0.167
ALONG_SD_NM = 20.0
GROUP_NM, GROUP_FRAMES = 50.0, 8
LONGEST_STEP_NM = 8.0
# So many groups of residuals of all lines stand beside a line's own (seeds 22, 26 and 41, and four sessions of another microscope).
GROUPS_OF_ALL = 30
# Of the fixed point of the variance; each shrinks its error by the share of the parameters that are free.
VARIANCE_STEPS = 20


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
    sharpness : (frame, point) by how much the pull of a distance, its weight times itself, rises with it
    shown : (frame, point) share of the curve's length that a frame shows
    by_place : (frame, point, 3) change of the offset in px by the point's x, y, z in nm
    """

    along_nm: np.ndarray
    offset_px: np.ndarray
    weight: np.ndarray
    sharpness: np.ndarray
    shown: np.ndarray
    by_place: np.ndarray


@dataclass(frozen=True)
class _NormalEquations:
    """What the frames and what is known beforehand say of a step of the coefficients.

    Attributes
    ----------
    data, right : (3 m, 3 m) and (3 m,), of the distances, for a variance of 1 px^2
    known, pull : (3 m, 3 m) and (3 m,), of smooth lines, whose points do not move along them
    """

    data: np.ndarray
    right: np.ndarray
    known: np.ndarray
    pull: np.ndarray

    def information(self, variance_px2: float) -> np.ndarray:
        """Inverse covariance of the coefficients, in 1/nm^2."""
        return self.data / variance_px2 + self.known

    def slope(self, variance_px2: float) -> np.ndarray:
        """Right side of the step, in 1/nm."""
        return self.right / variance_px2 - self.pull

    def free(self, variance_px2: float) -> float:
        """How many parameters the distances decide, not what is known beforehand."""
        return float(np.trace(np.linalg.solve(self.information(variance_px2), self.data))) / variance_px2


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
        The covariances hold what the residuals have in common along a line and in neighbouring frames, that some lines are seen worse
        than others, that few frames are followed by a curve more closely than they are right, and that points of a line which is seen
        nearly end-on share their errors.
    """
    fitted = list(curves)
    for _ in range(steps):
        covered = CoveredFrames(evidence, [curve.at(curve.samples_nm(evidence.step_nm)) for curve in fitted])
        found = mapped_by_threads(partial(_distances, evidence, covered), evidence.threads, fitted, range(len(fitted)))
        systems = [_normal_equations(curve, each, curvature_sd) for curve, each in zip(fitted, found, strict=True)]
        variance = _distance_variance(found, systems)
        matrices = [system.information(variance) for system in systems]
        steps_nm = [np.linalg.solve(each, system.slope(variance)) for each, system in zip(matrices, systems, strict=True)]
        fitted = [_stepped(curve, step) for curve, step in zip(fitted, steps_nm, strict=True)]
    scatters = _scatters(found, fitted, variance)
    inverses = [np.linalg.inv(matrix) for matrix in matrices]
    return [
        FittedCurve(curve, inverse @ (scatter + system.known) @ inverse)
        for curve, inverse, scatter, system in zip(fitted, inverses, scatters, systems, strict=True)
    ]


def _distances(evidence: SeriesEvidence, covered: CoveredFrames, curve: SplineCurve, number: int) -> _Distances:
    along, width_px = curve.samples_nm(evidence.step_nm), 2 * evidence.curvature.scale_px
    places, offsets_px = evidence.places(curve.at(along)), OFFSETS_WIDTHS * width_px
    profile = curvature_across(evidence.curvature, places, offsets_px)
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
    shown = _shown_share(curve.at(along, 1), places.tilt_rad, width_px * evidence.geometry.pixel_size_nm)
    far = (offset / (SCALE_WIDTHS * width_px)) ** 2
    return _Distances(along, offset, good / (1 + far), good * (1 - far) / (1 + far) ** 2, shown, by_place)


def _shown_share(tangent: np.ndarray, tilt_rad: np.ndarray, width_nm: float) -> np.ndarray:
    """Share (frame, point) of a curve's length that a frame shows; seen end-on, a stretch with common errors still shows one line width."""
    along_row = tangent[:, 1] * np.cos(tilt_rad) + tangent[:, 2] * np.sin(tilt_rad)
    shown = np.hypot(tangent[:, 0], along_row) / np.maximum(np.linalg.norm(tangent, axis=1), 1e-9)
    return np.clip(shown, min(width_nm / GROUP_NM, 1.0), 1.0)


@dataclass(frozen=True)
class _GroupSums:
    """Sums over groups of distances that may share their errors, by line.

    Attributes
    ----------
    squares, weights : (line,) squares of the sums of the pulls (weight times offset, in px) and of the weights of its groups, summed
    """

    squares: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, found: Sequence[_Distances], stretch_nm: float) -> "_GroupSums":
        """Groups are stretches of a line in neighbouring frames."""
        sums = np.zeros((2, len(found)))
        for line, each in enumerate(found):
            group = (np.arange(len(each.weight)) // GROUP_FRAMES)[:, None] * 10_000 + (each.along_nm // stretch_nm).astype(int)
            parts = (each.weight * each.offset_px, each.weight)
            sums[:, line] = [np.sum(np.bincount(group.ravel(), part.ravel()) ** 2) for part in parts]
        return cls(*sums)


def _distance_variance(found: Sequence[_Distances], systems: Sequence[_NormalEquations]) -> float:
    """Variance in px^2 of distances of weight 1, if they were independent, that gives curves the covariance which they have.

    That of an M-estimator (Huber, Robust Statistics, 1981, ch. 7) whose residuals are independent between groups, each a stretch of a
    line in neighbouring frames. Residuals are smaller than errors, as the curve follows them: by the share of the groups that its free
    parameters use up (Harville, J. Am. Stat. Assoc. 72 (1977) 320), of which smoothness leaves the fewer the larger the variance is.
    """
    sums, weights = _GroupSums.of(found, GROUP_NM), sum(float(each.weight.sum()) for each in found)
    groups = weights**2 / max(sums.weights.sum(), 1e-9)
    raw = max(float(sums.squares.sum()) / max(weights, 1e-9) * _softness(found) ** 2, 1e-9)
    variance = raw
    for _ in range(VARIANCE_STEPS):
        free = sum(system.free(variance) for system in systems)
        variance = raw / max(1 - free / groups, 1 / groups)
    return variance


def _softness(found: Sequence[_Distances]) -> float:
    """By how much more a step of weighted least squares moves curves than pulls that fall with the distance do."""
    weights, sharpness = (sum(float(getattr(each, name).sum()) for each in found) for name in ("weight", "sharpness"))
    return weights / max(sharpness, 1e-9)


def _scatters(found: Sequence[_Distances], curves: Sequence[SplineCurve], variance_px2: float) -> list[np.ndarray]:
    """Covariances (3 m, 3 m) of the right sides of the normal equations, for distances of this variance.

    A line that a frame shows nearly end-on is a few pixels there, whose noise all of its points share: the variance of the sum of their
    pulls is larger by one over the share of the length that is shown. The variance of all pulls together stays what residuals say. The
    covariance of coefficients between two inverse information matrices is Huber's (Proc. Fifth Berkeley Symp. 1 (1967) 221).
    """
    weights = [each.weight / each.shown for each in found]
    part = sum(float(each.weight.sum()) for each in found) / max(sum(float(weight.sum()) for weight in weights), 1e-9)
    stretches = _GroupSums.of(found, GROUP_NM)
    shares, common = part * _line_shares(found, stretches) / variance_px2, _common_variance(found, stretches) / variance_px2**2
    return [
        share * _spread(curve.basis(each.along_nm), _point_blocks(each, weight)) + common * _common_scatter(curve, each)
        for curve, each, weight, share in zip(curves, found, weights, shares, strict=True)
    ]


def _line_shares(found: Sequence[_Distances], stretches: _GroupSums) -> np.ndarray:
    """Variance (line,) of each line's distances over that of all, which counts the less the more groups the line has itself.

    An empirical Bayes estimate (Efron & Morris, J. Am. Stat. Assoc. 70 (1975) 311): lines beside others, and faint ones, are seen worse.
    """
    groups = np.array([each.weight.sum() for each in found]) ** 2 / np.maximum(stretches.weights, 1e-9)
    own = stretches.squares / np.maximum(stretches.weights, 1e-9)
    of_all = stretches.squares.sum() / max(stretches.weights.sum(), 1e-9)
    return (GROUPS_OF_ALL + groups * own / max(of_all, 1e-9)) / (GROUPS_OF_ALL + groups)


def _common_variance(found: Sequence[_Distances], stretches: _GroupSums) -> float:
    """Variance in px^2 of what all distances of a line in neighbouring frames have in common, by the moments of their sums."""
    whole = _GroupSums.of(found, np.inf)
    squares, weights = (float((getattr(whole, name) - getattr(stretches, name)).sum()) for name in ("squares", "weights"))
    return max(squares, 0.0) / max(weights, 1e-9) * _softness(found) ** 2


def _common_scatter(curve: SplineCurve, found: _Distances) -> np.ndarray:
    """Covariance (3 m, 3 m) of the right side where all distances of a line in neighbouring frames are off by the same 1 px."""
    frames = np.arange(0, len(found.weight), GROUP_FRAMES)
    pulls = np.add.reduceat(found.weight[..., None] * found.by_place, frames, axis=0)
    sides = np.einsum("gpa,pj->gja", pulls, curve.basis(found.along_nm)).reshape(len(frames), -1)
    return sides.T @ sides


def _point_blocks(found: _Distances, weight: np.ndarray) -> np.ndarray:
    """Products (point, 3, 3) of the derivatives by x, y, z, summed over the frames with weights (frame, point)."""
    by_point = found.by_place.transpose(1, 2, 0)
    return by_point * weight.T[:, None] @ by_point.transpose(0, 2, 1)


def _normal_equations(curve: SplineCurve, found: _Distances, curvature_sd: float) -> _NormalEquations:
    right = np.einsum("fp,fp,fpa->pa", found.weight, found.offset_px, found.by_place)
    basis, tangent = curve.basis(found.along_nm), curve.at(found.along_nm, 1)
    held = tangent[:, :, None] * tangent[:, None, :] / ALONG_SD_NM**2
    smooth = np.kron(bending(curve), np.eye(3)) / (curvature_sd**2 * 2 * GROUP_NM)
    known = _spread(basis, held) + smooth + 1e-6 * np.eye(len(smooth))
    return _NormalEquations(
        _spread(basis, _point_blocks(found, found.weight)),
        np.einsum("nj,na->ja", basis, right).ravel(),
        known,
        smooth @ curve.coefficients_nm.ravel(),
    )


def _spread(basis: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Matrix (3 m, 3 m) of the coefficients from blocks (n, 3, 3) of points."""
    count = basis.shape[1]
    weighed = (blocks[..., None] * basis[:, None, None]).reshape(len(basis), -1)
    return (basis.T @ weighed).reshape(count, 3, 3, count).swapaxes(2, 3).reshape(3 * count, 3 * count)


def _stepped(curve: SplineCurve, step_nm: np.ndarray) -> SplineCurve:
    step = np.clip(step_nm.reshape(-1, 3), -LONGEST_STEP_NM, LONGEST_STEP_NM)
    return replace(curve, coefficients_nm=curve.coefficients_nm + step)
