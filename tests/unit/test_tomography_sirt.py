import astra
import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.tomography.sirt import (
    SirtOperator,
    SliceGeometry,
    astra_geometry,
    field_rays,
    project_volume,
    reconstruct,
    sirt_slices,
    system_matrix,
)
from rapidstem.tomography.tilt_geometry import TiltGeometry

PIXEL_NM = 4.0


def small_rays(seed: int = 0) -> SliceGeometry:
    rng = np.random.default_rng(seed)
    angle = np.deg2rad(np.linspace(-70, 70, 23))[:, None] + np.linspace(0, 0.015, 32)
    height = np.broadcast_to(np.arange(32) - 15.5, angle.shape)
    return SliceGeometry(angle.ravel() + rng.normal(0, 1e-3, angle.size), height.ravel(), 16, 32)


def astra_sirt(rays: SliceGeometry, projections: np.ndarray, iterations: int) -> np.ndarray:
    volume_geometry, projection_geometry = astra_geometry(rays)
    projector = astra.create_projector("linear", projection_geometry, volume_geometry)
    sinogram = astra.data2d.create("-sino", projection_geometry, projections.reshape(-1, 1))
    volume = astra.data2d.create("-vol", volume_geometry, 0)
    settings = astra.astra_dict("SIRT")
    settings |= {"ProjectorId": projector, "ProjectionDataId": sinogram, "ReconstructionDataId": volume}
    settings["option"] = {"MinConstraint": 0.0}
    algorithm = astra.algorithm.create(settings)
    astra.algorithm.run(algorithm, iterations)
    result = astra.data2d.get(volume)
    astra.algorithm.delete(algorithm)
    astra.data2d.delete([sinogram, volume])
    astra.projector.delete(projector)
    return result


def test_same_numbers_as_the_sirt_of_astra():
    rays = small_rays()
    rng = np.random.default_rng(1)
    matrix = system_matrix(rays)
    image = (rng.random((rays.depth_px, rays.width_px)) > 0.9).astype(np.float32)
    projections = matrix @ image.ravel() + rng.normal(0, 0.2, matrix.shape[0]).astype(np.float32)
    ours = sirt_slices(SirtOperator.from_matrix(matrix), np.stack([projections, 2 * projections], axis=1), 50)
    theirs = astra_sirt(rays, projections, 50)
    assert theirs.max() > 0.3
    np.testing.assert_allclose(ours[:, 0].reshape(theirs.shape), theirs, atol=1e-4)
    np.testing.assert_allclose(ours[:, 1], 2 * ours[:, 0], atol=1e-4)


def point_series(points_px: list[tuple[float, float]], geometry: TiltGeometry, columns: int) -> np.ndarray:
    """Each point (y, z) as a Gaussian at r = y cos t + z sin t, t being the tilt when its row is scanned; as aligned frames."""
    rows = np.arange(geometry.rows)
    angle = geometry.row_angles_rad(rows + geometry.shift_px[:, :1])
    series = np.zeros((geometry.frames, geometry.rows), np.float32)
    for y, z in points_px:
        height = y * np.cos(angle) + z * np.sin(angle)
        series += np.exp(-((rows - (geometry.rows - 1) / 2 - height) ** 2) / (2 * 1.3**2))
    return np.repeat(series[:, :, None], columns, axis=2)


def turning_geometry(rows: int = 64, dy_px: float = 0.0) -> TiltGeometry:
    time = 0.07 * np.arange(41)
    angle = np.deg2rad(np.linspace(-70, 70, 41))
    return TiltGeometry(angle, np.tile([dy_px, 0.0], (41, 1)), PIXEL_NM, rows, time, 0.03 / rows)


def brightest(section: np.ndarray) -> tuple[float, float]:
    """(y, z) of the largest voxel, from the centre."""
    z, y = np.unravel_index(np.argmax(section), section.shape)
    return y - (section.shape[1] - 1) / 2, z - (section.shape[0] - 1) / 2


def test_a_point_off_both_axes_comes_back_at_its_place():
    geometry = turning_geometry()
    volume = reconstruct(point_series([(20.5, -9.5)], geometry, 3), geometry, 32 * PIXEL_NM, iterations=20)
    assert volume.shape == (32, 64, 3)
    assert volume.dtype == np.float32
    assert brightest(volume[:, :, 1]) == (20.5, -9.5)


