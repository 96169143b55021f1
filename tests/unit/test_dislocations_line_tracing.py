"""Tracing of lines in volumes whose lines are known."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from rapidstem.dislocations.line_tracing import DEFAULT_TRACING, trace_lines
from rapidstem.errors import InputError
from tests.unit.line_phantoms import SHAPE, VOXEL_NM, arc, straight, volume_of

THICKNESS_NM = 160.0
THROUGH = straight((-120, -90, -80), (110, 60, 80))


def traced(polylines, thickness_nm=THICKNESS_NM, **options):
    return trace_lines(volume_of(polylines, **options), VOXEL_NM, thickness_nm)


def distances(line, points):
    return cKDTree(points).query(line.points_nm)[0]


def test_straight_line_from_surface_to_surface_lies_where_it_is():
    network = traced([THROUGH])
    (line,) = network.lines
    assert distances(line, THROUGH).max() < 1.0
    assert line.length_nm == pytest.approx(np.linalg.norm(THROUGH[-1] - THROUGH[0]), rel=0.02)
    assert {line.start_kind, line.end_kind} == {"surface"}


def test_smoothing_does_not_shorten_a_bow():
    bow = arc(150.0, 2.4, ((0, 1, 0), (-1, 0, 0)), centre_nm=(110, 0, 5))
    (line,) = traced([bow]).lines
    assert {line.start_kind, line.end_kind} == {"border"}
    inside = bow[np.abs(bow[:, 0]) <= 200.0]
    assert distances(line, bow).max() < 1.5
    assert line.length_nm == pytest.approx(len(inside) * 150.0 * 2.4 / len(bow), rel=0.01)


def test_lines_in_noise_and_nothing_else():
    lines = [THROUGH, straight((100, -120, -80), (-60, 140, 80))]
    network = traced(lines, noise=0.05)
    assert len(network.lines) == 2
    assert sum(line.length_nm for line in network.lines) == pytest.approx(
        sum(np.linalg.norm(line[-1] - line[0]) for line in lines), rel=0.05
    )


def test_gap_is_bridged_and_faint_part_followed():
    long = straight((-220, -60, -70), (220, 60, 70))
    share = np.linspace(0, 1, len(long))
    parts = [long[share < 0.45], long[(share > 0.45) & (share < 0.55)], long[share > 0.55]]
    (line,) = traced(parts, strengths=[1.0, 0.1, 1.0]).lines
    assert line.length_nm == pytest.approx(np.linalg.norm(long[-1] - long[0]) * 400 / 440, rel=0.02)
    (line,) = traced([parts[0], parts[2]], strengths=[1.0, 1.0]).lines
    assert distances(line, long).max() < 2.0


def test_ends_that_do_not_face_each_other_are_not_joined():
    lines = [straight((-150, 0, 0), (-20, 0, 0)), straight((40, 10, 0), (40, 150, 0))]
    assert len(traced(lines).lines) == 2


def test_junction_is_kept_as_a_shared_node():
    arms = [straight((0, 0, 0), end) for end in ((150, 30, 20), (-140, 60, 0), (-10, -150, -10))]
    network = traced(arms)
    assert len(network.lines) == 3
    nodes = [node for line in network.lines for node in (line.start_node, line.end_node)]
    (shared,) = {node for node in nodes if nodes.count(node) == 3}
    for line in network.lines:
        end = line.points_nm[0] if line.start_node == shared else line.points_nm[-1]
        assert np.linalg.norm(end) < 6.0
        assert "junction" in (line.start_kind, line.end_kind)


def test_crossing_lines_stay_two():
    lines = [straight((-220, -100, 0), (220, 100, 6)), straight((-220, 100, 6), (220, -100, 0))]
    network = traced(lines)
    assert len(network.lines) == 2
    assert all(min(distances(line, known).max() for known in lines) < 5.0 for line in network.lines)


def test_line_that_leaves_the_field_ends_at_its_border():
    (line,) = traced([straight((-260, -90, 0), (260, 80, 20))]).lines
    assert {line.start_kind, line.end_kind} == {"border"}
    assert sorted(np.abs(line.points_nm[[0, -1], 0])) == pytest.approx([200.0, 200.0], abs=1e-6)


def test_what_lies_outside_the_foil_is_cut_off_wherever_the_foil_lies():
    shifted = straight((-120, -90, -50), (110, 60, 80))
    lines = [shifted, straight((100, -120, -50), (-60, 140, 80)), straight((-90, 100, -50), (-50, -140, 80))]
    network = traced(lines, thickness_nm=130.0)
    assert network.box_nm[:, 2] == pytest.approx([-50.0, 80.0], abs=6.0)
    assert all(np.all(line.points_nm[:, 2] >= network.box_nm[0, 2] - 1e-6) for line in network.lines)


def test_no_lines_in_an_empty_volume():
    assert traced([]).lines == []


def test_a_foil_thicker_than_the_volume_and_nan_are_refused():
    with pytest.raises(InputError, match="does not fit"):
        trace_lines(volume_of([THROUGH]), VOXEL_NM, 10 * SHAPE[0] * VOXEL_NM)
    with pytest.raises(InputError, match="finite"):
        trace_lines(np.full((5, 5, 5), np.nan, np.float32), VOXEL_NM, 10.0)


def test_a_foil_as_high_as_the_tomogram_fits_into_its_rounded_height() -> None:
    volume, height_nm = volume_of([THROUGH]), SHAPE[0] * VOXEL_NM
    assert len(trace_lines(volume, VOXEL_NM, height_nm + 0.49 * VOXEL_NM).lines) == 1
    with pytest.raises(InputError, match="does not fit"):
        trace_lines(volume, VOXEL_NM, height_nm + 0.51 * VOXEL_NM)


def test_wide_lines_are_traced_like_narrow_ones() -> None:
    """The same volume with voxels three times as wide, and lines of three times the width."""
    volume = volume_of([THROUGH], noise=0.05)
    narrow = trace_lines(volume, VOXEL_NM, 160.0)
    wide = trace_lines(volume, 3 * VOXEL_NM, 480.0, DEFAULT_TRACING.for_width(3 * DEFAULT_TRACING.line_width_nm))
    assert len(wide.lines) == len(narrow.lines) == 1
    assert wide.lines[0].length_nm == pytest.approx(3 * narrow.lines[0].length_nm, rel=0.05)
