import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from rapidstem.figures import style


def a_drawing():
    figure, axes = style.panels(1, 1, 3.0, 2.0)
    axes[0, 0].plot([0, 1], [1, 0])
    return style.Drawing(figure, pd.DataFrame({"x_nm": [0, 1], "y_nm": [1, 0]}), "a falling line")


@pytest.mark.parametrize(("largest", "found"), [(1.0, 1.0), (4.99, 2.0), (5.0, 5.0), (730.0, 500.0), (0.37, 0.2)])
def test_round_length(largest, found):
    assert style.round_length(largest) == pytest.approx(found)


def test_scale_bar_is_as_long_as_it_says():
    _, axes = style.panels(1, 1, 3.0, 3.0)
    style.show_image(axes[0, 0], np.arange(200.0 * 100).reshape(100, 200), pixel_size_nm=4.56)
    white = [patch for patch in axes[0, 0].patches if isinstance(patch, Rectangle) and patch.get_facecolor()[:3] == (1, 1, 1)]
    assert white[0].get_width() * 200 * 4.56 == pytest.approx(200.0)
    assert axes[0, 0].texts[0].get_text() == "200 nm"


def test_grey_limits_ignore_hot_pixels_and_missing_ones():
    image = np.linspace(10.0, 20.0, 10_000).reshape(100, 100)
    image[3, 4], image[5, 6] = 1e6, np.nan
    low, high = style.grey_limits(image)
    assert 10.0 <= low < 10.2
    assert 19.8 < high <= 20.0
    scaled = style.unit_range(image)
    assert scaled[3, 4] == 1.0
    assert scaled[5, 6] == 0.0
    assert style.grey_limits(np.full((4, 4), 3.0)) == (3.0, 4.0)
    assert style.grey_limits(np.full((4, 4), np.nan)) == (0.0, 1.0)


def test_two_colours_add_to_nearly_white():
    bright, dark = np.ones((1, 1)), np.zeros((1, 1))
    only = style.two_colours(bright, dark, style.RAPID_COLOUR, style.SLOW_COLOUR)
    np.testing.assert_allclose(only[0, 0], matplotlib.colors.to_rgb(style.RAPID_COLOUR))
    assert style.two_colours(bright, bright, style.RAPID_COLOUR, style.SLOW_COLOUR).min() > 0.85


def test_saved_drawings_hold_picture_and_numbers_and_repeat_exactly(tmp_path):
    for folder in ("one", "two"):
        style.save_drawing(a_drawing(), tmp_path / folder / "falling")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["falling.csv", "falling.png", "falling.svg", "falling.txt"]
    assert (tmp_path / "one" / "falling.csv").read_text() == "x_nm,y_nm\n0,1\n1,0\n"
    assert (tmp_path / "one" / "falling.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    for suffix in ("png", "svg"):
        assert (tmp_path / "one" / f"falling.{suffix}").read_bytes() == (tmp_path / "two" / f"falling.{suffix}").read_bytes()


@style.styled
def three_views():
    figure, axes = style.panels(3, 1, 6.4, 7.0, height_ratios=(1.0, 0.25, 0.37))
    for panel in axes[:, 0]:
        panel.plot([0.0, 713.0], [0.0, 500.0])
        panel.set_aspect("equal")
    figure.legend(handles=axes[0, 0].lines, labels=["a line"], loc="outside lower center")
    return figure


def test_last_digits_of_the_layout_do_not_move_panels():
    """kiwisolver orders its unknowns by their addresses: a panel at 0.1234567891 of the width may stand at 0.1234567892 in the next run."""
    figure = three_views()
    style.svg_bytes(figure)
    for panel in figure.axes:
        places = panel.get_position(original=True).get_points()
        np.testing.assert_array_equal(places, places.round(6))
        assert panel.get_tightbbox().x0 >= 0


def test_a_drawing_that_cannot_be_drawn_leaves_no_file(tmp_path):
    drawing = a_drawing()
    drawing.figure.axes[0].set_title(r"$\unknown$")
    with pytest.raises(ValueError, match="unknown"):
        style.save_drawing(drawing, tmp_path / "broken")
    assert list(tmp_path.iterdir()) == []


def test_drawing_leaves_the_settings_of_others_alone():
    before = dict(matplotlib.rcParams)
    style.styled(style.panels)(1, 1, 2.0, 2.0)
    assert dict(matplotlib.rcParams) == before


def test_series_are_told_apart_without_colour():
    looks = [style.series_style(number) for number in range(7)]
    assert len({look["marker"] for look in looks}) == len({look["color"] for look in looks}) == 7
