from dataclasses import replace

import numpy as np
import pytest
from tomography_phantoms import aligned, make_phantom, projected_px

from rapidstem.errors import InputError
from rapidstem.tomography import aligned_images, binarisation
from rapidstem.tomography.aligned_images import apply_alignment
from rapidstem.tomography.alignment import coarse_alignment, quick_reconstruction, series_alignment
from rapidstem.tomography.alignment.angle_uncertainty import loss_curvature
from rapidstem.tomography.alignment.bundle_adjustment import Measurement, adjust, project_positions, residuals_px
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts, correlation_peak
from rapidstem.tomography.alignment.correlation_alignment import align_by_correlation
from rapidstem.tomography.alignment.line_points import LinePoints, Matches, line_labels
from rapidstem.tomography.alignment.line_tracking import match_points, search_trees, volume_line_points
from rapidstem.tomography.alignment.quick_reconstruction import first_points, without_axial_trend
from rapidstem.tomography.alignment.series_alignment import TooFewLinesError
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.frame_ridges import RidgePoints
from rapidstem.tomography.tilt_geometry import TiltGeometry


def without_gauge(found: TiltGeometry, truth: TiltGeometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors of the angles (deg) without their mean, of dy without a cos t + b sin t, and of dx without its mean."""
    angle = np.rad2deg(found.angle_rad - truth.angle_rad)
    dy, dx = (found.shift_px - truth.shift_px).T
    free = np.stack([np.cos(truth.angle_rad), np.sin(truth.angle_rad)], axis=1)
    return angle - angle.mean(), dy - free @ np.linalg.lstsq(free, dy, rcond=None)[0], dx - dx.mean()


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(seed=11, size=128, frames=41, pixel_nm=9.12, noise=0.02, drift_px=4.0)


def test_points_are_projected_by_the_formula_with_the_row_of_their_own_time(phantom):
    points = np.array([[30.0, -12.0, 9.0], [-4.0, 25.0, -20.0]])
    place, _ = project_positions(points, phantom.geometry, 128)
    np.testing.assert_allclose(place, projected_px(points * 9.12, phantom.geometry, 128), atol=2e-3)


def test_displacement_has_its_sign_and_its_fraction():
    row, column = np.mgrid[:80, :80]
    spots = [(20, 30), (55, 22), (40, 60)]
    pictures = [sum(np.exp(-((row - r - dy) ** 2 + (column - c - dx) ** 2) / 8) for r, c in spots) for dy, dx in [(0, 0), (3.3, -5.6)]]
    np.testing.assert_allclose(correlation_peak(pictures[0], pictures[1], 12)[0], [3.3, -5.6], atol=0.15)


def test_coarse_shifts_follow_drift_and_jitter(phantom):
    shift = coarse_shifts(binarise(phantom.series), phantom.geometry.angle_rad)
    _, dy, dx = without_gauge(replace(phantom.geometry, shift_px=shift), phantom.geometry)
    assert dy.std() < 2.5
    assert dx.std() < 2.5


@pytest.mark.parametrize("rapid", [True, False])
def test_angles_and_shifts_are_recovered(rapid):
    truth = make_phantom(seed=11, size=176, frames=41, pixel_nm=9.12, rapid=rapid, noise=0.02, drift_px=4.0)
    rng = np.random.default_rng(3)
    wrong = 1.2 + 0.8 * np.sin(np.linspace(0, 4, 41)) + rng.normal(0, 0.4, 41) if rapid else rng.normal(0, 0.05, 41)
    reported = np.rad2deg(truth.geometry.angle_rad) + wrong
    times = (truth.geometry.time_s, truth.geometry.line_time_s)
    found = aligned(truth.series, reported, 9.12, *times, angle_sigma_deg=1.5 if rapid else 0.1)
    angle, dy, dx = without_gauge(found.geometry, truth.geometry)
    assert angle.std() < 0.1
    assert dy.std() < 0.05
    assert dx.std() < 0.05
    assert found.rms_residual_px < 1.0
    assert found.geometry.used.all()
    assert found.method == "bundle-adjustment"
    normalised = np.column_stack([angle, dy, dx]) / np.column_stack([found.sigma_deg, found.shift_sigma_px])
    assert np.all((normalised.std(axis=0) > 0.4) & (normalised.std(axis=0) < 2.5))
    np.testing.assert_allclose(found.geometry.shift_px[np.argmin(np.abs(found.geometry.angle_rad))], 0, atol=1e-6)


def test_frames_without_lines_are_refused():
    blank = 1 + 0.01 * np.random.default_rng(0).standard_normal((21, 64, 64))
    with pytest.raises(InputError, match="can be followed"):
        aligned(blank, np.linspace(-60, 60, 21), 4.56)


@pytest.mark.parametrize(
    ("reported", "message"),
    [
        (None, "no tilt angles"),
        (np.zeros(40), "as many reported angles, not 40"),
        (np.linspace(-1.2, 1.2, 41), "as if they were in radians: give angles in degrees"),
        (np.linspace(-4000, 4000, 41), "between -90 and 90"),
        (np.linspace(-8, 8, 41), "no tilt series"),
        (np.where(np.arange(41) == 7, np.nan, np.linspace(-70, 70, 41)), "frames 7"),
    ],
)
def test_angles_that_cannot_be_those_of_the_series_are_refused(phantom, reported, message):
    with pytest.raises(InputError, match=message):
        aligned(phantom.series, reported, 9.12)


@pytest.mark.parametrize(
    ("settings", "message"), [({"fallback": "guess"}, "alignment_fallback"), ({"features": "dots"}, "alignment_features")]
)
def test_unknown_choices_are_refused(phantom, settings, message):
    with pytest.raises(InputError, match=message):
        aligned(phantom.series, np.linspace(-70, 70, 41), 9.12, **settings)


def test_too_few_lines_fall_back_to_cross_correlation_only_if_asked(phantom, monkeypatch):
    monkeypatch.setattr(series_alignment, "_FEWEST_POINTS", 100_000)
    reported = np.rad2deg(phantom.geometry.angle_rad) + 0.3 * np.sin(np.arange(41))
    with pytest.raises(TooFewLinesError, match=r"can be followed.*alignment_fallback"):
        aligned(phantom.series, reported, 9.12)
    found = aligned(phantom.series, reported, 9.12, fallback="cross-correlation")
    assert found.method == "cross-correlation"
    assert "as wrong as these" in found.warnings[0]
    np.testing.assert_allclose(np.rad2deg(found.geometry.angle_rad), reported, rtol=1e-12)
    np.testing.assert_array_equal(found.sigma_deg, 1.5)
    _, dy, dx = without_gauge(found.geometry, phantom.geometry)
    assert np.median(np.hypot(dy, dx)) < 1.0
    np.testing.assert_allclose(found.geometry.shift_px[np.argmin(np.abs(reported))], 0, atol=1e-9)


def test_alignment_by_correlation_works_with_all_its_threads(phantom, monkeypatch):
    counts = set()
    for module in (binarisation, coarse_alignment, quick_reconstruction, aligned_images):
        mapped = module.mapped_by_threads

        def counting(work, threads, *items, mapped=mapped):
            counts.add(threads)
            return mapped(work, threads, *items)

        monkeypatch.setattr(module, "mapped_by_threads", counting)
    align_by_correlation(phantom.geometry, phantom.series, 300.0, 1.5, 27.36, threads=2)
    assert counts == {2}


def test_aligned_frame_shows_the_specimen_where_the_shift_says():
    row, column = np.mgrid[:64, :64]
    frame = np.exp(-((row - 30.0 - 2.5) ** 2 + (column - 33.0 + 4.25) ** 2) / 8)[None]
    geometry = TiltGeometry(np.zeros(1), np.array([[2.5, -4.25]]), 1.0, 64)
    aligned = apply_alignment(frame, geometry)[0]
    assert np.sum(aligned * row) / aligned.sum() == pytest.approx(30.0, abs=0.02)
    assert np.sum(aligned * column) / aligned.sum() == pytest.approx(33.0, abs=0.02)


def test_rotated_axis_lies_along_x_in_the_aligned_frame():
    row, column = np.mgrid[:65, :81]
    along, turn = np.array([-30.0, 0.0, 25.0]), np.deg2rad(12.0)
    spots = [(32 + x * np.sin(turn) + 2.0, 40 + x * np.cos(turn) - 3.0) for x in along]
    frame = sum(np.exp(-((row - r) ** 2 + (column - c) ** 2) / 6) for r, c in spots)[None]
    aligned = apply_alignment(frame, TiltGeometry(np.zeros(1), np.array([[2.0, -3.0]]), 1.0, 65, columns=81, axis_rotation_rad=turn))[0]
    for x in along:
        near = np.hypot(row - 32, column - 40 - x) < 8
        assert np.sum((aligned * row)[near]) / aligned[near].sum() == pytest.approx(32, abs=0.05)
        assert np.sum((aligned * column)[near]) / aligned[near].sum() == pytest.approx(40 + x, abs=0.05)


def test_curvature_of_the_cauchy_loss_for_normal_residuals():
    residual = np.random.default_rng(0).normal(0, 0.4, 200_000)
    assert loss_curvature(residual, 0.4) == pytest.approx(0.524, abs=0.01)


def exact_measurement(geometry: TiltGeometry, points: LinePoints, columns: int) -> Measurement:
    """Every point seen in every frame, on a line across whichever direction is drawn."""
    place, _ = project_positions(points.position_px, geometry, columns)
    frame, point = (index.ravel() for index in np.mgrid[: geometry.frames, : len(points.position_px)])
    direction = np.random.default_rng(7).uniform(0, np.pi, len(frame))
    normal = np.stack([np.cos(direction), np.sin(direction)], axis=1)
    matches = Matches(frame, point, place[frame, point], normal)
    return Measurement(matches, columns, geometry.angle_rad, np.deg2rad(2.0), geometry.shift_px, 1.0)


def test_adjustment_finds_the_exact_answer_from_a_wrong_start():
    rng = np.random.default_rng(4)
    points = LinePoints(rng.uniform(-40, 40, (150, 3)), np.tile([1.0, 0.0, 0.0], (150, 1)))
    angle = np.deg2rad(np.linspace(-60, 60, 31))
    truth = TiltGeometry(angle, np.zeros((31, 2)), 4.56, 96)
    measured = exact_measurement(truth, points, 96)
    start = replace(truth, angle_rad=angle + rng.normal(0, 0.01, 31), shift_px=rng.normal(0, 1, (31, 2)))
    found, geometry = points, start
    for _ in range(4):
        found, geometry = adjust(found, geometry, measured)
    angle_error, dy, dx = without_gauge(geometry, truth)
    assert np.abs(angle_error).max() < 0.01
    assert max(np.abs(dy).max(), np.abs(dx).max()) < 0.02
    assert np.abs(residuals_px(found, geometry, 96, measured.matches)).max() < 0.02


def test_points_are_matched_to_lines_of_their_own_direction_only():
    points = LinePoints(np.array([[0.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]))
    geometry = TiltGeometry(np.zeros(1), np.zeros((1, 2)), 1.0, 65)
    across, along = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    ridges = RidgePoints(np.array([[33.0, 32.0], [34.0, 32.0]]), np.stack([along, across]), np.ones(2))
    matches = match_points(points, geometry, 65, search_trees([ridges]), radius_px=4.0)
    np.testing.assert_array_equal(matches.ridge_px, [[34.0, 32.0]])
    assert len(match_points(points, geometry, 65, search_trees([ridges]), radius_px=1.5).frame) == 0


def inclined_line():
    """A volume with one line through the voxel (24, 20, 15) of x, y, z, and the line's direction."""
    z, y, x = np.mgrid[:32, :48, :48]
    along = np.array([2.0, 1.0, 0.5]) / np.linalg.norm([2.0, 1.0, 0.5])
    offset = np.stack([x - 24.0, y - 20.0, z - 15.0], axis=-1)
    distance = np.linalg.norm(offset - (offset @ along)[..., None] * along, axis=-1)
    return np.exp(-(distance**2) / 4), along


def test_points_of_a_volume_lie_on_its_line():
    volume, along = inclined_line()
    points = volume_line_points(volume)
    place = points.position_px + np.array([23.5 - 24.0, 23.5 - 20.0, 15.5 - 15.0])
    beside = np.linalg.norm(place - (place @ along)[:, None] * along, axis=1)
    assert len(place) > 15
    assert np.median(beside) < 0.2
    assert np.median(np.abs(points.tangent @ along)) > 0.99


@pytest.mark.parametrize(("line_px", "voxel_px", "side"), [(3, 2, 95), (6, 4, 190), (12, 8, 380)])
def test_points_of_a_quick_volume_are_in_pixels_of_the_frames(line_px, voxel_px, side):
    """Voxels are two thirds of a line wide, and reach beyond the frames where these are no multiple of them."""
    volume, along = inclined_line()
    points = first_points(volume, (71, side, side), line_px)
    place = points.position_px / voxel_px
    place[:, :2] += (side / voxel_px - 1) / 2
    place += np.array([-24.0, -20.0, 15.5 - 15.0])
    beside = np.linalg.norm(place - (place @ along)[:, None] * along, axis=1)
    assert len(place) > 15
    assert np.median(beside) < 0.2


def test_points_are_gathered_by_line():
    s = np.arange(0, 60, 3.0)
    first = np.stack([s, 0 * s, 0 * s], axis=1)
    crossing = np.stack([0 * s + 30, s - 30, 0 * s + 1], axis=1)
    tangent = np.repeat([[1.0, 0, 0], [0, 1.0, 0]], len(s), axis=0)
    labels = line_labels(LinePoints(np.concatenate([first, crossing]), tangent), 3)
    assert len(set(labels[: len(s)])) == 1
    assert len(set(labels)) == 2


def test_sliding_along_inclined_lines_is_taken_out(phantom):
    """A false trend along the axis, as neighbouring frames suggest it where lines are inclined, does not survive."""
    tilt = phantom.geometry.angle_rad
    slid = replace(phantom.geometry, shift_px=phantom.geometry.shift_px + np.column_stack([0 * tilt, 6.0 * tilt]))
    found = without_axial_trend(binarise(phantom.series), slid, 300.0)
    _, _, before = without_gauge(slid, phantom.geometry)
    _, dy, after = without_gauge(found, phantom.geometry)
    assert before.std() > 4.0
    assert after.std() < 1.5
    assert dy.std() < 1e-9
