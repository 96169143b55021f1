import numpy as np
import pytest
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.scores.shell_correlation import (
    GOLD_STANDARD,
    SHELL_COLUMNS,
    directional_correlations,
    half_bit_threshold,
    resolution_nm,
)

VOXEL_NM = 4.0
SHAPE = (40, 64, 56)


def noise(seed, shape=SHAPE):
    return np.random.default_rng(seed).normal(size=shape)


def shells_of(first, second, voxel_size_nm, direction="all"):
    table = directional_correlations(first, second, voxel_size_nm)
    return table[table["direction"] == direction]


def band_limited(volume, limit_per_nm, axis=None):
    """Cut the spectrum beyond a frequency: of all directions, or of one axis' component."""
    frequencies = np.meshgrid(*(np.fft.fftfreq(n, VOXEL_NM) for n in volume.shape), indexing="ij")
    size = np.sqrt(sum(f**2 for f in frequencies)) if axis is None else np.abs(frequencies[axis])
    return np.fft.ifftn(np.fft.fftn(volume) * (size <= limit_per_nm)).real


def test_a_volume_correlates_with_itself_whatever_scale_and_offset():
    shells = shells_of(noise(1), 3.0 * noise(1) + 7.0, VOXEL_NM)
    assert list(shells.columns) == SHELL_COLUMNS
    np.testing.assert_allclose(shells["correlation"], 1.0, atol=1e-6)
    assert shells["spatial_frequency_per_nm"].max() <= 0.5 / VOXEL_NM
    assert resolution_nm(shells) == pytest.approx(2 * VOXEL_NM, rel=0.05)


def test_a_volume_anticorrelates_with_its_negative():
    np.testing.assert_allclose(shells_of(noise(1), -noise(1), VOXEL_NM)["correlation"], -1.0, atol=1e-6)


def test_independent_noise_does_not_correlate():
    shells = shells_of(noise(1), noise(2), VOXEL_NM)
    many = shells[shells["voxels"] > 500]
    assert np.abs(many["correlation"]).max() < 0.1
    assert abs(many["correlation"].mean()) < 0.02
    assert resolution_nm(shells) > 1.0 / shells["spatial_frequency_per_nm"].iloc[4]


def test_the_scatter_of_noise_is_that_of_the_stated_number_of_voxels():
    """Var(FSC) of unrelated volumes is 1 / (2 n) for n complex values, which the window makes fewer but not more."""
    shells = [shells_of(noise(seed), noise(seed + 100), VOXEL_NM) for seed in range(6)]
    normalised = np.concatenate([s["correlation"] * np.sqrt(2.0 * s["voxels"]) for s in shells])
    assert 0.9 < np.std(normalised) < 2.2


def test_every_value_of_the_spectrum_is_counted_once():
    shells = shells_of(noise(1, (12, 12, 12)), noise(2, (12, 12, 12)), VOXEL_NM)
    index = np.stack(np.meshgrid(*3 * [np.arange(-6, 6)], indexing="ij"), axis=-1).reshape(-1, 3)
    radius = np.linalg.norm(index, axis=1)
    pairs = {tuple(sorted([tuple(i % 12), tuple(-i % 12)])) for i, r in zip(index, radius, strict=True) if 0 < r <= 6}
    assert shells["voxels"].sum() == len(pairs)


@pytest.mark.parametrize("limit_per_nm", [0.05, 0.09])
def test_the_resolution_of_a_band_limited_object_in_noise(limit_per_nm):
    cube = (72, 72, 72)
    common = band_limited(noise(3, cube), limit_per_nm)
    halves = [common + 0.4 * noise(seed, cube) for seed in (4, 5)]
    shells = shells_of(*halves, VOXEL_NM)
    assert 1.0 / resolution_nm(shells) == pytest.approx(limit_per_nm, abs=0.008)
    assert 1.0 / resolution_nm(shells, GOLD_STANDARD) == pytest.approx(limit_per_nm, abs=0.008)


def test_the_correlation_of_signal_in_noise_is_the_share_of_its_power():
    halves = [noise(3) + 0.5 * noise(seed) for seed in (4, 5)]
    shells = shells_of(*halves, VOXEL_NM)
    assert shells.loc[shells["voxels"] > 500, "correlation"].mean() == pytest.approx(1.0 / 1.25, abs=0.02)


def test_a_blur_along_z_lowers_the_resolution_along_z_alone():
    common = ndimage.gaussian_filter1d(noise(3), 2.5, axis=0)
    halves = [common + 0.1 * noise(seed) for seed in (4, 5)]
    table = directional_correlations(*halves, VOXEL_NM)
    found = {name: resolution_nm(shells) for name, shells in table.groupby("direction")}
    assert list(dict.fromkeys(table["direction"])) == ["all", "x", "y", "z"]
    assert found["z"] > 1.5 * max(found["x"], found["y"])
    assert found["x"] == pytest.approx(2 * VOXEL_NM, rel=0.06)


def test_the_window_removes_what_only_the_cut_faces_share():
    """A ramp across the volume differs at its two faces: periodic continuation makes a streak that correlates up to the highest shells."""
    halves = [noise(seed) + 5.0 * np.linspace(-1, 1, SHAPE[0])[:, None, None] for seed in (1, 2)]
    streak = [np.fft.fft(half.mean(axis=(1, 2)))[12:20] for half in halves]
    assert np.real(np.vdot(*streak)) / np.linalg.norm(streak[0]) / np.linalg.norm(streak[1]) > 0.9
    shells = shells_of(*halves, VOXEL_NM, direction="z")
    assert np.abs(shells["correlation"][shells["spatial_frequency_per_nm"] > 0.07]).mean() < 0.1


def test_the_half_bit_threshold_is_the_published_curve():
    np.testing.assert_allclose(half_bit_threshold(np.array([1.0, 100.0, 1e12])), [1.0, 0.3983 / 1.29812, 0.2071 / 1.2071], rtol=1e-3)


def test_bad_volumes_are_refused():
    with pytest.raises(InputError, match="same shape"):
        shells_of(noise(1), noise(1)[1:], VOXEL_NM)
    with pytest.raises(InputError, match="nothing but a constant"):
        shells_of(noise(1), np.ones(SHAPE), VOXEL_NM)


def test_cones_hold_the_share_of_space_within_30_degrees_and_the_threshold_counts_voxels_that_the_window_leaves():
    table = directional_correlations(noise(1), noise(2), VOXEL_NM)
    voxels = table.groupby("direction")["voxels"].sum()
    for direction in "xyz":
        assert voxels[direction] / voxels["all"] == pytest.approx(1 - np.cos(np.deg2rad(30)), abs=0.006)
    left = (1 - 2 * 0.15 * (1 - 3 / 8)) ** 3
    np.testing.assert_allclose(table["half_bit"], half_bit_threshold(table["voxels"].to_numpy() * left), rtol=0.01)
