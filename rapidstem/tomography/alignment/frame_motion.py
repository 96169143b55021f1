"""Motion within the frames of a tilt series: mains vibration, measured as sinusoids whose phases are others in every frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy

from rapidstem.tomography.alignment.bundle_adjustment import Measurement, derivatives, project_positions
from rapidstem.tomography.alignment.line_points import LinePoints, line_labels
from rapidstem.tomography.frame_ridges import RidgePoints
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

MOTION_COLUMNS = [
    *["frame", "frequency_hz", "cosine_dy_px", "cosine_dx_px", "sine_dy_px", "sine_dx_px"],
    *["dy_sigma_px", "dx_sigma_px"],
]
# Those of the world's public grids; both are tried.
MAINS_HZ = (50.0, 60.0)
HARMONICS = np.array([1.0, 2.0, 3.0])
# In a frame: a slow sinusoid bends as the motion of a stage that shakes at a few to some ten hertz.
SLOW_PERIODS = 0.75

# Of expectation and maximisation, after each of which the weights are set anew; the first ones only bring the weights near.
_STEPS = (1, 1, 1, 30, 60)
# Where the variances start, in pixels: they end where the frames say.
_FIRST_PX = 0.5
_LEAST_VARIANCE_PX2 = 1e-8
# Of a Cauchy loss that is 95 % efficient for normal errors (Holland and Welsch 1977).
_CAUCHY = 2.385
# Of the motion and of the usual distances, which need each other.
_ROUNDS = 4
# On either side in tilt; the distance of a line's image from its core hardly changes over so many frames.
_NEIGHBOURS = 4
# Natural units of evidence; eight variances are chosen to fit, each of which gains about one unit by chance.
_LEAST_EVIDENCE = 12.0
# Less than a thirtieth of a line's width does no harm; on drawn series at rest the distances of dark lines from their cores pass for a
# sixtieth to a fifteenth of it.
_LEAST_MOTIONS_A_WIDTH = 30


@dataclass(frozen=True)
class FrameMotion:
    """Sinusoidal motion of the specimen while frames are scanned.

    Attributes
    ----------
    frequency_hz : np.ndarray, (harmonic,)
    amplitude_px : np.ndarray, (frame, harmonic, 2, 2)
        Of cosine and sine, the time counted from the frame's first line; dy and dx.
    sigma_px : np.ndarray, (frame, 2)
        Expected error of dy and dx, root mean square over the lines.
    line_time_s : float
    lines : int
        Scan lines of a frame.
    slow_scan : {"rows", "columns"}
        What is scanned one after the other.
    """

    frequency_hz: np.ndarray
    amplitude_px: np.ndarray
    sigma_px: np.ndarray
    line_time_s: float
    lines: int
    slow_scan: str

    def at(self, frame: np.ndarray, line_px: np.ndarray) -> np.ndarray:
        """Displacement (n, 2), (dy, dx) in pixels, in scan lines (n,) of frames (n,), against the frame on average."""
        turns = _turns(self.frequency_hz * self.line_time_s, line_px, self.lines)
        return np.einsum("nhk,nhkd->nd", turns, self.amplitude_px[frame])

    def line_shifts_px(self) -> np.ndarray:
        """Displacement (dy, dx) of every scan line of every frame, (frame, line, 2)."""
        turns = _turns(self.frequency_hz * self.line_time_s, np.arange(self.lines), self.lines)
        return np.einsum("lhk,fhkd->fld", turns, self.amplitude_px)

    @property
    def rms_px(self) -> np.ndarray:
        """Root mean squares (dy, dx) of the displacement over all scan lines, in pixels."""
        return np.sqrt(np.mean(self.line_shifts_px() ** 2, axis=(0, 1)))

    def table(self) -> pd.DataFrame:
        """One row a frame and frequency (`MOTION_COLUMNS`)."""
        frames, harmonics = self.amplitude_px.shape[:2]
        amplitude = self.amplitude_px.reshape(frames * harmonics, 4)
        sigma = np.repeat(self.sigma_px, harmonics, axis=0)
        numbers = np.repeat(np.arange(frames), harmonics), np.tile(self.frequency_hz, frames)
        return pd.DataFrame(dict(zip(MOTION_COLUMNS, [*numbers, *amplitude.T, *sigma.T], strict=True)))

    def taken_out(self, ridges: Sequence[RidgePoints]) -> list[RidgePoints]:
        """The lines of every frame where they would lie without the motion."""
        moved = []
        for number, each in enumerate(ridges):
            line_px = each.position_px[:, 0 if self.slow_scan == "rows" else 1]
            moved.append(replace(each, position_px=each.position_px - self.at(np.full(len(line_px), number), line_px)))
        return moved


def _turns(per_line: np.ndarray, line_px: np.ndarray, lines: int) -> np.ndarray:
    """Cosine and sine (n, harmonic, 2) in scan lines, without their means over a frame; `per_line` periods pass from line to line."""

    def waves(line: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * np.asarray(line, float)[:, None] * per_line
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1)

    return waves(line_px) - waves(np.arange(lines)).mean(axis=0)


def motion_within_frames(
    points: LinePoints, geometry: TiltGeometry, measured: Measurement, known: FrameMotion | None
) -> FrameMotion | None:
    """Measure by how much each scan line shows the specimen displaced, from the distances of projected points from their lines.

    The motion of a frame is a sum of sinusoids of the mains frequency, 50 or 60 Hz, of two harmonics and of a slow one, in y and in x: a
    frame lasts few periods, so that its sixteen amplitudes, its tilt and its shift are estimated together. How large amplitudes are is
    learnt from all frames at once (empirical Bayes: expectation and maximisation), so that noise moves nothing where nothing moves.

    Parameters
    ----------
    points : LinePoints
    geometry : TiltGeometry
        With the times of the lines.
    measured : Measurement
        Its matches without the motion known so far.
    known : FrameMotion or None
        What was taken out of the lines before.

    Returns
    -------
    FrameMotion or None
        None where the frames do not speak for any motion, or the times of their lines are not known.

    References
    ----------
    N. Laird and J. Ware, Biometrics 38 (1982) 963.
    """
    if geometry.time_s is None or geometry.line_time_s is None or not len(measured.matches.frame):
        return None
    slow_hz = SLOW_PERIODS / (geometry.scan_lines * geometry.line_time_s)
    found = [_fitted(points, geometry, measured, known, np.append(slow_hz, mains_hz * HARMONICS)) for mains_hz in MAINS_HZ]
    evidence, motion = max(found, key=lambda each: each[0])
    harms = np.hypot(*motion.rms_px) > measured.line_px / _LEAST_MOTIONS_A_WIDTH
    return motion if evidence > _LEAST_EVIDENCE and harms else None


def _fitted(
    points: LinePoints, geometry: TiltGeometry, measured: Measurement, known: FrameMotion | None, frequency_hz: np.ndarray
) -> tuple[float, FrameMotion]:
    """What the frames say for motion of these frequencies, in natural units, and the motion."""
    matches, line_time_s = measured.matches, geometry.line_time_s or 0.0
    lines = geometry.scan_lines
    # The ridges were moved by what is known: their lines in the raw frames lie within a fraction of a pixel of this.
    line_px = matches.ridge_px[:, 0 if geometry.slow_scan == "rows" else 1]
    residual, by_series, _ = derivatives(points, geometry, measured)
    explained = np.zeros(len(residual)) if known is None else np.sum(matches.normal * known.at(matches.frame, line_px), axis=1)
    distance = explained - residual
    turns = _turns(frequency_hz * line_time_s, line_px, lines)
    design = np.einsum("nhk,nd->ndhk", turns, matches.normal).reshape(len(distance), -1)
    design = np.concatenate([design, by_series[:, :3]], axis=1)
    prior = np.array([measured.reported_sigma_rad, measured.shift_px, measured.shift_px]) ** 2
    lines_of_points = line_labels(points, measured.line_px)
    cells = matches.frame * (lines_of_points.max() + 1) + lines_of_points[matches.point]
    for _ in range(_ROUNDS):
        usual = _usual_distance(distance - explained, points, geometry, measured)
        problem = _Problem(design, distance - usual, measured.residual_px, matches.frame, geometry.frames, cells)
        amplitude, covariance, evidence = _estimated(problem, prior)
        explained = np.sum(design[:, : -len(prior)] * amplitude[matches.frame], axis=1)
    shaped = _without_common(amplitude, geometry.angle_rad, np.unique(matches.frame)).reshape(-1, 2, len(frequency_hz), 2)
    mean_square = np.mean(_turns(frequency_hz * line_time_s, np.arange(lines), lines) ** 2, axis=0)
    variance = np.einsum("fdhk,hk->fd", np.diagonal(covariance, axis1=1, axis2=2).reshape(shaped.shape), mean_square)
    motion = FrameMotion(frequency_hz, np.moveaxis(shaped, 1, 3), np.sqrt(variance), line_time_s, lines, geometry.slow_scan)
    return evidence, motion


def _without_common(amplitude: np.ndarray, angle_rad: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Amplitudes (frame, n) without what all frames share, constant or as a cosine or sine of the tilt: that looks like a bent specimen."""
    shared = np.column_stack([np.ones(len(frames)), np.cos(angle_rad[frames]), np.sin(angle_rad[frames])])
    left = np.zeros_like(amplitude)
    left[frames] = amplitude[frames] - shared @ np.linalg.lstsq(shared, amplitude[frames], rcond=None)[0]
    return left


