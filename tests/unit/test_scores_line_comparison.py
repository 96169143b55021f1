"""Lines of tomograms beside each other and beside the true ones: which comparisons are made, in which field, after which motion."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations.pairing import RigidMotion
from rapidstem.scores.line_comparison import PlacedLines, compare_lines

SHAPE, VOXEL_NM = (40, 80, 100), 10.0
WIDTHS_NM = (1000.0, 800.0)
MOTION = RigidMotion(0.0, 0.0, 12.0, -8.0)


def curve(start: tuple[float, ...], end: tuple[float, ...], sag_nm: float) -> np.ndarray:
    """A bowed line, so that no motion along it goes unseen."""
    along = np.linspace(0, 1, 200)[:, None]
    return np.array(start) + along * (np.array(end) - start) + 4 * sag_nm * along * (1 - along) * [0, 0.5, 1]


LINES = [
    curve((-480, -300, -100), (480, 250, 120), 40),
    curve((-450, 300, 80), (450, -200, -90), -60),
    curve((-300, -350, 100), (200, 350, -60), 50),
    curve((100, -380, -120), (400, 380, 130), 30),
]


def placed(lines: list[np.ndarray]) -> PlacedLines:
    return PlacedLines.true(lines, SHAPE, VOXEL_NM)


def shares(detection: pd.DataFrame) -> tuple[float, float]:
    row = detection.set_index("place").loc["all"]
    return row["found_percent"], row["real_percent"]


def test_each_variant_is_compared_with_the_slow_series_and_with_its_own_truth():
    moved = [MOTION.undo(line) for line in LINES]
    found = {"slow": placed(LINES[:3]), "rapid-a": placed(moved)}
    true = {"slow": placed(LINES), "rapid-a": placed(LINES)}
    first, second, third = compare_lines(found, ["rapid-a"], true, WIDTHS_NM, "series")
    assert [(each.variant, each.against) for each in (first, second, third)] == [
        ("rapid-a", "slow"),
        ("slow", "truth"),
        ("rapid-a", "truth"),
    ]
    assert first.scores.loc[0, ["acquisition", "one_to_one", "invented", "missed"]].tolist() == ["series", 3, 1, 0]
    assert second.scores.loc[0, ["one_to_one", "invented", "missed"]].tolist() == [3, 0, 1]
    assert third.scores.loc[0, ["one_to_one", "invented", "missed"]].tolist() == [4, 0, 0]
    assert shares(third.detection) == (100, 100)
    row = third.detection.iloc[0]
    assert (row["shift_y_nm"], row["shift_z_nm"]) == pytest.approx((12, -8), abs=0.5)
    assert shares(second.detection)[0] < 85 and shares(second.detection)[1] == 100


def test_lines_as_one_reflection_shows_them_are_counted_beside_the_true_ones():
    found, true = {"slow": placed(LINES), "rapid-a": placed(LINES)}, {"slow": placed(LINES[:3]), "rapid-a": placed(LINES)}
    against_slow, slow, _ = compare_lines(found, ["rapid-a"], true, WIDTHS_NM, "series", {"slow": LINES, "rapid-a": LINES})
    assert slow.scores.loc[0, ["true_lines", "one_to_one", "shown_lines", "shown_one_to_one"]].tolist() == [3, 3, 4, 4]
    assert np.isnan(against_slow.scores.loc[0, "shown_lines"])


def test_truths_of_two_series_may_differ_where_the_foil_has_bent():
    bent = [line + np.column_stack([0 * line[:, 0], 0 * line[:, 0], -3e-4 * line[:, 0] ** 2]) for line in LINES]
    found = {"slow": placed(bent), "rapid-a": placed(LINES)}
    own = list(compare_lines(found, [], {"slow": placed(bent), "rapid-a": placed(LINES)}, WIDTHS_NM, "series"))
    assert all(shares(each.detection) == (100, 100) for each in own)
    (other,) = compare_lines(found, [], {"slow": placed(LINES)}, WIDTHS_NM, "series")
    assert shares(other.detection)[0] < 90


def test_with_the_slow_series_the_common_field_counts_and_with_the_truth_the_whole_one():
    shift = RigidMotion(0.0, 300.0, 0.0, 0.0)
    long = [line * [1.8, 1, 1] for line in LINES]
    found = {"slow": placed(long), "rapid-a": placed([shift.undo(line) for line in long])}
    against_slow, against_truth = compare_lines(found, ["rapid-a"], {"rapid-a": placed(long)}, WIDTHS_NM, "series")
    assert against_slow.identity.reference.lengths_nm.sum() < 0.9 * against_truth.identity.reference.lengths_nm.sum()


def test_what_the_slow_series_does_not_hold_is_not_called_false() -> None:
    """The same lines in fields 300 nm apart, each cut at its own border."""
    shift = RigidMotion(0.0, 300.0, 0.0, 0.0)
    long = [line * [1.8, 1, 1] for line in LINES]
    own, slow = ([line[np.abs(line[:, 0]) <= 500] for line in lines] for lines in ([shift.undo(line) for line in long], long))
    (against_slow,) = compare_lines({"slow": placed(slow), "rapid-a": placed(own)}, ["rapid-a"], {}, WIDTHS_NM, "series")
    assert against_slow.detection["shift_x_nm"].iloc[0] == pytest.approx(300, abs=1)
    assert shares(against_slow.detection) == pytest.approx((100, 100), abs=0.5)


def test_nothing_to_compare_with():
    assert list(compare_lines({"rapid-a": placed(LINES)}, [], {}, WIDTHS_NM, "series")) == []
