"""Reconstructions at half the resolution: where the frames lie, and where the dislocations run."""

from dataclasses import replace

import numpy as np

from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.bundle_adjustment import LinePoints
from rapidstem.tomography.coarse_alignment import correlation_peak
from rapidstem.tomography.line_tracking import volume_line_points
from rapidstem.tomography.reconstruction import project_volume, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry

_PROJECTION_MATCHINGS = 4
_ITERATIONS = 15
_VOLUME_TO_FOIL = 1.4
_LARGEST_STEP_PX = 16
_BETTER_FAR_AWAY = 1.4


def quick_volume(
    lines: np.ndarray, geometry: TiltGeometry, thickness_nm: float, used: np.ndarray, threads: int
) -> tuple[np.ndarray, TiltGeometry]:
    """Reconstruction at half the resolution, 1.4 times as thick as the foil, and projection matching of frames that lie far off.

    Frames that lie more than a pixel from the projection of the volume are moved there, and the volume is reconstructed again. Frames
    that are not used take no part in the volume; they are looked for near where they are, and where the correlation is much better in a
    quarter of the field.

    Parameters
    ----------
    lines : np.ndarray, (frame, y, x)
        Line images.
    geometry : TiltGeometry
    thickness_nm : float
        Of the foil.
    used : np.ndarray, (frame,), bool
    threads : int

    Returns
    -------
    np.ndarray, (z, y, x)
        Voxels of two pixels.
    TiltGeometry
    """
    for _ in range(_PROJECTION_MATCHINGS):
        half, coarse = _halved(lines, geometry)
        volume = reconstruct(
            half, coarse, _VOLUME_TO_FOIL * thickness_nm, iterations=_ITERATIONS, threads=threads, device="cpu", frames=used
        )
        views = project_volume(volume, coarse)
        step = 2 * np.array([_displacement(*each) for each in zip(views, half, used, strict=True)])
        far = np.abs(step).max(axis=1) > 1
        if not far.any():
            break
        geometry = replace(geometry, shift_px=geometry.shift_px + np.where(far[:, None], step, 0))
    return volume, geometry


def _displacement(view: np.ndarray, frame: np.ndarray, used: bool) -> np.ndarray:
    near, agreement = correlation_peak(view, frame, _LARGEST_STEP_PX / 2)
    if used:
        return near
    far, best = correlation_peak(view, frame, min(view.shape) / 4)
    return far if best > _BETTER_FAR_AWAY * agreement else near


def first_points(volume: np.ndarray, shape: tuple[int, ...], largest: int = 4000) -> LinePoints:
    """Points on the dislocations of a quick volume, in pixels of the frames of the shape, at most `largest`."""
    points = volume_line_points(volume, spacing_px=2, neighbourhood_px=6.0)
    count = len(points.position_px)
    chosen = np.arange(0, count, max(1, -(-count // largest)))
    padding = (2 * np.array(volume.shape[2:0:-1]) - np.array(shape[2:0:-1])) / 2
    return LinePoints(2 * points.position_px[chosen] + [*padding, 0.0], points.tangent[chosen])


def _halved(lines: np.ndarray, geometry: TiltGeometry) -> tuple[np.ndarray, TiltGeometry]:
    """Aligned line images and their geometry at half the resolution; columns with a time of their own share one angle a frame here."""
    aligned = np.maximum(apply_alignment(lines, geometry, order=1), 0)
    if geometry.slow_scan == "columns":
        geometry = geometry.per_frame()
    frames, rows, columns = aligned.shape
    aligned = np.pad(aligned, ((0, 0), (0, rows % 2), (0, columns % 2)), mode="edge")
    half = aligned.reshape(frames, (rows + 1) // 2, 2, (columns + 1) // 2, 2).mean(axis=(2, 4))
    return half, replace(
        geometry,
        shift_px=geometry.shift_px / 2,
        pixel_size_nm=2 * geometry.pixel_size_nm,
        rows=half.shape[1],
        columns=half.shape[2],
        line_time_s=None if geometry.line_time_s is None else 2 * geometry.line_time_s,
    )
