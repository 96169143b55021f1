import numpy as np
import pytest
from distortion_phantom import SIDE, rapid_reference, slow_image, true_map

from rapidstem.distortion.map_measurement import measure_map
from rapidstem.errors import InputError


def error_px(column_map, truth):
    difference = column_map.slow_px - truth
    return difference - difference.mean()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_map_of_one_field_over_the_whole_width(seed):
    column_map, residual_px = measure_map([rapid_reference(seed)], [slow_image(seed)])
    difference = error_px(column_map, true_map())
    assert np.sqrt((difference**2).mean()) < 0.25
    assert 0.005 < residual_px < 0.25
    assert np.abs(column_map.slow_px - true_map()).mean() < 0.3
    assert np.all(np.diff(column_map.slow_px) > 0)


def test_map_follows_a_squeeze_at_the_line_end_just_as_well():
    mirrored = (SIDE - 1) - true_map()[::-1]
    column_map, _ = measure_map([rapid_reference(3, mirrored)], [slow_image(3)])
    assert np.sqrt((error_px(column_map, mirrored) ** 2).mean()) < 0.25


def test_shift_of_the_only_field_lies_in_the_map():
    column_map, _ = measure_map([rapid_reference(0)], [slow_image(0, (4.0, 3.0))])
    assert (column_map.slow_px - true_map())[20:-10].mean() == pytest.approx(3.0, abs=0.1)


def test_fields_are_pooled_whatever_their_shifts():
    shifts = [(2.5, -3.0), (-4.0, 1.0), (0.0, 2.0)]
    pairs = [(rapid_reference(seed), slow_image(seed, shift)) for seed, shift in enumerate(shifts)]
    column_map, residual_px = measure_map(*zip(*pairs, strict=True))
    assert (column_map.slow_px - true_map()).mean() == pytest.approx(0.0, abs=0.15)
    assert np.sqrt((error_px(column_map, true_map()) ** 2).mean()) < 0.15
    assert residual_px < measure_map([pairs[0][0]], [pairs[0][1]])[1]


def test_lag_of_the_detector_moves_the_map_by_its_mean_and_no_more():
    lag = 0.5
    column_map, _ = measure_map([rapid_reference(1, lag=lag)], [slow_image(1)])
    difference = column_map.slow_px - true_map()
    assert difference[30:-10].mean() == pytest.approx(-lag / (1 - lag), abs=0.35)
    assert np.sqrt((error_px(column_map, true_map()) ** 2).mean()) < 0.3


def test_brightness_contrast_and_background_do_not_matter():
    reference, slow = rapid_reference(0), slow_image(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    other = 0.02 * reference - 50 + 30 * np.sin(x / 60 + y / 80)
    plain, changed = measure_map([reference], [slow])[0], measure_map([other], [slow * 100 + 7])[0]
    np.testing.assert_allclose(changed.slow_px[15:-10], plain.slow_px[15:-10], atol=0.07)


def test_unseen_edges_of_a_reference_are_left_out():
    reference = rapid_reference(0)
    reference[:4], reference[:, -3:] = np.nan, np.nan
    column_map, _ = measure_map([reference], [slow_image(0)])
    assert np.sqrt((error_px(column_map, true_map()) ** 2).mean()) < 0.25


def test_slow_image_of_another_field_is_refused():
    with pytest.raises(InputError, match=r"calibration field 2.*another field"):
        measure_map([rapid_reference(0), rapid_reference(1)], [slow_image(0), slow_image(7)])


def test_field_without_features_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="too few features"):
        measure_map([rng.normal(100, 3, (SIDE, SIDE))], [rng.normal(100, 3, (SIDE, SIDE))])


def test_field_with_features_in_one_half_only_is_refused():
    reference, slow = rapid_reference(0), slow_image(0)
    rng = np.random.default_rng(0)
    reference[:, 70:] = 13000 + rng.normal(0, 100, reference[:, 70:].shape)
    slow[:, 70:] = 340 + rng.normal(0, 1, slow[:, 70:].shape)
    with pytest.raises(InputError, match="features"):
        measure_map([reference], [slow])


def test_each_reference_needs_its_slow_image():
    with pytest.raises(InputError, match="one slow image for each reference"):
        measure_map([rapid_reference(0)], [])
