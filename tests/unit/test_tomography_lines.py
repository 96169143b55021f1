import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.tomography.binarisation import binarise, line_image
from rapidstem.tomography.frame_ridges import line_curvature, line_threshold, ridges_of, subtract_background


def straight_line(size: int, slope: float, intercept: float, depth: float = 0.3, fwhm_px: float = 3.0) -> np.ndarray:
    """A dark line row = intercept + slope * column on a background of one."""
    row, column = np.mgrid[:size, :size]
    distance = (row - intercept - slope * column) / np.hypot(1, slope)
    return 1 - depth * np.exp(-(distance**2) / (2 * (fwhm_px / 2.3548) ** 2))


def test_ridge_points_lie_on_the_line_and_point_across_it():
    image = straight_line(96, 0.37, 20.3)
    found = ridges_of(line_curvature(subtract_background(image, 1.5), 1.5), 1.5)
    row, column = found.position_px.T
    inner = (column > 8) & (column < 88)
    assert inner.sum() > 75
    assert np.abs(row - 20.3 - 0.37 * column)[inner].max() < 0.08
    across = np.array([1, -0.37]) / np.hypot(1, 0.37)
    assert np.abs(found.normal[inner] @ across).min() > 0.999


def test_bright_lines_are_no_ridges():
    image = straight_line(96, 0.37, 20.3) + 1 - straight_line(96, 0.37, 60.0)
    found = ridges_of(line_curvature(subtract_background(image, 1.5), 1.5), 1.5)
    distance = np.abs(found.position_px[:, 0] - 60.0 - 0.37 * found.position_px[:, 1])
    assert not np.any(distance < 1.5)


def test_background_does_not_depend_on_the_intensity():
    image = straight_line(96, 0.2, 30.0) * np.linspace(0.7, 1.3, 96)
    np.testing.assert_allclose(subtract_background(900 * image, 1.5), subtract_background(image, 1.5), atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [(np.int8, -128, 12), (np.int16, -30000, -8000), (np.int16, -20000, 1500), (np.float32, -3e-9, -1e-9)]
)
def test_lines_do_not_depend_on_where_the_zero_of_signed_numbers_lies(dtype: type, low: float, high: float) -> None:
    series = noisy_series([0.4, 0.2, 0.08], 0.003)
    share = series / series.max(axis=(1, 2), keepdims=True)
    signed = (low + (high - low) * share).astype(dtype)
    positive = (255 * share).astype(np.uint8)
    lines, expected = binarise(signed), binarise(positive)
    assert expected.mean() > 0.02
    assert np.mean((lines > 0.3) != (expected > 0.3)) < 0.02 * np.mean(expected > 0.3)
    points, places = (ridges_of(line_curvature(subtract_background(each[0], 1.5), 1.5), 1.5).position_px for each in (signed, positive))
    assert len(points) == pytest.approx(len(places), rel=0.05)


def test_noise_around_a_true_zero_moves_nothing() -> None:
    image = straight_line(96, 0.2, 30.0)
    dark = image + 0.0
    dark[:2, :40] = -1e-3
    relative = subtract_background(dark, 1.5)
    np.testing.assert_allclose(relative[20:], subtract_background(image, 1.5)[20:], atol=0.02)


@pytest.mark.parametrize("width", [60, 80])
def test_a_shadow_without_any_intensity_changes_no_line_away_from_its_edge(width: int) -> None:
    frame = np.rint(1000 * straight_line(160, 0.4, 20.0) + np.random.default_rng(5).normal(0, 5, (160, 160))).astype(np.uint16)
    shadowed = frame.copy()
    shadowed[:, :width] = 0
    lines, expected = binarise(np.stack([shadowed, frame]))
    assert np.isfinite(lines).all()
    assert not lines[:, : width - 10].any()
    away = np.s_[:, width + 10 :]
    assert np.mean((lines[away] > 0.3) != (expected[away] > 0.3)) < 0.02 * np.mean(expected[away] > 0.3)


def noisy_series(contrasts: list[float], noise: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    frames = [straight_line(96, 0.4, 20.0, depth) + noise * rng.standard_normal((96, 96)) for depth in contrasts]
    return np.stack(frames) * np.array([1.0, 5000.0, 80.0])[: len(contrasts), None, None]


@pytest.mark.parametrize("method", ["hard", "soft"])
def test_lines_are_found_whatever_contrast_and_intensity(method):
    lines = binarise(noisy_series([0.4, 0.2, 0.08], 0.003), method)
    on = straight_line(96, 0.4, 20.0, 1.0) < 0.1
    off = straight_line(96, 0.4, 20.0, 1.0, 12.0) > 0.999
    for frame in lines:
        assert frame[on].mean() > 0.93
        assert frame[off].max() < 0.01
    assert lines.dtype == np.float32


def test_hard_lines_are_zero_or_one_and_soft_ones_between():
    series = noisy_series([0.3], 0.01)
    assert set(np.unique(binarise(series, "hard"))) == {0.0, 1.0}
    soft = binarise(series, "soft")
    assert np.any((soft > 0.1) & (soft < 0.9))
    assert np.all(soft[binarise(series, "hard") == 1] > 0.2)


def test_small_specks_are_removed_and_lines_kept():
    series = noisy_series([0.3], 0.001)
    series[0, 70:73, 10:13] *= 0.7
    strength = line_curvature(subtract_background(series[0], 1.5), 1.5).strength
    assert strength[71, 11] > line_threshold(strength)
    lines = binarise(series, "hard")[0]
    assert lines[66:77, 6:17].max() == 0
    assert lines.sum() > 100


def test_lines_keep_their_place_to_a_fraction_of_a_pixel():
    soft = binarise(straight_line(96, 0.0, 40.3)[None], "soft")[0][:, 48]
    assert np.sum(soft * np.arange(96)) / soft.sum() == pytest.approx(40.3, abs=0.05)


def test_unknown_method_and_empty_frames_are_refused():
    with pytest.raises(InputError, match="'hard' or 'soft'"):
        binarise(np.ones((1, 32, 32)), "otsu")
    with pytest.raises(InputError, match="no intensity"):
        binarise(np.zeros((1, 32, 32)))


def test_frames_that_cannot_be_used_are_named_with_the_remedy():
    series = np.ones((12, 32, 32), np.float32)
    series[9], series[10, 3, 4] = np.nan, np.inf
    with pytest.raises(InputError, match=r"2 frames: holds values that are no numbers \(9, 10\); take these frames"):
        binarise(series)
    series[9:11], series[4] = 1, 0
    with pytest.raises(InputError, match=r"1 frame: holds no intensity \(4\); take these frames"):
        binarise(series)


def test_lines_are_regions_that_are_large_and_strong_enough_whatever_is_hidden() -> None:
    """Lines of strength 1 ask for 0.35 somewhere, 0.2625 everywhere, and 30 pixels; what is hidden asks for nothing."""
    strength, hidden = np.zeros((100, 100), np.float32), np.zeros((100, 100), bool)
    strength[10:13, 10:90], strength[13:18, 30:40] = 1.0, 0.3
    strength[50:54, 10:20] = 0.9
    strength[np.arange(60, 95), np.arange(60, 95)] = 0.9
    expected = strength > 0
    strength[30:40, 60:70], strength[30:33, 10:17] = 0.3, 0.9
    strength[70:90, 5:25], hidden[70:90, 5:25] = 50.0, True
    np.testing.assert_array_equal(line_image(strength, 1.5, hidden, "hard"), expected)
