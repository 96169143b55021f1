"""Where other lines are than the one that is being placed."""

import numpy as np

from rapidstem.lines.motion.other_lines import RESTING_FRAMES, ExpectedLines, RestingLines

SHAPE = (6, 8)


def _pixels(*columns: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[2, list(columns)] = True
    return mask


def test_what_rests_unexplained_bars_the_lines_that_were_elsewhere_alone() -> None:
    resting = RestingLines(3, SHAPE)
    for frame in range(RESTING_FRAMES):
        assert not resting.barred(0).any(), frame
        resting.note(_pixels(1, 5), ~_pixels(1, 5), {0: _pixels(1, 2), 1: _pixels(6)})
    assert np.array_equal(resting.barred(0), _pixels(5))
    assert np.array_equal(resting.barred(1), _pixels(1, 5))
    assert not resting.barred(2).any(), "where this line is nobody knows"


def test_what_has_gone_is_forgotten_but_not_while_a_line_hides_it_or_is_not_seen() -> None:
    resting, nothing, all_empty = RestingLines(1, SHAPE), _pixels(), ~_pixels()
    for _ in range(50):
        resting.note(_pixels(5), ~_pixels(5), {0: _pixels(1)})
    for _ in range(50):
        resting.note(nothing, ~_pixels(5), {0: _pixels(5)})
        resting.note(nothing, all_empty, {})
    assert np.array_equal(resting.barred(0), _pixels(5))
    for _ in range(RESTING_FRAMES + 1):
        resting.note(nothing, all_empty, {0: _pixels(1)})
    assert not resting.barred(0).any()


def test_a_line_is_kept_from_what_those_claim_that_are_placed_after_it() -> None:
    claims = ExpectedLines({4: _pixels(1, 2), 7: _pixels(2, 3)}, SHAPE)
    assert np.array_equal(claims.barred(7), _pixels(1))
    assert not claims.barred(4).any()
    again = ExpectedLines({4: _pixels(1, 2)}, SHAPE)
    assert np.array_equal(again.barred(9), _pixels(1, 2)), "a line that is expected nowhere claims nothing"
