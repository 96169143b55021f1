import numpy as np
import pandas as pd
import pytest

from rapidstem.figures.distortion_figures import corrected_profiles, map_deviation, strip_displacements


def field_with_lines(columns, side=128):
    """Dark lines along y at some columns."""
    x = np.arange(side)
    profile = 100 - 60 * sum(np.exp(-((x - column) ** 2) / 4) for column in columns)
    return np.tile(profile, (side, 1)) + np.random.default_rng(0).normal(0, 0.5, (side, side))


def two_fields():
    column = np.tile([10.0, 30.0, 50.0], 2)
    displacement = np.array([-2.0, 0.0, 2.0, 1.0, 3.0, 5.0])
    table = pd.DataFrame({"field": np.repeat([1, 2], 3), "column": column, "displacement_px": displacement})
    return table.assign(residual_px=[0.3, -0.3, 0.0, 0.1, -0.1, 0.0], expected_px=0.05)


def test_residuals_by_strip_compare_one_shift_a_field_with_the_correction():
    drawing = strip_displacements(two_fields())
    np.testing.assert_allclose(drawing.data["before_px"], [2.0, 0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(drawing.data["after_px"], np.sqrt([0.05, 0.05, 0.0]))
    assert "3 strips of 2 fields: 1.63 px rms before the correction, 0.18 px after it" in drawing.description


def test_profiles_mark_the_dips_before_and_after():
    slow, before, after = field_with_lines([30, 64, 100]), field_with_lines([36, 64, 104]), field_with_lines([30, 64, 101])
    slow[:, :3] = np.nan
    drawing = corrected_profiles(before, after, slow, 2.0, 3)
    assert "the dips of 3 lines" in drawing.description
    assert f"{np.sqrt((36 + 16) / 3):.1f} px rms before correction" in drawing.description
    assert f"{np.sqrt(1 / 3):.1f} px rms after correction" in drawing.description
    assert drawing.data["x_nm"].iloc[-1] == pytest.approx(254.0)
    assert drawing.data["slow"].isna().sum() == 3


def test_map_is_drawn_with_its_strips_and_without_what_a_saved_map_lacks():
    rapid = np.arange(60.0)
    slow = rapid + 0.01 * (rapid - 30) ** 2
    saved = map_deviation(rapid, slow, 2.0, None)
    assert "expected error" not in saved.description
    assert len(saved.figure.axes[1].containers) == 0
    measured = map_deviation(rapid, slow, 2.0, 0.12, two_fields())
    assert "expected error is 0.12 px rms" in measured.description
    points = measured.figure.axes[1].containers[0].lines[0]
    slope, offset = np.polyfit(rapid, slow, 1)
    np.testing.assert_allclose(points.get_ydata()[0], 2.0 * (10 - 2 - offset - slope * 10))
