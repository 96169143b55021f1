"""Tilt series of random dislocation lines in a foil, projected by the formula."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import ndimage

from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.reported_angles import recorded_geometry
from rapidstem.tomography.tilt_geometry import TiltGeometry


@dataclass(frozen=True)
class Phantom:
    lines_nm: list[np.ndarray]  # each (n, 3), x y z
    geometry: TiltGeometry
    series: np.ndarray  # (frame, y, x)
    thickness_nm: float


def random_lines(rng: np.random.Generator, count: int, half_x: float, half_y: float, thickness_nm: float) -> list[np.ndarray]:
    """Slightly bowed lines that thread the foil, most of them inclined to the tilt axis x."""
    lines = []
    for _ in range(count):
        azimuth = np.deg2rad(rng.choice([45, -45, 90, 70]) + rng.normal(0, 12))
        rise = rng.choice([-1, 1]) * rng.uniform(0.25, 1.2)
        direction = np.array([np.cos(azimuth), np.sin(azimuth), rise])
        centre = np.array([rng.uniform(-half_x, half_x), rng.uniform(-half_y, half_y), rng.uniform(-0.4, 0.4) * thickness_nm])
        s = np.arange(-3000, 3000, 2.0)
        bow = rng.normal(0, 40) * np.sin(s / rng.uniform(200, 400) + rng.uniform(0, 6))
        points = centre + s[:, None] * direction + bow[:, None] * np.array([-direction[1], direction[0], 0])
        inside = np.abs(points[:, 2]) < thickness_nm / 2
        inside &= (np.abs(points[:, 0]) < half_x + 200) & (np.abs(points[:, 1]) < half_y + 200)
        near = np.flatnonzero(inside)
        if len(near) > 20:
            lines.append(points[near[0] : near[-1] + 1])
    return lines


def projected_px(points_nm: np.ndarray, geometry: TiltGeometry, columns: int) -> np.ndarray:
    """(frame, n, 2): row and column of points in the raw frames, each place with the angle of its own time."""
    pixel, turn = geometry.pixel_size_nm, geometry.axis_rotation_rad
    x, y, z = points_nm.T / pixel
    row = np.full((geometry.frames, len(points_nm)), (geometry.rows - 1) / 2)
    column = np.full_like(row, (columns - 1) / 2)
    for _ in range(6):
        tilt = geometry.row_angles_rad(np.clip(row, -200, geometry.rows + 200), np.clip(column, -200, columns + 200))
        height = y * np.cos(tilt) + z * np.sin(tilt)
        row = (geometry.rows - 1) / 2 + height * np.cos(turn) + x * np.sin(turn) + geometry.shift_px[:, :1]
        column = (columns - 1) / 2 + x * np.cos(turn) - height * np.sin(turn) + geometry.shift_px[:, 1:]
    return np.stack([row, column], axis=-1)


def project_lines(lines: list[np.ndarray], geometry: TiltGeometry, columns: int, contrast: float = 0.35) -> np.ndarray:
    """Bright-field frames: dark lines of 3 px full width on a background that falls with the tilt."""
    fine, sigma = 2, 3 / 2.3548
    rows = geometry.rows
    series = np.empty((geometry.frames, rows, columns), np.float32)
    positions = [projected_px(line, geometry, columns) for line in lines]
    for frame in range(geometry.frames):
        density = np.zeros((rows * fine, columns * fine))
        for position in positions:
            place = position[frame]
            length = np.hypot(*np.gradient(place, axis=0).T)
            index = (place + 0.5) * fine - 0.5
            _splat(density, index, length)
        image = ndimage.gaussian_filter(density, sigma * fine).reshape(rows, fine, columns, fine).mean((1, 3))
        dip = image * np.sqrt(2 * np.pi) * sigma * fine**2
        tilt = geometry.angle_rad[frame]
        series[frame] = np.exp(-0.5 / np.cos(tilt)) * (1 - contrast * np.cos(tilt) ** 0.5 * np.clip(dip, 0, 2))
    return series


def _splat(density: np.ndarray, index: np.ndarray, weight: np.ndarray) -> None:
    base = np.floor(index).astype(int)
    part = index - base
    for a in (0, 1):
        for b in (0, 1):
            row, column = base[:, 0] + a, base[:, 1] + b
            share = weight * (part[:, 0] if a else 1 - part[:, 0]) * (part[:, 1] if b else 1 - part[:, 1])
            seen = (row >= 0) & (row < density.shape[0]) & (column >= 0) & (column < density.shape[1])
            np.add.at(density, (row[seen], column[seen]), share[seen])


def make_phantom(
    seed: int = 1,
    size: int = 256,
    frames: int = 71,
    rapid: bool = True,
    count: int = 90,
    noise: float = 0.0,
    pixel_nm: float = 4.56,
    thickness_nm: float = 300.0,
    drift_px: float = 5.0,
    jitter_px: float = 1.0,
    axis_rotation_deg: float = 0.0,
    axis_offset_px: float = 0.0,
    slow_scan: Literal["rows", "columns"] = "rows",
) -> Phantom:
    rng = np.random.default_rng(seed)
    half = size * pixel_nm / 2
    lines = random_lines(rng, count, half, 2.9 * half, thickness_nm)
    phase = np.linspace(0, 1, frames)
    angle = np.linspace(-70, 70, frames) + (0.8 * np.sin(5 * phase + rng.uniform(0, 6)) if rapid else 0)
    shift = rng.normal(0, jitter_px, (frames, 2)) + drift_px * np.stack([np.sin(3 * phase), phase - 0.5], axis=1)
    time = 0.07 * np.arange(frames) if rapid else None
    turn = np.deg2rad(axis_rotation_deg)
    shift += axis_offset_px * np.array([np.cos(turn), -np.sin(turn)])
    geometry = TiltGeometry(np.deg2rad(angle), shift, pixel_nm, size, time, 0.03 / size if rapid else None, slow_scan, size, turn)
    series = project_lines(lines, geometry, size)
    series *= 1 + noise * rng.standard_normal(series.shape, dtype=np.float32)
    return Phantom(lines, geometry, series, thickness_nm)


def aligned(
    series: np.ndarray,
    reported_deg: np.ndarray | None,
    pixel_nm: float,
    time_s: np.ndarray | None = None,
    line_time_s: float | None = None,
    slow_scan: Literal["rows", "columns"] = "rows",
    **settings: Any,
) -> AlignedSeries:
    """The alignment of a series of a foil of 300 nm, with lines of the phantoms' width, three pixels."""
    recorded = recorded_geometry(reported_deg, series.shape, pixel_nm, time_s, line_time_s, slow_scan)
    return align_series(series, recorded, AlignmentSettings(thickness_nm=300.0, line_width_nm=3 * pixel_nm, **settings))
