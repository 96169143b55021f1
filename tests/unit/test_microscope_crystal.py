"""Crystal axes, slip systems and visibility."""

import numpy as np
import pytest

from rapidstem.microscope.specimen.crystal import g_dot_b, slip_systems, specimen_axes, to_microscope


def test_axes_are_a_rotation_with_x_along_200():
    axes = specimen_axes((0, 1, 3))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    np.testing.assert_allclose(axes[0], (1, 0, 0))
    np.testing.assert_allclose(axes[2], np.array((0, 1, 3)) / np.sqrt(10))


def test_twelve_slip_systems_eight_of_them_visible():
    systems = slip_systems()
    assert len({(tuple(s.plane_normal), tuple(s.burgers)) for s in systems}) == 12
    for system in systems:
        assert system.plane_normal @ system.burgers == pytest.approx(0)
        assert np.linalg.norm(system.burgers) == pytest.approx(np.sqrt(0.5))
    assert sum(abs(g_dot_b(s.burgers)) == 1 for s in systems) == 8
    assert sum(g_dot_b(s.burgers) == 0 for s in systems) == 4


def test_tilt_brings_z_down_the_image():
    np.testing.assert_allclose(to_microscope(np.array((5.0, 0, 1)), np.deg2rad(90)), (5, 1, 0), atol=1e-12)
    np.testing.assert_allclose(to_microscope(np.array((5.0, 1, 0)), np.deg2rad(90)), (5, 0, -1), atol=1e-12)
