from dataclasses import replace

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.tomography.aligned_images import scanned_pixels
from rapidstem.tomography.reconstruction.slice_blocks import expected_elements, half_frames, matrix_columns, plan_blocks, slice_range
from rapidstem.tomography.reconstruction.slice_projector import field_rays, system_matrix
from rapidstem.tomography.reconstruction.volume_reconstruction import ReconstructionSettings, project_volume, reconstruct
from rapidstem.tomography.tilt_geometry import TiltGeometry, aligned_row_angles_rad
from tests.unit.reconstruction_phantoms import PIXEL_NM, brightest, centre, point_series, spots, transposed_geometry, turning_geometry

METHODS = ["sirt", "ordered-subsets", "weighted-back-projection", "total-variation"]


@pytest.mark.parametrize("method", METHODS)
def test_a_point_off_both_axes_comes_back_at_its_place(method):
    geometry = turning_geometry()
    volume = reconstruct(point_series([(20.5, -9.5)], geometry, 3), geometry, ReconstructionSettings(32 * PIXEL_NM, method, iterations=20))
    assert volume.shape == (32, 64, 3)
    assert volume.dtype == np.float32
    assert brightest(volume[:, :, 1]) == (20.5, -9.5)


@pytest.mark.parametrize(("dy_px", "rows"), [(10.0, range(54)), (-7.0, range(7, 64))])
def test_rays_are_those_of_rows_that_the_raw_frame_has_seen(dy_px, rows):
    geometry = TiltGeometry(np.zeros(3), np.tile([dy_px, 0.0], (3, 1)), PIXEL_NM, 64)
    _, used = field_rays(geometry, 10)
    assert sorted(used.tolist()) == [64 * frame + row for frame in range(3) for row in rows]


def test_a_specimen_turned_about_the_axis_comes_back_turned():
    geometry = turning_geometry()
    offset = np.deg2rad(30.0)
    y, z = 12.0, 8.0
    turned = TiltGeometry(geometry.angle_rad[8:], geometry.shift_px[8:], PIXEL_NM, 64)
    elsewhere = TiltGeometry(turned.angle_rad - offset, turned.shift_px, PIXEL_NM, 64)
    volume = reconstruct(point_series([(y, z)], turned, 1), elsewhere, ReconstructionSettings(60 * PIXEL_NM, iterations=30))
    expected = (y * np.cos(offset) + z * np.sin(offset), z * np.cos(offset) - y * np.sin(offset))
    np.testing.assert_allclose(brightest(volume[:, :, 0]), expected, atol=0.8)


@pytest.mark.parametrize("method", METHODS)
def test_rows_that_a_shifted_frame_did_not_see_do_not_count(method):
    geometry = turning_geometry(dy_px=10.0)
    series = point_series([(-8.5, 6.5)], geometry, 1)
    series[:, -10:] = 7.0
    volume = reconstruct(series, geometry, ReconstructionSettings(32 * PIXEL_NM, method, iterations=20))
    assert brightest(volume[:, :, 0]) == (-8.5, 6.5)


def test_what_lies_beside_the_field_of_view_leaves_no_trace_in_it():
    geometry = turning_geometry()
    beside = reconstruct(point_series([(50.0, 4.0)], geometry, 1), geometry, ReconstructionSettings(32 * PIXEL_NM, iterations=30))
    within = reconstruct(point_series([(10.0, 4.0)], geometry, 1), geometry, ReconstructionSettings(32 * PIXEL_NM, iterations=30))
    assert beside.max() < 0.1 * within.max()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("geometry", [turning_geometry(rows=32, frames=21), transposed_geometry(32, 40)], ids=["rows", "columns"])
def test_blocks_threads_and_memory_do_not_change_a_bit(method, geometry):
    series = np.random.default_rng(2).random((21, 32, 40)).astype(np.float32)
    whole = reconstruct(series, geometry, ReconstructionSettings(10 * PIXEL_NM, method, iterations=3))
    threads = reconstruct(series, geometry, ReconstructionSettings(10 * PIXEL_NM, method, iterations=3), threads=2, memory_mb=320)
    parts = [
        reconstruct(series, geometry, ReconstructionSettings(10 * PIXEL_NM, method, 3), slices=slice_range(number, 3, 40))
        for number in range(3)
    ]
    np.testing.assert_array_equal(whole, threads)
    np.testing.assert_array_equal(whole, np.concatenate(parts, axis=2))


