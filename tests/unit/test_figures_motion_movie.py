"""Pictures of followed lines: colours where the lines are, and a movie in colour that plays."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rapidstem.figures import LineMovieLayout, write_movie
from rapidstem.figures.motion_movie import CAPTION_PX, GAP_PX, line_colour

BOX = np.array([[-200.0, -200.0, -80.0], [200.0, 200.0, 80.0]])
IMAGE = np.full((96, 96), 0.5)


def _layout() -> LineMovieLayout:
    return LineMovieLayout((96, 96), 5.0, (0.0, 1.0), BOX)


def _where(picture: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero(np.all(picture == line_colour(number), axis=-1))


def test_a_projection_lies_on_its_rows_and_columns() -> None:
    places = np.array([[20.0, 10.0], [20.0, 60.0]])
    picture = _layout().picture(IMAGE, {1: places}, {}, "0.07 s")
    row, column = _where(picture, 1)
    assert row.mean() == pytest.approx(20.5 * 5 + CAPTION_PX, abs=1)
    assert (column.min(), column.max()) == pytest.approx((10.5 * 5, 60.5 * 5), abs=3)


def test_a_line_that_rises_goes_down_in_the_picture_as_z_points_away_from_the_viewer() -> None:
    line = np.array([[0.0, 0.0, -80.0], [0.0, 0.0, 80.0]])
    low, high = (_layout().picture(IMAGE, {}, {2: line + np.array([0.0, 0.0, step])}, "") for step in (-20.0, 20.0))
    assert _where(high, 2)[0].mean() > _where(low, 2)[0].mean() + 5
    assert _where(high, 2)[1].min() > 96 * 5 + GAP_PX


def test_a_movie_in_colour_is_read_back(tmp_path: Path) -> None:
    layout = _layout()
    pictures = [layout.picture(IMAGE, {0: np.array([[10.0 * n, 10.0], [10.0 * n, 80.0]])}, {}, "") for n in range(1, 7)]
    write_movie(tmp_path / "a.mp4", iter(pictures), layout.size_px, Fraction(14))
    with av.open(str(tmp_path / "a.mp4")) as file:
        shown = [frame.to_ndarray(format="rgb24").astype(float) for frame in file.decode(video=0)]
    assert len(shown) == 6 and shown[0].shape[:2] == layout.size_px
    colourful = [np.ptp(picture, axis=-1)[CAPTION_PX:, : 96 * 5].mean(axis=1).argmax() for picture in shown]
    assert np.diff(colourful).min() > 30
