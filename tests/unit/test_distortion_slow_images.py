"""Slow images as users give them: other pixels, other shapes, other types, and those that cannot be used."""

import numpy as np
import pytest
from distortion_phantom import SIDE, rapid_reference, slow_image, true_map

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.map_measurement import measure_map
from rapidstem.distortion.reference_alignment import align_reference
from rapidstem.distortion.slow_images import prepared_slow_image, resampling_note
from rapidstem.errors import InputError

COLUMN_MAP = ColumnMap(np.arange(SIDE), true_map())
METHODS = ("spline", "ihara", "local-correlation")


def inner_error_px(column_map):
    difference = (column_map.slow_px - true_map())[20:-10]
    return np.std(difference), difference.mean()


def wider_slow_image(extra, shift=(0.0, 0.0)):
    """A slow image that shows `extra` pixels more on each side (fewer, where negative)."""
    place = np.arange(-extra, SIDE + extra)
    return slow_image(0, shift, places=(place, place))


@pytest.mark.parametrize("method", METHODS)
def test_map_from_a_slow_image_with_half_the_pixel_size(method):
    wanted = {"spline": 0.2, "ihara": 1.0, "local-correlation": 0.3}[method]
    spread, mean = inner_error_px(measure_map([rapid_reference(0)], [slow_image(0, pixel_ratio=0.5)], 0.5, method).column_map)
    assert spread < wanted
    assert abs(mean) < max(0.1, wanted / 2)


@pytest.mark.parametrize("extra", [24, 7])
@pytest.mark.parametrize("method", METHODS)
def test_map_from_a_slow_image_that_covers_more(method, extra):
    measured = measure_map([rapid_reference(0)], [wider_slow_image(extra, (2.0, 1.5))], method=method)
    spread, mean = inner_error_px(measured.column_map)
    assert spread < {"spline": 0.1, "ihara": 1.0, "local-correlation": 0.2}[method]
    assert mean == pytest.approx(1.5, abs=0.5 if method == "ihara" else 0.1)


def test_a_slow_image_that_covers_more_leaves_nothing_to_extrapolate():
    covered, same = (measure_map([rapid_reference(0)], [wider_slow_image(extra)]) for extra in (24, 0))
    assert np.std(covered.column_map.slow_px - true_map()) < 0.1
    assert covered.uncertainty_px[0] < same.uncertainty_px[0]


def test_map_from_a_slow_image_that_covers_less_knows_less_of_the_sides():
    measured = measure_map([rapid_reference(0)], [wider_slow_image(-20)])
    shown = (true_map() >= 20) & (true_map() <= SIDE - 21)
    assert np.std((measured.column_map.slow_px - true_map())[shown]) < 0.2
    assert measured.uncertainty_px[0] > 3 * measured.uncertainty_px[SIDE // 2]
    assert measured.strips["column"].between(20, SIDE - 15).all()


@pytest.mark.parametrize("extra", [24, -20, 7])
def test_alignment_of_a_slow_image_with_another_shape(extra):
    aligned = align_reference(rapid_reference(0), wider_slow_image(extra, (2.3, -1.6)), COLUMN_MAP)
    np.testing.assert_allclose(aligned.slow_shift_px, np.array([2.3, -1.6]) + extra, atol=0.1)
    same = align_reference(rapid_reference(0), slow_image(0, (2.3, -1.6)), COLUMN_MAP)
    both = np.isfinite(aligned.slow) & np.isfinite(same.slow)
    assert np.corrcoef(aligned.slow[both], same.slow[both])[0, 1] > 0.9
    seen = np.isfinite(aligned.slow).mean(axis=0)[SIDE // 2], np.isfinite(same.slow).mean(axis=0)[SIDE // 2]
    assert seen[0] == pytest.approx(min(1.0, (SIDE + 2 * extra) / SIDE), abs=0.02) and seen[1] > 0.97
    assert np.isfinite(aligned.slow[aligned.rows, aligned.columns]).all()


def test_alignment_of_a_small_slow_image_of_finer_pixels():
    """512 pixels where the rapid image has 256, and a field that is narrower than the rapid one."""
    place = np.arange(20, SIDE - 20.5, 0.5)
    slow = slow_image(0, (1.0, -2.0), places=(place, place))
    aligned = align_reference(rapid_reference(0), slow, COLUMN_MAP, pixel_ratio=0.5)
    expected = align_reference(rapid_reference(0), slow_image(0, (1.0, -2.0)), COLUMN_MAP).slow
    inside = np.isfinite(aligned.slow)
    assert 0.3 < inside.mean() < 0.7
    assert np.corrcoef(aligned.slow[inside], expected[inside])[0, 1] > 0.95


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "uint16"])
def test_type_of_the_pixels_does_not_matter(method, kind):
    slow = slow_image(0)
    scaled = (slow - slow.min()) / np.ptp(slow)
    changed = {
        "uint8": np.round(255 * scaled).astype(np.uint8),
        "int16": np.round(60000 * scaled - 30000).astype(np.int16),
        "float32": (1e-3 * scaled - 5e-4).astype(np.float32),
        "uint16": np.round(65535 * scaled).astype(np.uint16),
    }[kind]
    plain, other = (measure_map([rapid_reference(0)], [image], method=method).column_map.slow_px for image in (slow, changed))
    if (method, kind) == ("ihara", "uint8"):
        assert np.sqrt(np.mean((other - plain) ** 2)) < 0.8
    else:
        np.testing.assert_allclose(other, plain, atol=0.1 if kind == "uint8" else 0.02)


def test_type_of_the_reference_does_not_matter():
    reference = rapid_reference(0)
    eight_bit = np.round(255 * (reference - reference.min()) / np.ptp(reference)).astype(np.uint8)
    plain, other = (measure_map([image], [slow_image(0)]).column_map.slow_px for image in (reference, eight_bit))
    np.testing.assert_allclose(other, plain, atol=0.05)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda image: np.full_like(image, 7), "constant: 100% of its pixels have the value 7"),
        (lambda image: np.where(np.arange(SIDE) < 4, image, 65535), r"constant: 9\d% of its pixels have the value 65535"),
        (lambda image: np.where(image == image.max(), np.nan, image), "1 pixels without a value"),
        (lambda image: np.where(np.arange(SIDE) < 2, np.inf, image), f"{2 * SIDE} pixels without a value"),
        (lambda image: image[None], r"not an array of shape \(1, 160, 160\)"),
    ],
)
def test_slow_images_that_cannot_be_used_are_refused(damage, message):
    damaged = damage(slow_image(0))
    with pytest.raises(InputError, match=f"calibration field 1: the slow image.*{message}"):
        measure_map([rapid_reference(0)], [damaged])
    with pytest.raises(InputError, match=message):
        align_reference(rapid_reference(0), damaged, COLUMN_MAP)


def test_wrong_pixel_sizes_are_refused():
    with pytest.raises(InputError, match=r"8 x 8 pixels of the rapid image.*Check the pixel sizes"):
        prepared_slow_image(slow_image(0), 0.05)


def test_what_is_said_about_other_pixels():
    assert resampling_note("c1", 4.56, 4.56, ((256, 256), (256, 256))) is None
    assert resampling_note("c1", 2.28, 4.56, ((512, 512), (256, 256))) == "c1: slow image resampled from 2.28 to 4.56 nm"
    said = resampling_note("c1", 2.28, 4.56, ((256, 256), (256, 256)))
    assert said is not None
    assert said.startswith("c1: slow image resampled from 2.28 to 4.56 nm; slow image covers 128 x 128 pixels, the rapid image 256 x 256")
