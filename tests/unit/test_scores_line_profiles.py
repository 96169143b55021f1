"""Widths and depths of lines that were drawn with known width and depth."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, spline_filter, zoom

from rapidstem.errors import InputError
from rapidstem.scores.line_profiles import COLUMNS, FWHM_PER_SIGMA, fit_dip, line_profile, relative_line_profiles
from rapidstem.scores.line_segments import LineSegment, find_lines

SHAPE = (160, 200)
AREA = (slice(8, -8), slice(8, -8))
SIGMA = 2.0
LINE_PX = 3
ANGLE = np.deg2rad(25)


def distance(angle_rad: float, y_px: float, x_px: float, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Signed distance of every pixel from a line through (y_px, x_px), positive on the side of +y."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - y_px) * np.cos(angle_rad) - (x - x_px) * np.sin(angle_rad)


def drawn(sigma: float = SIGMA, depth: float = 0.4, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Two parallel lines, far apart, on a slope."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = 1 + 0.0005 * x + 0.0003 * y
    for row in (50.0, 100.0):
        image -= depth * np.exp(-0.5 * (distance(ANGLE, row + shift[0], 100.0 + shift[1]) / sigma) ** 2)
    return image


def noisy(image: np.ndarray, sigma: float = 0.02) -> np.ndarray:
    return image + np.random.default_rng(3).normal(0, sigma, image.shape)


def test_lines_lie_where_they_were_drawn() -> None:
    segments = find_lines(noisy(drawn()), AREA, LINE_PX, clearance_px=10)
    assert len(segments) >= 6
    for segment in segments:
        assert np.rad2deg(segment.angle_rad) == pytest.approx(25, abs=2)
        nearest = min(abs((segment.y_px - row) * np.cos(ANGLE) - (segment.x_px - 100) * np.sin(ANGLE)) for row in (50, 100))
        assert nearest < 0.7


def test_bright_lines_and_noise_are_no_lines() -> None:
    assert relative_line_profiles(drawn(), noisy(2 - drawn()), AREA, LINE_PX).empty
    assert find_lines(noisy(np.ones(SHAPE)), AREA, LINE_PX, clearance_px=10) == []


def test_lines_side_by_side_are_left_out() -> None:
    image = np.ones(SHAPE)
    for row in (70.0, 79.0):
        image -= 0.4 * np.exp(-0.5 * (distance(0.0, row, 100.0) / SIGMA) ** 2)
    assert len(find_lines(image, AREA, LINE_PX, clearance_px=5)) > 4
    assert find_lines(image, AREA, LINE_PX, clearance_px=11) == []


def test_profile_of_a_line_has_its_sides_where_they_belong() -> None:
    image = np.where(distance(ANGLE, 80, 100) > 0, 2.0, 1.0)
    offset, intensity = line_profile(spline_filter(image), LineSegment(80, 100, ANGLE, 24), LINE_PX)
    assert intensity[offset > 3] == pytest.approx(2, abs=0.05)
    assert intensity[offset < -3] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("sigma", "centre", "depth"), [(1.0, 0.0, 0.3), (2.3, 1.7, 40.0), (4.0, -2.2, 5e3)])
def test_fit_finds_the_dip(sigma: float, centre: float, depth: float) -> None:
    offset = np.arange(-10, 10.1, 0.25)
    dip = fit_dip(offset, 7 * depth + 0.01 * depth * offset - depth * np.exp(-0.5 * ((offset - centre) / sigma) ** 2), LINE_PX)
    assert dip.fwhm_px == pytest.approx(FWHM_PER_SIGMA * sigma, rel=1e-3)
    assert dip.depth == pytest.approx(depth, rel=1e-3)
    assert dip.explained == pytest.approx(1)


def test_a_hump_is_no_dip() -> None:
    offset = np.arange(-10, 10.1, 0.25)
    assert fit_dip(offset, np.exp(-0.5 * (offset / 2) ** 2), LINE_PX).explained < 0.5


def test_a_line_is_as_wide_and_deep_as_itself() -> None:
    table = relative_line_profiles(3 * drawn() + 40, drawn(), AREA, LINE_PX)
    assert tuple(table.columns) == COLUMNS
    assert table.relative_width.to_numpy() == pytest.approx(1, abs=0.005)
    assert table.relative_intensity.to_numpy() == pytest.approx(1, abs=0.01)


def test_blur_widens_and_flattens_by_the_known_factor() -> None:
    blur = 1.5
    factor = np.hypot(SIGMA, blur) / SIGMA
    table = relative_line_profiles(gaussian_filter(drawn(), blur), drawn(), AREA, LINE_PX)
    assert table.relative_width.mean() == pytest.approx(factor, rel=0.03)
    assert table.relative_intensity.mean() == pytest.approx(1 / factor, rel=0.05)


def test_misregistration_is_no_blur() -> None:
    table = relative_line_profiles(drawn(shift=(1.6, -1.3)), drawn(), AREA, LINE_PX)
    assert table.relative_width.mean() == pytest.approx(1, abs=0.02)
    assert table.relative_intensity.mean() == pytest.approx(1, abs=0.05)


def test_noise_does_not_bias_widths() -> None:
    table = relative_line_profiles(noisy(drawn(), 0.1), noisy(drawn(), 0.01), AREA, LINE_PX)
    assert table.relative_width.mean() == pytest.approx(1, abs=0.08)
    assert table.relative_intensity.mean() == pytest.approx(1, abs=0.08)


def test_lines_that_the_image_lacks_are_reported() -> None:
    table = relative_line_profiles(noisy(np.ones(SHAPE), 0.01), drawn(), AREA, LINE_PX)
    assert len(table) > 4
    assert table[["relative_width", "relative_intensity"]].isna().all().all()


def test_unseen_pixels_outside_the_area_do_not_matter() -> None:
    reference = drawn()
    expected = relative_line_profiles(drawn(), reference, AREA, LINE_PX)
    reference[:5] = np.nan
    found = relative_line_profiles(drawn(), reference, AREA, LINE_PX)
    assert found.relative_width.to_numpy() == pytest.approx(expected.relative_width.to_numpy(), abs=0.02)


def test_shapes_must_agree() -> None:
    with pytest.raises(InputError, match="shape"):
        relative_line_profiles(np.ones((9, 9)), drawn(), AREA, LINE_PX)


def test_finer_pixels_change_nothing_where_the_line_width_says_so() -> None:
    """Three times as many pixels a line: the same pieces, no wider and no flatter."""
    reference, image = drawn(), gaussian_filter(drawn(), 1.5)
    coarse = relative_line_profiles(image, reference, AREA, LINE_PX)
    fine_area = (slice(24, -24), slice(24, -24))
    fine = relative_line_profiles(zoom(image, 3, order=3), zoom(reference, 3, order=3), fine_area, 3 * LINE_PX)
    assert len(fine) == pytest.approx(len(coarse), abs=2)
    assert fine.relative_width.mean() == pytest.approx(coarse.relative_width.mean(), rel=0.03)
    assert fine.relative_intensity.mean() == pytest.approx(coarse.relative_intensity.mean(), rel=0.03)
