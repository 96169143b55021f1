"""Best planes and slip planes of lines whose planes are known."""

import numpy as np
import pytest

from rapidstem.dislocations.slip_planes import SLIP_NAMES, SLIP_NORMALS, best_plane, crystal_orientation, nearest_slip_plane, slip_normals
from rapidstem.errors import InputError
from rapidstem.microscope.specimen.crystal import GLIDE_PLANES, specimen_axes
from tests.unit.line_phantoms import arc, straight

ORIENTATION = crystal_orientation([2, 0, 0], [0, 1, 3])


def in_plane_axes(normal):
    first = np.cross(normal, [0.3, -0.5, 0.8])
    first /= np.linalg.norm(first)
    return first, np.cross(normal, first)


def test_orientation_is_a_right_handed_rotation_and_that_of_the_virtual_microscope():
    assert np.allclose(ORIENTATION.axes @ ORIENTATION.axes.T, np.eye(3))
    assert np.linalg.det(ORIENTATION.axes) == pytest.approx(1.0)
    assert np.allclose(ORIENTATION.axes, specimen_axes((0.0, 1.0, 3.0)))


def test_directions_nearly_at_right_angles_are_set_upright_along_x():
    assert np.allclose(crystal_orientation([1, 0, 0], [0.03, 0, 1]).axes, np.eye(3), atol=1e-12)


def test_planes_are_those_of_the_crystal():
    assert np.allclose(SLIP_NORMALS * np.sqrt(3), GLIDE_PLANES)


def test_normals_are_named_and_none_where_the_crystal_is_not_known():
    normals = slip_normals({"x": [2, 0, 0], "z": [0, 1, 3]})
    assert list(normals) == list(SLIP_NAMES) and np.allclose(normals["(1-11)"] @ ORIENTATION.axes, SLIP_NORMALS[2])
    assert slip_normals(None) == {}


@pytest.mark.parametrize(("x", "z"), [([1, 0, 0], [1, 1, 0]), ([0, 0, 0], [0, 0, 1]), ([1, 0], [0, 0, 1]), ([1, 0, 0], [0, np.nan, 1])])
def test_wrong_directions_are_refused(x, z):
    with pytest.raises(InputError, match="crystal"):
        crystal_orientation(x, z)


@pytest.mark.parametrize("number", range(4))
def test_bent_line_finds_its_plane_and_its_normal(number):
    normal = ORIENTATION.to_specimen(SLIP_NORMALS)[number]
    line = arc(300.0, 1.5, in_plane_axes(normal), centre_nm=(30, -20, 10))
    noisy = line + np.random.default_rng(number).normal(0, 1.0, line.shape)
    plane, slip = best_plane(noisy[::10]), nearest_slip_plane(noisy[::10], ORIENTATION)
    assert plane.conditioned and abs(plane.normal @ normal) > np.cos(np.deg2rad(2))
    assert slip.conditioned and slip.name == SLIP_NAMES[number]
    assert slip.normal_misfit_deg < 2 and slip.direction_misfit_deg < 1


def test_line_that_goes_on_in_another_plane_after_a_kink_is_of_none():
    first, second = (in_plane_axes(ORIENTATION.to_specimen(SLIP_NORMALS)[number]) for number in (0, 1))
    whole = straight(-300 * first[0], 0 * first[0])
    kinked = np.vstack([whole, straight(0 * first[0], 150 * second[1])])
    slip = nearest_slip_plane(kinked, ORIENTATION)
    assert slip.distance_nm > 10
    assert not slip.conditioned


def test_straight_line_fixes_no_plane_but_excludes_those_that_do_not_hold_it():
    normal = ORIENTATION.to_specimen(SLIP_NORMALS)[1]
    first, second = in_plane_axes(normal)
    line = straight(-250 * (0.8 * first + 0.6 * second), 250 * (0.8 * first + 0.6 * second))
    slip = nearest_slip_plane(line, ORIENTATION)
    assert not best_plane(line).conditioned and np.isnan(slip.normal_misfit_deg)
    assert slip.conditioned and slip.name == "(-111)"


def test_direction_shared_by_two_planes_is_not_named():
    shared = np.cross(SLIP_NORMALS[0], SLIP_NORMALS[2]) @ ORIENTATION.axes.T
    assert not nearest_slip_plane(straight(-200 * shared, 200 * shared), ORIENTATION).conditioned


def test_misfit_is_the_angle_by_which_the_line_is_turned_out_of_its_plane():
    normal = ORIENTATION.to_specimen(SLIP_NORMALS)[0]
    first, second = in_plane_axes(normal)
    turn = np.deg2rad(6.0)
    tilted = arc(300.0, 1.5, (first, np.cos(turn) * second + np.sin(turn) * normal))
    assert nearest_slip_plane(tilted, ORIENTATION).normal_misfit_deg == pytest.approx(6.0, abs=0.1)


def test_the_normal_is_as_certain_as_independent_stretches_of_50_nm_make_it():
    plane = best_plane(arc(600.0, 1.5, in_plane_axes(np.array([0.6, 0.0, 0.8]))))
    assert plane.normal_sd_deg == pytest.approx(np.rad2deg(np.arctan(3.0 / np.sqrt(1.5 * 600 / 50) / plane.width_nm)), rel=0.01)


@pytest.mark.parametrize("normal", [[0.6, 0.0, 0.8], [0.0, -0.8, -0.6], [0.48, 0.6, -0.64]])
def test_the_normal_points_upwards(normal):
    found = best_plane(arc(300.0, 1.5, in_plane_axes(np.array(normal)))).normal
    np.testing.assert_allclose(found, np.array(normal) * np.sign(normal[2]), atol=1e-3)


def test_a_line_counts_by_its_length_not_by_its_points():
    line = np.array([[0.0, 0.0, 0.0], [300.0, 0.0, 0.0], [300.0, 200.0, 0.0], [300.0, 200.0, 80.0]])
    dense = np.vstack([np.linspace(line[0], line[1], 500), line[2:]])
    first, second = best_plane(line), best_plane(dense)
    np.testing.assert_allclose(second.normal, first.normal, atol=1e-9)
    assert second.distance_nm == pytest.approx(first.distance_nm)


def test_a_line_that_is_not_flat_fixes_no_plane_however_wide_it_is():
    normal = np.array([0.6, 0.0, 0.8])
    flat = arc(600.0, 2.5, in_plane_axes(normal))
    waves = 10.0 * np.sin(np.linspace(0, 8 * np.pi, len(flat)))[:, None] * normal
    assert best_plane(flat).conditioned
    assert best_plane(flat + waves).normal_sd_deg < 5
    assert not best_plane(flat + waves).conditioned


def test_a_line_too_short_to_tell_planes_apart_is_not_named_though_it_lies_in_one():
    first, _ = in_plane_axes(ORIENTATION.to_specimen(SLIP_NORMALS)[2])
    slip = nearest_slip_plane(straight(-8 * first, 8 * first), ORIENTATION)
    assert slip.distance_nm < 1e-6 and not slip.conditioned


def test_a_line_farther_than_10_nm_from_every_plane_is_of_none_though_one_is_much_the_nearest():
    normal = ORIENTATION.to_specimen(SLIP_NORMALS)[0]
    first, second = in_plane_axes(normal)
    turn = np.deg2rad(13.0)
    slip = nearest_slip_plane(arc(600.0, 2.5, (first, np.cos(turn) * second + np.sin(turn) * normal)), ORIENTATION)
    assert slip.margin > 2 and slip.distance_nm > 10
    assert not slip.conditioned
