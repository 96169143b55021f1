"""Where the foil lies, from its dense lines."""

import numpy as np
import pytest

from rapidstem.tomography.foil_extent import foil_of_points, foil_surfaces


def test_surfaces_lie_where_dense_lines_end_and_not_where_the_last_of_the_spread_ones_are() -> None:
    density = np.zeros(100)
    density[30:71] = 40.0
    density[71:95] = 8.0
    assert foil_surfaces(density, 5, 0.2) == pytest.approx((29.5, 70.5), abs=1.0)


@pytest.mark.parametrize("middle", [0.0, -15.0])
def test_points_that_few_frames_see_do_not_move_the_foil(middle: float) -> None:
    rng = np.random.default_rng(2)
    height = np.concatenate([rng.uniform(-33, 33, 700), rng.uniform(33, 60, 250)]) + middle
    seen = np.concatenate([rng.integers(25, 41, 700), rng.integers(5, 12, 250)])
    lowest, highest = foil_of_points(height, seen, 66.0)
    assert (lowest + highest) / 2 == pytest.approx(middle, abs=2)
    assert highest - lowest == pytest.approx(66, abs=5)
