"""Which traced line is which true one, on lines whose answer is known."""

import numpy as np
import pytest

from rapidstem.dislocations.pairing import RigidMotion
from rapidstem.scores.line_identity import IDENTITY_COLUMNS, common_field, identify_lines, identity_scores, junctions_of, whole_field

FIELD_NM = whole_field((1000.0, 800.0))
NAMES = {"acquisition": "series", "variant": "slow", "against": "truth"}


def straight(start, end, step_nm=4.0):
    start, end = np.array(start, float), np.array(end, float)
    count = max(2, int(np.linalg.norm(end - start) / step_nm) + 1)
    return start + np.linspace(0, 1, count)[:, None] * (end - start)


ALONG = straight((-400, 0, 0), (400, 0, 0))
ABOVE = straight((-400, 200, 50), (300, 300, 50))
ACROSS = straight((0, -300, 10), (0, 300, 10))


def test_identical_sets_are_one_to_one_and_reach_the_largest_run_length():
    identity = identify_lines([ABOVE, ALONG], [ALONG, ABOVE], FIELD_NM)
    assert identity.one_to_one.all() and np.array_equal(identity.same, [[False, True], [True, False]])
    assert not identity.split.any() and not identity.merged.any() and not identity.missed.any() and not identity.invented.any()
    expected = (800**2 + 500000) / (800 + np.sqrt(500000))
    assert identity.run_length_nm == pytest.approx(identity.largest_run_length_nm) == pytest.approx(expected)
    assert identity.distance_nm[1, 0] == pytest.approx(0, abs=1e-9)


def test_a_line_in_two_parts_is_split_and_halves_its_run_length():
    identity = identify_lines([ALONG[:101], ALONG[101:]], [ALONG], FIELD_NM)
    assert identity.split.tolist() == [True] and not identity.one_to_one.any() and not identity.merged.any()
    assert identity.run_length_nm == pytest.approx(400, rel=0.01)


def test_two_lines_in_one_are_merged():
    parts = [straight((-400, 0, 0), (-50, 0, 0)), straight((50, 0, 0), (400, 0, 0))]
    identity = identify_lines([ALONG], parts, FIELD_NM)
    assert identity.merged.tolist() == [True] and not identity.one_to_one.any() and not identity.split.any()


def test_lines_that_exchange_their_ends_where_they_cross():
    first, second = straight((-400, -200, 0), (400, 200, 0)), straight((-400, 200, 10), (400, -200, 10))
    half = len(first) // 2
    exchanged = [np.vstack([first[:half], second[half:]]), np.vstack([second[:half], first[half:]])]
    identity = identify_lines(exchanged, [first, second], FIELD_NM)
    assert identity.split.all() and identity.merged.all() and not identity.one_to_one.any()
    led_through = identify_lines([second, first], [first, second], FIELD_NM)
    assert led_through.one_to_one.all() and not led_through.merged.any()


def test_missing_and_invented_lines():
    identity = identify_lines([ALONG, straight((-300, -350, 0), (300, -350, 0))], [ALONG, ABOVE], FIELD_NM)
    assert identity.one_to_one.tolist() == [True, False]
    assert identity.missed.tolist() == [False, True] and identity.invented.tolist() == [False, True]


@pytest.mark.parametrize(("missing_nm", "same"), [(36, True), (76, True), (120, False)])
def test_a_tenth_of_a_line_may_be_missing(missing_nm, same):
    assert identify_lines([straight((-400 + missing_nm, 0, 0), (400, 0, 0))], [ALONG], FIELD_NM).one_to_one[0] == same
    assert identify_lines([ALONG], [straight((-400 + missing_nm, 0, 0), (400, 0, 0))], FIELD_NM).one_to_one[0] == same


