"""Lines cut at the faces of the foil and at the border of the field."""

import numpy as np
import pytest

from rapidstem.dislocations.foil_clipping import all_clipped, box_around, foil_middle, with_ends
from rapidstem.dislocations.polylines import BORDER, JUNCTION, LOOP, SURFACE, Polyline

ANGLE = np.linspace(0, 2 * np.pi, 200)
RING_NM = 100 * np.column_stack([np.cos(ANGLE), np.sin(ANGLE), np.zeros(200)])
RING_NM[-1] = RING_NM[0]


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("lowest", [True, False])
def test_a_loop_that_leaves_the_field_is_one_arc_wherever_it_begins(side: int, lowest: bool) -> None:
    box_nm = np.array([[-500.0, -500.0, -150.0], [500.0, 500.0, 150.0]])
    box_nm[0 if lowest else 1, side] = -50 if lowest else 50
    (line,) = with_ends(all_clipped([Polyline(RING_NM, 3, 3)], box_nm), box_nm, 0.0)
    assert (line.start_kind, line.end_kind) == (BORDER, BORDER)
    assert line.length_nm == pytest.approx(400 * np.pi / 3, rel=0.01)
    np.testing.assert_allclose(line.points_nm[[0, -1], side], -50 if lowest else 50)


def test_a_loop_through_both_faces_is_two_arcs_and_one_inside_stays_whole() -> None:
    standing = RING_NM[:, [0, 2, 1]]
    box_nm = np.array([[-500.0, -500.0, -80.0], [500.0, 500.0, 80.0]])
    arcs = with_ends(all_clipped([Polyline(standing, 3, 3)], box_nm), box_nm, 0.0)
    assert [kind for line in arcs for kind in (line.start_kind, line.end_kind)] == [SURFACE] * 4
    (whole,) = with_ends(all_clipped([Polyline(RING_NM, 3, 3)], box_nm), box_nm, 0.0)
    assert (whole.start_kind, whole.end_kind) == (LOOP, LOOP)
    np.testing.assert_array_equal(whole.points_nm, RING_NM)


def test_a_loop_keeps_the_junction_in_which_it_begins() -> None:
    box_nm = np.array([[-50.0, -500.0, -150.0], [500.0, 500.0, 150.0]])
    arm = Polyline(np.linspace([100.0, 0.0, 0.0], [499.0, 0.0, 0.0], 90), 3, 4)
    lines = with_ends(all_clipped([Polyline(RING_NM, 3, 3), arm], box_nm), box_nm, 5.0)
    assert sorted(kind for line in lines for kind in (line.start_kind, line.end_kind)) == [*[BORDER] * 3, *[JUNCTION] * 3]


def test_the_middle_of_the_foil_is_counted_from_the_middle_of_the_volume() -> None:
    clear = np.zeros((60, 8, 8), bool)
    clear[20:51, 2:6] = True
    assert foil_middle(clear, 4.0, 120.0) == pytest.approx((35 - 29.5) * 4.0, abs=2.0)
    assert foil_middle(clear[::-1], 4.0, 120.0) == pytest.approx(-foil_middle(clear, 4.0, 120.0))
    assert foil_middle(np.zeros_like(clear), 4.0, 120.0) == 0


def test_lines_that_do_not_fill_the_foil_move_its_middle_no_farther_than_they_need() -> None:
    """Sections 50 to 74 of 90, of 4 nm: from 22 to 118 nm above the middle of the volume, 18 nm more than half of a foil of 200 nm."""
    clear = np.zeros((90, 8, 8), bool)
    clear[50:75, 2:6] = True
    assert foil_middle(clear, 4.0, 200.0) == pytest.approx(18.0, abs=4.0)
    assert foil_middle(clear[::-1], 4.0, 200.0) == pytest.approx(-18.0, abs=4.0)
    assert foil_middle(clear, 4.0, 300.0) == 0
    assert foil_middle(clear, 4.0, 120.0) == pytest.approx(70.0, abs=4.0)


def test_the_box_is_as_wide_as_the_columns_and_as_high_as_the_rows() -> None:
    np.testing.assert_array_equal(box_around(10.0, (60, 100), 2.0, 50.0), [[-100, -60, -15], [100, 60, 35]])
