"""Small numerical steps: signs and limits."""

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.numerics import gaussian_mean, parabola_vertex, plane_trace, weighted_median, whole_pixels


def test_the_trace_of_a_plane_lies_in_it_and_level_on_the_side_of_its_normal() -> None:
    normal = np.array([1.0, 2.0, 3.0]) / np.sqrt(14)
    trace = plane_trace(normal)
    assert (trace @ normal, trace[2], np.linalg.norm(trace)) == pytest.approx((0.0, 0.0, 1.0))
    assert trace == pytest.approx(np.array([2.0, -1.0, 0.0]) / np.sqrt(5))


def test_a_level_plane_has_the_x_axis_for_its_trace() -> None:
    assert plane_trace(np.array([1e-9, 0.0, 1.0])).tolist() == [1.0, 0.0, 0.0]
    assert plane_trace(np.array([0.0, 1e-4, 1.0]))[0] == pytest.approx(1.0)


def test_the_vertex_of_a_parabola_is_exact_within_half_a_sample_and_no_farther() -> None:
    place = np.array([-0.45, 0.0, 0.3])
    before, middle, after = (7 - 3 * (at - place) ** 2 for at in (-1, 0, 1))
    np.testing.assert_allclose(parabola_vertex(before, middle, after), place, atol=1e-12)
    assert parabola_vertex(1.0, 2.0, 2.9) == 0.5
    assert parabola_vertex(2.9, 2.0, 1.0) == -0.5
    assert parabola_vertex(3.0, 2.0, 3.0) == parabola_vertex(1.0, 2.0, 3.0) == 0


def test_half_of_the_weight_lies_up_to_the_weighted_median() -> None:
    assert weighted_median(np.array([4.0, 1.0, 3.0, 2.0]), np.array([2.0, 2.0, 1.0, 2.0])) == 2.0
    assert weighted_median(np.array([4.0, 1.0, 3.0, 2.0]), np.array([4.0, 2.0, 2.0, 1.0])) == 3.0
    assert weighted_median(np.zeros(0), np.zeros(0)) == 0.0


@pytest.mark.parametrize(("pixel_nm", "expected"), [(4.56, 3), (2.28, 6), (1.14, 12), (9.12, 3)])
def test_a_width_in_whole_pixels(pixel_nm: float, expected: int) -> None:
    assert whole_pixels(13.7, pixel_nm) == expected


@pytest.mark.parametrize(("shape", "sigma_px"), [((64, 64), 12.0), ((61, 90), 3.0), ((40, 33), 25.0)])
def test_a_gaussian_mean_is_the_sum_over_all_pixels_and_their_mirror_images(shape: tuple[int, int], sigma_px: float) -> None:
    image = np.random.default_rng(1).normal(5, 1, shape)
    assert gaussian_mean(image, sigma_px) == pytest.approx(ndimage.gaussian_filter(image, sigma_px, truncate=8), abs=1e-4)


def test_a_gaussian_mean_keeps_single_precision_and_lies_around_its_pixel() -> None:
    image = np.zeros((50, 70), np.float32)
    image[20, 45] = 1
    mean = gaussian_mean(image, 6.0)
    assert mean.dtype == np.float32
    assert np.unravel_index(np.argmax(mean), mean.shape) == (20, 45)
    assert mean.sum() == pytest.approx(1, abs=1e-5)
