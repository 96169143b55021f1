"""Lines that cross are led through, junctions stay, paths that turn back are cut."""

import networkx as nx
import numpy as np

from rapidstem.dislocations.foil_clipping import without_forks
from rapidstem.dislocations.line_crossings import lead_through
from rapidstem.dislocations.line_joining import join_ends
from rapidstem.dislocations.line_pruning import cut_hairpins
from rapidstem.dislocations.path_graph import dissolve
from rapidstem.dislocations.polylines import Polyline

SIZE, REACH, WIDTH = 18.0, 12.0, 3.0


def straight(start, end):
    start, end = np.array(start, float), np.array(end, float)
    count = int(np.linalg.norm(end - start)) + 1
    return start + np.linspace(0, 1, count)[:, None] * (end - start)


def graph_of(*edges):
    graph = nx.MultiGraph()
    for first, second, points in edges:
        graph.add_edge(first, second, points=points, start=first)
    return graph


def ends(graph):
    """The two end points of every path, as a set of pairs."""
    paths = [np.rint(data["points"][[0, -1]]).astype(int).tolist() for *_, data in graph.edges(data=True)]
    return {tuple(sorted(map(tuple, pair))) for pair in paths}


def test_lines_that_cross_at_a_distance_in_depth_are_led_through():
    one, two = (10, 50, 50), (20, 50, 50)
    graph = graph_of(
        (0, 1, straight((10, 50, 10), one)),
        (1, 2, straight(one, (10, 50, 90))),
        (3, 4, straight((20, 10, 40), two)),
        (4, 5, straight(two, (20, 90, 60))),
        (1, 4, straight(one, two)),
    )
    lead_through(graph, SIZE, REACH, WIDTH)
    assert ends(graph) == {((10, 50, 10), (10, 50, 90)), ((20, 10, 40), (20, 90, 60))}


def test_a_bridge_longer_than_the_size_stays():
    one, two = (10, 50, 50), (40, 50, 50)
    graph = graph_of(
        (0, 1, straight((10, 10, 10), one)),
        (1, 2, straight(one, (10, 10, 90))),
        (3, 4, straight((40, 90, 10), two)),
        (4, 5, straight(two, (40, 90, 90))),
        (1, 4, straight(one, two)),
    )
    lead_through(graph, SIZE, REACH, WIDTH)
    assert graph.number_of_edges() == 5


def test_a_junction_of_three_stays_and_a_side_arm_of_a_straight_line_does_not():
    centre = (20, 50, 50)
    star = [(number, 9, straight(end, centre)) for number, end in enumerate([(20, 50, 90), (20, 85, 30), (20, 15, 30)])]
    graph = graph_of(*star)
    lead_through(graph, SIZE, REACH, WIDTH)
    assert graph.degree(9) == 3
    graph = graph_of(star[0], (1, 9, straight((20, 50, 10), centre)), (2, 9, straight((20, 90, 50), centre)))
    lead_through(graph, SIZE, REACH, WIDTH)
    assert ends(graph) == {((20, 50, 10), (20, 50, 90)), ((20, 50, 50), (20, 90, 50))}


def test_two_lines_that_cross_may_bend_more_than_one_that_another_leaves():
    centre, before, after = (20, 50, 50), (20, 50, 90), (20, 32, 14)
    bent = [(0, 9, straight(before, centre)), (1, 9, straight(after, centre))]
    graph = graph_of(*bent, (2, 9, straight((20, 90, 50), centre)))
    lead_through(graph, SIZE, REACH, WIDTH)
    assert graph.degree(9) == 3
    graph = graph_of(*bent, (2, 9, straight((2, 85, 50), centre)), (3, 9, straight((38, 15, 50), centre)))
    lead_through(graph, SIZE, REACH, WIDTH)
    assert ends(graph) == {(after, before), ((2, 85, 50), (38, 15, 50))}


def test_arms_side_by_side_whose_way_over_goes_across_are_not_one_line():
    one, two = (10, 50, 50), (10, 62, 50)
    graph = graph_of(
        (0, 1, straight((10, 50, 10), one)),
        (1, 2, straight(one, (50, 50, 50))),
        (4, 5, straight(two, (10, 62, 90))),
        (4, 6, straight(two, (45, 85, 50))),
        (1, 4, straight(one, two)),
    )
    lead_through(graph, SIZE, REACH, WIDTH)
    assert graph.number_of_edges() == 5


