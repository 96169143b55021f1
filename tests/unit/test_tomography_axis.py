"""Series whose tilt axis is rotated, off the centre or vertical, whose frames are lost or missing, whose order is unusual."""

import numpy as np
import pytest
from tomography_phantoms import Phantom, aligned, make_phantom

from rapidstem.errors import InputError
from rapidstem.tomography.aligned_images import with_axis_along_x
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.alignment_checks import alignment_warnings
from rapidstem.tomography.alignment.axis_offset import axis_offset_px
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.tilt_geometry import TiltGeometry


def phantom_with(**changes: object) -> Phantom:
    settings = {"seed": 12, "size": 128, "frames": 41, "pixel_nm": 9.12, "noise": 0.02, "drift_px": 0.0, "jitter_px": 0.3}
    return make_phantom(**(settings | changes))


def align(phantom: Phantom, rapid: bool, frames: np.ndarray | slice = slice(None), **settings: object) -> AlignedSeries:
    geometry = phantom.geometry
    number = np.arange(geometry.frames)
    wrong = 1.2 + 0.8 * np.sin(number / 10) if rapid else np.random.default_rng(3).normal(0, 0.05, len(number))
    reported = (np.rad2deg(geometry.angle_rad) + wrong)[frames]
    times = (geometry.time_s[frames], geometry.line_time_s) if rapid else (None, None)
    return aligned(phantom.series[frames], reported, 9.12, *times, angle_sigma_deg=1.5 if rapid else 0.1, **settings)


def angle_error_deg(found: AlignedSeries, truth: TiltGeometry, frames: np.ndarray | slice = slice(None)) -> np.ndarray:
    error = np.rad2deg(found.geometry.angle_rad - truth.angle_rad[frames])
    return error - np.median(error)


def test_axis_of_a_turning_stage_is_found_though_frames_are_missing():
    phantom = phantom_with(axis_rotation_deg=1.5, axis_offset_px=-8.0)
    kept = np.delete(np.arange(41), [15, 16])
    found = align(phantom, True, kept)
    assert found.axis_rotation_deg == pytest.approx(1.5, abs=0.15)
    assert found.axis_offset_px == pytest.approx(-8.0, abs=0.8)
    assert max(found.axis_rotation_sigma_deg, found.axis_offset_sigma_px / 4) < 0.15
    assert angle_error_deg(found, phantom.geometry, kept).std() < 0.15


def test_axis_is_found_and_frames_that_left_the_field_are_reported_and_do_not_spoil_the_others():
    phantom = phantom_with(rapid=False, axis_rotation_deg=-1.5, axis_offset_px=8.0)
    lost = np.array([8, 9, 24])
    phantom.series[lost] = 0.6 * (1 + 0.02 * np.random.default_rng(1).standard_normal((3, 128, 128)))
    found = align(phantom, rapid=False)
    np.testing.assert_array_equal(np.flatnonzero(~found.geometry.used), lost)
    assert "frames 8, 9, 24" in found.warnings[0]
    assert found.axis_rotation_deg == pytest.approx(-1.5, abs=0.15)
    assert found.axis_offset_px == pytest.approx(8.0, abs=0.8)
    assert np.abs(angle_error_deg(found, phantom.geometry)[found.geometry.used]).max() < 0.3
    assert np.all(np.isnan(found.shift_sigma_px[lost])) and np.all(np.isfinite(found.shift_sigma_px[found.geometry.used]))
    np.testing.assert_allclose(found.geometry.shift_px[9], (found.geometry.shift_px[7] + 2 * found.geometry.shift_px[10]) / 3, atol=1e-6)


def test_vertical_axis_is_brought_to_x_and_its_columns_have_their_own_times():
    phantom = phantom_with(slow_scan="columns")
    recorded = np.swapaxes(phantom.series, 1, 2)
    np.testing.assert_array_equal(with_axis_along_x(recorded, "y"), phantom.series)
    np.testing.assert_array_equal(with_axis_along_x(recorded, "x"), recorded)
    found = align(phantom, rapid=True, slow_scan="columns")
    assert angle_error_deg(found, phantom.geometry).std() < 0.15
    with pytest.raises(InputError, match="tilt_axis"):
        with_axis_along_x(recorded, "z")


def test_series_that_starts_at_high_positive_tilt_and_lacks_frames_is_aligned():
    phantom = phantom_with(rapid=False)
    order = np.delete(np.arange(41), [5, 18, 19, 20])[::-1]
    found = align(phantom, False, order)
    assert found.geometry.used.all()
    assert angle_error_deg(found, phantom.geometry, order).std() < 0.1


def test_coarse_shifts_need_no_order_of_the_tilts():
    phantom = phantom_with(rapid=False)
    lines = binarise(phantom.series)
    order = np.argsort(np.abs(phantom.geometry.angle_rad), kind="stable")
    shift = coarse_shifts(lines, phantom.geometry.angle_rad)
    np.testing.assert_allclose(coarse_shifts(lines[order], phantom.geometry.angle_rad[order]), shift[order], atol=1e-9)


def offset_errors(drift: str) -> tuple[np.ndarray, np.ndarray]:
    """Errors and stated standard deviations of an offset of -5 px in 40 series with jitter or a random walk of 0.3 px a frame."""
    tilt = np.deg2rad(np.linspace(-70, 70, 71))
    found = []
    for seed in range(40):
        steps = np.random.default_rng(seed).normal(0, 0.3, 71)
        dy = 6 * np.cos(tilt) - 4 * np.sin(tilt) - 5.0 + (np.cumsum(steps) if drift == "walk" else steps)
        found.append(axis_offset_px(TiltGeometry(tilt, np.column_stack([dy, 0 * tilt]), 1.0, 64)))
    offset, sigma = np.array(found).T
    return offset + 5, sigma


def test_offset_states_how_much_a_drift_as_slow_as_the_tilting_hides_it():
    jitter, jitter_sigma = offset_errors("jitter")
    walk, walk_sigma = offset_errors("walk")
    assert 0.5 < np.std(jitter / jitter_sigma) < 1.3
    assert 0.7 < np.std(walk / walk_sigma) < 1.3
    assert np.median(walk_sigma) > 5 * np.median(jitter_sigma)


def warnings_of(**changes: object) -> tuple[str, ...]:
    tilt = np.deg2rad(np.linspace(-60, 60, 31))
    geometry = TiltGeometry(tilt, np.zeros((31, 2)), 5.0, 64)
    good = {"reported_rad": tilt, "used": np.ones(31, bool), "height_px": np.linspace(-29, 29, 200), "thickness_nm": 300.0}
    return alignment_warnings(geometry, angle_sigma_rad=0.02, **(good | changes))


def test_specimen_thicker_than_the_volume_and_angles_in_a_wrong_order_are_warned_of():
    assert warnings_of() == ()
    assert "cannot hold" in warnings_of(thickness_nm=200.0)[0]
    reversed_rad = np.deg2rad(np.linspace(60, -60, 31))
    assert "order and the sign" in warnings_of(reported_rad=reversed_rad)[0]
    assert "frames 3 " in warnings_of(used=np.arange(31) != 3)[0]
