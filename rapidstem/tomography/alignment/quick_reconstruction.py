"""Quick reconstructions at a lower resolution: where the frames lie, and where the dislocations run."""

from dataclasses import replace

import numpy as np
import scipy

from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment.bundle_adjustment import LINE_PX
from rapidstem.tomography.alignment.coarse_alignment import BETTER_FAR_AWAY, binned_frames, correlation_peak, far_peak
from rapidstem.tomography.alignment.line_points import LinePoints
from rapidstem.tomography.alignment.line_tracking import volume_line_points
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, project_volume, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry

# Rounds and iterations of a first look: shifts are good to a pixel or two afterwards, which the following of lines allows.
_PROJECTION_MATCHINGS = 4
_ITERATIONS = 15
# The foil may be inclined or off the middle by a fifth of its thickness either way.
_VOLUME_TO_FOIL = 1.4
# Of a line's width: voxels are so large that the line is still seen, and half as fine again where only shifts are compared.
_VOXEL_WIDTHS, _COARSE_VOXELS = 2 / 3, 2
# Binned pixels between a frame and its projection.
_LARGEST_STEP = 8
# In voxels of the quick volume: of a trend along the axis, and of a frame that lies far off.
_TREND_TOLERANCE, _FAR = 0.25, 0.5
# Of the field: how far correlation may slide along the axis over a series, and how many trends are tried.
_LARGEST_AXIAL_TREND = 0.12
_TREND_TRIALS = 12
# Of a bundle adjustment: evenly chosen, they hold every line many times, and memory and time grow with them.
_MOST_POINTS = 4000


def without_axial_trend(
    lines: np.ndarray, geometry: TiltGeometry, thickness_nm: float, line_px: int = LINE_PX, threads: int = 1
) -> TiltGeometry:
    """Take out of the shifts along the axis a slow trend that the correlation of neighbouring frames cannot see.

    An inclined line that the tilt moves across the frame looks as if it slid along itself, and the chain of neighbours follows it.
    The trend, linear in the tilt and then quadratic, is the one for which frames and projections of a reconstruction with voxels of 4/3 of
    a line's width correlate best.

    Parameters
    ----------
    lines : np.ndarray, (frame, y, x)
        Line images.
    geometry : TiltGeometry
    thickness_nm : float
        Of the foil.
    line_px : int
        Full width of the lines at half depth.
    threads : int

    Returns
    -------
    TiltGeometry
    """
    factor, tilt = _voxel_px(line_px), geometry.angle_rad
    small = binned_frames(lines, factor)
    start = _binned_geometry(geometry.per_frame(), factor, small.shape)
    largest = _LARGEST_AXIAL_TREND * small.shape[2]
    for trend in (tilt, tilt**2 - np.mean(tilt**2)):

        def along(trend_px: float, trend: np.ndarray = trend, start: TiltGeometry = start) -> TiltGeometry:
            return replace(start, shift_px=start.shift_px + np.column_stack([np.zeros_like(trend), trend_px * trend]))

        found = scipy.optimize.minimize_scalar(
            lambda trend_px, along=along: -_consistency(small, along(trend_px), thickness_nm, threads),
            bounds=(-largest, largest),
            method="bounded",
            options={"xatol": _TREND_TOLERANCE, "maxiter": _TREND_TRIALS},
        )
        start = along(float(found.x))
    return replace(geometry, shift_px=factor * start.shift_px)


def _voxel_px(line_px: int) -> int:
    """Edge of a quick volume's voxel in pixels of the frames."""
    return round(_VOXEL_WIDTHS * line_px)


def _consistency(lines: np.ndarray, geometry: TiltGeometry, thickness_nm: float, threads: int) -> float:
    """Mean correlation coefficient of the frames, binned once more, and the projections of their reconstruction."""
    small, coarse = _binned(lines, geometry, _COARSE_VOXELS, threads)
    volume = reconstruct(small, coarse, _quick_settings(thickness_nm), threads=threads, device="cpu")
    pictures = [each.reshape(len(each), -1) for each in (small, project_volume(volume, coarse))]
    frame, view = (each - each.mean(axis=1, keepdims=True) for each in pictures)
    norm = np.linalg.norm(frame, axis=1) * np.linalg.norm(view, axis=1)
    return float(np.mean(np.sum(frame * view, axis=1) / np.maximum(norm, 1e-12)))


