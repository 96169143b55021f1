"""Ends inside the foil: two at one place are a kink of one line, the two of one line that meet are a loop, all others stay."""

import numpy as np
import pytest

from rapidstem.dislocations.polylines import BORDER, INSIDE, LOOP, SURFACE, Polyline, steps_along
from rapidstem.lines.kinked_lines import joined_at_kinks, loops_closed

FIRST = Polyline(np.linspace([-200.0, 20.0, -40.0], [0.0, 0.0, 0.0], 60), 10, 11, SURFACE, INSIDE)
SECOND = Polyline(np.linspace([5.0, 4.0, 3.0], [90.0, 170.0, 60.0], 50), 20, 21, INSIDE, BORDER)


@pytest.mark.parametrize("turned", [False, True])
def test_two_ends_inside_at_one_place_are_a_kink_between_the_far_ends(turned: bool) -> None:
    second = Polyline(SECOND.points_nm[::-1], 21, 20, BORDER, INSIDE) if turned else SECOND
    (whole,) = joined_at_kinks([FIRST, second])
    assert (whole.start_node, whole.start_kind, whole.end_node, whole.end_kind) == (10, SURFACE, 21, BORDER)
    np.testing.assert_array_equal(whole.points_nm[[0, -1]], [FIRST.points_nm[0], SECOND.points_nm[-1]])
    assert steps_along(whole.points_nm)[-1] == pytest.approx(steps_along(FIRST.points_nm)[-1] + steps_along(SECOND.points_nm)[-1], abs=15)


def test_the_nearest_ends_are_joined_first() -> None:
    farther = Polyline(np.linspace([12.0, -16.0, 8.0], [90.0, -170.0, 60.0], 50), 30, 31, INSIDE, SURFACE)
    for lines in ([FIRST, SECOND, farther], [farther, SECOND, FIRST]):
        found = joined_at_kinks(lines)
        assert len(found) == 2 and any(line is farther for line in found)


def test_ends_apart_or_side_by_side_and_those_of_one_line_stay() -> None:
    apart = Polyline(SECOND.points_nm + np.array([28.0, 20.0, 10.0]), 20, 21, INSIDE, BORDER)
    beside = Polyline(FIRST.points_nm + np.array([4.0, 6.0, 8.0]), 20, 21, SURFACE, INSIDE)
    closed = ring(20.0)
    for lines in ([FIRST, apart], [FIRST, beside], [closed]):
        assert all(line is each for line, each in zip(joined_at_kinks(lines), lines, strict=True))


def ring(gap_nm: float, kinds: tuple[str, str] = (INSIDE, INSIDE)) -> Polyline:
    """All of a circle of 100 nm but for a gap."""
    angle = np.linspace(gap_nm / 200, 2 * np.pi - gap_nm / 200, 200)
    return Polyline(np.column_stack([100 * np.cos(angle), 100 * np.sin(angle), 20 * np.cos(angle)]), 5, 6, *kinds)


def test_a_line_whose_ends_meet_inside_is_a_loop() -> None:
    (loop,) = loops_closed([ring(20.0)])
    assert (loop.start_node, loop.end_node, loop.start_kind, loop.end_kind) == (5, 5, LOOP, LOOP)
    np.testing.assert_array_equal(loop.points_nm[0], loop.points_nm[-1])
    assert np.linalg.norm(loop.points_nm[0] - [-100, 0, -20]) < 5
    assert steps_along(loop.points_nm)[-1] == pytest.approx(2 * np.pi * 101, rel=0.03)


def test_ends_that_are_apart_at_a_surface_or_turn_back_make_no_loop() -> None:
    hairpin = np.vstack([np.linspace([0.0, 0, 0], [200, 0, 0], 60), np.linspace([200.0, 20, 5], [0, 20, 5], 60)])
    lines = [ring(60.0), ring(20.0, (INSIDE, SURFACE)), ring(20.0, (SURFACE, SURFACE)), Polyline(hairpin, 1, 2, INSIDE, INSIDE)]
    assert all(line is each for line, each in zip(loops_closed(lines), lines, strict=True))
