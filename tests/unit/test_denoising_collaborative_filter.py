"""Groups of similar blocks: their transform, the noise in it, the search for them, and the filter made of these."""

import numpy as np
import pytest
from denoising_phantoms import scene
from scipy import ndimage

from benchmarks.bm3d_package import package_filter
from rapidstem.denoising.bm3d.block_noise import coefficient_covariance, group_variance
from rapidstem.denoising.bm3d.block_search import nearest_blocks
from rapidstem.denoising.bm3d.block_transforms import COEFFICIENTS, SIDE, read_group, restore_blocks
from rapidstem.denoising.bm3d.collaborative_filter import LARGEST_OFFSET_PX, collaborative_filter
from rapidstem.errors import InputError

STREAK = np.outer([0.2, 1.0, 0.1], [0.1, 0.4, 0.8, 1.0, 0.9, 0.3, 0.1])
# Noise of two blocks is related otherwise along one diagonal than along the other.
LEANING = np.array([[0.2, 0.5, 0.3, 0.1, 0.0, 0.0, 0.0], [0.1, 0.4, 0.8, 1.0, 0.9, 0.3, 0.1], [0.0, 0.0, 0.0, 0.1, 0.4, 0.6, 0.2]])
ROWS, COLUMNS = np.array([4, 0, 9, 17, 4, 5, 20, 2]), np.array([6, 11, 0, 21, 9, 6, 3, 14])


def streaks(shape: tuple[int, int], seed: int, kernel: np.ndarray = STREAK) -> np.ndarray:
    """Noise of unit variance whose correlation is longer along x than along y."""
    white = np.random.default_rng(seed).normal(size=shape)
    return ndimage.convolve(white, kernel, mode="wrap") / np.linalg.norm(kernel)


def streak_covariance(kernel: np.ndarray = STREAK) -> np.ndarray:
    impulse = np.zeros((2 * LARGEST_OFFSET_PX + 1,) * 2)
    impulse[LARGEST_OFFSET_PX, LARGEST_OFFSET_PX] = 1
    return ndimage.correlate(ndimage.convolve(impulse, kernel), kernel) / np.sum(kernel**2)


def transformed(image: np.ndarray) -> np.ndarray:
    group = np.empty((len(ROWS), COEFFICIENTS), np.float32)
    read_group(image.astype(np.float32), ROWS, COLUMNS, group, np.empty_like(group))
    return group


def psnr(image: np.ndarray, clean: np.ndarray) -> float:
    return 10 * np.log10(np.ptp(clean) ** 2 / np.mean((image - clean) ** 2))


def test_a_group_comes_back_from_its_transform_which_keeps_its_energy() -> None:
    image = np.random.default_rng(1).normal(5, 2, size=(40, 44))
    blocks = np.stack([image[y : y + SIDE, x : x + SIDE] for y, x in zip(ROWS, COLUMNS, strict=True)])
    group = transformed(image)
    assert np.sum(group**2) == pytest.approx(np.sum(blocks**2), rel=1e-5)
    assert group[0, 0] == pytest.approx(blocks.mean() * np.sqrt(blocks.size), rel=1e-5)
    restore_blocks(group, np.empty_like(group))
    np.testing.assert_allclose(group.reshape(blocks.shape), blocks, atol=1e-5)


def test_the_variance_of_each_coefficient_is_that_of_drawn_noise() -> None:
    covariance = coefficient_covariance(streak_covariance(LEANING))
    variance = np.empty((len(ROWS), COEFFICIENTS), np.float32)
    group_variance(covariance, ROWS, COLUMNS, variance, np.empty((len(ROWS), len(ROWS), COEFFICIENTS), np.float32))
    draws = 4000
    drawn = np.mean([transformed(streaks((48, 48), seed, LEANING)) ** 2 for seed in range(draws)], axis=0)
    six_sigma = 6 * np.sqrt(2 / draws)
    np.testing.assert_allclose(drawn, variance, rtol=six_sigma)
    assert variance.max() > 20 * variance.min()


def test_the_nearest_blocks_are_those_of_a_search_through_all() -> None:
    image = np.random.default_rng(3).normal(size=(30, 33)).astype(np.float32)
    expected = np.random.default_rng(4).uniform(0, 40, size=(21, 21)).astype(np.float32)
    distances, rows, columns = np.empty(6, np.float32), np.empty(6, np.int64), np.empty(6, np.int64)
    y, x = 3, 20
    assert nearest_blocks(image, (y, x), expected, distances, rows, columns) == 6
    block = image[y : y + SIDE, x : x + SIDE]
    known = {}
    for row in range(y + 11):
        for column in range(x - 10, 33 - SIDE + 1):
            other = image[row : row + SIDE, column : column + SIDE]
            known[row, column] = np.sum((other - block) ** 2) - expected[row - y + 10, column - x + 10]
    known[y, x] = -np.inf
    assert list(zip(rows, columns, strict=True)) == sorted(known, key=lambda place: known[place])[:6]


def test_noise_with_a_direction_is_removed_with_its_covariance_and_not_with_the_turned_one() -> None:
    clean = 4 * scene(2, 64)
    noisy = clean + streaks(clean.shape, 5)
    covariance = streak_covariance()
    filtered = psnr(collaborative_filter(noisy, covariance), clean)
    assert filtered > psnr(noisy, clean) + 6
    assert filtered > psnr(collaborative_filter(noisy, covariance.T), clean) + 0.5


def test_an_image_without_noise_stays_as_it_is() -> None:
    clean = scene(2, 40)
    filtered = collaborative_filter(clean, np.zeros((2 * LARGEST_OFFSET_PX + 1,) * 2))
    np.testing.assert_allclose(filtered, clean, atol=1e-4)


def test_an_image_smaller_than_a_block() -> None:
    with pytest.raises(InputError, match="20x7 px is smaller than a block of 8x8"):
        collaborative_filter(np.zeros((20, 7)), streak_covariance())


def test_the_package_of_that_name_is_no_better() -> None:
    pytest.importorskip("bm3d", reason="the package bm3d (group peers) is not installed")
    clean = 4 * scene(2, 128)
    noisy = clean + streaks(clean.shape, 5)
    impulse = np.zeros(clean.shape)
    impulse[0, 0] = 1
    power = np.abs(np.fft.fft2(ndimage.convolve(impulse, STREAK, mode="wrap"))) ** 2 / np.sum(STREAK**2)
    assert psnr(collaborative_filter(noisy, streak_covariance()), clean) > psnr(package_filter(noisy, power), clean) - 0.1
