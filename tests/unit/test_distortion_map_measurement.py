import numpy as np
import pytest
from distortion_phantom import SIDE, bowed_map, intensity, rapid_reference, slow_image, true_map

from rapidstem.distortion.coarse_columns import ColumnMatches
from rapidstem.distortion.first_guess import first_guess
from rapidstem.distortion.map_measurement import measure_map
from rapidstem.errors import InputError

METHODS = ("spline", "ihara", "local-correlation")


def error_px(column_map, truth):
    difference = column_map.slow_px - truth
    return difference - difference.mean()


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def shown_error_px(measured, truth):
    """Error where the slow image shows the column."""
    return error_px(measured.column_map, truth)[(truth >= 0) & (truth <= SIDE - 1)]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_map_of_one_field_over_the_whole_width(seed):
    measured = measure_map([rapid_reference(seed)], [slow_image(seed)])
    difference = error_px(measured.column_map, true_map())
    assert rms(difference) < 0.25
    assert rms(difference) / 4 < measured.residual_px < 0.25
    assert np.abs(measured.column_map.slow_px - true_map()).mean() < 0.3
    assert np.all(np.diff(measured.column_map.slow_px) > 0)
    assert (measured.method, measured.fields, measured.strip_widths, measured.strip_width_px) == ("spline", 1, None, None)


def test_windows_that_were_found_elsewhere_do_not_bend_the_first_map(monkeypatch):
    centres = np.arange(8.0, SIDE - 8)
    places = np.interp(centres, np.arange(SIDE), true_map())
    astray = (centres > 60) & (centres < 80)
    found = ColumnMatches(centres, places + 14 * astray, np.full(len(centres), 0.9), np.ones(len(centres), bool), 2.0)
    monkeypatch.setattr("rapidstem.distortion.first_guess.match_columns", lambda *_: found)
    guess = first_guess([np.ones((SIDE, SIDE))], [np.ones((SIDE, SIDE))])
    assert np.abs(guess.slow_px - true_map())[8:-8].max() < 1
    np.testing.assert_allclose(guess.shift_px, [[2, 0]])


def test_map_follows_a_squeeze_at_the_line_end_just_as_well():
    mirrored = (SIDE - 1) - true_map()[::-1]
    column_map = measure_map([rapid_reference(3, mirrored)], [slow_image(3)]).column_map
    assert np.sqrt((error_px(column_map, mirrored) ** 2).mean()) < 0.25


@pytest.mark.parametrize("seed", [0, 4])
def test_map_that_settles_otherwise_than_exponentially(seed):
    measured = measure_map([rapid_reference(seed, bowed_map())], [slow_image(seed)])
    assert rms(error_px(measured.column_map, bowed_map())) < 0.25


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_local_correlation_over_the_whole_width(seed):
    measured = measure_map([rapid_reference(seed)], [slow_image(seed)], method="local-correlation")
    error = rms(error_px(measured.column_map, true_map()))
    assert error < 0.5
    assert error / 3 < measured.residual_px


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_strips_of_ihara_follow_the_map_inside_and_say_how_far_they_are_off(seed):
    measured = measure_map([rapid_reference(seed)], [slow_image(seed)], method="ihara")
    difference = measured.column_map.slow_px - true_map()
    inner = difference[40:-20]
    assert np.abs(inner - np.median(inner)).max() < 2.0
    assert rms(inner - inner.mean()) < 0.7
    assert rms(error_px(measured.column_map, true_map())) / 3 < measured.residual_px
    widths = measured.strip_widths
    assert widths["width_px"].between(10, 100).all() and len(widths) > 20
    assert widths.set_index("width_px")["psnr_db"].idxmax() == measured.strip_width_px


@pytest.mark.parametrize("method", METHODS)
def test_strips_state_displacement_and_residual(method):
    measured = measure_map([rapid_reference(0)], [slow_image(0)], method=method)
    strips = measured.strips
    assert set(strips["column"]) <= set(4.5 + 10 * np.arange(16)), "between the two middle columns of ten"
    mapped = measured.column_map.to_slow(strips["column"]) - strips["column"]
    np.testing.assert_allclose(strips["displacement_px"] - strips["residual_px"], mapped, atol=1e-9)
    true = np.interp(strips["column"], np.arange(SIDE), true_map()) - strips["column"]
    error = strips["displacement_px"] - true
    assert rms(error - np.average(error, weights=1 / strips["expected_px"] ** 2)) < 3 * rms(strips["expected_px"]) < 1.0


def test_unknown_method_is_refused_with_the_choice():
    with pytest.raises(InputError, match=r"'spine'.*spline, ihara, local-correlation"):
        measure_map([rapid_reference(0)], [slow_image(0)], method="spine")


