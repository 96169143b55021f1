"""A real tilt series of a needle: lost shifts are found again, and angles that its round shape hides are left as reported."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.files.image_stacks import read_stack
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment.density_alignment import object_density
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, project_volume, reconstruct
from rapidstem.tomography.reported_angles import recorded_geometry
from rapidstem.tomography.tilt_geometry import TiltGeometry

DEPTH_PX = 45


@pytest.fixture(scope="module")
def stack(real_data: Path):
    return read_stack(real_data / "needle_tilt_series/HAADF.dm3")


def aligned(frames, reported_deg, pixel_size_nm, sigma_deg):
    recorded = recorded_geometry(reported_deg, frames.shape, pixel_size_nm)
    return align_series(frames, recorded, AlignmentSettings(DEPTH_PX * pixel_size_nm, sigma_deg, features="density"))


@pytest.fixture(scope="module")
def recorded(stack):
    return aligned(stack.frames, stack.tilt_deg, stack.pixel_size_nm, 0.1)


def unexplained(frames, angle_rad, pixel_size_nm):
    """What the projections of a reconstruction leave of the frames, relative root mean square."""
    density = object_density(frames)
    geometry = TiltGeometry(angle_rad, np.zeros((len(density), 2)), pixel_size_nm, density.shape[1])
    volume = reconstruct(density, geometry, ReconstructionSettings(DEPTH_PX * pixel_size_nm, isolated=True), device="cpu")
    inner = (slice(None), slice(6, -6), slice(6, -6))
    left = density - project_volume(volume, geometry, isolated=True)
    return np.linalg.norm(left[inner]) / np.linalg.norm(density[inner])


def test_the_series_agrees_with_itself_once_it_is_aligned(stack, recorded):
    before = unexplained(stack.frames, np.deg2rad(stack.tilt_deg), stack.pixel_size_nm)
    after = unexplained(apply_alignment(stack.frames, recorded.geometry), recorded.geometry.angle_rad, stack.pixel_size_nm)
    print(f"unexplained: {100 * before:.1f} % as recorded, {100 * after:.1f} % aligned")
    assert after < 0.06 < before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lost_shifts_are_found_again_and_angles_are_not_made_up(stack, recorded, seed):
    rng = np.random.default_rng(seed)
    lost_px, wrong_deg = rng.normal(0, 1.5, (91, 2)), rng.normal(0, 1.0, 91)
    moved = np.array([ndimage.shift(frame.astype(float), lost, mode="nearest") for frame, lost in zip(stack.frames, lost_px, strict=True)])
    found = aligned(moved, stack.tilt_deg + wrong_deg, stack.pixel_size_nm, 1.0)
    error = found.geometry.shift_px - recorded.geometry.shift_px - lost_px
    tilt = np.deg2rad(stack.tilt_deg)
    origin = np.column_stack([np.cos(tilt), np.sin(tilt)])
    across = error[:, 0] - origin @ np.linalg.lstsq(origin, error[:, 0], rcond=None)[0]
    assert across.std() < 0.15
    assert error[:, 1].std() < 0.1
    assert "as reported" in found.warnings[0]
    np.testing.assert_allclose(np.rad2deg(found.geometry.angle_rad), stack.tilt_deg + wrong_deg, atol=1e-3)
    np.testing.assert_allclose(found.sigma_deg, 1.0)
