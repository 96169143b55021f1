"""PSNR and SSIM against values worked out by hand."""

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.scores.image_quality import psnr_affine_db, psnr_by_range_db, psnr_db, ssim

WHOLE = (slice(None), slice(None))


def ramp(rows: int = 40, columns: int = 60) -> np.ndarray:
    return np.add.outer(np.arange(rows, dtype=float), 2 * np.arange(columns, dtype=float))


def noisy(reference: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    return reference + np.random.default_rng(seed).normal(0, sigma, reference.shape)


def test_psnr_of_a_known_error() -> None:
    reference = np.zeros((10, 10))
    reference[0, 0], image = 100.0, reference.copy()
    image[5:, :] = 10.0
    image[0, 0] = 100.0
    assert psnr_db(image, reference, WHOLE) == pytest.approx(10 * np.log10(100**2 / (0.5 * 10**2)))


def test_ranges_are_those_of_the_reference_and_begin_at_their_lower_limits() -> None:
    reference = np.array([[0, 10_000, 19_999], [20_000, 30_000, 39_999], [40_000, 50_000, 65_535.0]])
    image = reference + np.array([[0, 100, 100], [-1000, 1000, 1000], [-3000, 3000, 0]])
    squares = (2 * 100**2 / 3, 1000**2, 2 * 3000**2 / 3)
    assert list(psnr_by_range_db(image, reference, WHOLE).values()) == pytest.approx([10 * np.log10(65535**2 / each) for each in squares])


def test_psnr_does_not_see_gain_and_offset() -> None:
    image, reference = noisy(ramp(), 3.0), ramp()
    assert psnr_db(3 * image + 700, reference, WHOLE) == pytest.approx(psnr_db(image, reference, WHOLE))
    assert psnr_affine_db(0.2 * image - 5, reference, WHOLE) == pytest.approx(psnr_affine_db(image, reference, WHOLE))


def test_one_hot_pixel_ruins_the_papers_psnr_most() -> None:
    image, reference = noisy(ramp(), 1.0), ramp()
    hot = image.copy()
    hot[20, 30] = 400.0
    assert psnr_db(hot, reference, WHOLE) < psnr_db(image, reference, WHOLE) - 10
    assert psnr_affine_db(hot, reference, WHOLE) > psnr_db(hot, reference, WHOLE) + 10


def test_affine_psnr_of_white_noise() -> None:
    reference = ramp(200, 300)
    expected = 20 * np.log10(np.ptp(reference) / 2.0)
    assert psnr_affine_db(noisy(reference, 2.0), reference, WHOLE) == pytest.approx(expected, abs=0.1)


def test_a_negative_is_no_likeness() -> None:
    assert psnr_db(-ramp(), ramp(), WHOLE) < 10


def test_equal_images() -> None:
    assert psnr_db(ramp(), ramp(), WHOLE) == np.inf
    assert ssim(2 * ramp() + 1, ramp(), WHOLE) == pytest.approx(1)


def test_ssim_falls_with_noise() -> None:
    reference = 20 * np.sin(ramp() / 9)
    values = [ssim(noisy(reference, sigma), reference, WHOLE) for sigma in (0.5, 3.0, 20.0)]
    assert values[0] > 0.95 > values[1] > values[2]


def test_only_the_area_counts() -> None:
    image, reference = ramp(), ramp()
    image[:5], reference[-5:] = 1e6, np.nan
    assert psnr_db(image, reference, (slice(5, -5), slice(None))) == np.inf
    with pytest.raises(InputError, match="unseen"):
        psnr_db(image, reference, (slice(5, None), slice(None)))


@pytest.mark.parametrize("score", [psnr_db, psnr_affine_db, ssim])
def test_what_cannot_be_compared(score) -> None:
    with pytest.raises(InputError, match="shape"):
        score(ramp(), ramp(30), WHOLE)
    with pytest.raises(InputError, match="constant"):
        score(np.ones((40, 60)), ramp(), WHOLE)
    with pytest.raises(InputError, match="empty"):
        score(ramp(), ramp(), (slice(0), slice(None)))
