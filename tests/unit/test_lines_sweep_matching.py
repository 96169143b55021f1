"""Lines of two sweeps matched: which is which, how far they have gone, and what area they have swept."""

import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations import RigidMotion, loop_from
from rapidstem.errors import InputError
from rapidstem.lines.motion.glide_planes import line_planes
from rapidstem.lines.motion.sweep_matching import check_same_field, interval_between, matched_sweeps, sweep_words, swept_area_nm2
from tests.unit.motion_phantoms import NORMALS, threading, tomogram_of, trace

FIRST, SECOND = "(111)", "(-111)"
LINES = [threading(FIRST, (-120.0, 60.0)), threading(SECOND, (60.0, 90.0), -0.4), threading(FIRST, (100.0, -90.0), 0.5, -20.0)]


def _match(later: list[np.ndarray], noise_nm: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    earlier = tomogram_of(LINES)
    noisy = [line + rng.normal(0, noise_nm, 3) for line in later]
    planes = line_planes(earlier.points, earlier.summary, NORMALS)
    return matched_sweeps(earlier.points, tomogram_of(noisy).points, planes, None).set_index("earlier_line")


def test_lines_that_moved_in_their_planes_are_found_again_in_any_order_and_direction() -> None:
    table = _match([LINES[2], LINES[0] + 120 * trace(FIRST), LINES[1][::-1]])
    assert table["line"].to_dict() == {0: 1, 1: 2, 2: 0}
    assert table["what"].to_dict() == {0: "moved", 1: "rested", 2: "rested"}
    assert table["plane"].to_dict() == {0: FIRST, 1: SECOND, 2: FIRST}
    assert table.loc[0, "distance_nm"] == pytest.approx(_across(LINES[0], 120 * trace(FIRST)), rel=0.15)
    assert table["off_plane_nm"].max() < 4
    assert table["certain"].all()


def test_the_velocity_is_the_way_over_the_time_between_the_sweeps() -> None:
    earlier, later = tomogram_of(LINES), tomogram_of([LINES[0] + 120 * trace(FIRST), LINES[1]])
    planes = line_planes(earlier.points, earlier.summary, NORMALS)
    table = matched_sweeps(earlier.points, later.points, planes, 40.0).set_index("earlier_line")
    assert table.loc[0, "velocity_nm_per_s"] == pytest.approx(table.loc[0, "distance_nm"] / 40)
    assert table.loc[0, "velocity_nm_per_s"] > 2 and table.loc[1, "velocity_nm_per_s"] < 0.1
    assert np.isnan(table.loc[2, "velocity_nm_per_s"])
    assert matched_sweeps(earlier.points, later.points, planes, None)["velocity_nm_per_s"].isna().all()


def test_the_interval_between_sweeps_counts_from_middle_to_middle_where_both_say_when_their_frames_were_taken() -> None:
    frames = [np.array([0.0, 2.0, 4.0]), np.array([0.0, 6.0])]
    assert interval_between([1000.0, 1010.0], frames) == 11
    assert interval_between([1000.0, 1010.0], [frames[0], None]) == 10
    assert interval_between([None, 1010.0], frames) is None
    assert interval_between([1010.0, 1000.0], frames) is None


def _across(line: np.ndarray, way: np.ndarray) -> float:
    """The way at right angles to the chord of a line."""
    chord = (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
    return float(np.linalg.norm(way - (way @ chord) * chord))


def test_a_line_does_not_leave_its_plane_for_a_nearer_partner() -> None:
    aside = LINES[0] + 40 * NORMALS[FIRST]
    table = _match([LINES[0] + 130 * trace(FIRST), aside, LINES[1], LINES[2]])
    assert table.loc[0, "line"] == 0 and table.loc[0, "what"] == "moved"
    assert table.loc[-1, "line"] == 1 and table.loc[-1, "what"] == "new"


def test_a_screw_that_has_slipped_across_is_found_again_and_a_bent_line_is_not() -> None:
    along = np.cross(NORMALS[FIRST], NORMALS[SECOND])
    screw = np.linspace(-1, 1, 60)[:, None] * along / along[2] * 100.0
    way = 40 * trace(FIRST) + 50 * trace(SECOND)
    earlier = tomogram_of([screw, LINES[1]])
    planes = line_planes(earlier.points, earlier.summary, NORMALS)
    assert len(planes[0]) == 2
    table = matched_sweeps(earlier.points, tomogram_of([LINES[1], screw + way]).points, planes, None).set_index("earlier_line")
    assert table.loc[0, "line"] == 1 and table.loc[0, "what"] == "cross slip" and table.loc[1, "what"] == "rested"
    assert table.loc[0, "off_plane_nm"] > 15
    glided = matched_sweeps(earlier.points, tomogram_of([screw + 90 * trace(FIRST)]).points, planes, None).set_index("earlier_line")
    assert glided.loc[0, "what"] == "moved"


def test_gone_lines_and_two_that_cannot_be_told_apart_are_said() -> None:
    assert _match([LINES[0], LINES[1]]).loc[2, "what"] == "gone"
    both = _match([LINES[0] + 60 * trace(FIRST), LINES[0] - 60 * trace(FIRST), LINES[1], LINES[2]])
    assert both.loc[0, "certain"] == 0 and both.loc[0, "margin"] < 0.5
    assert both.loc[1, "certain"] == 1


def test_the_area_of_a_glide_is_base_times_height() -> None:
    line = np.column_stack([np.linspace(0, 300, 31), np.zeros(31), np.zeros(31)])
    assert swept_area_nm2(line, line + np.array([0.0, 40, 30])) == pytest.approx(300 * 50)
    assert swept_area_nm2(line, (line + np.array([0.0, 40, 30]))[::-1]) == pytest.approx(300 * 50)
    bow = line + np.column_stack([np.zeros(31), 60 * (1 - np.linspace(-1, 1, 31) ** 2), np.zeros(31)])
    assert swept_area_nm2(line, bow) == pytest.approx(300 * 60 * 2 / 3, rel=0.02)


@pytest.mark.parametrize("points", [2, 5])
def test_the_area_between_two_lines_from_one_pin_is_that_of_the_triangle(points: int) -> None:
    one, two = (np.linspace([0.0, 0.0, 0.0], end, points) for end in ([100.0, 0.0, 0.0], [80.0, 60.0, 0.0]))
    assert swept_area_nm2(one, two) == pytest.approx(3000)
    assert swept_area_nm2(two, one) == pytest.approx(3000)


def test_a_line_that_one_sweep_shows_farther_has_rested_whichever_it_is() -> None:
    tables = [tomogram_of([line]).points for line in (LINES[0][:45], LINES[0])]
    for earlier, later in (tables, tables[::-1]):
        row = matched_sweeps(earlier, later, {}, None).iloc[0]
        assert row["what"] == "rested" and row["largest_nm"] < 1


def test_loops_may_begin_anywhere_and_run_either_way() -> None:
    angle = np.linspace(0, 2 * np.pi, 121)
    ring = np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    ring[-1] = ring[0]
    for begun in (ring, loop_from(ring, 47), loop_from(ring, 60)[::-1]):
        assert swept_area_nm2(100 * ring, 100 * begun) == pytest.approx(0, abs=1e-6)
        assert swept_area_nm2(100 * ring, 130 * begun) == pytest.approx(np.pi * (130**2 - 100**2), rel=0.01)


def test_another_field_is_refused_with_the_shares() -> None:
    earlier = tomogram_of(LINES).points
    mirrored = earlier.assign(x_nm=-earlier["x_nm"])
    found, chance = check_same_field(earlier, earlier, mirrored)
    assert found == pytest.approx(100) and chance < 60
    with pytest.raises(InputError, match=r"different fields: \d+ %.*column 'tomogram'"):
        check_same_field(earlier, mirrored, earlier)


def test_fields_of_which_nothing_lies_on_the_other_are_refused_too() -> None:
    earlier = tomogram_of(LINES).points
    elsewhere = earlier.assign(x_nm=earlier["x_nm"] + 5000)
    with pytest.raises(InputError, match=r"different fields: 0 % of the later lines.* and 0 %"):
        check_same_field(earlier, elsewhere, elsewhere)


def test_planes_that_lines_fix_themselves_turn_with_their_lines() -> None:
    motion = RigidMotion(5.0, 30.0, -20.0, 10.0)
    bowed = [threading(FIRST, (-120.0, 60.0), bow_nm=80.0), threading(SECOND, (60.0, 90.0), -0.4, bow_nm=-80.0)]
    earlier, later = tomogram_of(bowed, crystal=False), tomogram_of([motion.apply(line) for line in bowed], crystal=False)
    planes = line_planes(motion.applied_to(earlier.points), motion.applied_to(earlier.summary), {})
    expected = line_planes(later.points, later.summary, {})
    assert planes.keys() == expected.keys() == {0, 1}
    for number, (plane,) in planes.items():
        assert abs(plane.normal @ expected[number][0].normal) == pytest.approx(1.0)


def test_sweeps_without_lines_are_of_any_field_and_all_lines_of_the_other_are_new_or_gone() -> None:
    full = tomogram_of(LINES).points
    empty = full.iloc[:0]
    for earlier, later, what in ((full, empty, ["gone"] * 3), (empty, full, ["new"] * 3), (empty, empty, [])):
        assert np.isnan(check_same_field(earlier, later, later)).all()
        assert matched_sweeps(earlier, later, {}, None)["what"].tolist() == what


def test_sweeps_of_other_range_or_direction_are_told() -> None:
    forth, back, short = np.linspace(-70, 70, 71), np.linspace(70, -70, 71), np.linspace(-70, 40, 56)
    assert sweep_words(forth, forth) == ""
    assert "turned the other way" in sweep_words(forth, back) and "goes from" not in sweep_words(forth, back)
    assert "from -70 to 70 degrees, this one from -70 to 40; what only one of them shows" in sweep_words(forth, short)
