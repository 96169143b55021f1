"""Arms of a network that are one dislocation are joined where they meet, by their Burgers vectors."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.microscope.specimen.joined_arms import whole_dislocations
from rapidstem.microscope.specimen.line_networks import DislocationLine

NODE = np.array([10.0, -20.0, 5.0])
PLANE = np.array([1.0, 1.0, 1.0]) / np.sqrt(3)


def arm(direction, burgers, length=100.0, inward=False):
    """A straight arm of a node; `burgers` is that of the direction away from it."""
    points = NODE + np.linspace(0, length, 20)[:, None] * np.array(direction) / np.linalg.norm(direction)
    burgers = np.array(burgers) / 2
    return DislocationLine(points[::-1] if inward else points, -burgers if inward else burgers, PLANE)


@pytest.mark.parametrize("inward", [False, True])
def test_dislocation_goes_on_where_its_plane_changes(inward):
    lines = whole_dislocations([arm((1, 0, 0), (1, 1, 0)), arm((0, 1, 1), (-1, -1, 0), 140, inward)])
    assert len(lines) == 1
    assert lines[0].length_nm == pytest.approx(240)
    start = lines[0].points_nm[0] - NODE
    assert np.allclose(lines[0].burgers, (0.5, 0.5, 0) if start @ (0, 1, 1) > 0 else (-0.5, -0.5, 0))


def test_lines_that_touch_go_on_with_their_own_burgers_vectors():
    arms = [arm((1, 0, 0), (1, 1, 0)), arm((-1, 0.4, 0), (-1, -1, 0)), arm((0, 1, 0), (1, 0, 1)), arm((0.9, -0.4, 0), (-1, 0, -1))]
    lines = whole_dislocations(arms)
    assert len(lines) == 2
    ends = [{tuple(np.round(line.points_nm[end] - NODE)) for end in (0, -1)} for line in lines]
    assert {(100.0, 0.0, 0.0), (-93.0, 37.0, 0.0)} in ends


def test_by_their_course_four_arms_are_the_two_straightest_lines():
    """Each of two lines has its own Burgers vector and turns back at the node where they touch."""
    arms = [arm((1, 1, 0), (1, 0, 1)), arm((1, -1, 0), (-1, 0, -1)), arm((-1, 1, 0), (1, 1, 0)), arm((-1, -1, 0), (-1, -1, 0))]
    by_burgers, by_course = whole_dislocations(arms), whole_dislocations(arms, by_course=True)
    assert [abs(line.points_nm[0, 0] - line.points_nm[-1, 0]) < 1 for line in by_burgers] == [True, True]
    assert [np.allclose(line.points_nm[[0, -1]].mean(axis=0), NODE) for line in by_course] == [True, True]


def test_by_their_course_lines_that_react_over_less_than_their_width_go_straight_on():
    """Their junction of 6 nm has no contrast; at either end of it one arm of each line is left, by 60 degrees from the other one."""
    far = np.array([6.0, 0, 0])
    arms = [arm((-1, 1, 0), (1, 0, -1)), arm((-1, -1, 0), (-1, -1, 0)), arm((1, -1, 0), (-1, 0, 1)), arm((1, 1, 0), (1, 1, 0))]
    arms = [*arms[:2], *(replace(each, points_nm=each.points_nm + far) for each in arms[2:])]
    by_nodes, by_course = whole_dislocations(arms), whole_dislocations(arms, by_course=True)
    assert [abs(line.points_nm[0, 0] - line.points_nm[-1, 0]) < 1 for line in by_nodes] == [True, True]
    assert [abs(line.points_nm[0, 0] - line.points_nm[-1, 0]) > 140 for line in by_course] == [True, True]


def test_ends_at_a_surface_are_not_joined_by_their_course():
    lines = [arm((1, 0, 0), (1, 1, 0)), replace(arm((0, 1, 0.2), (1, 0, 1)), points_nm=arm((0, 1, 0.2), (1, 0, 1)).points_nm + 5.0)]
    assert len(whole_dislocations(lines, by_course=True)) == 2


def test_by_their_course_three_arms_end_at_their_node_as_well():
    arms = [arm((1, 0, 0), (1, 1, 0)), arm((-1, 0.1, 0), (1, -1, 0)), arm((0, -1, 1), (-2, 0, 0))]
    assert len(whole_dislocations(arms, by_course=True)) == 3


def test_two_arms_that_are_left_beside_one_without_contrast_are_one_line():
    assert len(whole_dislocations([arm((1, 0, 0), (1, 1, 0)), arm((-1, 1, 0), (-1, 0, 1))])) == 1


def test_three_arms_with_contrast_end_at_their_node():
    arms = [arm((1, 0, 0), (1, 1, 0)), arm((-1, 1, 0), (1, -1, 0)), arm((0, -1, 1), (-2, 0, 0))]
    assert len(whole_dislocations(arms)) == 3


def test_lines_without_partners_stay():
    assert whole_dislocations([]) == []
    lines = [arm((1, 0, 0), (1, 1, 0))]
    assert whole_dislocations(lines) == lines
