import numpy as np
from scipy import ndimage

from rapidstem.dislocations.pairing import RigidMotion
from rapidstem.tomography.moved_volumes import moved_volume

VOXEL_NM = 2.0
SHAPE = (41, 61, 51)


def centre_nm(volume: np.ndarray) -> np.ndarray:
    """Centre of mass (x, y, z) from the centre of the array."""
    place = np.array(ndimage.center_of_mass(volume))
    return (place - (np.array(SHAPE) - 1) / 2)[::-1] * VOXEL_NM


def test_volume_moves_as_points_do():
    volume = np.zeros(SHAPE, np.float32)
    volume[25, 40, 30] = 1.0
    volume = ndimage.gaussian_filter(volume, 2.0)
    motion = RigidMotion(12.0, 6.0, -4.0, 3.0)
    moved = moved_volume(volume, motion.rotation_deg, motion.shift_nm, VOXEL_NM)
    np.testing.assert_allclose(centre_nm(moved), motion.apply(centre_nm(volume)[None])[0], atol=0.02)


def test_no_motion_changes_nothing():
    volume = np.random.default_rng(0).random(SHAPE, np.float32)
    np.testing.assert_allclose(moved_volume(volume, 0.0, np.zeros(3), VOXEL_NM), volume, atol=1e-6)
