"""How much every voxel of a tomogram looks like the middle of a line."""

from itertools import combinations_with_replacement

import numpy as np
import scipy

from rapidstem.thread_maps import mapped_by_threads

# Of the volume's strong lines: below it the Hessian is not asked for, for speed; thresholds lie far above.
LEAST_SHARE = 0.02


def ridge_strength(volume: np.ndarray, sigma: float, threads: int = 1) -> np.ndarray:
    """Curvature across a line, from the eigenvalues of the Hessian matrix (Sato et al. 1998).

    A bright line is convex in two directions. The weaker of the two curvatures counts, so that a sheet, or the smear along z that the
    missing wedge leaves, is no line.

    Parameters
    ----------
    volume : np.ndarray, (z, y, x)
    sigma : float
        Standard deviation of the Gaussian at whose scale the volume is looked at, in voxels.
    threads : int
        Derivatives that are worked out at once.

    Returns
    -------
    np.ndarray, (z, y, x)
        Minus the middle eigenvalue times sigma^2, 0 where it is no ridge.
    """
    smooth = scipy.ndimage.gaussian_filter(volume, sigma)
    candidates = smooth > LEAST_SHARE * typical_top(smooth)
    hessian = np.empty((np.count_nonzero(candidates), 3, 3), np.float32)

    def fill(first: int, second: int) -> None:
        order = [(axis == first) + (axis == second) for axis in range(3)]
        derivative = scipy.ndimage.gaussian_filter(volume, sigma, order=order)[candidates]
        hessian[:, first, second] = hessian[:, second, first] = derivative

    mapped_by_threads(fill, threads, *zip(*combinations_with_replacement(range(3), 2), strict=True))
    strength = np.zeros(volume.shape, np.float32)
    strength[candidates] = np.maximum(-np.linalg.eigvalsh(hessian)[:, 1], 0) * sigma**2
    return strength


def typical_top(volume: np.ndarray) -> float:
    """Median over the yz sections of each section's largest value, sections without any left out: the strength of a clear line."""
    tops = volume.max(axis=(0, 1))
    return float(np.median(tops[tops > 0])) if (tops > 0).any() else 0.0
