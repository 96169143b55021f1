"""Generated and read dislocation networks."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.microscope.contrast.line_drawing import OUTSIDE_NM, drawn_lines
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.line_networks import DislocationLine, generate_lines, on_face, seen_box_nm
from rapidstem.microscope.specimen.paradis_networks import chains, lines_from_network, read_network

SETTINGS = MicroscopeSettings()
BOX = seen_box_nm(SETTINGS, 60)

NETWORK = """dataFileVersion = 4
minCoordinates = [
 -100 -100 -100 ]
maxCoordinates = [
 100 100 100 ]
nodeCount = 4
nodalData =
# node_tag, x, y, z, num_arms, constraint
 0,0 -90 0 0 2 0
   0,1 0.7071067811865 0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
   0,3 -0.7071067811865 -0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
 0,1 -30 10 0 2 0
   0,0 -0.7071067811865 -0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
   0,2 0.7071067811865 0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
 0,2 30 20 0 2 0
   0,1 -0.7071067811865 -0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
   0,3 0.7071067811865 0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
 0,3 90 0 0 2 0
   0,2 -0.7071067811865 -0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
   0,0 0.7071067811865 0.7071067811865 0
       0.577350269 -0.577350269 -0.577350269
"""


def test_lines_lie_on_their_planes_and_end_only_on_the_box():
    lines = generate_lines(SETTINGS, BOX, np.random.default_rng(3))
    axes = specimen_axes(SETTINGS.foil_normal)
    for line in lines:
        normal = axes @ line.plane_normal
        np.testing.assert_allclose((line.points_nm - line.points_nm[0]) @ normal, 0, atol=1e-6)
        assert np.all(np.abs(line.points_nm) <= BOX + 1e-6)
    ends = np.array([line.points_nm[index] for line in lines for index in (0, -1)])
    on_the_box = np.min(np.abs(np.abs(ends) - BOX), axis=1) < 1e-6
    assert on_the_box.mean() > 0.9


def test_density_is_reached():
    lines = generate_lines(SETTINGS, BOX, np.random.default_rng(3))
    length = sum(line.length_nm for line in lines)
    wanted = SETTINGS.dislocation_density_per_m2 * 1e-18 * np.prod(2 * BOX)
    assert wanted <= length < 1.3 * wanted


def test_tilted_view_needs_more_specimen():
    assert seen_box_nm(SETTINGS, 70)[1] > 2.8 * seen_box_nm(SETTINGS, 0)[1]


def test_line_stops_on_the_face_that_it_meets_first():
    point = on_face(np.array((0.0, 0, 0)), np.array((2.0, 8, 0)), np.array((1.5, 2, 1)))
    np.testing.assert_allclose(point, (0.5, 2, 0))


def test_lines_are_drawn_beyond_the_surfaces_only():
    through = DislocationLine(np.array([(0, 0, z) for z in np.linspace(-150, 150, 11)]), np.array((0.5, 0.5, 0)), np.array((0, 0, 1.0)))
    inside = DislocationLine(np.array([(x, 0.0, 0.0) for x in range(5)]), np.array((0.5, 0.5, 0)), np.array((0, 0, 1.0)))
    hidden = replace(inside, burgers=np.array((0, 0.5, 0.5)))
    drawn = drawn_lines([hidden, through, inside], 300)
    assert drawn.points_nm[drawn.line == 1, 2].max() == pytest.approx(150 + OUTSIDE_NM)
    assert drawn.points_nm[drawn.line == 1, 2].min() == pytest.approx(-150 - OUTSIDE_NM)
    np.testing.assert_array_equal(drawn.points_nm[drawn.line == 2], inside.points_nm)
    np.testing.assert_array_equal(drawn.fade[np.abs(drawn.points_nm[:, 2]) <= 150], 1)
    assert not (drawn.line == 0).any()


def test_paradis_loop_is_followed_through_the_periodic_box(tmp_path):
    path = tmp_path / "loop.data"
    path.write_text(NETWORK)
    (line,) = chains(read_network(path))
    np.testing.assert_allclose(line.points_nm[:4], [(-90, 0, 0), (-30, 10, 0), (30, 20, 0), (90, 0, 0)])
    np.testing.assert_allclose(line.points_nm[-1], (110, 0, 0))
    np.testing.assert_allclose(line.burgers, (0.5, 0.5, 0), atol=1e-9)
    assert line.visible


def test_foil_from_a_network_has_the_density_and_stays_in_the_box(tmp_path):
    path = tmp_path / "loop.data"
    path.write_text(NETWORK)
    lines = lines_from_network(path, SETTINGS, BOX, np.random.default_rng(0))
    length = sum(line.length_nm for line in lines)
    assert length == pytest.approx(SETTINGS.dislocation_density_per_m2 * 1e-18 * np.prod(2 * BOX), rel=0.6)
    assert max(np.abs(line.points_nm / BOX).max() for line in lines) <= 1 + 1e-9


@pytest.mark.parametrize("text", ["", "no network at all", NETWORK[:400]])
def test_what_is_no_network_is_refused_by_name(tmp_path, text):
    path = tmp_path / "broken.data"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.data"):
        read_network(path)


def test_a_network_of_another_crystal_is_refused(tmp_path):
    path = tmp_path / "bcc.data"
    path.write_text(NETWORK.replace("0.7071067811865 0.7071067811865 0", "0.577350269 0.577350269 0.577350269"))
    with pytest.raises(InputError, match="fcc"):
        lines_from_network(path, SETTINGS, BOX, np.random.default_rng(0))
