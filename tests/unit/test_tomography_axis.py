"""Series whose tilt axis is rotated, off the centre or vertical, whose frames are lost or missing, whose order is unusual."""

from dataclasses import replace

import numpy as np
import pytest
from tomography_phantoms import Phantom, aligned, make_phantom

from rapidstem.errors import InputError
from rapidstem.tomography.aligned_images import with_axis_along_x
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.alignment_checks import alignment_warnings
from rapidstem.tomography.alignment.axis_offset import axis_offset_px, offset_or_none
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned


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
    assert axis_offset_px(found.geometry)[0] == pytest.approx(-8.0, abs=0.8)
    assert np.isnan(found.axis_offset_px) and found.axis_offset_sigma_px > 1.28
    assert found.axis_rotation_sigma_deg < 0.15
    assert angle_error_deg(found, phantom.geometry, kept).std() < 0.15


def test_axis_is_found_and_frames_that_left_the_field_are_reported_and_do_not_spoil_the_others():
    phantom = phantom_with(rapid=False, axis_rotation_deg=-1.5, axis_offset_px=8.0)
    lost = np.array([8, 9, 24])
    phantom.series[lost] = 0.6 * (1 + 0.02 * np.random.default_rng(1).standard_normal((3, 128, 128)))
    found = align(phantom, rapid=False)
    np.testing.assert_array_equal(np.flatnonzero(~found.geometry.used), lost)
    assert "frames 8, 9, 24" in found.warnings[0]
    assert found.axis_rotation_deg == pytest.approx(-1.5, abs=0.15)
    assert axis_offset_px(found.geometry)[0] == pytest.approx(8.0, abs=0.8)
    assert np.abs(angle_error_deg(found, phantom.geometry)[found.geometry.used]).max() < 0.3
    assert np.all(np.isnan(found.shift_sigma_px[lost])) and np.all(np.isfinite(found.shift_sigma_px[found.geometry.used]))
    beside, used = [7, 10, 23, 25], found.geometry.used
    assert found.sigma_deg[beside].max() < 2 * np.median(found.sigma_deg[used]) and found.shift_sigma_px[beside].max() < 0.1
    assert found.summary()["mean_sigma_deg"].item() == pytest.approx(found.sigma_deg[used].mean())
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


@pytest.mark.parametrize("seed", [1, 2])
def test_the_last_frames_of_a_needle_are_not_stretched_out_of_the_field(seed):
    rng = np.random.default_rng(seed)
    tilt, rows = np.deg2rad(np.arange(-90, 91, 2)), np.arange(128)
    x, radius, turn = rng.uniform(-55, 55, 60), 30 * np.sqrt(rng.uniform(0, 1, 60)), rng.uniform(0, 2 * np.pi, 60)
    phase = np.linspace(0, 3, len(tilt))
    drift = 6 * np.column_stack([np.sin(phase), np.cos(phase)]) + rng.normal(0, 0.5, (len(tilt), 2))
    drift -= drift[45]
    places = (63.5 + radius * np.cos(turn - angle) + dy for angle, dy in zip(tilt, drift[:, 0], strict=True))
    spots = [np.exp(-((rows[:, None] - place) ** 2) / 4.5) for place in places]
    frames = [spot @ np.exp(-((rows - 63.5 - x[:, None] - dx) ** 2) / 4.5) for spot, dx in zip(spots, drift[:, 1], strict=True)]
    error = coarse_shifts(np.array(frames, np.float32), tilt) - drift
    assert np.abs(error[:, 1]).max() < 4 and np.abs(error[:, 0]).max() < 16


PHASE = np.linspace(-1, 1, 41)
SMOOTH_DRIFTS = {
    "none": 0 * PHASE,
    "quadratic": 5 * PHASE**2,
    "quadratic from the start": 5 * ((1 + PHASE) / 2) ** 2,
    "cubic": 5 * PHASE**3,
    "cubic from the start": 5 * ((1 + PHASE) / 2) ** 3,
    "quartic": 5 * PHASE**4,
    "there and back": 5 * np.sin(1.5 * (1 + PHASE)),
    "settling": 5 * np.exp(-1.7 * (1 + PHASE)),
}