def test_shift_of_the_only_field_lies_in_the_map():
    column_map = measure_map([rapid_reference(0)], [slow_image(0, (4.0, 3.0))]).column_map
    assert (column_map.slow_px - true_map())[20:-10].mean() == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_fields_are_pooled_whatever_their_shifts(method):
    shifts = [(2.5, -3.0), (-4.0, 1.0), (0.0, 2.0)]
    pairs = [(rapid_reference(seed), slow_image(seed, shift)) for seed, shift in enumerate(shifts)]
    pooled = measure_map(*zip(*pairs, strict=True), method=method)
    alone = measure_map(*zip(pairs[0], strict=True), method=method)
    wanted = {"spline": 0.15, "ihara": 1.5, "local-correlation": 0.2}[method]
    assert rms(error_px(pooled.column_map, true_map())) < wanted
    assert (pooled.column_map.slow_px - true_map())[40:].mean() == pytest.approx(0.0, abs=wanted)
    assert pooled.residual_px < alone.residual_px
    assert pooled.fields == 3
    assert set(pooled.strips["field"]) == {1, 2, 3}


def test_lag_of_the_detector_moves_the_map_by_its_mean_and_no_more():
    lag = 0.5
    column_map = measure_map([rapid_reference(1, lag=lag)], [slow_image(1)]).column_map
    difference = column_map.slow_px - true_map()
    assert difference[30:-10].mean() == pytest.approx(-lag / (1 - lag), abs=0.35)
    assert np.sqrt((error_px(column_map, true_map()) ** 2).mean()) < 0.3


def test_brightness_contrast_and_background_do_not_matter():
    reference, slow = rapid_reference(0), slow_image(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    other = 0.02 * reference - 50 + 30 * np.sin(x / 60 + y / 80)
    plain, changed = (measure_map([one], [image]).column_map for one, image in ((reference, slow), (other, slow * 100 + 7)))
    np.testing.assert_allclose(changed.slow_px[15:-10], plain.slow_px[15:-10], atol=0.07)


def test_unseen_edges_of_a_reference_are_left_out():
    reference = rapid_reference(0)
    reference[:4], reference[:, -3:] = np.nan, np.nan
    column_map = measure_map([reference], [slow_image(0)]).column_map
    assert np.sqrt((error_px(column_map, true_map()) ** 2).mean()) < 0.25


@pytest.mark.parametrize("method", METHODS)
def test_slow_image_of_another_field_is_refused(method):
    with pytest.raises(InputError, match=r"calibration field 2.*another field"):
        measure_map([rapid_reference(0), rapid_reference(1)], [slow_image(0), slow_image(7)], method=method)


@pytest.mark.parametrize("method", METHODS)
def test_field_without_features_is_refused(method):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="too few features"):
        measure_map([rng.normal(100, 3, (SIDE, SIDE))], [rng.normal(100, 3, (SIDE, SIDE))], method=method)


@pytest.mark.parametrize("method", METHODS)
def test_field_with_features_in_one_half_only_is_refused(method):
    reference, slow = rapid_reference(0), slow_image(0)
    rng = np.random.default_rng(0)
    reference[:, 70:] = 13000 + rng.normal(0, 100, reference[:, 70:].shape)
    slow[:, 70:] = 340 + rng.normal(0, 1, slow[:, 70:].shape)
    with pytest.raises(InputError, match="features"):
        measure_map([reference], [slow], method=method)


@pytest.mark.parametrize(
    ("method", "shape", "feature_px", "least"),
    [("spline", (SIDE, SIDE), 41, "16 x 164"), ("ihara", (SIDE, 50), 13, "16 x 52"), ("local-correlation", (57, SIDE), 3, "58 x 34")],
)
def test_references_too_small_for_features_of_that_width_are_refused(method, shape, feature_px, least):
    part = np.s_[: shape[0], : shape[1]]
    with pytest.raises(InputError, match=rf"{shape[0]} x {shape[1]} pixels are too small .*{least} are the least.*feature_width_nm"):
        measure_map([rapid_reference(0)[part]], [slow_image(0)[part]], method=method, feature_px=feature_px)


def test_each_reference_needs_its_slow_image():
    with pytest.raises(InputError, match="one slow image for each reference"):
        measure_map([rapid_reference(0)], [])


def test_references_need_one_shape():
    with pytest.raises(InputError, match=r"150 x 160 and 160 x 160"):
        measure_map([rapid_reference(0), rapid_reference(0)[:150]], [slow_image(0), slow_image(0)])


def test_finer_pixels_are_compared_at_the_width_of_the_features():
    """Twice as many pixels a line, each with fewer electrons: the map is as exact in pixels, and so twice as exact in nm."""
    place = np.arange(2 * SIDE) / 2 - 0.25
    shown = place - 0.06 * SIDE * np.exp(-place / (0.22 * SIDE))

    def counted(columns, seed):
        y, x = np.meshgrid(place, columns, indexing="ij")
        return np.random.default_rng(seed).poisson(30 * intensity(y, x)) / 30

    measured = measure_map([6000 + 7000 * counted(shown, 1)], [300 + 40 * counted(place, 2) ** 0.8], feature_px=6)
    difference = (measured.column_map.slow_px - (2 * shown + 0.5))[shown > 0]
    assert rms(difference - difference.mean()) < 0.25
    assert rms(difference - difference.mean()) < 2 * measured.residual_px < 1.0
