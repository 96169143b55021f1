"""Where the foil lies, what lies beyond its border, and lines that kink: fitted lines reach as far as the frames show them."""

import numpy as np

from rapidstem.lines.evidence.summed_evidence import evidence_volume
from rapidstem.lines.kinked_lines import linked_at_kinks
from rapidstem.tomography import TiltGeometry
from tests.unit.test_lines_fitting import BOX_NM, PIXEL_NM, ROWS, bent, distances, fitted, moving_geometry

# Asymmetric, from face to face of a foil from -100 to 100 nm, at least 70 nm from each other.
THREADING = [
    np.linspace([-150.0, -110.0, -100.0], [-90.0, -60.0, 100.0], 150),
    np.linspace([-30.0, 60.0, -100.0], [20.0, 120.0, 100.0], 150),
    np.linspace([120.0, -40.0, -100.0], [70.0, 20.0, 100.0], 150),
]
KINK = np.array([10.0, -10.0, 15.0])
FIRST_ARM = np.linspace([-400.0, -90.0, -35.0], KINK, 300)
SECOND_ARM = np.linspace(KINK, [70.0, 60.0, 100.0], 120)


def test_foil_lies_where_its_lines_end_in_the_frames():
    for offset_nm in (-18.0, 0.0, 18.0):
        moved = BOX_NM + np.array([0.0, 0.0, offset_nm])
        geometry = moving_geometry()
        network = fitted(THREADING, [bent(line, 2.0, seed) for seed, line in enumerate(THREADING)], geometry, box_nm=moved).network
        assert abs(network.box_nm[:, 2].mean()) < 5
        assert len(network.lines) == 3
        assert {line.start_kind for line in network.lines} | {line.end_kind for line in network.lines} == {"surface"}


def test_foil_that_leans_ends_its_lines_at_its_own_faces():
    """Six lines from face to face, at least 55 nm from each other, of a foil that rises by 4 degrees along x and falls by 3 along y."""
    slopes = np.tan(np.deg2rad([4.0, -3.0]))
    level = [*THREADING, *(line * [-1.0, -1.0, 1.0] + [25.0, -35.0, 0.0] for line in THREADING)]
    leaning = [line + np.outer(line[:, :2] @ slopes, [0.0, 0.0, 1.0]) for line in level]
    cut = [line[(abs(line[:, 2]) < 90)] for line in leaning]
    found = fitted(leaning, [bent(line, 2.0, seed) for seed, line in enumerate(cut)])
    assert abs((found.foil.slopes - slopes) @ BOX_NM[1, :2]) < 6, "nm in a corner of the field"
    ends = np.concatenate([line.points_nm[[0, -1]] for line in found.network.lines])
    kinds = np.array([[line.start_kind, line.end_kind] for line in found.network.lines]).ravel()
    height = ends[:, 2] - ends[:, :2] @ slopes
    assert len(found.network.lines) == 6
    assert np.abs(np.abs(height[kinds == "surface"]) - 100).max() < 5
    assert np.count_nonzero(kinds == "surface") >= 10


def test_level_foil_is_level():
    found = fitted(THREADING, [bent(line, 2.0, seed) for seed, line in enumerate(THREADING)])
    assert np.array_equal(found.foil.slopes, [0.0, 0.0])


def test_lines_of_a_foil_that_they_do_not_fill_end_at_the_face_where_they_end():
    """Lines from the border to one face: tracing takes the middle of the lines, 50 nm above the foil's, for that of the foil."""
    entering = [
        np.linspace([-400.0, -110.0, -40.0], [-20.0, -60.0, 100.0], 300),
        np.linspace([400.0, 130.0, -20.0], [30.0, 80.0, 100.0], 300),
        np.linspace([400.0, -10.0, -10.0], [90.0, 20.0, 100.0], 300),
    ]
    moved = BOX_NM + np.array([0.0, 0.0, 50.0])
    found = fitted(entering, [bent(line, 2.0, seed) for seed, line in enumerate(entering)], box_nm=moved)
    assert abs(found.foil.middle_nm) < 6
    assert {kind for line in found.network.lines for kind in (line.start_kind, line.end_kind)} == {"border", "surface"}


def test_line_that_kinks_is_followed_beyond_the_kink():
    whole = np.vstack([FIRST_ARM, SECOND_ARM])
    other = np.linspace([-400.0, 130.0, 75.0], [400.0, 170.0, -35.0], 400)
    found = fitted([whole, other], [bent(FIRST_ARM[:-20], 2.0), bent(other, 2.0)])
    assert len(found.network.lines) == 2
    line = min((line.points_nm for line in found.network.lines), key=lambda points: distances(points, FIRST_ARM).min())
    far = line if line[-1, 0] > line[0, 0] else line[::-1]
    assert distances(far[-6:], SECOND_ARM).max() < 8
    assert far[-1, 2] > KINK[2] + 35


def test_two_curves_that_stop_at_one_place_inside_are_linked_and_at_the_border_they_are_not():
    curves = [FIRST_ARM, SECOND_ARM[::-1] + 4.0]
    (line,) = linked_at_kinks(curves, BOX_NM)
    assert len(line) > 400
    close = BOX_NM.copy()
    close[0, 1] = KINK[1] - 20.0
    assert len(linked_at_kinks(curves, close)) == 2


def test_evidence_beyond_the_border_comes_from_tilted_frames_alone():
    geometry = TiltGeometry(np.deg2rad([-60.0, 0.0, 60.0]), np.zeros((3, 2)), PIXEL_NM, ROWS, columns=20)
    frames = np.ones((3, ROWS, 20), np.float32) * np.array([1, 10, 100], np.float32)[:, None, None]
    inner, wide = evidence_volume(frames, geometry, 20), evidence_volume(frames, geometry, 20, 15)
    assert np.array_equal(wide[:, 15:-15], inner)
    assert np.all(wide[10, 5] == 101)
    assert np.all(inner[10, ROWS // 2] == 111)
