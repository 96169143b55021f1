"""The table that says which line of one tomogram is which of another."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.files.tables import write_table
from rapidstem.scores.line_identity import identify_lines, whole_field
from rapidstem.scores.line_pairs import PAIR_COLUMNS, line_agreement, paired_lines

FIELD_NM = whole_field((1000.0, 800.0))
ALONG = np.column_stack([np.linspace(-400, 400, 201), np.zeros(201), np.zeros(201)])
SIDE = ALONG + np.array([0.0, 250.0, 40.0])
ALONE = ALONG + np.array([0.0, -250.0, -40.0])


def pairs_of(lines, others):
    return paired_lines(identify_lines(lines, others, FIELD_NM), "rapid-dlf-slow", "slow")


def test_same_lines_are_named_by_number_with_their_distance():
    table = pairs_of([SIDE, ALONG], [ALONG + np.array([0.0, 3.0, 4.0]), SIDE])
    assert list(table) == PAIR_COLUMNS
    assert table[["line", "against_line"]].to_numpy().tolist() == [[0, 1], [1, 0]] and table["same"].all()
    assert table["common_nm"].to_numpy(float) == pytest.approx([800, 800])
    assert table["distance_nm"].to_numpy(float) == pytest.approx([0, 5])


def test_a_split_line_has_a_row_for_each_part():
    table = pairs_of([ALONG], [ALONG[:121], ALONG[121:]])
    assert table["against_line"].tolist() == [0, 1] and not table["same"].any()
    assert table["covered_percent"].to_numpy(float) == pytest.approx([60, 40], abs=1)
    assert table["against_covered_percent"].to_numpy(float) == pytest.approx([100, 100])


def test_lines_without_a_partner_are_listed_too():
    table = pairs_of([ALONG, SIDE], [ALONE, ALONG])
    assert table.loc[table["against_line"].isna(), "line"].tolist() == [1]
    assert table.loc[table["line"].isna(), "against_line"].tolist() == [0]
    assert len(table) == 3 and table["same"].sum() == 1


def test_numbers_stay_whole_numbers_in_the_file(tmp_path):
    write_table(tmp_path / "pairs.csv", pairs_of([ALONG, SIDE], [ALONE, ALONG]))
    written = pd.read_csv(tmp_path / "pairs.csv", dtype=str, keep_default_na=False)
    assert written[["line", "against_line"]].to_numpy().tolist() == [["0", "1"], ["1", ""], ["", "0"]]


def test_no_lines_at_all():
    assert list(pairs_of([], [])) == PAIR_COLUMNS and pairs_of([], []).empty


def test_lines_are_the_same_or_differ_in_groups():
    crossing = np.column_stack([np.zeros(151), np.linspace(-300, 300, 151), np.full(151, 5.0)])
    agreement = line_agreement(pairs_of([SIDE[:101], crossing, SIDE[101:], ALONE], [ALONG, SIDE, crossing]))
    assert agreement.same == [(1, 2)]
    assert agreement.different == [([], [0]), ([0, 2], [1]), ([3], [])]
    assert agreement.split == 1 and agreement.merged == 0
    assert line_agreement(pairs_of([], [])).different == []