def _usual_distance(distance: np.ndarray, points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> np.ndarray:
    """Mean distance of each match's point from its line in the frames of similar tilt, (match,).

    The dark image of a dislocation lies beside its core, by a distance that changes slowly with the tilt; vibration is another in each
    frame.
    """
    matches = measured.matches
    _, tilt = project_positions(points.position_px, geometry, measured.columns)
    tangent, at = points.tangent[matches.point], tilt[matches.frame, matches.point]
    along_row, along_column = turned(tangent[:, 1] * np.cos(at) + tangent[:, 2] * np.sin(at), tangent[:, 0], geometry.axis_rotation_rad)
    side = np.where(matches.normal[:, 0] * along_column - matches.normal[:, 1] * along_row < 0, -1.0, 1.0)
    place = np.argsort(np.argsort(geometry.angle_rad, kind="stable"))[matches.frame]
    total, count = np.zeros((2, geometry.frames, len(points.position_px)))
    total[place, matches.point], count[place, matches.point] = side * distance, 1
    window = np.ones(2 * _NEIGHBOURS + 1)
    window[_NEIGHBOURS] = 0
    total, count = (scipy.ndimage.convolve1d(each, window, axis=0, mode="constant") for each in (total, count))
    return side * (total / np.maximum(count, 1))[place, matches.point]


@dataclass(frozen=True)
class _Problem:
    """Distances `missing` (match,) that the columns of `design` (match, n) should explain in each frame, up to errors of `scale_px`."""

    design: np.ndarray
    missing: np.ndarray
    scale_px: float
    frame: np.ndarray
    frames: int
    line: np.ndarray

    def equations(self, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Normal equations (frame, n, n) and (frame, n), with the weights (Cauchy) of what an estimate (frame, n) leaves.

        Both are divided by the number of neighbours that count as one.
        """
        left = self.missing - np.sum(self.design * estimate[self.frame], axis=1)
        weight = 1 / (self.scale_px**2 + (left / _CAUCHY) ** 2)
        overcount = max(1.0, float(np.sum(np.bincount(self.line, weight * left) ** 2) / np.sum((weight * left) ** 2)))
        weight /= overcount
        size = self.design.shape[1]
        matrix, right = np.zeros((self.frames, size, size)), np.zeros((self.frames, size))
        for number in np.unique(self.frame):
            own = self.frame == number
            matrix[number] = self.design[own].T @ (weight[own, None] * self.design[own])
            right[number] = self.design[own].T @ (weight[own] * self.missing[own])
        return matrix, right


def _estimated(problem: _Problem, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Amplitudes (frame, n), their covariances (frame, n, n) and the evidence for them.

    The last columns of the design, tilt and shift, have known variances; those of the others are learnt, one for the cosine and sine of
    each frequency and direction.
    """
    count = problem.design.shape[1] - len(prior)
    seen = np.bincount(problem.frame, minlength=problem.frames) > 0
    estimate = np.zeros((problem.frames, problem.design.shape[1]))
    for steps in _STEPS:
        matrix, right = problem.equations(estimate)
        variance = np.full(count, _FIRST_PX**2)
        for step in range(steps):
            covariance = np.linalg.inv(matrix + np.diag(1 / np.concatenate([variance, prior])))
            estimate = np.einsum("fab,fb->fa", covariance, right)
            square = (estimate**2 + np.diagonal(covariance, axis1=1, axis2=2))[seen, :count].mean(axis=0)
            if step < steps - 1:
                variance = np.maximum(np.repeat(square.reshape(-1, 2).mean(axis=1), 2), _LEAST_VARIANCE_PX2)
    with_motion = _log_evidence(matrix, right, np.concatenate([variance, prior]))
    without = _log_evidence(matrix[:, count:, count:], right[:, count:], prior)
    estimate[~seen] = 0
    return estimate[:, :count], covariance[:, :count, :count], with_motion - without


def _log_evidence(matrix: np.ndarray, right: np.ndarray, variance: np.ndarray) -> float:
    """Logarithm of the likelihood of a linear model with normal priors, but for what all models share."""
    whole = matrix + np.diag(1 / variance)
    explained = np.einsum("fa,fa->f", right, np.linalg.solve(whole, right[..., None])[..., 0])
    return float(np.sum(explained - np.linalg.slogdet(whole)[1] - np.sum(np.log(variance)))) / 2
