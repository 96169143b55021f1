"""How far a line reaches, from what the frames say for each of its points."""

import numpy as np
import pytest

from rapidstem.lines.evidence import CoveredFrames
from rapidstem.lines.line_ends import continued, trimmed
from tests.unit.test_lines_close import evidence_of
from tests.unit.test_lines_fitting import BOX_NM, inside


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ([-1, -2, 5, 4, -3], range(2, 4)),
        ([5, 4, -3, 6], range(4)),
        ([5, 5, -30, 8, 8, 8], range(3, 6)),
        ([-1, -2, -1], range(0)),
    ],
)
def test_the_stretch_that_the_frames_speak_for_most_stays_in_either_direction(own, kept):
    points = np.column_stack([5.0 * np.arange(len(own)), np.zeros((len(own), 2))])
    evidence = np.array(own, float)
    for line, evidence_there in ((points, evidence), (points[::-1], evidence[::-1])):
        assert sorted(trimmed(line, evidence_there)[:, 0]) == [5.0 * number for number in kept]


FIRST, KINK = np.array([-400.0, -100.0, -30.0]), np.array([-10.0, 10.0, 5.0])
ARMS = {"straight": [400.0, 125.0, 42.0], "bent": [380.0, 225.0, 20.0], "kinked": [40.0, 300.0, 20.0]}


def led_on(second_end, box_nm=BOX_NM, overcount=20.0):
    """What lies beyond the first half of a line that turns in its middle, and the true second half."""
    first, second = np.linspace(FIRST, KINK, 250), np.linspace(KINK, second_end, 250)
    whole = inside(np.vstack([first, second[1:]]))
    evidence = evidence_of([whole])
    covered = CoveredFrames(evidence, [first[np.all(first >= BOX_NM[0], axis=1)][:-12]])
    return continued(inside(first)[:-12], 0, covered, box_nm, overcount), inside(second)


@pytest.mark.parametrize("way", ARMS)
def test_a_line_is_led_on_to_the_border_straight_on_gently_bent_or_round_one_kink(way):
    further, true = led_on(ARMS[way])
    offset = [np.linalg.norm(true - point, axis=1).min() for point in further[5:]]
    assert np.percentile(offset, 90) < 9
    assert np.linalg.norm(further[-1] - true[-1]) < 25
    assert np.all((further >= BOX_NM[0]) & (further <= BOX_NM[1]))
    assert np.linalg.norm(np.diff(further, axis=0), axis=1) == pytest.approx(5.0, abs=0.7)


def test_nothing_is_led_on_outside_the_box_or_where_the_frames_show_nothing():
    nearer = BOX_NM * np.array([[1.0], [0.5]])
    further, _ = led_on(ARMS["straight"], nearer)
    assert 100 < further[-1, 0] <= nearer[1, 0]
    kinked, _ = led_on(ARMS["kinked"], np.array([BOX_NM[0], [225.0, 35.0, 100.0]]))
    assert 25 < kinked[-1, 1] <= 35
    ending, _ = led_on(KINK + 1.0)
    hardly_shown, _ = led_on(ARMS["kinked"], overcount=1e4)
    assert len(ending) < 8 and len(hardly_shown) < 8


@pytest.mark.parametrize(("gap_nm", "crossed"), [(30.0, True), (110.0, False)])
def test_a_short_gap_is_led_across_and_a_long_one_is_not(gap_nm, crossed):
    along = (KINK - FIRST) / np.linalg.norm(KINK - FIRST)
    first, second = inside(np.linspace(FIRST, KINK, 250)), inside(KINK + np.linspace(gap_nm, 400, 250)[:, None] * along)
    evidence = evidence_of([first, second])
    further = continued(first[:-4], 0, CoveredFrames(evidence, [first[:-4]]), BOX_NM, 20.0)
    assert (len(further) > 0 and np.linalg.norm(further[-1] - second[-1]) < 25) == crossed
    assert crossed or len(further) < 8
