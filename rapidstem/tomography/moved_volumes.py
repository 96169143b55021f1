"""Volumes brought onto others: the origin and the zero of the tilt of a tomogram are arbitrary."""

import numpy as np
import scipy


def moved_volume(volume: np.ndarray, rotation_deg: float, shift_nm: np.ndarray, voxel_size_nm: float) -> np.ndarray:
    """Turn a volume about the tilt axis through its centre, and shift it; voxels are interpolated linearly.

    Parameters
    ----------
    volume : np.ndarray, (z, y, x)
    rotation_deg : float
        Positive from +y towards +z.
    shift_nm : np.ndarray, (3,)
        In the order x, y, z, after the rotation.
    voxel_size_nm : float

    Returns
    -------
    np.ndarray, (z, y, x), float32
        Zero where nothing was reconstructed.
    """
    cosine, sine = np.cos(np.deg2rad(rotation_deg)), np.sin(np.deg2rad(rotation_deg))
    back = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    centre = (np.array(volume.shape) - 1) / 2
    offset = centre - back @ (centre + np.asarray(shift_nm)[::-1] / voxel_size_nm)
    return scipy.ndimage.affine_transform(np.asarray(volume, np.float32), back, offset, order=1)
