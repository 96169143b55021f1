"""The picture of a denoiser's intervals."""

import numpy as np
import pytest

from rapidstem.figures.quality_figures import interval_maps


def test_the_table_says_how_much_is_inside() -> None:
    slow = np.zeros((20, 20))
    slow[0, :5] = 3.0
    slow[1, :5] = -3.0
    drawing = interval_maps({"net": ("slow", np.zeros((20, 20)), slow, np.full((20, 20), 2.0))}, 4.56)
    assert drawing.data.loc[0, "inside_percent"] == pytest.approx(97.5)
    assert "97.5 % of the pixels of the slow image" in drawing.description
    above, below = (drawing.figure.axes[2].images[0].get_array()[row, 0] for row in (0, 1))
    assert above > 0 > below


def test_each_denoiser_has_a_row() -> None:
    image, widths = np.random.default_rng(0).normal(size=(20, 20)), np.ones((20, 20))
    drawing = interval_maps({"a": ("slow", image, image, widths), "b": ("dcfi", image, image, widths)}, 4.56)
    assert drawing.data["reference"].to_list() == ["slow", "dcfi"]
    assert len(drawing.figure.axes) == 6


def test_where_nothing_is_stated_the_picture_says_so() -> None:
    drawing = interval_maps({"net": ("slow", np.zeros((20, 20)), np.ones((20, 20)), np.full((20, 20), np.nan))}, 4.56)
    assert "net: no interval is stated" in drawing.description
    assert np.isnan(drawing.data.loc[0, "inside_percent"])