@pytest.mark.parametrize("method", METHODS)
def test_columns_that_a_frame_did_not_see_do_not_count(method):
    geometry = turning_geometry()
    shift = geometry.shift_px.copy()
    shift[::2, 1] = 3.0
    partly = replace(geometry, shift_px=shift)
    series = point_series([(5.5, 3.5)], partly, 8)
    series[::2, :, -3:] = 7.0
    volume = reconstruct(series, partly, ReconstructionSettings(24 * PIXEL_NM, method, iterations=20))
    np.testing.assert_allclose(centre(volume[:, :, -1]), (5.5, 3.5), atol=0.3)


def test_columns_that_are_scanned_one_after_the_other_have_their_own_angles():
    rows, columns = 64, 48
    geometry = transposed_geometry(rows, columns)
    series = np.empty((geometry.frames, rows, columns), np.float32)
    for column in range(columns):
        series[:, :, column] = spots(aligned_row_angles_rad(geometry, column)[:, :1], [(24.5, 3.5)], rows)
    exact = reconstruct(series, geometry, ReconstructionSettings(24 * PIXEL_NM, iterations=30))
    simple = reconstruct(series, geometry.per_frame(), ReconstructionSettings(24 * PIXEL_NM, iterations=30))
    z_px = {"exact": [], "simple": []}
    for column in range(columns):
        z_px["exact"].append(centre(exact[:, :, column])[1])
        z_px["simple"].append(centre(simple[:, :, column])[1])
    np.testing.assert_allclose(z_px["exact"], 3.5, atol=0.2)
    assert np.ptp(z_px["simple"]) > 1.0
    again = project_volume(exact, geometry)
    assert np.corrcoef(again[5:15, 16:48].ravel(), series[5:15, 16:48].ravel())[0, 1] > 0.95


def test_columns_share_a_matrix_where_their_angles_are_nearly_the_same():
    assert matrix_columns(turning_geometry(), 100) == 100
    assert matrix_columns(turning_geometry().per_frame(), 100) == 100
    geometry = transposed_geometry(32, 4000)
    group = matrix_columns(geometry, 4000)
    first, last = aligned_row_angles_rad(geometry, 0.0), aligned_row_angles_rad(geometry, group - 1.0)
    assert 10 < group < 4000
    assert 0.037 < np.rad2deg(np.abs(last - first).max()) < 0.041