def test_only_the_field_counts_and_a_line_that_comes_back_is_two_pieces():
    bow = np.vstack([straight((-300, 300, 0), (0, 500, 0)), straight((0, 500, 0), (300, 300, 0))])
    identity = identify_lines([straight((-300, 300, 0), (-150, 400, 0))], [bow, straight((0, 420, 0), (300, 600, 0))], FIELD_NM)
    assert identity.reference.numbers.tolist() == [0, 0]
    assert identity.reference.lengths_nm == pytest.approx([180.3, 180.3], abs=0.5)
    assert identity.one_to_one.tolist() == [True, False]


def test_junctions_are_found_and_real_within_30_nm():
    star = [straight((0, 0, 0), end) for end in ((300, 0, 0), (-200, 200, 0), (-200, -200, 0))]
    moved = [line + np.array([0, 14.0, 0]) for line in star]
    identity = identify_lines([*moved, *(line + np.array([0, 150.0, 60]) for line in star)], star, FIELD_NM)
    assert identity.junctions_found.tolist() == [True]
    assert sorted(identity.junctions_real.tolist()) == [False, True]
    assert len(junctions_of([ALONG, ABOVE, ACROSS])) == 0
    assert len(junctions_of(star[:2])) == 0


def test_the_motion_between_the_tomograms_is_undone():
    motion = RigidMotion(4.0, 10.0, -60.0, 25.0)
    identity = identify_lines([ALONG, ABOVE], [motion.apply(ALONG), motion.apply(ABOVE)], FIELD_NM, motion)
    assert identity.one_to_one.all() and np.allclose(identity.reference.points_nm[1], ABOVE)
    assert not identify_lines([ALONG, ABOVE], [motion.apply(ALONG), motion.apply(ABOVE)], FIELD_NM).one_to_one.any()


def test_what_one_tomogram_does_not_hold_is_not_compared():
    motion = RigidMotion(shift_y_nm=150.0)
    only_first = straight((-400, 350, 0), (400, 350, 0))
    field_nm = common_field((1000.0, 800.0), motion)
    assert np.array_equal(field_nm, [[-500, -400], [500, 250]])
    assert len(identify_lines([ALONG, only_first], [motion.apply(ALONG)], field_nm, motion).traced.numbers) == 1


@pytest.mark.parametrize(("traced", "reference", "lines"), [([], [ALONG], (1, 0)), ([ALONG], [], (0, 1)), ([], [], (0, 0))])
def test_an_empty_set(traced, reference, lines):
    row = identity_scores(identify_lines(traced, reference, FIELD_NM), **NAMES).iloc[0]
    assert (row["true_lines"], row["traced_lines"]) == lines and row["one_to_one"] == 0
    assert row["missed"] == lines[0] and row["invented"] == lines[1]
    assert row["run_length_nm"] == 0 if reference else np.isnan(row["run_length_nm"])


def test_the_row_counts_what_was_compared():
    table = identity_scores(identify_lines([ALONG[:101], ALONG[101:], ABOVE], [ALONG, ABOVE], FIELD_NM), **NAMES)
    assert list(table) == IDENTITY_COLUMNS
    row = table.iloc[0]
    assert (row["true_lines"], row["traced_lines"], row["one_to_one"], row["one_to_one_percent"]) == (2, 3, 1, 50)
    assert (row["split"], row["merged"], row["true_junctions"], row["traced_junctions"]) == (1, 0, 0, 0)
    assert np.isnan(row["shown_lines"]) and np.isnan(row["shown_one_to_one"])


def test_the_row_holds_both_counts_where_lines_can_be_joined_in_two_ways():
    parts = identify_lines([ALONG[:101], ALONG[101:], ABOVE], [ALONG[:101], ALONG[101:], ABOVE], FIELD_NM)
    row = identity_scores(identify_lines([ALONG[:101], ALONG[101:], ABOVE], [ALONG, ABOVE], FIELD_NM), parts, **NAMES).iloc[0]
    assert (row["true_lines"], row["one_to_one"], row["shown_lines"], row["shown_one_to_one"]) == (2, 1, 3, 3)