def test_a_specimen_turned_about_the_axis_comes_back_turned():
    geometry = turning_geometry()
    offset = np.deg2rad(30.0)
    y, z = 12.0, 8.0
    turned = TiltGeometry(geometry.angle_rad[8:], geometry.shift_px[8:], PIXEL_NM, 64)
    elsewhere = TiltGeometry(turned.angle_rad - offset, turned.shift_px, PIXEL_NM, 64)
    volume = reconstruct(point_series([(y, z)], turned, 1), elsewhere, 60 * PIXEL_NM, iterations=30)
    expected = (y * np.cos(offset) + z * np.sin(offset), z * np.cos(offset) - y * np.sin(offset))
    np.testing.assert_allclose(brightest(volume[:, :, 0]), expected, atol=0.8)


def test_rows_that_a_shifted_frame_did_not_see_do_not_count():
    geometry = turning_geometry(dy_px=10.0)
    series = point_series([(-8.5, 6.5)], geometry, 1)
    series[:, -10:] = 7.0
    volume = reconstruct(series, geometry, 32 * PIXEL_NM, iterations=20)
    assert brightest(volume[:, :, 0]) == (-8.5, 6.5)


def test_what_lies_beside_the_field_of_view_leaves_no_trace_in_it():
    geometry = turning_geometry()
    beside = reconstruct(point_series([(50.0, 4.0)], geometry, 1), geometry, 32 * PIXEL_NM, iterations=30)
    within = reconstruct(point_series([(10.0, 4.0)], geometry, 1), geometry, 32 * PIXEL_NM, iterations=30)
    assert beside.max() < 0.1 * within.max()


def test_blocks_and_threads_do_not_change_the_result():
    geometry = turning_geometry(rows=32)
    series = np.random.default_rng(2).random((41, 32, 13)).astype(np.float32)
    whole = reconstruct(series, geometry, 10 * PIXEL_NM, iterations=5, block_slices=13)
    parts = reconstruct(series, geometry, 10 * PIXEL_NM, iterations=5, block_slices=4, threads=2)
    np.testing.assert_array_equal(whole, parts)


def test_columns_that_a_frame_did_not_see_do_not_count():
    geometry = turning_geometry()
    shift = geometry.shift_px.copy()
    shift[::2, 1] = 3.0
    partly = TiltGeometry(geometry.angle_rad, shift, PIXEL_NM, 64, geometry.time_s, geometry.line_time_s)
    series = point_series([(5.5, 3.5)], partly, 8)
    series[::2, :, -3:] = 7.0
    volume = reconstruct(series, partly, 24 * PIXEL_NM, iterations=20)
    assert brightest(volume[:, :, -1]) == (5.5, 3.5)
    assert volume[:, :, -1].max() == pytest.approx(volume[:, :, 0].max(), rel=0.3)


def test_projection_of_a_reconstruction_is_the_series_again():
    geometry = turning_geometry()
    series = point_series([(6.0, -4.0), (-15.0, 7.0)], geometry, 2)
    again = project_volume(reconstruct(series, geometry, 30 * PIXEL_NM, iterations=100), geometry)
    middle = slice(20, 44)
    assert np.corrcoef(again[10:30, middle].ravel(), series[10:30, middle].ravel())[0, 1] > 0.98


def test_progress_counts_all_slices():
    geometry = turning_geometry(rows=16)
    heard = []
    reconstruct(np.ones((41, 16, 5), np.float32), geometry, 5 * PIXEL_NM, 2, block_slices=2, progress=lambda *count: heard.append(count))
    assert heard == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("shape", "thickness_nm", "message"),
    [((40, 64, 2), 40.0, "angles for exactly the frames"), ((41, 64, 2), 0.3, "holds no voxel")],
)
def test_what_cannot_be_reconstructed_is_refused(shape, thickness_nm, message):
    with pytest.raises(InputError, match=message):
        reconstruct(np.zeros(shape, np.float32), turning_geometry(), thickness_nm)


def test_numbers_that_are_none_are_refused():
    series = np.zeros((41, 64, 2), np.float32)
    series[3, 2, 1] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        reconstruct(series, turning_geometry(), 40.0)


def test_a_series_that_reaches_ninety_degrees_needs_no_endless_volume():
    angle = np.deg2rad(np.linspace(-90, 90, 61))
    geometry = TiltGeometry(angle, np.zeros((61, 2)), PIXEL_NM, 48)
    rays, _ = field_rays(geometry, 40)
    assert rays.width_px == 3 * 48
    volume = reconstruct(point_series([(6.5, -3.5)], geometry, 1), geometry, 40 * PIXEL_NM, iterations=20)
    assert brightest(volume[:, :, 0]) == (6.5, -3.5)
