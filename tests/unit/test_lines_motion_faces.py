"""Faces of the foil on which followed lines end: those of a foil that leans, and that has moved."""

import numpy as np
import pytest

from rapidstem.dislocations import RigidMotion
from rapidstem.lines.motion.glide_planes import FoilFaces, glide_plane
from rapidstem.lines.motion.moving_lines import moving_line


def test_faces_of_a_foil_that_leans_are_where_its_lines_end():
    slopes, middle_nm, thickness_nm = (0.06, -0.03), -12.0, 300.0
    foil = FoilFaces.of(middle_nm, thickness_nm, slopes)
    x, y = 230.0, -140.0
    upper = np.array([x, y, middle_nm + x * slopes[0] + y * slopes[1] + thickness_nm / 2])
    assert upper @ foil.normal == pytest.approx(foil.heights_nm[1])
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
