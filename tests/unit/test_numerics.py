"""Small numerical steps: signs and limits."""

import numpy as np
import pytest

from rapidstem.numerics import plane_trace, whole_pixels


def test_the_trace_of_a_plane_lies_in_it_and_level_on_the_side_of_its_normal() -> None:
    normal = np.array([1.0, 2.0, 3.0]) / np.sqrt(14)
    trace = plane_trace(normal)
    assert (trace @ normal, trace[2], np.linalg.norm(trace)) == pytest.approx((0.0, 0.0, 1.0))
    assert trace == pytest.approx(np.array([2.0, -1.0, 0.0]) / np.sqrt(5))


def test_a_level_plane_has_the_x_axis_for_its_trace() -> None:
    assert plane_trace(np.array([1e-9, 0.0, 1.0])).tolist() == [1.0, 0.0, 0.0]
    assert plane_trace(np.array([0.0, 1e-4, 1.0]))[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("pixel_nm", "expected"), [(4.56, 3), (2.28, 6), (1.14, 12), (9.12, 3)])
def test_a_width_in_whole_pixels(pixel_nm: float, expected: int) -> None:
    assert whole_pixels(13.7, pixel_nm) == expected
