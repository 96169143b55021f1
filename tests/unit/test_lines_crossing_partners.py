"""Lines that pass each other closely keep, or get, the partners with which their courses are smooth."""

import numpy as np
import pytest

from rapidstem.lines.crossing_partners import course_cost, doubtful_partners, exchanged, passage_of

# Two bowed lines that cross at 30 degrees, 6 nm apart in z; asymmetric in x, y and z.
ALONG = np.linspace(-300, 350, 200)
RISING = np.column_stack([ALONG, 0.27 * ALONG + 1e-4 * ALONG**2, 0.1 * ALONG])
FALLING = np.column_stack([ALONG, -0.27 * ALONG + 2e-4 * ALONG**2, -0.2 * ALONG + 6])


def swapped(first, second, at=92):
    """The same lines, as a tracing gives them that goes over from one to the other where they cross."""
    return [np.vstack([first[:at], second[at + 2 :]]), np.vstack([second[:at], first[at + 2 :]])]


def farthest(line, true):
    return max(np.linalg.norm(true - point, axis=1).min() for point in line)


@pytest.mark.parametrize("turned", [False, True])
def test_swapped_partners_are_exchanged(turned):
    wrong = swapped(RISING, FALLING)
    lines = exchanged([wrong[0], wrong[1][::-1] if turned else wrong[1]])
    assert len(lines) == 2
    assert min(farthest(line, RISING) for line in lines) < 8
    assert min(farthest(line, FALLING) for line in lines) < 8


def test_right_partners_stay():
    lines = exchanged([RISING, FALLING])
    assert np.array_equal(lines[0], RISING) and np.array_equal(lines[1], FALLING)


def test_lines_at_a_distance_do_not_pass():
    assert passage_of(RISING, FALLING + np.array([0, 0, 40.0])) is None


def test_where_a_line_ends_on_another_nothing_is_exchanged():
    assert passage_of(RISING, FALLING[:95]) is None


def test_other_lines_are_left_alone():
    far = RISING + np.array([0, 0, 90.0])
    lines = exchanged([*swapped(RISING, FALLING), far])
    assert np.array_equal(lines[2], far)


def test_partners_are_doubtful_where_lines_cross_at_a_small_angle_near_the_border():
    """Straight on, or either bent back by 16 degrees: over 160 nm both are courses of a dislocation."""
    along = np.linspace(-230, 160, 130)
    tilted = np.deg2rad(8.0)
    lines = [np.column_stack([along, sign * np.tan(tilted) * along, 0.3 * along]) for sign in (-1, 1)]
    other, odds = doubtful_partners([RISING + 500.0, *lines])
    assert list(other) == [-1, 2, 1]
    assert np.isnan(odds[0]) and odds[1] == odds[2] and 0.2 < odds[1] < 20


def test_odds_are_those_of_the_partners_as_they_are():
    along = np.linspace(-230, 160, 130)
    lines = [np.column_stack([along, sign * np.tan(np.deg2rad(9.5)) * along, 0.3 * along]) for sign in (-1, 1)]
    bent = [np.vstack([lines[number][:76], lines[1 - number][77:]]) for number in (0, 1)]
    (straight_odds, _), (bent_odds, _) = (doubtful_partners(each)[1] for each in (lines, bent))
    assert 1 < straight_odds < 20 and bent_odds == pytest.approx(1 / straight_odds, rel=0.1)


def test_the_cost_of_a_course_counts_independent_places():
    places = np.column_stack([np.arange(2.5, 200, 5), np.zeros(40), np.tile([2.0, -2.0], 20)])
    assert course_cost(places * [-1, 1, 1], places) == pytest.approx(80 / 10 * (2 / 4) ** 2 / 2, rel=0.02)


def test_partners_are_certain_where_courses_are_clear():
    other, odds = doubtful_partners([RISING, FALLING])
    assert list(other) == [-1, -1] and np.isnan(odds).all()
    assert len(doubtful_partners([])[0]) == 0