def test_half_of_the_frames_keeps_the_angles_of_all():
    geometry = turning_geometry(rows=32)
    rays, used = field_rays(geometry, 10)
    half_rays, half_used = field_rays(geometry, 10, frames=half_frames("odd", geometry.angle_rad))
    assert set(half_used // 32) == set(range(1, 41, 2))
    angle_of = dict(zip(used.tolist(), rays.angle_rad.tolist(), strict=True))
    np.testing.assert_array_equal(half_rays.angle_rad, [angle_of[ray] for ray in half_used.tolist()])


@pytest.mark.parametrize("method", METHODS)
def test_frames_of_the_other_half_do_not_count(method):
    geometry = turning_geometry()
    series = point_series([(12.5, -6.5)], geometry, 2)
    spoilt = series.copy()
    spoilt[1::2] = 9.0
    settings, half = ReconstructionSettings(32 * PIXEL_NM, method, 15), half_frames("even", geometry.angle_rad)
    volume = reconstruct(spoilt, geometry, settings, frames=half)
    np.testing.assert_array_equal(volume, reconstruct(series, geometry, settings, frames=half))
    marked = replace(geometry, used=half)
    np.testing.assert_array_equal(volume, reconstruct(spoilt, marked, settings))
    assert brightest(volume[:, :, 0]) == (12.5, -6.5)


def test_halves_complement_each_other():
    tilts = np.deg2rad([-40, -20, 0, 20, 40])
    np.testing.assert_array_equal(half_frames("even", tilts), [True, False, True, False, True])
    np.testing.assert_array_equal(half_frames("even", tilts), ~half_frames("odd", tilts))
    assert half_frames(None, tilts) is None


def test_both_halves_of_a_dose_symmetric_series_reach_over_the_whole_range_of_tilts():
    tilts = np.array([0, 2, -2, 4, -4, 6, -6, 8, -8])
    halves = [sorted(tilts[half_frames(half, np.deg2rad(tilts))].tolist()) for half in ("even", "odd")]
    assert halves == [[-8, -4, 0, 4, 8], [-6, -2, 2, 6]]


def test_slice_ranges_cover_every_column_once():
    ranges = [slice_range(number, 7, 100) for number in range(7)]
    assert np.concatenate([np.arange(100)[part] for part in ranges]).tolist() == list(range(100))


def test_a_rotated_axis_moves_what_was_seen():
    geometry = replace(turning_geometry(rows=40), columns=60, axis_rotation_rad=np.deg2rad(10.0))
    seen = scanned_pixels(geometry, 60)[0]
    assert seen[20, 30]
    assert not seen[0, 0]
    assert seen[0, 50]
    assert not seen[0, 9]
    assert seen[-1, 9]
    assert not seen[-1, 50]


def test_projection_of_a_reconstruction_is_the_series_again():
    geometry = turning_geometry()
    series = point_series([(6.0, -4.0), (-15.0, 7.0)], geometry, 2)
    again = project_volume(reconstruct(series, geometry, ReconstructionSettings(30 * PIXEL_NM, iterations=100)), geometry)
    middle = slice(20, 44)
    assert np.corrcoef(again[10:30, middle].ravel(), series[10:30, middle].ravel())[0, 1] > 0.98


def test_progress_counts_all_slices():
    geometry = turning_geometry(rows=16)
    heard = []
    series = np.ones((41, 16, 70), np.float32)
    reconstruct(series, geometry, ReconstructionSettings(5 * PIXEL_NM, iterations=2), progress=lambda *count: heard.append(count))
    assert heard == [(64, 70), (70, 70)]


@pytest.mark.parametrize(
    ("settings", "resources", "message"),
    [
        (ReconstructionSettings(0.3), {}, "holds no voxel"),
        (ReconstructionSettings(3000.0), {}, "more than 4 times the 64 rows"),
        (ReconstructionSettings(40.0, "fbp"), {}, "choose one of sirt"),
        (ReconstructionSettings(40.0), {"device": "gpu"}, "choose one of auto"),
        (ReconstructionSettings(40.0, "total-variation"), {"device": "cuda"}, "processor alone"),
        (ReconstructionSettings(40.0), {"memory_mb": 100}, "give the job more memory"),
        (ReconstructionSettings(40.0), {"slices": slice(2, 2)}, "holds no slices"),
        (ReconstructionSettings(40.0), {"slices": slice(0, 2, 2)}, "holds no slices"),
        (ReconstructionSettings(40.0), {"frames": np.zeros(41, bool)}, "none of the 41 frames is to be used: choose at least one"),
        (ReconstructionSettings(40.0), {"frames": np.ones(40, bool)}, "40 frames are chosen or left out, of a series of 41"),
        (ReconstructionSettings(40.0), {"frames": np.ones(1, bool)}, "of a series of 41"),
    ],
)
def test_what_cannot_be_reconstructed_is_refused(settings, resources, message):
    with pytest.raises(InputError, match=message):
        reconstruct(np.zeros((41, 64, 2), np.float32), turning_geometry(), settings, **resources)


def test_a_series_that_does_not_fit_the_geometry_is_refused():
    with pytest.raises(InputError, match="angles for exactly the frames"):
        reconstruct(np.zeros((40, 64, 2), np.float32), turning_geometry(), ReconstructionSettings(40.0))
    with pytest.raises(InputError, match="does not fit the geometry of 40"):
        reconstruct(np.zeros((21, 32, 41), np.float32), transposed_geometry(32, 40), ReconstructionSettings(40.0))


def test_numbers_that_are_none_are_refused():
    series = np.zeros((41, 64, 2), np.float32)
    series[3, 2, 1] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        reconstruct(series, turning_geometry(), ReconstructionSettings(40.0))


@pytest.mark.parametrize(("number", "count"), [(-1, 4), (4, 4), (0, 11)])
def test_blocks_that_do_not_exist_are_refused(number, count):
    with pytest.raises(InputError, match="does not exist"):
        slice_range(number, count, 10)


def test_an_unknown_half_is_refused():
    with pytest.raises(InputError, match="'even' or 'odd'"):
        half_frames("first", np.zeros(10))


def test_a_series_that_reaches_ninety_degrees_needs_no_endless_volume():
    angle = np.deg2rad(np.linspace(-90, 90, 61))
    geometry = TiltGeometry(angle, np.zeros((61, 2)), PIXEL_NM, 48)
    rays, _ = field_rays(geometry, 40)
    assert rays.width_px == 3 * 48
    sine, cosine = np.abs(np.sin(rays.angle_rad)), np.abs(np.cos(rays.angle_rad))
    assert np.all(np.abs(rays.height_px) + 20 * sine < 1.5 * 48 * cosine), "no ray leaves the slice through its sides"
    volume = reconstruct(point_series([(6.5, -3.5)], geometry, 1), geometry, ReconstructionSettings(40 * PIXEL_NM, iterations=20))
    assert brightest(volume[:, :, 0]) == (6.5, -3.5)


def test_an_isolated_object_has_a_slice_as_wide_as_the_field_and_every_ray_that_crosses_it():
    geometry = TiltGeometry(np.deg2rad([-90.0, -60.0, 0.0, 45.0, 90.0]), np.zeros((5, 2)), PIXEL_NM, 20)
    rays, used = field_rays(geometry, 10, isolated=True)
    assert rays.width_px == 20 and np.bincount(used // 20).tolist() == [10, 18, 20, 20, 10]
    shadow = project_volume(np.ones((10, 20, 1), np.float32), geometry, isolated=True)[:, :, 0]
    np.testing.assert_allclose(shadow[2], 10, rtol=1e-5)
    np.testing.assert_allclose(shadow[[0, 4]], np.repeat([0, 20, 0], [5, 10, 5])[None].repeat(2, axis=0), atol=1e-4)
    settings = ReconstructionSettings(10 * PIXEL_NM, iterations=50, isolated=True)
    np.testing.assert_allclose(reconstruct(shadow[:, :, None], geometry, settings), 1, atol=1e-4)


def test_volumes_are_from_one_voxel_to_four_times_the_rows_deep():
    geometry, series = turning_geometry(rows=4), np.ones((41, 4, 1), np.float32)
    for depth in (1, 16):
        assert reconstruct(series, geometry, ReconstructionSettings(depth * PIXEL_NM, iterations=1)).shape == (depth, 4, 1)


def test_blocks_shrink_with_the_memory_and_threads_give_way_last():
    rays, _ = field_rays(turning_geometry(), 32)
    slice_mb = 4 * (3 * rays.voxels + 5 * len(rays.angle_rad)) / 1e6
    settings = {"rays": rays, "columns": 200, "method": "sirt", "threads": 2, "held_bytes": 0, "own_matrices": False}
    enough = plan_blocks(memory_mb=None, **settings)
    assert (enough.width, enough.threads) == (64, 2)
    matrix_mb = 300 + 44 * expected_elements(rays) / 1e6
    tight = plan_blocks(memory_mb=matrix_mb + 40.5 * slice_mb, **settings)
    assert (tight.width, tight.threads) == (20, 2)
    tighter = plan_blocks(memory_mb=matrix_mb + 13.5 * slice_mb, **settings)
    assert (tighter.width, tighter.threads) == (13, 1)
    settings["own_matrices"] = True
    two_matrices_mb = 2 * matrix_mb - 300
    assert plan_blocks(memory_mb=two_matrices_mb + 40.5 * slice_mb, **settings) == tight
    assert plan_blocks(memory_mb=two_matrices_mb, **settings).threads == 1


def test_the_expected_size_of_the_matrix_is_near_the_true_one():
    rays, _ = field_rays(turning_geometry(), 32)
    assert expected_elements(rays) == pytest.approx(system_matrix(rays).nnz, rel=0.15)


def test_the_log_says_what_little_memory_costs(capsys):
    geometry = turning_geometry()
    series = np.zeros((41, 64, 64), np.float32)
    settings = ReconstructionSettings(32 * PIXEL_NM, iterations=1)
    reconstruct(series, geometry, settings)
    assert capsys.readouterr().err == "sirt on cpu: blocks of 64 slices, 1 at once (1 allowed)\n"
    rays, _ = field_rays(geometry, 32)
    held_mb = (series.nbytes + 4 * 32 * 64 * 64 + 44 * expected_elements(rays)) / 1e6
    slice_mb = 4 * (3 * rays.voxels + 5 * len(rays.angle_rad)) / 1e6
    reconstruct(series, geometry, settings, memory_mb=300 + held_mb + 20.5 * slice_mb)
    assert capsys.readouterr().err == (
        "sirt on cpu: blocks of 20 slices, 1 at once (1 allowed)\nfor want of memory; with more of it blocks of 64 slices, 1 at once\n"
    )
