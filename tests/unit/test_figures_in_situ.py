"""Movies and figures of in-situ series: what stands in a picture, how long the movie is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from rapidstem.figures.in_situ_figures import series_course, series_stills
from rapidstem.figures.in_situ_movie import CAPTION_PX, GAP_PX, MovieLayout, frame_rate, picture_words, write_movie

LIMITS = ((0.0, 100.0), (0.0, 1.0))


def _layout(rows: int = 95, columns: int = 101) -> MovieLayout:
    return MovieLayout((rows, columns), 4.0, ("raw", "dlf-slow"), LIMITS)


def test_both_images_stand_side_by_side_in_their_own_grey_levels() -> None:
    layout = _layout()
    left, right = np.full((95, 101), 25.0), np.full((95, 101), 0.75)
    left[0, 0] = np.nan
    picture = layout.picture(left, right, "")
    rows, columns = layout.size_px
    assert picture.shape == (rows, columns) and picture.dtype == np.uint8
    assert rows % 2 == columns % 2 == 0
    width = (columns - GAP_PX) // 2
    assert picture[CAPTION_PX + 40, width // 2] == 63
    assert picture[CAPTION_PX + 40, width + GAP_PX + width // 2] == 191
    assert picture[CAPTION_PX, 0] == 0
    assert picture[CAPTION_PX + 40, width + GAP_PX // 2] == 0


def test_the_scale_bar_has_the_length_that_it_states() -> None:
    picture = _layout().picture(np.zeros((95, 101)), np.zeros((95, 101)), "")
    rows, columns = np.nonzero(picture[CAPTION_PX:, :200] == 255)
    bar = columns[rows == rows.max()]
    assert len(bar) == 100 / 4.0 * 5


def test_words_appear_at_the_right_and_change_the_picture() -> None:
    layout, image = _layout(), np.zeros((95, 101))
    plain, worded = (layout.picture(image, image, words) for words in ("", "2.10 s   132 °C"))
    changed = np.flatnonzero((plain != worded).any(axis=0))
    assert changed.min() > layout.size_px[1] / 2
    assert not (plain != worded)[CAPTION_PX:].any()


@pytest.mark.parametrize(
    ("time_s", "temperature_c", "expected"),
    [(2.1, 132.4, "2.10 s   132 °C"), (2.1, np.nan, "2.10 s"), (np.nan, 20.0, "20 °C"), (np.nan, np.nan, "")],
)
def test_unknown_values_are_left_out(time_s: float, temperature_c: float, expected: str) -> None:
    assert picture_words(time_s, temperature_c) == expected


@pytest.mark.parametrize(
    ("time_s", "rate"),
    [
        (0.07 * np.arange(60), Fraction(100, 7)),
        (0.03 * np.arange(60), Fraction(100, 3)),
        (0.001 * np.arange(60), 60),
        (20.0 * np.arange(5), 1),
        (np.full(5, np.nan), 25),
        (np.zeros(1), 25),
    ],
)
def test_the_movie_is_as_long_as_the_series_within_limits(time_s: np.ndarray, rate: Fraction) -> None:
    assert float(frame_rate(time_s)) == pytest.approx(float(rate), rel=1e-3)


def test_a_movie_is_read_back_with_its_pictures(tmp_path: Path) -> None:
    layout = _layout()
    levels = np.linspace(0.1, 0.9, 12)
    pictures = [layout.picture(np.full((95, 101), 100 * level), np.full((95, 101), level), f"{level:.1f} s") for level in levels]
    write_movie(tmp_path / "a.mp4", iter(pictures), layout.size_px, Fraction(100, 7))
    with av.open(str(tmp_path / "a.mp4")) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", Fraction(100, 7))
        shown = [frame.to_ndarray(format="gray").astype(float) for frame in file.decode(video=0)]
    assert len(shown) == 12
    rows = slice(CAPTION_PX + 20, CAPTION_PX + 300)
    middle = [picture[rows, 200:300].mean() for picture in shown]
    assert np.corrcoef(middle, 255 * levels)[0, 1] > 0.999
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(("side", "panel"), [(2044, 2044), (2048, 1024), (4097, 1365)])
def test_a_movie_of_large_frames_is_no_wider_than_players_take(side: int, panel: int) -> None:
    limits = ((0.0, 1.0), (0.0, 1.0))
    layout = MovieLayout((8 * (side // 8), side), 2.0, ("raw", "net"), limits)
    assert layout.size_px[1] == 2 * panel + GAP_PX <= 4096
    left, right = np.zeros((8 * (side // 8), side)), np.full((8 * (side // 8), side), 0.4)
    left[: 3 * side // 8, side // 2 :] = 1.0
    picture = layout.picture(left, right, "")
    bright = picture[CAPTION_PX:, :panel] == 255
    assert bright[5, 3 * panel // 4] and not bright[5, panel // 4] and not bright[panel // 2, 3 * panel // 4]
    assert picture[CAPTION_PX + 5, panel + GAP_PX + panel // 2] == 102


def _frames(count: int, timed: bool = True) -> pd.DataFrame:
    number = np.arange(count)
    known = {"time_s": 0.07 * number, "temperature_c": 90.0 + number} if timed else {"time_s": np.nan, "temperature_c": np.nan}
    return pd.DataFrame({"frame": number, **known, "dy_px": 0.1 * number, "dx_px": -0.2 * number, "used": number != 3})


@pytest.mark.parametrize(("timed", "words"), [(True, "temperature from 90 to 109"), (False, "3.8 px in x")])
def test_course_shows_drift_and_temperature(timed: bool, words: str) -> None:
    drawing = series_course(_frames(20, timed))
    assert words in drawing.description
    assert len(drawing.figure.axes) == 1 + timed
    assert drawing.figure.axes[0].get_title() == "1 of 20 frames not registered"


@pytest.mark.parametrize("slow", [None, np.ones((16, 20))])
def test_stills_show_raw_above_denoised(slow: np.ndarray | None) -> None:
    rng = np.random.default_rng(0)
    raw, denoised = rng.normal(size=(3, 16, 20)), rng.normal(size=(3, 16, 20))
    drawing = series_stills(raw, denoised, _frames(3)[["frame", "time_s", "temperature_c"]], "dlf-slow", slow, 4.0)
    titles = [axes.get_title() for axes in drawing.figure.axes]
    assert titles[0] == "raw, 0.00 s   90 °C"
    assert len(drawing.figure.axes) == 2 * (3 + (slow is not None))
    assert len(drawing.data) == 6
