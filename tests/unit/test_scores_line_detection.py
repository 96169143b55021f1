"""Shares of line length found and real."""

import numpy as np
import pytest

from rapidstem.dislocations.pairing import RigidMotion
from rapidstem.scores.line_identity import whole_field
from rapidstem.scores.line_recovery import line_detection, sampled

NAMES = {"acquisition": "series", "variant": "slow", "against": "truth"}
FIELD_NM = whole_field((1000.0, 800.0))
ALONG = np.array([[-600.0, 0, 0], [600.0, 0, 0]])
ACROSS = np.array([[0.0, -300, 100], [0.0, 300, 100]])


def shares(traced, reference, **options):
    return line_detection(traced, reference, FIELD_NM, **options, **NAMES).set_index("place")


def test_perfect_lines_score_full_and_only_the_field_counts():
    table = shares([ALONG, ACROSS], [ALONG, ACROSS])
    assert table.loc["all", "true_nm"] == pytest.approx(1000 + 600, abs=4)
    assert table["found_percent"].dropna().eq(100).all() and table["real_percent"].dropna().eq(100).all()
    assert table.loc["along x", "true_nm"] == pytest.approx(1000, abs=4)
    assert table.loc["across x", "true_nm"] == pytest.approx(600, abs=4)


def test_missing_half_and_invented_line():
    table = shares([np.array([[-600.0, 0, 0], [0, 0, 0]]), ACROSS + 50], [ALONG])
    assert table.loc["all", "found_percent"] == pytest.approx(52, abs=0.5)
    assert table.loc["all", "real_percent"] == pytest.approx(100 * 500 / 1100, abs=0.5)


def test_radius_decides():
    assert shares([ALONG + np.array([0, 19, 0])], [ALONG]).loc["all", "found_percent"] == 100
    assert shares([ALONG + np.array([0, 21, 0])], [ALONG]).loc["all", "found_percent"] == 0


def test_motion_is_undone_and_stated():
    motion = RigidMotion(4.0, 10.0, -60.0, 25.0)
    table = shares([ALONG, ACROSS], [motion.apply(ALONG), motion.apply(ACROSS)], motion=motion)
    assert table.loc["all", "found_percent"] == 100 and table.loc["all", "real_percent"] == 100
    assert table.loc["all", "rotation_deg"] == 4.0 and table.loc["all", "shift_y_nm"] == -60.0
    assert shares([ALONG, ACROSS], [motion.apply(ALONG), motion.apply(ACROSS)]).loc["all", "found_percent"] < 10


def test_a_field_beside_the_origin_has_its_own_borders():
    """From -300 to 500 nm in x and from -400 to 200 in y: what lies within 60 nm of its edges is at the border."""
    field_nm = np.array([[-300.0, -400.0], [500.0, 200.0]])
    table = line_detection([ALONG], [ALONG, ACROSS], field_nm, **NAMES).set_index("place")
    assert table.loc["all", ["true_nm", "traced_nm"]].tolist() == pytest.approx([800 + 500, 800], abs=4)
    assert table.loc["border", ["true_nm", "traced_nm"]].tolist() == pytest.approx([120 + 60, 120], abs=4)


def test_a_line_that_rises_is_at_the_surface_within_30_nm_of_its_heights():
    rising = np.array([[0.0, -250.0, -100.0], [0.0, 250.0, 100.0]])
    table = shares([rising], [rising])
    whole_nm = np.hypot(500, 200)
    assert table.loc["surface", "true_nm"] == pytest.approx(2 * 30 / 200 * whole_nm, abs=5)
    assert table.loc["middle", "true_nm"] == pytest.approx(140 / 200 * whole_nm, abs=5)
    assert table.loc["border", "true_nm"] == 0


def test_nothing_found_and_nothing_true():
    assert shares([], [ALONG]).loc["all", "found_percent"] == 0
    assert np.isnan(shares([], [ALONG]).loc["all", "real_percent"])
    assert np.isnan(shares([ALONG], []).loc["all", "found_percent"])


def test_samples_are_evenly_spaced_along_a_bent_line():
    points, directions = sampled([np.array([[0.0, 0, 0], [3.0, 0, 0], [3.0, 9.0, 0]])])
    assert np.allclose(points[:, 0] + points[:, 1], np.arange(1, 12, 2))
    assert np.allclose(directions[-1], [0, 1, 0])
