"""What the report says of the lines."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.figures.line_figures import line_differences
from rapidstem.figures.line_sentences import agreement_sentence, count_words, truth_sentences
from rapidstem.figures.style import AQUA, BLUE, ORANGE
from rapidstem.scores.line_identity import IDENTITY_COLUMNS, identify_lines, identity_scores, whole_field
from rapidstem.scores.line_pairs import line_agreement, paired_lines

FIELD_NM = whole_field((1000.0, 800.0))
ALONG = np.column_stack([np.linspace(-400, 400, 201), np.zeros(201), np.zeros(201)])
SIDE, ALONE = ALONG + np.array([0.0, 200, 30]), ALONG + np.array([0.0, -250, 0])
LINES = [ALONG, SIDE[:101], SIDE[101:]]
OTHERS = [SIDE, ALONG, ALONE]


def summary(*kinds, probability=1.0, hidden_percent=5.0):
    table = pd.DataFrame(kinds, columns=["start_kind", "end_kind"])
    return table.assign(probability=probability, hidden_percent=hidden_percent, hidden_by=range(1, len(kinds) + 1), exchange_with=-1)


def points(lines):
    tables = [pd.DataFrame(line, columns=["x_nm", "y_nm", "z_nm"]).assign(line=number) for number, line in enumerate(lines)]
    return pd.concat([table.assign(point=range(len(table))) for table in tables])


@pytest.fixture
def pairs():
    return paired_lines(identify_lines(LINES, OTHERS, FIELD_NM), "rapid", "slow")


def test_two_lost_ends_may_be_those_of_one_line():
    assert count_words(summary(("surface", "border"), ("surface", "surface"))) == "2 dislocations"
    assert count_words(summary(("surface", "inside"), ("inside", "surface"))) == "1 to 2 dislocations (2 ends are lost inside the foil)"
    assert count_words(summary(("surface", "inside"))) == "1 dislocation (1 end is lost inside the foil)"


def test_a_line_is_not_joined_to_itself():
    both, one = ("inside", "inside"), ("surface", "inside")
    assert count_words(summary(both)) == "1 dislocation (2 ends are lost inside the foil)"
    assert count_words(summary(both, both, both)) == "1 to 3 dislocations (6 ends are lost inside the foil)"
    assert count_words(summary(both, both, one)) == "1 to 3 dislocations (5 ends are lost inside the foil)"
    assert count_words(summary(both, one, one, one, one)) == "2 to 5 dislocations (6 ends are lost inside the foil)"


def test_lines_of_little_probability_may_be_none():
    doubtful = summary(("surface", "border"), ("surface", "surface"), probability=[0.999, 0.6])
    assert count_words(doubtful) == "1 to 2 dislocations (1 line is doubtful)"


def test_a_doubtful_line_is_not_joined_to_another_and_left_out_besides():
    one, whole = ("surface", "inside"), ("surface", "border")
    pair = summary(one, one, probability=[0.999, 0.6])
    assert count_words(pair) == "1 to 2 dislocations (2 ends are lost inside the foil, 1 line is doubtful)"
    more = summary(one, one, one, whole, probability=[0.999, 0.6, 0.999, 0.5])
    assert count_words(more) == "1 to 4 dislocations (3 ends are lost inside the foil, 2 lines are doubtful)"


def test_lines_that_lie_on_each_other_are_said():
    hidden = summary(*[("surface", "border")] * 3, hidden_percent=[60.0, 70.0, 20.0])
    expected = "3 dislocations (2 lines lie on others in most frames, 0 on 1 and 1 on 2, and cannot be told from them there)"
    assert count_words(hidden) == expected


def test_many_lines_that_lie_on_each_other_are_left_to_the_table():
    hidden = summary(*[("surface", "border")] * 8, hidden_percent=[60.0] * 6 + [20.0] * 2)
    expected = "6 lines lie on others in most frames, named by `hidden_by` in `line_summary.csv`, and cannot be told from them there"
    assert count_words(hidden) == f"8 dislocations ({expected})"


def test_lines_that_may_have_exchanged_their_halves_are_named_once():
    passing = summary(*[("surface", "border")] * 3).assign(exchange_with=[2, -1, 0])
    assert count_words(passing) == "3 dislocations (lines 0 and 2 pass each other and may have exchanged their halves there)"


def test_the_first_sentence_counts_what_is_the_same_and_names_what_differs(pairs):
    whole = summary(*[("surface", "border")] * 3)
    sentence = agreement_sentence(pairs, whole, whole, "rapid", "slow")
    assert sentence.startswith("rapid shows 3 dislocations, slow 3 dislocations; 1 is the same line in both, one to one")
    assert "of slow 1 is split, of rapid 0 are merged" in sentence
    assert sentence.endswith("They differ in: slow 2 alone; rapid 1 and 2 for slow 0.")


def test_nothing_differs_between_a_tomogram_and_itself():
    same = paired_lines(identify_lines(OTHERS, OTHERS, FIELD_NM), "rapid", "slow")
    assert agreement_sentence(same, summary(), summary(), "rapid", "slow").endswith("none is split or merged. No compared line differs.")


def test_the_truth_has_a_sentence_for_each_variant():
    table = identity_scores(identify_lines(LINES, OTHERS, FIELD_NM), acquisition="series", variant="slow", against="truth")
    (sentence,) = truth_sentences(table)
    assert "1 of 3 lines one to one, 1 split, 0 traced lines merged, 1 missed, 0 invented" in sentence
    assert "one reflection" not in sentence
    assert truth_sentences(pd.DataFrame(columns=IDENTITY_COLUMNS)) == []


def test_both_counts_are_said_where_arms_can_be_joined_in_two_ways():
    by_burgers, by_course = identify_lines(LINES, OTHERS, FIELD_NM), identify_lines(LINES, LINES, FIELD_NM)
    (sentence,) = truth_sentences(identity_scores(by_burgers, by_course, acquisition="series", variant="slow", against="truth"))
    assert "1 of 3 lines one to one" in sentence
    assert sentence.endswith(f"joined by their course, {len(LINES)} of {len(LINES)} are one to one.")


def test_the_same_lines_have_one_colour_and_those_that_differ_another(pairs):
    drawing = line_differences(points(LINES), points(OTHERS), line_agreement(pairs), "rapid", "slow")
    colours = [line.get_color() for line in drawing.figure.axes[0].lines]
    assert colours == [BLUE, ORANGE, ORANGE, AQUA, BLUE, AQUA]
    assert {text.get_text() for text in drawing.figure.axes[0].texts} == {"0", "1", "2"}
    assert drawing.description == "1 line is the same in both; 2 of rapid and 2 of slow differ."


def test_line_that_was_not_compared_is_drawn_neither_as_same_nor_as_different(pairs):
    short = np.linspace([-300.0, 300, 0], [-260.0, 310, 0], 20)
    drawing = line_differences(points([*LINES, short]), points(OTHERS), line_agreement(pairs), "rapid", "slow")
    assert drawing.figure.axes[0].lines[3].get_color() not in (BLUE, ORANGE, AQUA)
    assert drawing.description == "1 line is the same in both; 2 of rapid and 2 of slow differ."
