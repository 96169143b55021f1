"""Tilt angles and shifts of a tilt series from its dislocation lines alone."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.tomography.angle_uncertainty import angle_sigma_rad
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.bundle_adjustment import LinePoints, Matches, Measurement, adjust, residuals_px
from rapidstem.tomography.coarse_alignment import coarse_shifts, displacement_px
from rapidstem.tomography.line_tracking import FrameRidges, match_points, search_trees, volume_line_points
from rapidstem.tomography.ridge_points import RidgePoints, ridge_points, subtract_background
from rapidstem.tomography.sirt import project_volume, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry

_ROUNDS_RADII_PX = ((8.0, 6.0, 4.0, 3.0), (4.0, 3.0, 2.5), (3.0, 2.5, 2.0, 2.0))
_FEWEST_POINTS = 60
_PROJECTION_MATCHINGS = 4
_LARGEST_STEP_PX = 16
_LEAST_RESIDUAL_PX = 0.05
_NO_MATCHES = Matches(np.empty(0, int), np.empty(0, int), np.empty((0, 2)), np.empty((0, 2)))


@dataclass(frozen=True)
class AlignedSeries:
    """What the alignment of a tilt series found.

    Attributes
    ----------
    geometry : TiltGeometry
        Angle and shift of every frame; the frame nearest zero tilt has no shift, the middle of the foil lies at z = 0.
    reported_deg, sigma_deg : np.ndarray, (frame,)
        Angles of the goniometer, and the standard deviation of the angles found (without their common zero).
    rms_residual_px : float
        Root mean square of the distances between projected points and lines, those within the last search radius.
    frame_residual_px : np.ndarray, (frame,)
        The same for every frame.
    points : LinePoints
        Points on dislocations, in pixels.
    matches : int
        Points seen on lines, counted in all frames.
    """

    geometry: TiltGeometry
    reported_deg: np.ndarray
    sigma_deg: np.ndarray
    rms_residual_px: float
    frame_residual_px: np.ndarray
    points: LinePoints
    matches: int


def align_series(
    series: np.ndarray,
    reported_deg: np.ndarray,
    pixel_size_nm: float,
    thickness_nm: float,
    time_s: np.ndarray | None = None,
    line_time_s: float | None = None,
    angle_sigma_deg: float = 1.5,
    line_scale_px: float = 1.5,
    threads: int = 1,
) -> AlignedSeries:
    """Find the angle and the shift of every frame of a tilt series.

    Cross-correlation gives first shifts, a quick reconstruction gives points on dislocations, and a bundle adjustment over the dark
    lines of all frames gives angles, shifts and points at once; reconstruction and adjustment are repeated with the better geometry.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Bright-field frames, denoised and free of scan distortion.
    reported_deg : np.ndarray, (frame,)
        Angles of the goniometer; for frames of a turning stage those at the middle of each frame.
    pixel_size_nm, thickness_nm : float
        Thickness of the foil.
    time_s : np.ndarray, (frame,), optional
        Start of each frame, where the stage turned during the frames.
    line_time_s : float, optional
        Time from row to row, given together with `time_s`.
    angle_sigma_deg : float
        How far the reported angles may be off: about 1.5 for a turning stage, 0.1 for a series taken stop and go.
    line_scale_px : float
        Half of the full width of the lines at half depth.
    threads : int

    Returns
    -------
    AlignedSeries

    Raises
    ------
    InputError
        If angles and frames do not fit together, or too few lines can be followed through the series.
    """
    reported_rad = _checked_angles(series, reported_deg)
    geometry = TiltGeometry(reported_rad, np.zeros((len(series), 2)), pixel_size_nm, series.shape[1], time_s, line_time_s)
    lines = binarise(series, "soft", line_scale_px)
    geometry = replace(geometry, shift_px=coarse_shifts(lines, reported_rad))
    frames = search_trees([_frame_ridges(frame, line_scale_px) for frame in series])
    measured = Measurement(_NO_MATCHES, series.shape[2], reported_rad, np.deg2rad(angle_sigma_deg), residual_px=1.5)
    for radii in _ROUNDS_RADII_PX:
        volume, geometry = _quick_volume(lines, geometry, thickness_nm, threads)
        points = _first_points(volume, lines.shape)
        points, geometry, measured = _adjust_shrinking(points, geometry, measured, frames, radii)
        points, geometry = _fix_gauge(points, geometry)
    return _summary(points, geometry, measured)


def _summary(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> AlignedSeries:
    frame = measured.matches.frame
    residual = residuals_px(points, geometry, measured.columns, measured.matches)
    count = np.bincount(frame, minlength=geometry.frames)
    square = np.bincount(frame, residual**2, minlength=geometry.frames)
    return AlignedSeries(
        geometry=geometry,
        reported_deg=np.rad2deg(measured.reported_rad),
        sigma_deg=np.rad2deg(angle_sigma_rad(points, geometry, measured)),
        rms_residual_px=float(np.sqrt(np.mean(residual**2))),
        frame_residual_px=np.sqrt(square / np.maximum(count, 1)),
        points=points,
        matches=len(residual),
    )


def apply_alignment(series: np.ndarray, geometry: TiltGeometry, order: int = 3) -> np.ndarray:
    """Shift every frame by -dy, -dx in one resampling by splines of the order; what lies outside takes the value of the edge.

    Returns
    -------
    np.ndarray, (frame, y, x), float32
        Aligned row r of a frame shows what its raw row r + dy has scanned.
    """
    shifted = [ndimage.shift(frame, -shift, order=order, mode="nearest") for frame, shift in zip(series, geometry.shift_px, strict=True)]
    return np.asarray(shifted, np.float32)


def _checked_angles(series: np.ndarray, reported_deg: np.ndarray) -> np.ndarray:
    reported_deg = np.asarray(reported_deg, float)
    if series.ndim != 3 or reported_deg.shape != (len(series),):
        raise InputError(f"a series of {len(series)} frames needs as many reported angles, not {reported_deg.size}")
    if len(series) < 5 or np.ptp(reported_deg) < 20:
        raise InputError(
            f"{len(series)} frames over {np.ptp(reported_deg):.1f} degrees are no tilt series: "
            "at least 5 frames over 20 degrees are needed (are the angles in degrees?)"
        )
    return np.deg2rad(reported_deg)


def _frame_ridges(frame: np.ndarray, line_scale_px: float) -> RidgePoints:
    return ridge_points(subtract_background(frame, 8 * line_scale_px), line_scale_px)


def _halved(lines: np.ndarray, geometry: TiltGeometry) -> tuple[np.ndarray, TiltGeometry]:
    """Aligned line images and their geometry at half the resolution."""
    aligned = np.maximum(apply_alignment(lines, geometry, order=1), 0)
    frames, rows, columns = aligned.shape
    aligned = np.pad(aligned, ((0, 0), (0, rows % 2), (0, columns % 2)), mode="edge")
    half = aligned.reshape(frames, (rows + 1) // 2, 2, (columns + 1) // 2, 2).mean(axis=(2, 4))
    line_time_s = None if geometry.line_time_s is None else 2 * geometry.line_time_s
    pixel_size_nm = 2 * geometry.pixel_size_nm
    return half, replace(geometry, shift_px=geometry.shift_px / 2, pixel_size_nm=pixel_size_nm, rows=half.shape[1], line_time_s=line_time_s)


def _quick_volume(lines: np.ndarray, geometry: TiltGeometry, thickness_nm: float, threads: int) -> tuple[np.ndarray, TiltGeometry]:
    """Reconstruction at half the resolution, 1.4 times as thick as the foil, and projection matching of frames that lie far off.

    Frames that lie more than a pixel from the projection of the volume are moved there, and the volume is reconstructed again.
    """
    for _ in range(_PROJECTION_MATCHINGS):
        half, coarse = _halved(lines, geometry)
        volume = reconstruct(half, coarse, 1.4 * thickness_nm, iterations=15, threads=threads)
        views = project_volume(volume, coarse)
        step = 2 * np.array([displacement_px(view, frame, _LARGEST_STEP_PX / 2) for view, frame in zip(views, half, strict=True)])
        far = np.abs(step).max(axis=1) > 1
        if not far.any():
            break
        geometry = replace(geometry, shift_px=geometry.shift_px + np.where(far[:, None], step, 0))
    return volume, geometry


def _first_points(volume: np.ndarray, shape: tuple[int, ...], largest: int = 4000) -> LinePoints:
    """Points on dislocations, in pixels of the full resolution, at most `largest`."""
    points = volume_line_points(volume, spacing_px=2, neighbourhood_px=6.0)
    count = len(points.position_px)
    chosen = np.arange(0, count, max(1, -(-count // largest)))
    padding = (2 * np.array(volume.shape[2:0:-1]) - np.array(shape[2:0:-1])) / 2
    return LinePoints(2 * points.position_px[chosen] + [*padding, 0.0], points.tangent[chosen])


def _adjust_shrinking(
    points: LinePoints, geometry: TiltGeometry, measured: Measurement, frames: list[FrameRidges], radii: tuple[float, ...]
) -> tuple[LinePoints, TiltGeometry, Measurement]:
    """Match and adjust with a smaller and smaller radius of search."""
    for radius in radii:
        matches = match_points(points, geometry, measured.columns, frames, radius)
        points, matches = _well_seen(points, matches, geometry.frames)
        points, geometry = adjust(points, geometry, replace(measured, matches=matches))
        residual = residuals_px(points, geometry, measured.columns, matches)
        scale = max(1.4826 * float(np.median(np.abs(residual))), _LEAST_RESIDUAL_PX)
        measured = replace(measured, matches=matches, residual_px=scale)
    return points, geometry, measured


def _well_seen(points: LinePoints, matches: Matches, frames: int) -> tuple[LinePoints, Matches]:
    """Keep the points that are seen in a quarter of the frames at least."""
    seen = np.bincount(matches.point, minlength=len(points.position_px))
    kept = seen >= max(5, frames // 4)
    if kept.sum() < _FEWEST_POINTS:
        raise InputError(
            f"only {kept.sum()} points on dislocations can be followed through the tilt series, {_FEWEST_POINTS} are needed: "
            "check the order and unit of the angles, the thickness and the denoising of the series"
        )
    number = np.cumsum(kept) - 1
    used = kept[matches.point]
    renumbered = Matches(matches.frame[used], number[matches.point[used]], matches.ridge_px[used], matches.normal[used])
    return LinePoints(points.position_px[kept], points.tangent[kept]), renumbered


def _fix_gauge(points: LinePoints, geometry: TiltGeometry) -> tuple[LinePoints, TiltGeometry]:
    """Move the origin to the middle of the foil and to where the frame nearest zero tilt is not shifted."""
    zero = int(np.argmin(np.abs(geometry.angle_rad)))
    cosine, sine = np.cos(geometry.angle_rad), np.sin(geometry.angle_rad)
    middle_z = float(np.mean(np.percentile(points.position_px[:, 2], [2, 98])))
    dy, dx = geometry.shift_px[zero]
    middle_y = -(dy + middle_z * sine[zero]) / cosine[zero]
    shift = geometry.shift_px + np.stack([middle_y * cosine + middle_z * sine, np.full_like(cosine, -dx)], axis=1)
    return replace(points, position_px=points.position_px - [-dx, middle_y, middle_z]), replace(geometry, shift_px=shift)
