"""Points in a yz slice and the series that a turning stage takes of them."""

from dataclasses import replace

import numpy as np

from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry
from rapidstem.tomography.tilt_geometry import TiltGeometry

PIXEL_NM = 4.0


def turning_geometry(rows: int = 64, dy_px: float = 0.0, frames: int = 41) -> TiltGeometry:
    """A stage that turns evenly from -70 to 70 degrees, a third of the time without a scan."""
    time = 0.07 * np.arange(frames)
    angle = np.deg2rad(np.linspace(-70, 70, frames))
    return TiltGeometry(angle, np.tile([dy_px, 0.0], (frames, 1)), PIXEL_NM, rows, time, 0.03 / rows)


def transposed_geometry(rows: int, columns: int, frames: int = 21) -> TiltGeometry:
    """The same with columns scanned one after the other, during most of the time between two frames."""
    geometry = turning_geometry(rows, frames=frames)
    return replace(geometry, slow_scan="columns", columns=columns, line_time_s=0.06 / columns)


def spots(angle: np.ndarray, points_px: list[tuple[float, float]], rows: int) -> np.ndarray:
    """Each point (y, z) as a Gaussian at r = y cos t + z sin t; `angle` is (frame, row) or (frame, 1), the result (frame, row)."""
    row = np.arange(rows) - (rows - 1) / 2
    heights = (y * np.cos(angle) + z * np.sin(angle) for y, z in points_px)
    return sum(np.exp(-((row - height) ** 2) / (2 * 1.3**2)) for height in heights).astype(np.float32)


def point_series(points_px: list[tuple[float, float]], geometry: TiltGeometry, columns: int) -> np.ndarray:
    """Points as spots, the tilt being that of the row in which they are scanned; the same in all columns of the aligned frames."""
    angle = geometry.row_angles_rad(np.arange(geometry.rows) + geometry.shift_px[:, :1])
    return np.repeat(spots(angle, points_px, geometry.rows)[:, :, None], columns, axis=2)


def brightest(section: np.ndarray) -> tuple[float, float]:
    """(y, z) of the largest voxel, from the centre."""
    z, y = np.unravel_index(np.argmax(section), section.shape)
    return y - (section.shape[1] - 1) / 2, z - (section.shape[0] - 1) / 2


def centre(section: np.ndarray) -> np.ndarray:
    """Centre (y, z) of the voxels that reach half of the largest, from the centre of the section."""
    bright = np.where(section > section.max() / 2, section, 0)
    z, y = np.indices(section.shape) - (np.array(section.shape)[:, None, None] - 1) / 2
    return np.array([(y * bright).sum(), (z * bright).sum()]) / bright.sum()


def small_rays(seed: int = 0) -> SliceGeometry:
    """23 frames of 32 rays through a slice of 32 x 16 voxels."""
    rng = np.random.default_rng(seed)
    angle = np.deg2rad(np.linspace(-70, 70, 23))[:, None] + np.linspace(0, 0.015, 32)
    height = np.broadcast_to(np.arange(32) - 15.5, angle.shape)
    return SliceGeometry(angle.ravel() + rng.normal(0, 1e-3, angle.size), height.ravel(), 16, 32)
