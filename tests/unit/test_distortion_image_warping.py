import numpy as np
import pytest
from distortion_phantom import SIDE, intensity, true_map

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.image_warping import at_reference_pixels, match_pixel_size, to_rapid_geometry, to_slow_geometry
from rapidstem.errors import InputError


def scene(columns, shift=(0.0, 0.0)):
    y, x = np.meshgrid(np.arange(SIDE) - shift[0], columns - shift[1], indexing="ij")
    return intensity(y, x)


COLUMN_MAP = ColumnMap(np.arange(SIDE), true_map())


def test_rapid_image_is_corrected_to_the_slow_grid():
    corrected = to_slow_geometry(scene(true_map()), COLUMN_MAP)
    assert corrected.dtype == np.float32
    np.testing.assert_allclose(corrected[:, : SIDE - 2], scene(np.arange(SIDE))[:, : SIDE - 2], atol=0.02)


def test_shift_is_taken_back_in_the_same_step():
    moved = scene(true_map(), (3.4, -2.7))
    corrected = to_slow_geometry(moved, COLUMN_MAP, (3.4, -2.7))
    np.testing.assert_allclose(corrected[6:-6, 6:-6], scene(np.arange(SIDE))[6:-6, 6:-6], atol=0.03)


def test_a_stack_is_corrected_frame_by_frame_and_keeps_its_edges():
    ramp = np.tile(np.arange(SIDE, dtype=float), (2, SIDE, 1))
    ramp[1] += 1000
    shifted = ColumnMap(np.arange(SIDE), np.arange(SIDE) + 10.0)
    corrected = to_slow_geometry(ramp, shifted)
    np.testing.assert_allclose(corrected[0, 5, :10], 0, atol=1e-3)
    np.testing.assert_allclose(corrected[:, :, 10:], ramp[:, :, :-10], atol=1e-3)


def test_slow_image_in_rapid_geometry():
    shift = (-1.6, 2.2)
    image = to_rapid_geometry(scene(np.arange(SIDE), shift), COLUMN_MAP, shift, (SIDE, SIDE))
    seen = np.isfinite(image)
    np.testing.assert_allclose(image[seen], scene(true_map())[seen], atol=0.03)
    np.testing.assert_array_equal(np.isnan(image[80]), (true_map() + shift[1] < 0) | (true_map() + shift[1] > SIDE - 1))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(image[:, 80])), [0, 1])


def test_there_and_back_changes_little():
    rapid = to_rapid_geometry(scene(np.arange(SIDE)), COLUMN_MAP, (0, 0), (SIDE, SIDE))
    back = to_slow_geometry(np.where(np.isfinite(rapid), rapid, 1), COLUMN_MAP)
    np.testing.assert_allclose(back[:, 6:-6], scene(np.arange(SIDE))[:, 6:-6], atol=0.03)


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_pixel_size_is_matched_about_the_centre(ratio):
    place = np.linspace(-1, 1, 81)
    image = np.exp(-(place[:, None] ** 2) - (place[None, :] - 0.25) ** 2)
    matched = match_pixel_size(image, ratio)
    assert abs(matched.shape[0] - 81 * ratio) <= 1.5
    place = (np.arange(matched.shape[0]) - (matched.shape[0] - 1) / 2) / 40 / ratio
    wanted = np.exp(-(place[:, None] ** 2) - (place[None, :] - 0.25) ** 2)
    np.testing.assert_allclose(matched[4:-4, 4:-4], wanted[4:-4, 4:-4], atol=2e-3)


def test_detail_finer_than_the_new_pixels_is_not_folded_back():
    stripes = np.tile(np.cos(2 * np.pi * 0.42 * np.arange(120)), (120, 1))
    assert np.abs(match_pixel_size(stripes, 0.5)[:, 4:-4]).max() < 0.1
    coarse = np.tile(np.cos(2 * np.pi * 0.05 * np.arange(120)), (120, 1))
    assert np.abs(match_pixel_size(coarse, 0.5)[:, 4:-4]).max() > 0.9


def test_a_reference_is_compared_within_its_area_and_away_from_the_edges_of_the_frame():
    frame = np.add.outer(100.0 * np.arange(20), np.arange(24.0))
    places = np.arange(20.0), np.arange(24.0)
    inner, reference = at_reference_pixels(frame, frame, places, (slice(0, 20), slice(0, 24)), np.zeros(2), edge_px=3)
    np.testing.assert_allclose(inner, frame[3:17, 3:21], atol=1e-9)
    np.testing.assert_array_equal(reference, frame[3:17, 3:21])
    moved, reference = at_reference_pixels(frame, frame, places, (slice(2, 10), slice(5, 24)), np.array([1.0, 2.0]))
    np.testing.assert_allclose(moved, frame[3:11, 7:24], atol=1e-9)
    np.testing.assert_array_equal(reference, frame[2:10, 5:22])


def test_pixel_ratio_must_be_positive():
    with pytest.raises(InputError, match="positive"):
        match_pixel_size(np.ones((8, 8)), -1.0)
    image = np.ones((8, 8))
    assert match_pixel_size(image, 1.0) is image