def test_a_path_that_comes_back_by_a_long_way_is_not_lost():
    centre = np.array([20, 50, 50])
    angle = np.linspace(0, 2 * np.pi, 60)
    loop = centre + 12 * np.column_stack([np.zeros(60), 1 - np.cos(angle), np.sin(angle)])
    graph = graph_of((0, 9, straight((20, 50, 10), centre)), (1, 9, straight((20, 50, 90), centre)), (9, 9, loop))
    lead_through(graph, SIZE, REACH, WIDTH)
    assert graph.number_of_edges() == 3


def test_arms_are_paired_so_that_all_together_bend_least():
    centre = (20, 50, 50)
    shallow = [(20, 42, 10), (20, 58, 10), (20, 42, 90), (20, 58, 90)]
    graph = graph_of(*[(number, 9, straight(end, centre)) for number, end in enumerate(shallow)])
    lead_through(graph, SIZE, REACH, WIDTH)
    assert ends(graph) == {((20, 42, 10), (20, 58, 90)), ((20, 42, 90), (20, 58, 10))}


def test_two_lines_thinned_to_one_path_are_cut_and_a_streak_goes():
    turn = np.vstack([straight((20, 40, 10), (20, 40, 80)), straight((20, 41, 81), (20, 46, 81)), straight((20, 47, 80), (20, 47, 10))])
    strength = np.ones((40, 90, 90), np.float32)
    graph = graph_of((0, 1, turn))
    cut_hairpins(graph, strength, REACH)
    assert graph.number_of_edges() == 2 and {node for pair in ends(graph) for node in pair} >= {(20, 40, 10), (20, 47, 10)}
    strength[:, 44:, :] = 0.7
    graph = graph_of((0, 1, turn))
    cut_hairpins(graph, strength, REACH)
    assert graph.number_of_edges() == 2
    strength[:, 44:, :] = 0.3
    graph = graph_of((0, 1, turn))
    cut_hairpins(graph, strength, REACH)
    assert [pair[0] for pair in ends(graph)] == [(20, 40, 10)]


def test_a_bow_is_no_hairpin():
    angles = np.linspace(0, 2.4, 80)
    bow = np.column_stack([np.full(80, 20.0), 40 * np.sin(angles), 45 + 40 * np.cos(angles)])
    graph = graph_of((0, 1, bow))
    cut_hairpins(graph, np.ones((40, 90, 90), np.float32), REACH)
    assert graph.number_of_edges() == 1


def test_forks_just_below_a_surface_go():
    box_nm = np.array([[-500.0, -500, -150], [500, 500, 150]])
    line = Polyline(straight((-300, 0, -140), (0, 0, 130)), 0, 1)
    forks = [Polyline(straight((0, 0, 130), (20, 5, 150)), 1, 2), Polyline(straight((0, 0, 130), (-30, 10, 150)), 1, 3)]
    assert without_forks([line, *forks], box_nm, 35.0, 80.0) == [line]
    deep = [Polyline(each.points_nm - np.array([0, 0, 100.0]), each.start_node, each.end_node) for each in (line, *forks)]
    assert without_forks(deep, box_nm, 35.0, 80.0) == deep


def test_ends_that_were_followed_past_each_other_are_joined_without_a_fold():
    graph = graph_of((0, 1, straight((20, 50, 10), (20, 50, 52))), (2, 3, straight((20, 51, 90), (20, 51, 47))))
    join_ends(graph, 20.0, REACH, WIDTH)
    dissolve(graph)
    ((_, _, data),) = graph.edges(data=True)
    steps = np.diff(data["points"][:, 2])
    assert np.all(steps > 0) or np.all(steps < 0)
    assert ends(graph) == {((20, 50, 10), (20, 51, 90))}


def test_ends_side_by_side_are_not_joined():
    graph = graph_of((0, 1, straight((20, 50, 10), (20, 50, 52))), (2, 3, straight((20, 58, 90), (20, 58, 47))))
    join_ends(graph, 20.0, REACH, WIDTH)
    assert graph.number_of_edges() == 2
