"""Where the foil lies, from its dense lines."""

import numpy as np
import pytest

from rapidstem.tomography.foil_extent import foil_of_points, foil_surfaces


@pytest.mark.parametrize(("outermost", "beyond"), [(20.0, 1.0), (30.0, 4 / 3), (10.0, 2 / 3)])
def test_surfaces_lie_where_the_density_of_lines_falls_to_half_between_two_sections(outermost: float, beyond: float) -> None:
    density = np.zeros(100)
    density[30:71] = 40.0
    density[[29, 71]] = outermost
    assert foil_surfaces(density, 5) == pytest.approx((30 - beyond, 70 + beyond))


@pytest.mark.parametrize("middle", [0.0, -15.0])
def test_points_that_few_frames_see_do_not_move_the_foil(middle: float) -> None:
    rng = np.random.default_rng(2)
    height = np.concatenate([rng.uniform(-33, 33, 700), rng.uniform(33, 60, 250)]) + middle
    seen = np.concatenate([rng.integers(25, 41, 700), rng.integers(5, 12, 250)])
    lowest, highest = foil_of_points(height, seen, 66.0)
    assert (lowest + highest) / 2 == pytest.approx(middle, abs=2)
    assert highest - lowest == pytest.approx(66, abs=5)


@pytest.mark.parametrize("level", [-20.0, -2.0, 15.0])
def test_a_line_that_runs_level_does_not_end_the_foil(level: float) -> None:
    """Few lines: two rise, one through all of the foil, and one runs level, dense in a tenth of the height."""
    height = np.concatenate([np.linspace(-33, 33, 120), np.linspace(-33, -2, 60), np.linspace(level - 4, level + 4, 150)])
    lowest, highest = foil_of_points(height, np.full(len(height), 40.0), 66.0)
    assert lowest == pytest.approx(-33, abs=2)
    assert highest == pytest.approx(33, abs=2)
