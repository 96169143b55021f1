"""Angles and shifts refined against the projections of the reconstruction."""

from dataclasses import dataclass, replace

import numpy as np
import scipy

from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.reconstruction.sirt import SirtOperator, sirt_slices
from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry, system_matrix
from rapidstem.tomography.tilt_geometry import TiltGeometry, aligned_row_angles_rad, turned

# Of SIRT: enough for the object's shape, too few for its noise.
_ITERATIONS = 30
# Of the numerical derivative by the angle: one pixel at 115 px from the axis.
_ANGLE_STEP_RAD = np.deg2rad(0.5)
# Of frames and projections, against noise and interpolation.
_SMOOTHING_PX = 0.7
# Columns whose residuals are added before their scatter gives the error, as smoothing correlates neighbours.
_COLUMNS_TOGETHER = 4
# Of reconstruction and projection.
_ROUNDS = 4
# Of a known error of the angles that the images must find again: with less, as of a round needle, angles stay as reported.
_LEAST_RESPONSE = 0.5
# Known errors of random sign that are put in, and their seed.
_TRIALS = 2
_TRIAL_SEED = 1
# Slow trends up to cubic bend the volume rather than contradict it.
_TREND_DEGREE = 3
# A prior so narrow that angles stay.
_HELD_RAD = 1e-6
# A round: one degree and one pixel, within which the derivative holds.
_LARGEST_STEP = np.array([np.deg2rad(1.0), 1.0, 1.0])


@dataclass(frozen=True)
class MatchedSeries:
    """Geometry refined against the reconstruction.

    Attributes
    ----------
    geometry : TiltGeometry
    sigma : np.ndarray, (frame, 3)
        Standard deviations of the tilt (radians), and of dy and dx across and along the axis (pixels).
    angles_refined : bool
        Whether the shape of the object fixes the angles; if not they are the reported ones.
    """

    geometry: TiltGeometry
    sigma: np.ndarray
    angles_refined: bool


def match_projections(density: np.ndarray, geometry: TiltGeometry, thickness_nm: float, angle_sigma_rad: float) -> MatchedSeries:
    """Reconstruct, project, and move every frame to where it fits its projection; again with the better geometry.

    Each round solves one small least-squares problem a frame, for its tilt, its shift and its brightness, with the derivatives of
    the projection; the reported angles are a prior. Slow trends of the angles over the series bend the volume rather than contradict it,
    and stay as reported (polynomials up to the third degree). Where the object looks alike from all sides (a needle along the axis), the
    volume turns with any angle, and a wrong angle changes nothing of what seems to be missing: all angles then stay as reported.

    Parameters
    ----------
    density : np.ndarray, (frame, y, x)
        Images that grow with the mass along the beam, zero around the object.
    geometry : TiltGeometry
        Where to start, with the reported angles.
    thickness_nm : float
        Of the volume; it must hold the object.
    angle_sigma_rad : float
        How far the reported angles may be off.

    References
    ----------
    P. Penczek, R. Grassucci, J. Frank, Ultramicroscopy 53 (1994) 251; C. Yang, E. Ng, P. Penczek, J. Struct. Biol. 149 (2005) 53.
    """
    depth_px = round(thickness_nm / geometry.pixel_size_nm)
    reported_rad = geometry.angle_rad
    refined = _response(density, geometry, depth_px, angle_sigma_rad) > _LEAST_RESPONSE
    for _ in range(_ROUNDS):
        fits = _fit_frames(density, geometry, reported_rad, depth_px, angle_sigma_rad if refined else _HELD_RAD)
        geometry = fits.moved(geometry, reported_rad)
    if not refined:
        fits.sigma[:, 0] = angle_sigma_rad
    return MatchedSeries(geometry, fits.sigma, refined)


@dataclass(frozen=True)
class _Fits:
    """Steps of all frames (frame, 3): by the images alone, and with the prior; their standard deviations."""

    unconstrained: np.ndarray
    step: np.ndarray
    sigma: np.ndarray

    def moved(self, geometry: TiltGeometry, reported_rad: np.ndarray) -> TiltGeometry:
        """The geometry after the steps, which neither move the whole volume nor follow a slow trend of the angles."""
        tilt, across, along = np.clip(self.step, -_LARGEST_STEP, _LARGEST_STEP).T
        orbit = np.column_stack([np.cos(geometry.angle_rad), np.sin(geometry.angle_rad)])
        moved = np.column_stack(turned(_without(across, orbit), along - along.mean(), geometry.axis_rotation_rad))
        trend = np.polynomial.legendre.legvander(reported_rad / np.abs(reported_rad).max(), _TREND_DEGREE)
        angle = reported_rad + _without(geometry.angle_rad + tilt - reported_rad, trend)
        return replace(geometry, angle_rad=angle, shift_px=geometry.shift_px + moved)


