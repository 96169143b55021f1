import re

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.frames.instrument_comparison import COMPARISON_COLUMNS, compare_drift, compare_images, compare_with_instrument
from rapidstem.frames.registration import Drift

RNG = np.random.default_rng(3)
SHIFTS = np.cumsum(RNG.normal(0, 0.5, (40, 2)), axis=0)


def our_drift(shifts=SHIFTS, used=None):
    used = np.ones(len(shifts), bool) if used is None else used
    return Drift(shifts - shifts[used].mean(axis=0), np.zeros(len(shifts)), used)


def scene(shift=(0.0, 0.0), shape=(160, 200)):
    """Sharp features moved by (dy, dx) without interpolation."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[: shape[0], : shape[1]] - np.array(shift)[:, None, None]
    image = 1 + 0.1 * np.sin(x / 50)
    for _ in range(120):
        centre, width = rng.uniform(-20, 220, 2), rng.uniform(1.0, 1.8)
        image -= 0.4 * np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * width**2))
    return image


def noisy(image, deviation=0.03, seed=0):
    return image + np.random.default_rng(seed).normal(0, deviation, image.shape)


def test_equal_shifts_but_for_their_origin_agree():
    found = compare_drift(our_drift(), SHIFTS + np.array([7.0, -3.0]))
    np.testing.assert_allclose(found.rms_px, 0, atol=1e-12)
    np.testing.assert_allclose(found.scale, 1)
    assert found.remark == ""


def test_rms_is_given_for_each_axis_over_the_used_frames():
    theirs = SHIFTS.copy()
    theirs[::2, 0] += 0.2
    theirs[::2, 1] += 0.4
    theirs[5] += 50
    used = np.ones(40, bool)
    used[[4, 5]] = False
    found = compare_drift(our_drift(used=used), theirs)
    np.testing.assert_allclose(found.rms_px, (0.1, 0.2), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "words", "scale"),
    [
        (lambda s: -s, "opposite sign", (-1, -1)),
        (lambda s: s * [1, -1], "opposite sign along one axis", (1, -1)),
        (lambda s: s * 4.56, "another unit.* 0.219 px", (1 / 4.56, 1 / 4.56)),
        (lambda s: s * 1e-9, "another unit", (1e9, 1e9)),
    ],
)
def test_another_sign_or_unit_is_said(change, words, scale):
    found = compare_drift(our_drift(), change(SHIFTS))
    assert re.search(words, found.remark)
    np.testing.assert_allclose(found.scale, scale, rtol=1e-6)


def test_exchanged_axes_are_said():
    assert "exchanged" in compare_drift(our_drift(), SHIFTS[:, ::-1]).remark


def test_shifts_that_stayed_at_zero_and_shifts_of_another_stack_are_said():
    assert "do not follow" in compare_drift(our_drift(), np.random.default_rng(1).normal(0, 1, SHIFTS.shape)).remark
    assert "too small" in compare_drift(our_drift(), np.zeros_like(SHIFTS)).remark
    assert np.isnan(compare_drift(our_drift(), np.zeros_like(SHIFTS)).scale).all()


def test_small_differences_on_a_field_that_hardly_drifts_are_no_lost_drift():
    rng = np.random.default_rng(2)
    for deviation in (0.05, 0.2, 0.4):
        still = rng.normal(0, deviation, (40, 2))
        found = compare_drift(our_drift(still), still + rng.normal(0, 0.3, still.shape))
        assert "lost" not in found.remark
        assert "too small" in found.remark and max(found.rms_px) < 0.5


@pytest.mark.parametrize("seed", range(5))
def test_errors_of_the_instrument_s_shifts_are_no_other_unit(seed):
    """A drift of 0.9 px with errors of 0.35 px: the fitted scale is 0.87, and no alarm; half a unit is one with the same errors."""
    rng = np.random.default_rng(seed)
    drift = rng.normal(0, 0.9, (200, 2))
    errors = rng.normal(0, 0.35, drift.shape)
    found = compare_drift(our_drift(drift), drift + errors)
    assert max(found.scale) < 0.95 and min(found.correlation) > 0.9
    assert found.remark == ""
    assert "another unit" in compare_drift(our_drift(drift), 1.4 * (drift + errors)).remark
    assert "another unit" in compare_drift(our_drift(drift), 0.6 * (drift + errors)).remark


def test_large_differences_are_a_lost_drift_whatever_the_size_of_ours():
    rng = np.random.default_rng(2)
    walk = np.cumsum(rng.normal(0, 1, (40, 2)), axis=0)
    still = rng.normal(0, 0.02, (40, 2))
    for ours, theirs in ((still, walk), (walk, rng.normal(0, 3, walk.shape))):
        assert "one of the two has lost the drift" in compare_drift(our_drift(ours), theirs).remark
    assert "drift by" in compare_drift(our_drift(walk), np.zeros_like(walk)).remark


def test_other_numbers_of_frames_are_an_error():
    with pytest.raises(InputError, match="of 39 frames, there are 40"):
        compare_drift(our_drift(), SHIFTS[1:])
    with pytest.raises(InputError, match="1 frames have"):
        compare_drift(our_drift(used=np.arange(40) == 3), SHIFTS)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.3, -5.6), (-11.0, 20.4)])
def test_shift_of_an_image_with_other_brightness(shift):
    found = compare_images(noisy(scene(), 0.005), 8000 + 500 * noisy(scene(shift), 0.005, seed=1))
    np.testing.assert_allclose(found.shift_px, shift, atol=0.1)
    assert found.correlation > 0.7
    assert found.relative_sharpness == pytest.approx(1, abs=0.05)


def test_a_cropped_image_and_unseen_edges():
    ours = noisy(scene())
    ours[:4], ours[:, -7:], ours[4, :9] = np.nan, np.nan, np.nan
    found = compare_images(ours, noisy(scene(), seed=1)[20:120, 30:150])
    np.testing.assert_allclose(found.shift_px, (-20, -30), atol=0.1)


def test_blur_and_noise_are_told_apart():
    """Both images come from the same frames, so that they share the shot noise, as here."""
    ours = noisy(scene())
    noisier = compare_images(ours, noisy(ours, 0.05, seed=1))
    blurred = compare_images(ours, ndimage.gaussian_filter(ours, 1.0))
    sharper = compare_images(ndimage.gaussian_filter(ours, 1.0), ours)
    assert compare_images(ours, 3 * ours - 7).relative_sharpness == pytest.approx(1, abs=1e-6)
    assert noisier.relative_sharpness == pytest.approx(1, abs=0.03)
    assert blurred.relative_sharpness < 0.75
    assert sharper.relative_sharpness > 1.2


def test_badly_corrected_drift_is_seen_as_blur():
    shifts = np.random.default_rng(5).normal(0, 1.0, (30, 2))
    ours = noisy(scene(), 0.01)
    theirs = np.mean([ndimage.shift(ours, shift, order=5, mode="mirror") for shift in shifts], axis=0)
    assert compare_images(ours, theirs).relative_sharpness < 0.75


def test_what_cannot_be_compared_says_why_and_is_no_error():
    found = compare_with_instrument(our_drift(), scene(), SHIFTS[:-1], lambda: np.zeros((16, 16)))
    assert found.keys() == {"not_compared"}
    assert "instrument gives shifts of 39 frames" in found["not_compared"] and "cannot be compared" in found["not_compared"]


def test_one_comparison_that_fails_leaves_the_other():
    def damaged():
        raise InputError("a.emd: the pixels cannot be read")

    found = compare_with_instrument(our_drift(), scene(), SHIFTS, damaged)
    assert found["dy_rms_px"] < 1e-9 and found["remark"] == "" and found["not_compared"].endswith("a.emd: the pixels cannot be read")
    found = compare_with_instrument(our_drift(), scene(), SHIFTS, scene)
    assert {"acquisition", "not_compared", *found} == set(COMPARISON_COLUMNS) and "not_compared" not in found and found["remark"] == ""
    assert compare_with_instrument(our_drift(), scene(), None, None) == {}


def test_another_field_and_useless_images_are_errors():
    other = np.random.default_rng(2).normal(size=(160, 200))
    with pytest.raises(InputError, match="another field"):
        compare_images(scene(), ndimage.gaussian_filter(other, 2))
    with pytest.raises(InputError, match="instrument's image cannot be compared"):
        compare_images(scene(), np.ones((160, 200)))
    with pytest.raises(InputError, match="our integrated image cannot"):
        compare_images(scene()[:20], scene())
