"""Isolated objects: moments, and angles from the projections of their reconstruction."""

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.tomography.alignment.density_alignment import object_density
from rapidstem.tomography.alignment.moment_alignment import align_moments
from rapidstem.tomography.alignment.projection_matching import match_projections
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.reported_angles import recorded_geometry
from rapidstem.tomography.tilt_geometry import TiltGeometry

ROWS, COLUMNS, PIXEL_NM, DEPTH_NM = 48, 56, 10.0, 320.0
TILT = np.deg2rad(np.linspace(-72, 72, 37))


def blobs(round_about_x: bool) -> np.ndarray:
    """x, y, z, width and mass of Gaussian blobs, (blob, 5): a lopsided particle, or a string of beads along the tilt axis."""
    rng = np.random.default_rng(4)
    if round_about_x:
        return np.column_stack([np.linspace(-15, 15, 9), np.zeros((9, 2)), np.linspace(3, 5, 9), np.ones(9)])
    return np.column_stack([rng.uniform(-14, 14, 14), rng.uniform(-8, 8, (14, 2)), rng.uniform(1.2, 2.5, 14), rng.uniform(0.4, 1, 14)])


def project(specimen: np.ndarray, geometry: TiltGeometry) -> np.ndarray:
    columns = geometry.columns or COLUMNS
    row, column = np.mgrid[:ROWS, :columns]
    turn = geometry.axis_rotation_rad
    series = np.zeros((geometry.frames, ROWS, columns))
    for x, y, z, width, mass in specimen:
        for frame, (tilt, (dy, dx)) in enumerate(zip(geometry.angle_rad, geometry.shift_px, strict=True)):
            height = y * np.cos(tilt) + z * np.sin(tilt)
            r = (ROWS - 1) / 2 + x * np.sin(turn) + height * np.cos(turn) + dy
            c = (columns - 1) / 2 + x * np.cos(turn) - height * np.sin(turn) + dx
            series[frame] += mass * np.exp(-((row - r) ** 2 + (column - c) ** 2) / (2 * width**2)) * width
    return series


def recorded(shift_px: np.ndarray | float = 0.0, rotation_deg: float = 0.0) -> TiltGeometry:
    shift = np.zeros((len(TILT), 2)) + shift_px
    return TiltGeometry(TILT, shift, PIXEL_NM, ROWS, columns=COLUMNS, axis_rotation_rad=np.deg2rad(rotation_deg))


@pytest.mark.parametrize("rotation_deg", [-7.0, 4.0])
def test_moments_find_the_axis_and_the_shifts(rotation_deg):
    truth = recorded(np.random.default_rng(2).normal(0, 1.5, (len(TILT), 2)), rotation_deg)
    found = align_moments(project(blobs(False), truth), recorded())
    assert np.rad2deg(found.geometry.axis_rotation_rad) == pytest.approx(rotation_deg, abs=0.3)
    turn = found.geometry.axis_rotation_rad
    difference = found.geometry.shift_px - truth.shift_px
    along = difference @ [np.sin(turn), np.cos(turn)]
    across = difference @ [np.cos(turn), -np.sin(turn)]
    orbit = np.column_stack([np.cos(TILT), np.sin(TILT)])
    assert along.std() < 0.05
    assert (across - orbit @ np.linalg.lstsq(orbit, across, rcond=None)[0]).std() < 0.1


def test_a_drift_along_the_axis_beyond_the_size_of_the_object_is_found():
    drift_px = np.column_stack([np.zeros(len(TILT)), np.linspace(-30, 30, len(TILT))])
    truth = TiltGeometry(TILT, drift_px, PIXEL_NM, ROWS, columns=140)
    found = align_moments(project(blobs(False), truth), TiltGeometry(TILT, 0 * drift_px, PIXEL_NM, ROWS, columns=140))
    left = found.geometry.shift_px[:, 1] - drift_px[:, 1]
    assert left.std() < 0.1


def test_angles_of_a_lopsided_object_come_from_its_projections():
    rng = np.random.default_rng(6)
    wrong = np.deg2rad(rng.normal(0, 1.0, len(TILT)))
    density = project(blobs(False), recorded())
    start = TiltGeometry(TILT + wrong, np.zeros((len(TILT), 2)), PIXEL_NM, ROWS, columns=COLUMNS)
    found = match_projections(density, start, DEPTH_NM, np.deg2rad(1.0))
    error, trend = found.geometry.angle_rad - TILT, np.vander(TILT, 4)
    left, before = (one - trend @ np.linalg.lstsq(trend, one, rcond=None)[0] for one in (error, wrong))
    assert found.angles_refined
    inner = np.abs(TILT) < np.deg2rad(50)
    assert left[inner].std() < 0.25 * before[inner].std()
    assert error.std() < 0.6 * wrong.std()
    assert np.all(found.sigma[[0, -1], 0] > 3 * np.median(found.sigma[inner, 0]))
    assert found.geometry.shift_px.std() < 0.1


def test_angles_of_a_round_object_stay_as_reported_and_a_warning_says_so():
    rng = np.random.default_rng(6)
    density = 50 + 1000 * project(blobs(True), recorded(rng.normal(0, 0.5, (len(TILT), 2))))
    reported = np.rad2deg(TILT) + rng.normal(0, 1, len(TILT))
    images = density + rng.normal(0, 20, density.shape)
    settings = AlignmentSettings(DEPTH_NM, angle_sigma_deg=1.0, features="density")
    found = align_series(images, recorded_geometry(reported, images.shape, PIXEL_NM), settings)
    assert found.method == "projection-matching"
    assert "as reported" in found.warnings[0]
    np.testing.assert_allclose(np.diff(np.rad2deg(found.geometry.angle_rad)), np.diff(reported), atol=1e-3)
    np.testing.assert_allclose(found.sigma_deg, 1.0)


def test_dark_objects_on_a_bright_background_are_the_same_as_bright_ones():
    bright = project(blobs(False), recorded())
    np.testing.assert_allclose(object_density(800 - 100 * bright), 100 * object_density(bright), atol=0.02)


def test_object_that_fills_the_frame_is_refused():
    rows = np.linspace(0, np.pi, ROWS)[:, None]
    series = np.tile(1 + 0.1 * np.sin(rows) + 0.2 * (np.arange(COLUMNS) % 7), (9, 1, 1))
    with pytest.raises(InputError, match="isolated objects"):
        object_density(series)
