"""Fitted curves become lines with ends and nodes: at faces, at junctions, and not where one cannot tell."""

from itertools import permutations

import numpy as np
import pytest

from rapidstem.dislocations import LineNetwork
from rapidstem.lines.fitted_network import fitted_network
from rapidstem.lines.foil_height import FoilPlane

BOX_NM = np.array([[-300.0, -250.0, -100.0], [300.0, 250.0, 100.0]])
LEVEL = FoilPlane(0.0, np.zeros(2))


def every(pieces):
    return list(range(len(pieces)))


def straight(start, end):
    return np.linspace(start, end, 120)


def kinds(network):
    return sorted(kind for line in network.lines for kind in (line.start_kind, line.end_kind))


def test_line_that_ends_on_another_one_meets_it():
    bent = np.vstack([straight((-290, 160, 20), (0, 0, 0)), straight((2, 2, 0), (290, 180, -30))])
    ending = straight((20, -240, -60), (1, -5, -4))
    network = fitted_network([bent, ending], BOX_NM, LEVEL, every)
    assert len(network.lines) == 3
    assert kinds(network) == ["border"] * 3 + ["junction"] * 3


@pytest.mark.parametrize(("gap_nm", "aside_nm", "lines"), [(20, 9, 3), (20, -16, 2), (45, 0, 2)])
def test_an_end_meets_what_it_passes_within_twelve_nm_when_it_is_led_on_by_thirty(gap_nm, aside_nm, lines):
    bent = np.vstack([straight((-290, 160, 0), (0, 0, 0)), straight((2, 2, 0), (290, 180, 0))])
    for ending in (straight((0, -240, aside_nm), (0, -gap_nm, aside_nm)), straight((0, -gap_nm, aside_nm), (0, -240, aside_nm))):
        network = fitted_network([bent, ending], BOX_NM, LEVEL, every)
        assert len(network.lines) == lines
        ends = [(line.start_kind, line.points_nm[0]) for line in network.lines] + [
            (line.end_kind, line.points_nm[-1]) for line in network.lines
        ]
        assert all(np.linalg.norm(place) < 3 for kind, place in ends if kind == "junction")


@pytest.mark.parametrize(("bend_x", "lines"), [(240, 3), (280, 2)])
def test_a_line_is_not_met_where_it_ends(bend_x, lines):
    """It bends so that its last stretch, 67 or 22 nm long, runs into the border."""
    bent = np.vstack([straight((-290, 160, 0), (bend_x, 0, 0)), straight((bend_x + 1, 0.5, 0), (300, (300 - bend_x) / 2, 0))])
    ending = straight((bend_x, -240, 0), (bend_x, -10, 0))
    for whole in (bent, bent[::-1]):
        assert len(fitted_network([whole, ending], BOX_NM, LEVEL, every).lines) == lines


def test_straight_line_has_no_junction_on_its_way():
    whole = straight((-290, -100, 20), (290, 120, -30))
    ending = straight((20, -240, -60), (1, -5, -9))
    assert len(fitted_network([whole, ending], BOX_NM, LEVEL, every).lines) == 2


def test_line_that_is_lost_behind_another_one_just_inside_the_border_meets_nothing():
    whole = straight((280, -240, 20), (280, 240, -20))
    bent = np.vstack([straight((180, -240, 0), (275, 0, 0)), straight((275, 1, 0), (180, 240, 0))])
    lost = straight((-290, -30, 0), (262, 0, 0))
    for line in (whole, bent):
        network = fitted_network([line, lost], BOX_NM, LEVEL, every)
        assert len(network.lines) == 2
        assert "junction" not in kinds(network)


def test_end_just_below_a_surface_is_stated_as_ending_there():
    shallow = straight((-290, 10, 40), (100, -60, 80))
    network = fitted_network([shallow], BOX_NM, LEVEL, every)
    assert kinds(network) == ["border", "surface"]
    assert network.lines[0].points_nm[:, 2].max() < 85


def test_a_steep_end_just_below_a_surface_is_led_on_to_it():
    (line,) = fitted_network([straight((0, -30, -90), (40, 20, 85))], BOX_NM, LEVEL, every).lines
    np.testing.assert_allclose(line.points_nm[[0, -1], 2], [-100, 100])


@pytest.mark.parametrize("height_nm", [5, 60])
def test_end_deep_inside_is_lost(height_nm):
    assert kinds(fitted_network([straight((-290, 10, 0), (100, -60, height_nm))], BOX_NM, LEVEL, every)) == ["border", "inside"]


def test_lines_are_longer_than_three_of_their_widths_and_come_longest_first():
    curves = [straight((0, 0, 0), (25, 20, 5)), straight((0, 100, 0), (150, 110, 5)), straight((-100, -150, 0), (150, -110, 5))]
    assert [round(line.length_nm, -1) for line in fitted_network(curves, BOX_NM, LEVEL, every).lines] == [250, 150]


def test_two_ends_at_one_place_inside_are_a_kink_of_one_line():
    """They turn by 110 degrees there, one has gone on by 8 nm beyond the other."""
    first, second = straight((-290, -60, 40), (20, 10, 0)), straight((28, 12, -4), (-60, 240, -30))
    network = fitted_network([first, second], BOX_NM, LEVEL, every)
    assert kinds(network) == ["border", "border"]
    line = network.lines[0].points_nm
    assert np.linalg.norm(line - np.array([24, 11, -2]), axis=1).min() < 12


