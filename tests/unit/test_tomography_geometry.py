from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from rapidstem.errors import InputError
from rapidstem.tomography.aligned_images import scanned_pixels
from rapidstem.tomography.geometry_files import read_angles, read_geometry, write_geometry
from rapidstem.tomography.tilt_geometry import (
    TiltGeometry,
    aligned_row_angles_rad,
    turned,
)


def turning(frames: int = 9, rows: int = 65, speed_rad_s: float = 0.5) -> TiltGeometry:
    time = 0.07 * np.arange(frames)
    line_time = 0.03 / rows
    angle = -0.1 + speed_rad_s * (time + line_time * (rows - 1) / 2)
    return TiltGeometry(angle, np.zeros((frames, 2)), 4.56, rows, time, line_time)


def test_uniform_tilting_gives_every_row_its_own_angle_at_the_ends_too():
    geometry = turning()
    rows = np.array([0.0, 13.25, 32.0, 64.0])
    expected = -0.1 + 0.5 * (geometry.time_s[:, None] + geometry.line_time_s * rows)
    np.testing.assert_allclose(geometry.row_angles_rad(rows), expected, atol=1e-12)


def test_middle_row_has_the_angle_of_the_frame_when_the_speed_changes():
    geometry = turning()
    uneven = TiltGeometry(np.sin(3 * geometry.angle_rad), geometry.shift_px, 4.56, 65, geometry.time_s, geometry.line_time_s)
    np.testing.assert_allclose(uneven.row_angles_rad(np.array([32.0]))[:, 0], uneven.angle_rad, atol=1e-12)


def test_beyond_the_first_and_the_last_middle_the_tilt_goes_on_as_fast_as_there():
    geometry = turning()
    slower = geometry.angle_rad.copy()
    slower[5:] = slower[4] + (slower[5:] - slower[4]) / 5
    found = TiltGeometry(slower, geometry.shift_px, 4.56, 65, geometry.time_s, geometry.line_time_s).row_angles_rad(np.array([0.0, 64.0]))
    assert found[0, 0] == pytest.approx(slower[0] - 0.5 * 32 * geometry.line_time_s)
    assert found[-1, 1] == pytest.approx(slower[-1] + 0.1 * 32 * geometry.line_time_s)


def test_a_single_frame_with_a_time_has_one_angle():
    single = TiltGeometry(np.array([0.2]), np.zeros((1, 2)), 4.56, 65, np.array([3.0]), 1e-4)
    np.testing.assert_array_equal(single.row_angles_rad(np.arange(65.0)), np.full((1, 65), 0.2))


def test_stage_at_rest_has_one_angle_a_frame():
    still = turning().per_frame()
    angles = still.row_angles_rad(np.arange(65.0))
    assert angles.shape == (9, 65)
    assert np.ptp(angles, axis=1).max() == 0


def test_aligned_row_was_scanned_when_its_raw_row_was():
    geometry = turning()
    shifted = TiltGeometry(geometry.angle_rad, np.tile([4.0, -7.0], (9, 1)), 4.56, 65, geometry.time_s, geometry.line_time_s)
    np.testing.assert_allclose(aligned_row_angles_rad(shifted)[:, 10], geometry.row_angles_rad(np.array([14.0]))[:, 0])


def scanned_by_column(**changes) -> TiltGeometry:
    geometry = turning(rows=65)
    return TiltGeometry(
        geometry.angle_rad, np.tile([4.0, -7.0], (9, 1)), 4.56, 65, geometry.time_s, geometry.line_time_s, "columns", 41, **changes
    )


def test_rows_of_a_column_share_its_time_when_columns_are_scanned_one_after_the_other():
    geometry = scanned_by_column()
    middle_s = geometry.time_s + 20 * geometry.line_time_s
    expected = geometry.angle_rad + 0.5 * (geometry.time_s + (30 - 7) * geometry.line_time_s - middle_s)
    np.testing.assert_allclose(aligned_row_angles_rad(geometry, 30.0), np.tile(expected[:, None], 65), atol=1e-12)
    at_default = aligned_row_angles_rad(geometry)
    np.testing.assert_array_equal(at_default, aligned_row_angles_rad(geometry, 20.0))


def test_rotated_axis_delays_the_rows_on_one_side():
    geometry = turning()
    rotated = TiltGeometry(
        geometry.angle_rad, geometry.shift_px, 4.56, 65, geometry.time_s, geometry.line_time_s, columns=201, axis_rotation_rad=0.03
    )
    later = aligned_row_angles_rad(rotated, 150.0)[:, 32] - geometry.angle_rad
    np.testing.assert_allclose(later, 0.5 * geometry.line_time_s * 50 * np.sin(0.03), atol=1e-12)
    assert aligned_row_angles_rad(rotated)[3, 32] == pytest.approx(geometry.angle_rad[3])


def test_rotated_axis_delays_the_rows_on_one_side_where_columns_are_scanned_too():
    geometry = turning()
    rotated = TiltGeometry(
        geometry.angle_rad, geometry.shift_px, 4.56, 65, geometry.time_s, geometry.line_time_s, "columns", 41, axis_rotation_rad=0.03
    )
    later = aligned_row_angles_rad(rotated) - geometry.angle_rad[:, None]
    np.testing.assert_allclose(later, np.tile(-0.5 * geometry.line_time_s * (np.arange(65) - 32) * np.sin(0.03), (9, 1)), atol=1e-12)


