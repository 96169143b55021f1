"""Signs and times of the projection, and the drawing of lines."""

import numpy as np
import pytest

from rapidstem.microscope.contrast.contrast_table import PROFILE_REACH_NM, PROFILE_SAMPLES
from rapidstem.microscope.contrast.line_projection import ProjectedVertices, line_contrast, project_points
from rapidstem.microscope.recording.goniometer import TiltMotion, resting_stage
from rapidstem.microscope.settings import MicroscopeSettings

SETTINGS = MicroscopeSettings(size_px=101, pixel_size_nm=2.0)
POINT = np.array([[30.0, 40.0, 20.0]])
GRID = np.arange(101.0)


def test_row_is_y_cos_plus_z_sin_and_x_stays():
    tilt = 35.0
    row, column = project_points(POINT, resting_stage(tilt), 0, 0, np.zeros(2), SETTINGS)[0]
    assert row == pytest.approx(50 + (40 * np.cos(np.deg2rad(tilt)) + 20 * np.sin(np.deg2rad(tilt))) / 2)
    assert column == pytest.approx(50 + 15)


def test_shift_says_where_the_specimen_has_moved_to():
    there = project_points(POINT, resting_stage(20), 0, 0, np.zeros(2), SETTINGS)
    moved = project_points(POINT, resting_stage(20), 0, 0, np.array((3.0, -7.0)), SETTINGS)
    np.testing.assert_allclose(moved - there, [(3, -7)])


def test_each_row_has_the_tilt_of_its_own_time():
    motion = TiltMotion(np.array((0.0, 1.0)), np.deg2rad(np.array((0.0, 28.0))))
    line_time, start = 1e-3, 0.2
    row = project_points(POINT, motion, start, line_time, np.zeros(2), SETTINGS)[0, 0]
    tilt = np.deg2rad(28 * (start + row * line_time))
    assert row == pytest.approx(50 + (40 * np.cos(tilt) + 20 * np.sin(tilt)) / 2, abs=1e-6)
    at_frame_start = project_points(POINT, resting_stage(28 * start), 0, 0, np.zeros(2), SETTINGS)[0, 0]
    assert abs(row - at_frame_start) > 0.05


def _profiles(count: int, low: float, high: float) -> np.ndarray:
    distance = np.linspace(-PROFILE_REACH_NM, PROFILE_REACH_NM, PROFILE_SAMPLES)
    dip = -np.exp(-((distance / 5) ** 2) / 2) + 0.5 * np.exp(-(((distance - 12) / 4) ** 2) / 2)
    return np.linspace(low, high, count)[:, None] * dip


def test_a_line_is_drawn_where_it_lies_with_its_profile_on_the_right_side():
    vertices = ProjectedVertices(np.column_stack((np.full(9, 30.0), np.linspace(20, 80, 9))), np.zeros(9, int))
    image = line_contrast(vertices, _profiles(9, 1, 1), GRID, GRID, 2.0)
    column = image[:, 50]
    assert column.argmin() == 30
    assert column.min() == pytest.approx(np.exp(_profiles(1, 1, 1)[0, PROFILE_SAMPLES // 2]), rel=1e-3)
    assert column[36] > 1.3
    np.testing.assert_allclose(column[24], np.exp(np.interp(-12, np.linspace(-46, 46, 93), _profiles(1, 1, 1)[0])), rtol=1e-6)
    np.testing.assert_array_equal(image[:, :15], 1)
    np.testing.assert_array_equal(image[70:], 1)


def test_reversing_a_line_swaps_its_sides():
    position = np.column_stack((np.full(9, 30.0), np.linspace(80, 20, 9)))
    image = line_contrast(ProjectedVertices(position, np.zeros(9, int)), _profiles(9, 1, 1), GRID, GRID, 2.0)
    assert image[24, 50] > 1.3 > 1 >= image[36, 50] - 1e-3


def test_contrast_changes_along_the_line():
    vertices = ProjectedVertices(np.column_stack((np.linspace(20, 80, 9), np.full(9, 60.0))), np.zeros(9, int))
    image = line_contrast(vertices, _profiles(9, 0.2, 1.0), GRID, GRID, 2.0)
    depth = -np.log(image[:, 60])
    np.testing.assert_allclose(depth[[30, 50, 70]] / depth[50], np.array((1 / 3, 0.6, 2.6 / 3)) / 0.6, rtol=0.02)


def test_a_bent_line_is_covered_without_gaps_or_overlaps():
    angle = np.linspace(0, np.pi, 25)
    position = np.column_stack((70 - 40 * np.sin(angle), 50 - 30 * np.cos(angle)))
    flat = np.full((25, PROFILE_SAMPLES), -0.5)
    values = np.log(line_contrast(ProjectedVertices(position, np.zeros(25, int)), flat, GRID, GRID, 4.0))
    from_line = np.hypot((GRID[:, None] - 70) / 40, (GRID[None] - 50) / 30)
    band = (np.abs(from_line - 1) < 0.15) & (GRID[:, None] < 60)
    np.testing.assert_allclose(values[band], -0.5)


def test_different_lines_multiply():
    one = np.column_stack((np.full(9, 50.0), np.linspace(20, 80, 9)))
    other = one[:, ::-1]
    numbers = np.repeat((0, 1), 9)
    image = line_contrast(ProjectedVertices(np.vstack((one, other)), numbers), _profiles(18, 1, 1), GRID, GRID, 2.0)
    assert image[50, 50] == pytest.approx(image[50, 25] * image[25, 50], rel=0.01)


def test_columns_may_be_squeezed():
    vertices = ProjectedVertices(np.column_stack((np.linspace(20, 80, 9), np.full(9, 60.0))), np.zeros(9, int))
    squeezed = np.linspace(0, 100, 51)
    image = line_contrast(vertices, _profiles(9, 1, 1), GRID, squeezed, 2.0)
    np.testing.assert_allclose(image, line_contrast(vertices, _profiles(9, 1, 1), GRID, GRID, 2.0)[:, ::2])
