"""Sub-voxel positions of lines: centres of gravity across the line, smoothed along it."""

import numpy as np
import scipy

from rapidstem.dislocations.polylines import resampled, smoothed

# Samples of the disc across the line; its radius is in line widths.
DISC_RADII, DISC_ANGLES = 6, 12
# Of the maximum: below it the streaks of the missing wedge begin, as in `centroids`.
LEVEL = 0.5


def centred_path(path: np.ndarray, volume: np.ndarray, radius: float, window: int, closed: bool = False) -> np.ndarray:
    """Move a path of voxels onto the centre of the line that it follows, and smooth it.

    At every point G = sum(I r) / sum(I) over a disc across the line, I being what exceeds half of the disc's maximum (as in Zhao et
    al. 2021, equation 1, across the line instead of within a section); twice, the second time across the improved line.

    Parameters
    ----------
    path : np.ndarray, (n, 3)
        Voxel coordinates z, y, x.
    volume : np.ndarray, (z, y, x)
    radius : float
        Of the disc, in voxels.
    window : int
        Points, one voxel apart, over which the line is smoothed by a parabola.
    closed : bool
        Whether the path is a loop.

    Returns
    -------
    np.ndarray, (n, 3)
        About one point a voxel. The ends move only across the line.
    """
    points = smoothed(resampled(path, 1.0), window, closed)
    for _ in range(2):
        moved = points + _offsets(points, volume, radius)
        points = smoothed(resampled(moved, 1.0), window, closed)
    return points


def _offsets(points: np.ndarray, volume: np.ndarray, radius: float) -> np.ndarray:
    """From every point (n, 3) to the centre of gravity of the disc across the line."""
    first, second = _across(np.gradient(points, axis=0))
    angles = np.linspace(0, 2 * np.pi, DISC_ANGLES, endpoint=False)
    radii = radius * (np.arange(DISC_RADII) + 0.5) / DISC_RADII
    radial, angular = (grid.ravel() for grid in np.meshgrid(radii, angles, indexing="ij"))
    disc = (radial * np.cos(angular))[:, None] * first[:, None] + (radial * np.sin(angular))[:, None] * second[:, None]
    places = points[:, None] + disc
    values = scipy.ndimage.map_coordinates(volume, places.reshape(-1, 3).T, order=1, mode="constant").reshape(places.shape[:2])
    weight = np.maximum(values - LEVEL * values.max(axis=1, keepdims=True), 0) * radial
    total = weight.sum(axis=1)
    return np.einsum("nk,nki->ni", weight, disc) / np.where(total > 0, total, 1)[:, None]


def _across(tangents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors (n, 3) each across the tangents and each other."""
    least = np.eye(3)[np.argmin(np.abs(tangents), axis=1)]
    first = np.cross(tangents, least)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    second = np.cross(tangents, first)
    return first, second / np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-12)