def quick_volume(
    lines: np.ndarray, geometry: TiltGeometry, thickness_nm: float, used: np.ndarray, line_px: int, threads: int
) -> tuple[np.ndarray, TiltGeometry]:
    """Reconstruction at a lower resolution, 1.4 times as thick as the foil, and projection matching of frames that lie far off.

    Frames that lie more than half a voxel from the projection of the volume are moved there, and the volume is reconstructed again. Frames
    that are not used take no part in the volume; they are looked for near where they are, and where the correlation is much better in
    half of the field.

    Parameters
    ----------
    lines : np.ndarray, (frame, y, x)
        Line images.
    geometry : TiltGeometry
    thickness_nm : float
        Of the foil.
    used : np.ndarray, (frame,), bool
    line_px : int
        Full width of the lines at half depth.
    threads : int

    Returns
    -------
    np.ndarray, (z, y, x)
        Voxels of two thirds of a line's width, in whole pixels.
    TiltGeometry
    """
    voxel_px = _voxel_px(line_px)
    for _ in range(_PROJECTION_MATCHINGS):
        small, coarse = _binned(lines, geometry, voxel_px, threads)
        volume = reconstruct(small, coarse, _quick_settings(thickness_nm), threads=threads, device="cpu", frames=used)
        views = project_volume(volume, coarse)
        step = voxel_px * np.array(mapped_by_threads(_displacement, threads, views, small, used))
        far = np.abs(step).max(axis=1) > _FAR * voxel_px
        if not far.any():
            break
        geometry = replace(geometry, shift_px=geometry.shift_px + np.where(far[:, None], step, 0))
    return volume, geometry


def _quick_settings(thickness_nm: float) -> ReconstructionSettings:
    return ReconstructionSettings(_VOLUME_TO_FOIL * thickness_nm, iterations=_ITERATIONS)


def _displacement(view: np.ndarray, frame: np.ndarray, used: bool) -> np.ndarray:
    near, agreement = correlation_peak(view, frame, _LARGEST_STEP)
    if used:
        return near
    far, best = far_peak(view, frame, by_size=True)
    return far if best > BETTER_FAR_AWAY * agreement else near


def first_points(volume: np.ndarray, shape: tuple[int, ...], line_px: int) -> LinePoints:
    """Points on the dislocations of a quick volume, in pixels of the frames of the shape, at most 4000."""
    points, voxel_px = volume_line_points(volume), _voxel_px(line_px)
    count = len(points.position_px)
    chosen = np.arange(0, count, max(1, -(-count // _MOST_POINTS)))
    padding = (voxel_px * np.array(volume.shape[2:0:-1]) - np.array(shape[2:0:-1])) / 2
    return LinePoints(voxel_px * points.position_px[chosen] + [*padding, 0.0], points.tangent[chosen])


def _binned(lines: np.ndarray, geometry: TiltGeometry, factor: int, threads: int) -> tuple[np.ndarray, TiltGeometry]:
    """Aligned line images and their geometry at a lower resolution; columns with a time of their own share one angle a frame here."""
    if geometry.slow_scan == "columns":
        geometry = geometry.per_frame()
    aligned = np.maximum(apply_alignment(lines, geometry, order=1, threads=threads), 0)
    small = binned_frames(aligned, factor)
    return small, _binned_geometry(geometry, factor, small.shape)


def _binned_geometry(geometry: TiltGeometry, factor: int, shape: tuple[int, ...]) -> TiltGeometry:
    """Geometry of frames whose pixels were binned by the factor, to the shape (frame, y, x)."""
    return replace(
        geometry,
        shift_px=geometry.shift_px / factor,
        pixel_size_nm=factor * geometry.pixel_size_nm,
        rows=shape[1],
        columns=shape[2],
        line_time_s=None if geometry.line_time_s is None else factor * geometry.line_time_s,
    )
