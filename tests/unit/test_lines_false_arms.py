"""Arms of junctions that are no lines: what goes with them, and what stays."""

import numpy as np
import pytest

from rapidstem.dislocations import Polyline
from rapidstem.lines.false_arms import without_false_arms

MEETING = np.array([10.0, 20.0, -5.0])
FIRST = Polyline(np.linspace([-200.0, -30.0, 40.0], MEETING, 30), 0, 1, "border", "junction")
SECOND = Polyline(np.linspace(MEETING, [60.0, 90.0, -100.0], 20), 1, 2, "junction", "surface")
ARM = Polyline(np.linspace(MEETING, [15.0, 60.0, 50.0], 15), 1, 3, "junction", "inside")
OTHER = Polyline(np.linspace([0.0, -90.0, -100.0], [30.0, -70.0, 20.0], 15), 4, 5, "surface", "inside")


def turned(line: Polyline) -> Polyline:
    return Polyline(line.points_nm[::-1], line.end_node, line.start_node, line.end_kind, line.start_kind)


def all_but(*left_out: Polyline):
    """Chooses polylines that share no second and no last but one point with those left out."""
    inner = {tuple(line.points_nm[at]) for line in left_out for at in (1, -2)}
    return lambda lines: [number for number, points in enumerate(lines) if tuple(points[1]) not in inner]


@pytest.mark.parametrize("first", [FIRST, turned(FIRST)])
@pytest.mark.parametrize("second", [SECOND, turned(SECOND)])
@pytest.mark.parametrize("arm", [ARM, turned(ARM)])
def test_a_false_arm_goes_and_what_it_had_cut_is_one_line(first, second, arm):
    other, whole = without_false_arms([second, arm, first, OTHER], all_but(arm, OTHER))
    assert other is OTHER, "a line that is lost at one end and meets no other is no arm"
    ends = {(whole.start_node, whole.start_kind): whole.points_nm[0], (whole.end_node, whole.end_kind): whole.points_nm[-1]}
    assert np.array_equal(ends[0, "border"], FIRST.points_nm[0])
    assert np.array_equal(ends[2, "surface"], SECOND.points_nm[-1])
    assert len(whole.points_nm) == len(FIRST.points_nm) + len(SECOND.points_nm) - 1
    assert np.linalg.norm(np.diff(whole.points_nm, axis=0), axis=1).max() < 9


def test_arms_that_the_frames_speak_for_and_lines_that_end_elsewhere_stay():
    lines = [FIRST, SECOND, ARM]
    assert without_false_arms(lines, all_but()) == lines
    assert without_false_arms(lines, all_but(FIRST)) == lines


def test_a_junction_of_four_arms_keeps_three():
    third = Polyline(np.linspace(MEETING, [150.0, 0.0, 100.0], 30), 1, 6, "junction", "surface")
    assert without_false_arms([FIRST, ARM, SECOND, third], all_but(ARM)) == [FIRST, SECOND, third]