def shifted_series(dy: np.ndarray, dx: np.ndarray | float = 0.0, rows: int = 64) -> TiltGeometry:
    """A series from -70 to 70 degrees whose axis is 5 px off, and whose specimen lies off the axis; `dy`, `dx` come on top."""
    tilt = np.deg2rad(70 * PHASE)
    shift = np.column_stack([6 * np.cos(tilt) - 4 * np.sin(tilt) - 5.0 + dy, dx + 0 * tilt])
    return TiltGeometry(tilt, shift, 1.0, rows)


@pytest.mark.parametrize("jitter_px", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("drift", SMOOTH_DRIFTS)
def test_offset_is_wrong_by_no_more_than_it_says_whatever_smooth_drift_lies_across_the_axis(drift: str, jitter_px: float) -> None:
    jitter = np.random.default_rng(4).normal(0, jitter_px, 41)
    offset, sigma = axis_offset_px(shifted_series(SMOOTH_DRIFTS[drift] + jitter))
    assert abs(offset + 5) < 2.5 * sigma
    if drift == "none":
        assert offset == pytest.approx(-5, abs=max(3 * jitter_px, 0.01))
        assert sigma < 5


def test_offset_is_counted_across_the_axis_however_that_is_turned() -> None:
    series, turn = shifted_series(3 * PHASE, 60 * PHASE), np.deg2rad(12.0)
    rotated = replace(series, shift_px=np.column_stack(turned(*series.shift_px.T, turn)), axis_rotation_rad=turn)
    assert axis_offset_px(rotated) == pytest.approx(axis_offset_px(series))


@pytest.mark.parametrize(("rows", "along_px"), [(128, 0.0), (256, 0.0), (512, 8.0)])
def test_no_offset_is_given_where_drift_may_hide_more_than_a_hundredth_of_the_rows(rows: int, along_px: float) -> None:
    offset, sigma = offset_or_none(shifted_series(0 * PHASE, along_px * PHASE**2, rows))
    assert np.isnan(offset) and sigma > rows / 100


@pytest.mark.parametrize("drift", SMOOTH_DRIFTS)
def test_an_offset_that_is_given_is_known_to_a_hundredth_of_the_rows(drift: str) -> None:
    offset, sigma = offset_or_none(shifted_series(SMOOTH_DRIFTS[drift], rows=512))
    assert abs(offset + 5) < 2 * sigma < 2 * 5.12


def test_offset_says_how_much_a_random_walk_as_slow_as_the_tilting_hides_it() -> None:
    walks = [np.cumsum(np.random.default_rng(seed).normal(0, 0.3, 41)) for seed in range(30)]
    found = np.array([axis_offset_px(shifted_series(walk - walk[20])) for walk in walks])
    assert np.all(np.abs(found[:, 0] + 5) < 3 * found[:, 1])
    assert np.median(found[:, 1]) > axis_offset_px(shifted_series(0 * PHASE))[1]


@pytest.mark.parametrize("frames", [3, 8])
def test_offset_of_too_few_frames_is_an_error(frames: int) -> None:
    geometry = TiltGeometry(np.linspace(-1, 1, frames), np.zeros((frames, 2)), 1.0, 64)
    with pytest.raises(InputError, match=f"9 frames at least, {frames} are there"):
        axis_offset_px(geometry)
    assert np.isnan(offset_or_none(geometry)).all()


def warnings_of(**changes: object) -> tuple[str, ...]:
    tilt = np.deg2rad(changes.pop("largest_tilt_deg", 60.0)) * np.linspace(-1, 1, 31)
    recorded = TiltGeometry(changes.pop("reported_rad", tilt), np.zeros((31, 2)), 5.0, 64)
    geometry = TiltGeometry(tilt, np.zeros((31, 2)), 5.0, 64, used=changes.pop("used", None))
    return alignment_warnings(geometry, recorded, **({"angle_sigma_rad": 0.02, "foil_px": (-29.0, 29.0), "thickness_nm": 300.0} | changes))


def test_specimen_thicker_than_the_volume_and_angles_in_a_wrong_order_are_warned_of():
    assert warnings_of() == ()
    assert warnings_of(foil_px=(-15.0, 43.0)) == ()
    assert "290 nm in depth: a volume for a foil of 200 nm cannot hold" in warnings_of(thickness_nm=200.0)[0]
    assert warnings_of(thickness_nm=200.0, largest_tilt_deg=30.0) == ()
    reversed_rad = np.deg2rad(np.linspace(60, -60, 31))
    assert "order and the sign" in warnings_of(reported_rad=reversed_rad)[0]
    assert "frames 3 " in warnings_of(used=np.arange(31) != 3)[0]