def test_lines_that_stop_side_by_side_stay_two():
    first, second = straight((-290, -60, 40), (20, 10, 0)), straight((-290, -40, 40), (20, 26, 0))
    assert len(fitted_network([first, second], BOX_NM, LEVEL, every).lines) == 2


def test_ends_at_a_distance_stay_two():
    first, second = straight((-290, -60, 40), (20, 10, 0)), straight((80, 30, -4), (-60, 240, -30))
    assert len(fitted_network([first, second], BOX_NM, LEVEL, every).lines) == 2


def test_lines_of_a_leaning_foil_end_at_its_faces() -> None:
    plane = FoilPlane(10.0, np.array([0.05, -0.04]))
    points, asked = np.linspace([-200.0, 120.0, -160.0], [150.0, -80.0, 160.0], 200), []
    (line,) = fitted_network(
        [points], BOX_NM - np.array([0.0, 0.0, 30.0]), plane, lambda pieces: asked.extend(pieces) or every(pieces)
    ).lines
    np.testing.assert_allclose(np.cross(asked[0] - points[0], points[-1] - points[0]), 0, atol=1e-6)
    assert kinds(LineNetwork([line], BOX_NM)) == ["surface", "surface"]
    height = line.points_nm[[0, -1], 2] - line.points_nm[[0, -1], :2] @ plane.slopes
    np.testing.assert_allclose(height, [-90, 110], atol=1e-6)
    assert abs(line.points_nm[-1, 2] - 110) > 5


def test_junctions_do_not_hang_on_the_order_of_lines():
    """The first ends on the second, and the second on the third: it is cut before its own turn."""
    first = straight((20, -240, -60), (1, -5, -4))
    second = np.vstack([straight((-150, 100, 20), (0, 0, 0)), straight((2, 2, 0), (180, 60, -10))])
    third = np.vstack([straight((240, -240, 30), (200, 66, -10)), straight((201, 68, -10), (280, 245, 10))])
    networks = [fitted_network(list(lines), BOX_NM, LEVEL, every) for lines in permutations([first, second, third])]
    assert {len(network.lines) for network in networks} == {5}
    assert all(kinds(network).count("junction") == 6 for network in networks)


def test_a_ring_inside_the_foil_is_a_loop():
    angle = np.linspace(0.1, 2 * np.pi - 0.05, 200)
    ring = np.column_stack([120 * np.cos(angle) + 30, 90 * np.sin(angle) - 20, 20 * np.sin(angle)])
    network = fitted_network([ring], BOX_NM, LEVEL, every)
    assert kinds(network) == ["loop", "loop"]
    line = network.lines[0]
    assert line.start_node == line.end_node and np.allclose(line.points_nm[0], line.points_nm[-1])
    assert line.length_nm == pytest.approx(664, rel=0.02)


@pytest.mark.parametrize("begins_at", [0.1, 2.2, 3.4])
def test_a_loop_that_a_line_meets_stays_one_line(begins_at):
    angle = np.linspace(begins_at, begins_at + 2 * np.pi - 0.1, 200)
    ring = np.column_stack([100 * np.cos(angle) + 30, 100 * np.sin(angle) - 20, np.zeros(200)])
    arm = straight((30, -240, 0), (30, -126, 0))
    network = fitted_network([ring, arm], BOX_NM, LEVEL, every)
    assert kinds(network) == ["border", "junction", "loop", "loop"]
    loop, line = network.lines
    assert {loop.start_node, loop.end_node} == {line.start_node, line.end_node} & {loop.start_node}
    assert loop.length_nm == pytest.approx(200 * np.pi, rel=0.01)
    np.testing.assert_allclose(loop.points_nm[0], [30, -120, 0], atol=4)


def test_a_loop_that_two_lines_meet_is_two_arms():
    angle = np.linspace(0.1, 2 * np.pi, 200)
    ring = np.column_stack([100 * np.cos(angle), 100 * np.sin(angle), np.zeros(200)])
    network = fitted_network([ring, straight((0, -240, 0), (0, -106, 0)), straight((0, 240, 0), (0, 106, 0))], BOX_NM, LEVEL, every)
    assert kinds(network) == ["border", "border", *["junction"] * 6]
    assert sorted(round(line.length_nm, -1) for line in network.lines) == pytest.approx([140, 140, 310, 310], abs=11)


def test_a_hairpin_is_no_loop():
    there = straight((-100, 0, 0), (60, 0, 0))
    hairpin = np.vstack([there, straight((70, 10, 0), (60, 20, 0)), there[::-1] + np.array([0.0, 20.0, 0.0])])
    assert kinds(fitted_network([hairpin], BOX_NM, LEVEL, every)) == ["inside", "inside"]


def test_pieces_that_are_not_chosen_are_no_lines_and_hold_no_others():
    whole, ending = straight((-290, 0, 0), (290, 20, 0)), straight((0, -240, 0), (0, -4, 0))
    shown: list[list] = []

    def chosen(pieces):
        shown.append(pieces)
        return [number for number, points in enumerate(pieces) if abs(np.ptp(points[:, 0])) > 100]

    (line,) = fitted_network([whole, ending], BOX_NM, LEVEL, chosen).lines
    assert np.allclose(line.points_nm[[0, -1]], whole[[0, -1]], atol=15)
    assert [len(pieces) for pieces in shown] == [2]
