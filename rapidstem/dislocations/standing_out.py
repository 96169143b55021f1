"""Whether a tomogram holds any line: what stands out from the noise that the difference of its two halves shows."""

import numpy as np
import scipy

from rapidstem.dislocations.line_ridges import ridge_strength, typical_top
from rapidstem.errors import InputError

# Voxels that share a corner are one ridge.
_TOUCHING = np.ones((3, 3, 3))
# Of the voxels of pure noise a thousandth is above the level down to which ridges are followed: lines are a few thousandths of a foil.
_NOISE_PERCENTILE = 99.9


def noise_strength(even: np.ndarray, odd: np.ndarray, sigma: float, threads: int = 1) -> np.ndarray:
    """Ridge strength of half the difference of two half tomograms: what it would be without anything that both halves show.

    The noise of the mean of two independent volumes and that of half their difference are alike; what both show is in the mean alone.

    Parameters
    ----------
    even, odd : np.ndarray, (z, y, x)
        Tomograms from every second tilt and from the others.
    sigma : float
        Of the ridges, in voxels; see `rapidstem.dislocations.line_ridges.ridge_strength`.
    threads : int

    Returns
    -------
    np.ndarray, (z, y, x)

    Raises
    ------
    InputError
        If the halves are of different shapes.
    """
    if even.shape != odd.shape:
        raise InputError(f"the halves of the tomogram have the shapes {even.shape} and {odd.shape}; reconstruct them again")
    return ridge_strength((even.astype(np.float32) - odd) / 2, sigma, threads)


def line_stands_out(strength: np.ndarray, noise: np.ndarray, least: float) -> bool:
    """Whether a connected ridge as long as the shortest line is all along stronger than the strongest ridge of the noise.

    Parameters
    ----------
    strength : np.ndarray, (z, y, x)
        Ridge strength of the tomogram.
    noise : np.ndarray, (z, y, x)
        The same of its noise, see `noise_strength`.
    least : float
        Length of the shortest line, in voxels.

    Returns
    -------
    bool
    """
    labels, _ = scipy.ndimage.label(strength > noise.max(), _TOUCHING)
    extents = [np.linalg.norm([part.stop - part.start for part in box]) for box in scipy.ndimage.find_objects(labels)]
    return bool(max(extents, default=0.0) >= least)


def noise_levels(noise: np.ndarray) -> tuple[float, float]:
    """How strong a ridge must be to be followed, and to be a candidate, so that noise gives few of both.

    Parameters
    ----------
    noise : np.ndarray, (z, y, x)
        Ridge strength of the noise, see `noise_strength`.

    Returns
    -------
    low, high : float
        What a thousandth of its voxels reaches, and the median over the yz sections of the largest value of each.
    """
    return float(np.percentile(noise, _NOISE_PERCENTILE)), typical_top(noise)
