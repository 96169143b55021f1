"""Faces of the foil on which followed lines end: those of a foil that leans, and that has moved."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations import RigidMotion
from rapidstem.lines.motion import TiltedView
from rapidstem.lines.motion.face_distances import face_distances
from rapidstem.lines.motion.glide_planes import FoilFaces, glide_plane, line_planes
from rapidstem.lines.motion.moving_lines import NODE_NM, moving_line
from rapidstem.lines.motion.view_evidence import frame_lines, learnt_from
from tests.unit.motion_phantoms import HALF_FOIL_NM, NORMALS, PIXEL_NM, SHIFT_PX, SIZE, TILT_DEG, frames_of, threading

FIRST = "(111)"


def test_faces_of_a_foil_that_leans_are_where_its_lines_end():
    slopes, middle_nm, thickness_nm = (0.06, -0.03), -12.0, 300.0
    foil = FoilFaces.of(middle_nm, thickness_nm, slopes)
    x, y = 230.0, -140.0
    upper = np.array([x, y, middle_nm + x * slopes[0] + y * slopes[1] + thickness_nm / 2])
    assert upper @ foil.normal == pytest.approx(foil.heights_nm[1])
    assert (upper - [0.0, 0.0, thickness_nm]) @ foil.normal == pytest.approx(foil.heights_nm[0])
    line = np.linspace(upper - np.array([60.0, 40.0, 280.0]), upper, 40)
    normal = np.cross(line[-1] - line[0], [1.0, -0.4, 0.1])
    moving = moving_line(0, line, glide_plane("any", normal, line.mean(axis=0), 0.0, foil.normal), foil)
    assert moving.at_face == (False, True)
    ends = moving.points(np.linspace(-200, 200, 9)[:, None] * np.ones(len(moving.nodes_nm)))[:, -1]
    assert np.allclose(ends @ foil.normal, foil.heights_nm[1], atol=1e-6)
    level = moving_line(0, line, glide_plane("any", normal, line.mean(axis=0)), FoilFaces.of(0.0, thickness_nm))
    assert level.at_face == (False, False)


def test_faces_move_with_the_foil():
    foil = FoilFaces.of(20.0, 250.0, (0.05, 0.02))
    motion = RigidMotion(4.0, 30.0, -70.0, 15.0)
    on_lower = foil.heights_nm[0] * foil.normal + np.cross(foil.normal, [3.0, 50.0, -20.0])
    moved = foil.moved(motion)
    assert motion.apply(on_lower[None])[0] @ moved.normal == pytest.approx(moved.heights_nm[0])


def test_a_loop_is_not_led_on():
    angle = np.linspace(0, 2 * np.pi, 160)
    plane = glide_plane("own", np.array([0.0, -0.8, 0.6]), np.zeros(3))
    ring = plane.points(80 * np.column_stack([np.cos(angle), np.sin(angle)]))
    ring[-1] = ring[0]
    foil = FoilFaces.of(0.0, 300.0)
    moving = moving_line(0, ring, plane, foil)
    assert moving.known.all() and np.linalg.norm(moving.nodes_nm, axis=1).max() < 80.1
    assert not moving_line(0, ring[:80], plane, foil).known.all()


@pytest.mark.parametrize("reverse", [False, True])
def test_nodes_beyond_an_end_inside_are_led_on_and_not_known(reverse):
    whole = threading(FIRST, (20.0, -30.0))
    line = whole[:40][::-1] if reverse else whole[:40]
    moving = moving_line(0, line, glide_plane(FIRST, NORMALS[FIRST], line.mean(axis=0)), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))
    assert moving.at_face == ((False, True) if reverse else (True, False))
    rest = moving.points(np.zeros(len(moving.nodes_nm)))
    assert np.min(np.linalg.norm(rest[moving.known, None] - line, axis=2), axis=1).max() < NODE_NM / 2
    assert np.count_nonzero(moving.known) == pytest.approx(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() / NODE_NM, abs=1)
    assert not moving.known.all()
    assert moving.in_foil(np.zeros(len(rest))).all()
    assert np.all(moving.across(np.zeros(len(rest))) @ moving.direction > 0)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_line_that_goes_beyond_one_face_and_ends_short_of_the_other_is_seen_to(reverse):
    line = threading(FIRST, (20.0, -30.0), 0.3, 0.0)
    direction = (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
    view, scale_px = TiltedView(np.deg2rad(TILT_DEG), SHIFT_PX, PIXEL_NM, (SIZE, SIZE)), 13.7 / (2 * PIXEL_NM)
    way = line[::-1] if reverse else line
    moving = moving_line(0, way, glide_plane(FIRST, NORMALS[FIRST], way.mean(axis=0)), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))

    def seen_to(first_nm: float, last_nm: float) -> np.ndarray:
        drawn = np.linspace(line[0] - first_nm * direction, line[-1] + last_nm * direction, 80)
        images = frames_of(lambda time: [drawn], 3).images
        frame = frame_lines(images[1], learnt_from(images, [drawn], view, scale_px), scale_px)
        return face_distances(moving, np.zeros(len(moving.nodes_nm)), frame, view)

    off = seen_to(-40.0, 56.0) - seen_to(0.0, 0.0)
    assert off == pytest.approx([56.0, -40.0] if reverse else [-40.0, 56.0], abs=NODE_NM)


def test_the_place_of_a_plane_is_as_uncertain_as_its_points_are_along_the_normal():
    normal = np.array([0.6, 0.0, 0.8])
    points = pd.DataFrame({"line": 5, "x_nm": [0.0, 0.0, 80.0], "y_nm": [0.0, 90.0, 0.0], "z_nm": [0.0, 0.0, -60.0]})
    points = points.assign(sigma_x_nm=1.0, sigma_y_nm=20.0, sigma_z_nm=2.0)
    summary = pd.DataFrame([{"line": 5, "slip_plane": "(111)", "slip_conditioned": True, "plane_conditioned": False}])
    (plane,) = line_planes(points, summary, {"(111)": normal})[5]
    assert plane.sigma_nm == pytest.approx(np.hypot(0.6, 1.6))
    assert plane.centre_nm == pytest.approx([80 / 3, 30, -20])
