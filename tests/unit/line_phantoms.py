"""Volumes with known lines, as a reconstruction would show them."""

import numpy as np
from scipy.ndimage import gaussian_filter

VOXEL_NM = 5.0
SHAPE = (40, 70, 80)


def straight(start_nm, end_nm, step_nm=1.0):
    """Points (n, 3) x, y, z from one place to another."""
    start, end = np.asarray(start_nm, float), np.asarray(end_nm, float)
    count = int(np.linalg.norm(end - start) / step_nm) + 1
    return start + np.linspace(0, 1, count)[:, None] * (end - start)


def arc(radius_nm, angle_rad, normal_axes, centre_nm=(0, 0, 0)):
    """Points (n, 3) of an arc in the plane of two orthogonal unit vectors."""
    angles = np.linspace(-angle_rad / 2, angle_rad / 2, int(radius_nm * angle_rad) + 1)
    first, second = (np.asarray(axis, float) for axis in normal_axes)
    return np.asarray(centre_nm, float) + radius_nm * (np.sin(angles)[:, None] * first + (np.cos(angles) - 1)[:, None] * second)


def volume_of(polylines, strengths=None, noise=0.0, shape=SHAPE, width_nm=13.7, seed=0):
    """A volume (z, y, x) with lines of a Gaussian profile, 1 at their middle."""
    volume = np.zeros(shape)
    sigma = width_nm / 2.3548 / VOXEL_NM
    for points, strength in zip(polylines, strengths or [1.0] * len(polylines), strict=True):
        index = np.asarray(points)[:, ::-1] / VOXEL_NM + (np.array(shape) - 1) / 2
        index = index[np.all((index >= 0) & (index <= np.array(shape) - 1), axis=1)]
        low = np.floor(index).astype(int)
        part = index - low
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(corner, part, 1 - part), axis=1)
            np.add.at(volume, tuple(np.minimum(low + corner, np.array(shape) - 1).T), strength * weight / VOXEL_NM * 1.0)
    smooth = gaussian_filter(volume, sigma) * 2 * np.pi * sigma**2 * VOXEL_NM / 5.0
    return (smooth + np.random.default_rng(seed).normal(0, noise, shape)).clip(0).astype(np.float32)