def test_rotation_brings_x_onto_the_axis_from_x_towards_y():
    np.testing.assert_allclose(turned(0.0, 1.0, np.deg2rad(30)), (0.5, np.sqrt(0.75)))
    np.testing.assert_allclose(turned(1.0, 0.0, np.deg2rad(30)), (np.sqrt(0.75), -0.5))


def test_pixels_are_scanned_as_far_as_the_raw_frame_reaches_its_border_included():
    geometry = TiltGeometry(np.zeros(2), np.array([[2.0, -3.0], [0.0, 0.0]]), 4.56, 6, columns=8)
    scanned, expected = scanned_pixels(geometry, 8), np.ones((2, 6, 8), bool)
    expected[0, 4:] = expected[0, :, :3] = False
    np.testing.assert_array_equal(scanned, expected)
    np.testing.assert_array_equal(scanned_pixels(geometry, 8, range(2, 5)), expected[:, :, 2:5])


def assert_same_geometry(again: TiltGeometry, geometry: TiltGeometry) -> None:
    for field in fields(TiltGeometry):
        own, other = getattr(geometry, field.name), getattr(again, field.name)
        np.testing.assert_allclose(other, own, atol=1e-6) if isinstance(own, np.ndarray) else pytest.approx(own) == other


@pytest.mark.parametrize("slow_scan", ["rows", "columns"])
def test_geometry_is_read_back_whole(tmp_path, slow_scan):
    angles, shifts = np.deg2rad([-10.0, 0.25, 11.0]), np.array([[1.5, -2.0], [0, 0], [-3.25, 4.0]])
    times = np.array([0.0, 0.070001, 0.14]), 5.86e-5
    used = np.array([True, False, True])
    geometry = TiltGeometry(angles, shifts, 4.56, 33, *times, slow_scan, 40, np.deg2rad(-1.5), used)
    write_geometry(tmp_path / "a.csv", geometry, np.array([-9.0, 0.0, 10.0]), np.full(3, 0.02), np.full((3, 2), 0.1))
    again = read_geometry(tmp_path / "a.csv")
    assert_same_geometry(again, geometry)
    np.testing.assert_array_equal(again.time_s, geometry.time_s)
    assert (again.line_time_s, again.slow_scan, again.rows, again.columns) == (5.86e-5, slow_scan, 33, 40)
    assert list(read_angles(tmp_path / "a.csv")["reported_deg"]) == [-9.0, 0.0, 10.0]


def test_geometry_of_a_series_that_stood_still_has_no_times(tmp_path):
    geometry = TiltGeometry(np.deg2rad([-10.0, 0.25, 11.0]), np.zeros((3, 2)), 4.56, 33)
    write_geometry(tmp_path / "slow.angles.csv", geometry, np.zeros(3), np.full(3, 0.02), np.full((3, 2), np.nan))
    again = read_geometry(tmp_path / "slow.angles.csv")
    assert_same_geometry(again, geometry)
    assert again.time_s is None and again.line_time_s is None and again.columns is None


def test_table_with_a_missing_shift_is_refused(tmp_path):
    path = tmp_path / "slow.angles.csv"
    geometry = TiltGeometry(np.deg2rad([-10.0, 0.25, 11.0]), np.zeros((3, 2)), 4.56, 33)
    write_geometry(path, geometry, np.zeros(3), np.full(3, 0.02), np.zeros((3, 2)))
    table = pd.read_csv(path)
    table.loc[1, "dx_px"] = np.nan
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match=r"slow\.angles\.csv.*an angle or a shift is missing"):
        read_geometry(path)


def test_table_without_a_column_names_it(tmp_path):
    path = tmp_path / "slow.angles.csv"
    path.write_text("frame,angle_deg\n0,1.0\n")
    with pytest.raises(InputError, match=r"slow\.angles\.csv.*dy_px"):
        read_geometry(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"angle_rad": np.array([0.0, np.nan])}, "angle is missing"),
        ({"angle_rad": np.array([-60.0, 60.0])}, "beyond 110 degrees"),
        ({"shift_px": np.zeros((3, 2))}, r"\(2, 2\)"),
        ({"line_time_s": None}, "both"),
        ({"time_s": np.array([1.0, 0.0])}, "increasing"),
        ({"slow_scan": "diagonals"}, "'rows' or 'columns'"),
        ({"slow_scan": "columns"}, "number of columns"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, message):
    good = {"angle_rad": np.array([0.0, 0.1]), "shift_px": np.zeros((2, 2)), "time_s": np.array([0.0, 1.0]), "line_time_s": 1e-4}
    with pytest.raises(InputError, match=message):
        TiltGeometry(**{**good, **changes}, pixel_size_nm=1.0, rows=8)


@pytest.mark.parametrize(("slow_scan", "lines"), [("rows", 100), ("columns", 400)])
def test_lines_of_the_scan_are_columns_in_transposed_frames(slow_scan, lines):
    geometry = TiltGeometry(np.zeros(2), np.zeros((2, 2)), 4.56, 100, np.arange(2.0), 1e-3, slow_scan, 400)
    assert geometry.scan_lines == lines
    middle = geometry.row_angles_rad(np.array([49.5]), (lines - 1) / 2)
    np.testing.assert_array_equal(middle[:, 0], geometry.angle_rad)
