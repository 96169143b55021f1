"""Followed lines that meet others: tracks that cross and part, come near and turn back, or end in each other; lines lost and found."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from rapidstem.lines.motion import SeriesMotion, follow_series
from rapidstem.lines.motion.second_look import best_course
from tests.unit.motion_phantoms import PERIOD_S, distances, frames_of, threading, tomogram_of, trace

FIRST, SECOND = "(111)", "(-111)"
STILL = [threading(SECOND, (210.0, 80.0), -0.9), threading(FIRST, (190.0, -190.0), 0.2, -20.0), threading(SECOND, (-200.0, -170.0), 0.7)]


def _followed(moved: Callable[[float], list[np.ndarray]], count: int) -> SeriesMotion:
    return follow_series(tomogram_of(moved(0.0)), frames_of(moved, count), 13.7)


def _rms_nm(rows: pd.DataFrame, moved: Callable[[float], list[np.ndarray]], line: int) -> float:
    return float(np.sqrt((distances(rows.iloc[::3], moved, line) ** 2).mean(axis=0)).max())


def test_two_tracks_that_cross_and_part_keep_their_lines() -> None:
    glider, resting = threading(FIRST, (-150.0, 40.0)), threading(SECOND, (-40.0, 40.0), -0.3)

    def moved(time: float) -> list[np.ndarray]:
        return [glider + 160 * np.clip(time - 0.2, 0, 1.5) * trace(FIRST), resting, *STILL]

    found = _followed(moved, 28)
    for line in (0, 1):
        late = found.positions.query("line == @line and frame >= 24 and measured == 1")
        assert late["frame"].nunique() == 4
        assert _rms_nm(late, moved, line) < 5


def test_two_tracks_that_come_near_and_turn_back_keep_their_lines() -> None:
    left = threading(FIRST, (-130.0, 100.0))
    right = left + 190 * trace(FIRST)

    def moved(time: float) -> list[np.ndarray]:
        way = 72 * (1 - abs(np.clip((time - 0.9) / 0.7, -1, 1))) * trace(FIRST)
        return [left + way, right - way, *STILL]

    found = _followed(moved, 26)
    for line in (0, 1):
        late = found.positions.query("line == @line and frame >= 23 and measured == 1")
        assert late["frame"].nunique() == 3
        assert _rms_nm(late, moved, line) < 5


def test_two_lines_that_annihilate_vanish_and_are_not_found_on_their_neighbours() -> None:
    left = threading(FIRST, (-130.0, 100.0))
    way = 95 * trace(FIRST)
    right = left + 2 * way

    def moved(time: float) -> list[np.ndarray]:
        share = min(max(time - 0.2, 0) / 0.8, 1)
        return [left + share * way, right - share * way, *STILL] if time < 1.0 else [np.full((2, 3), 1e4)] * 2 + STILL

    found = _followed(moved, 28)
    gone = found.flags[found.flags["flag"] == "vanished"]
    assert set(gone["line"]) == {0, 1}
    assert gone["frame"].between(12, 17).all()
    assert found.positions.query("line < 2")["frame"].max() < 18
    assert not (found.flags["flag"] == "found again").any()


@pytest.mark.parametrize("lean", [0.0, -0.3])
def test_a_line_that_leaves_the_field_is_not_found_on_one_that_rests_at_the_border(lean: float) -> None:
    """That one is not in the tomogram; only that it was there before the other one came tells them apart."""
    glider, still = threading(FIRST, (60.0, -160.0)), [STILL[2], threading(SECOND, (-60.0, 180.0)), threading(FIRST, (200.0, 150.0), 0.4)]
    unknown = threading(FIRST, tuple(np.array([60.0, -160.0]) + 110 * trace(FIRST)[:2]), lean)

    def moved(time: float) -> list[np.ndarray]:
        return [glider + 70 * max(time - 0.5, 0) * trace(FIRST), *still, unknown]

    found = follow_series(tomogram_of(moved(0.0)[:-1]), frames_of(moved, 50), 13.7)
    rows = found.positions.query("line == 0 and measured == 1")
    assert rows["frame"].max() >= 20
    apart = np.linalg.norm(distances(rows, moved, 0), axis=1)
    assert np.mean(apart > 20) < 0.02 and apart.max() < 45


def test_a_line_that_was_given_up_is_found_again_where_it_has_gone() -> None:
    lost = threading(FIRST, (-150.0, 60.0))

    def moved(time: float) -> list[np.ndarray]:
        hidden = 0.55 < time < 1.0
        place = lost + 240 * (time > 0.6) * trace(FIRST)
        return [np.full((2, 3), 1e4) if hidden else place, *STILL]

    found = _followed(moved, 28)
    rows = found.positions.query("line == 0 and frame >= 17 and measured == 1")
    assert rows["frame"].nunique() >= 10
    assert _rms_nm(rows, moved, 0) < 5
    again = found.flags[found.flags["flag"] == "found again"]
    assert list(again["line"]) == [0] and abs(again["size_nm"].iloc[0]) == pytest.approx(240, abs=15)


def test_a_line_that_was_never_seen_but_in_a_few_frames_elsewhere_is_said_not_to_be_followed() -> None:
    absent = threading(FIRST, (-150.0, 60.0))

    def moved(time: float) -> list[np.ndarray]:
        passing = round((time - 0.005) / PERIOD_S) in (9, 10, 11, 13)
        return [absent + 120 * trace(FIRST) if passing else np.full((2, 3), 1e4), *STILL]

    found = follow_series(tomogram_of([absent, *STILL]), frames_of(moved, 16), 13.7)
    assert found.followed.set_index("line")["followed"].to_dict() == {0: 0, 1: 1, 2: 1, 3: 1}


def test_the_best_course_waits_through_a_gap_and_says_where_two_courses_are_alike() -> None:
    score = np.full((40, 61), -4.0)
    score[:12, 30], score[18:, 45] = 5.0, 5.0
    in_view = np.ones(score.shape, bool)
    course, doubtful, total = best_course(score, in_view)
    assert (course[:12] == 30).all() and (course[12:18] == -1).all() and (course[18:] == 45).all()
    assert total > 100 and not doubtful.any()
    score[18:, 15] = 5.0
    course, doubtful, _ = best_course(score, in_view)
    assert doubtful[18:].all() and not doubtful[:12].any()
    score[18:, 15] = 4.0
    assert not best_course(score, in_view)[1].any()