def _fit_frames(density: np.ndarray, geometry: TiltGeometry, reported_rad: np.ndarray, depth_px: int, angle_sigma_rad: float) -> _Fits:
    frames = scipy.ndimage.gaussian_filter(apply_alignment(density, geometry), (0, _SMOOTHING_PX, _SMOOTHING_PX))
    views, by_angle = _views(np.maximum(frames, 0), geometry, depth_px)
    missing_rad = reported_rad - geometry.angle_rad
    fits = [_fit_frame(*each, angle_sigma_rad) for each in zip(frames, views, by_angle, missing_rad, strict=True)]
    return _Fits(*(np.array(column) for column in zip(*fits, strict=True)))


def _response(density: np.ndarray, geometry: TiltGeometry, depth_px: int, angle_sigma_rad: float) -> float:
    """How much of a known error of the angles the images show: 1 where they fix the angles, 0 where the object looks alike from all sides.

    Frames are turned forth and back at random, as far as the reported angles may be off; what seems to be missing is compared with that.
    """
    signs = np.random.default_rng(_TRIAL_SEED).choice([-1.0, 1.0], (_TRIALS, geometry.frames))
    shown = []
    for error in angle_sigma_rad * signs:
        pair = [replace(geometry, angle_rad=geometry.angle_rad + side * error) for side in (1, -1)]
        more, less = (
            _fit_frames(density, turned_by, turned_by.angle_rad, depth_px, angle_sigma_rad).unconstrained[:, 0] for turned_by in pair
        )
        shown.append(np.median((less - more) / (2 * error)))
    return float(np.mean(shown))


def _views(frames: np.ndarray, geometry: TiltGeometry, depth_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Projections of the reconstruction and their derivatives by the tilt, (frame, y, x).

    The object lies within the field in every frame, so that the slice need not be wider than it, and no ray is left out. Matrices, which
    are most of the memory, are made one after the other.
    """
    matrix = system_matrix(_rays(geometry, depth_px, 0.0))
    volume = sirt_slices(SirtOperator.from_matrix(matrix), frames.reshape(-1, frames.shape[2]), _ITERATIONS)
    view = matrix @ volume
    del matrix
    more, less = (system_matrix(_rays(geometry, depth_px, step)) @ volume for step in (_ANGLE_STEP_RAD, -_ANGLE_STEP_RAD))
    return view.reshape(frames.shape), (more - less).reshape(frames.shape) / (2 * _ANGLE_STEP_RAD)


def _rays(geometry: TiltGeometry, depth_px: int, step_rad: float) -> SliceGeometry:
    angle = aligned_row_angles_rad(geometry) + step_rad
    height = np.broadcast_to(np.arange(geometry.rows) - (geometry.rows - 1) / 2, angle.shape)
    return SliceGeometry(angle.ravel(), height.ravel(), depth_px, geometry.rows)


def _fit_frame(
    frame: np.ndarray, view: np.ndarray, by_angle: np.ndarray, missing_rad: float, angle_sigma_rad: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tilt, dy and dx to add to one frame by the image alone and with the prior, and their standard deviations.

    What the projection leaves is no independent noise of the pixels but has structure. The weight of the pixels against the prior is
    therefore taken from how much groups of neighbouring columns contradict each other (clustered covariance).
    """
    window = np.outer(*(np.minimum(1, np.arange(1, n + 1) * np.arange(n, 0, -1) / (4.0 * n)) for n in frame.shape))
    by_row, by_column = np.gradient(view)
    design = np.stack([by_angle, -by_row, -by_column, view], axis=-1) * window[..., None]
    missing = (frame - view) * window
    information = np.einsum("yxa,yxb->ab", design, design)
    information += np.diag(1e-9 * np.diag(information) + 1e-30)
    plain = np.linalg.solve(information, np.einsum("yxa,yx->a", design, missing))
    left = missing - design @ plain
    groups = np.add.reduceat(np.einsum("yxa,yx->xa", design, left), np.arange(0, frame.shape[1], _COLUMNS_TOGETHER), axis=0)
    inverse = np.linalg.inv(information)
    covariance = inverse @ (groups.T @ groups) @ inverse * len(groups) / (len(groups) - len(plain))
    gain = covariance[:, 0] / (covariance[0, 0] + angle_sigma_rad**2)
    step = plain + gain * (missing_rad - plain[0])
    sigma = np.sqrt(np.maximum(np.diag(covariance - np.outer(gain, covariance[0])), 0))
    return plain[:3], step[:3], sigma[:3]


def _without(values: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Values (frame,) without what a basis (frame, n) explains."""
    return values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
