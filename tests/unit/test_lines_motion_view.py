"""Where a view shows points of the specimen, and which pixels of a frame say something for a line there."""

import numpy as np
import pytest

from rapidstem.lines.evidence import LineLikelihood
from rapidstem.lines.motion import TiltedView
from rapidstem.lines.motion.view_evidence import FrameLines, frame_lines, learnt_from

SCALE_PX = 1.5
FLAT = TiltedView(0.0, (0.0, 0.0), 2.0, (40, 60))
SAYS_NOTHING = LineLikelihood(np.zeros((1, 1)), np.ones((1, 2)))


def at_pixels(row: object, column: object) -> np.ndarray:
    """Points that the flat view shows there."""
    x, y = 2.0 * (np.asarray(column, float) - 29.5), 2.0 * (np.asarray(row, float) - 19.5)
    return np.stack(np.broadcast_arrays(x, y, 0.0), axis=-1)


def test_the_field_reaches_from_the_middle_of_the_first_pixel_to_that_of_the_last() -> None:
    assert FLAT.seen_at(np.zeros(3)) == pytest.approx([19.5, 29.5])
    assert TiltedView(0.3, (1.5, -2.0), 2.0, (40, 60)).seen_at(np.zeros(3)) == pytest.approx([21.0, 27.5])
    inside = at_pixels([0, 39, 0, 39], [0, 0, 59, 59])
    outside = at_pixels([-0.1, 39.1, 20, 20], [20, 20, -0.1, 59.1])
    assert FLAT.places(inside).seen.all() and not FLAT.places(outside).seen.any()


def ready(image: np.ndarray) -> FrameLines:
    return frame_lines(image, SAYS_NOTHING, SCALE_PX)


def test_pixels_near_those_that_a_frame_has_not_seen_say_nothing_and_no_line_is_seen_within_its_width_of_them_or_the_border() -> None:
    image = np.random.default_rng(0).normal(100, 1, (40, 60))
    image[20, 30] = np.nan
    frame = ready(image)
    silent = np.zeros((40, 60), bool)
    silent[15:26, 25:36] = True
    np.testing.assert_array_equal(frame.valid, ~silent)
    row, column = np.indices((40, 60))
    points = at_pixels(row, column)
    inner = np.zeros((40, 60), bool)
    inner[3:37, 3:57] = True
    inner[12:29, 22:39] = False
    np.testing.assert_array_equal(frame.seen(points, FLAT), inner)
    frame.covered[3, 5] = True
    speaking = ~silent & ~frame.covered
    _, support, found = frame.asked(points, FLAT)
    np.testing.assert_array_equal(found, speaking)
    np.testing.assert_array_equal(support, np.where(speaking, 1.0, 0.0))


def test_a_line_covers_discs_of_its_width_and_keeps_what_others_cover() -> None:
    frame = ready(np.random.default_rng(0).normal(100, 1, (40, 60)))
    row, column = np.indices((40, 60))
    first = np.hypot(row - 10, column - 20) <= 2
    second = np.hypot(row - 39, column - 59) <= 2
    frame.cover(at_pixels([10], [20]), FLAT)
    np.testing.assert_array_equal(frame.covered, first)
    frame.cover(at_pixels([39, 41], [59, 59]), FLAT)
    np.testing.assert_array_equal(frame.covered, first | second)
    barred = row == 0
    np.testing.assert_array_equal(frame.without(barred).covered, first | second | barred)
    np.testing.assert_array_equal(frame.covered, first | second)


def test_what_dark_lines_say_is_learnt_where_a_tilted_and_shifted_view_shows_them() -> None:
    view = TiltedView(0.5, (6.0, -9.0), 2.0, (64, 96))
    line = np.stack([np.linspace(-60, 90, 80), np.linspace(-30, 20, 80), np.linspace(20, -40, 80)], axis=1)
    shown = view.seen_at(line)
    distance = np.min(np.hypot(*(np.indices((64, 96))[:, None] - shown.T[:, :, None, None])), axis=0)
    images = np.random.default_rng(2).normal(100, 2, (5, 64, 96)) - 20 * np.exp(-((distance / SCALE_PX) ** 2) / 2)
    frame = frame_lines(images[2], learnt_from(images, [line], view, SCALE_PX), SCALE_PX)
    _, on_line, speaking = frame.asked(line, view)
    assert speaking.all() and np.median(on_line) > 1
    assert np.median(frame.asked(line + np.array([0.0, 24.0, 0.0]), view)[1]) < 0
