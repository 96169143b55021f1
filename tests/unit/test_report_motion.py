"""Lines in motion on the page: by time in three dimensions, how fast, what happened, and against the truth where there is one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rapidstem.lines.motion import FLAG_COLUMNS, FOLLOWED_COLUMNS, POSITION_COLUMNS, SWEEP_COLUMNS
from rapidstem.report.motion_sections import MOST_MOMENTS, sweep_section
from rapidstem.report.session_results import Results
from rapidstem.scores.motion_scores import MOTION_COLUMNS
from tests.unit.report_session import RAPID, contents, write_tables

FRAMES, PERIOD_S, SPEED = 71, 0.07, {0: 3.0, 1: -60.0}
MOVING = {"matched_sweeps": {"s": ["slow", RAPID]}, "followed_sweeps": {"s": [RAPID]}}


def _positions() -> pd.DataFrame:
    """A line that hardly moves and one that glides towards lower x from frame 20 on; both of three nodes."""
    rows = []
    for frame in range(FRAMES):
        for line, speed in SPEED.items():
            moved = speed * max(frame - 20, 0) * PERIOD_S if line else 0.0
            known = {"line": line, "frame": frame, "time_s": frame * PERIOD_S, "x_nm": 100.0 * line + moved, "sigma_velocity_nm_per_s": 4.0}
            known |= {"velocity_nm_per_s": speed if frame > 20 or not line else 1.0, "measured": 1}
            rows += [known | {"node": node, "y_nm": 8.0 * node, "z_nm": 5.0 * node} for node in (0, 3, 6)]
    return pd.DataFrame(rows).reindex(columns=POSITION_COLUMNS)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    write_tables(tmp_path)
    folder = tmp_path / "dislocations/s"
    _positions().to_csv(folder / f"{RAPID}.positions.csv", index=False)
    flags = pd.DataFrame({"line": [1, 1], "flag": ["jump", "cross slip"], "frame": [30, 40]}).reindex(columns=FLAG_COLUMNS)
    flags.to_csv(folder / f"{RAPID}.flags.csv", index=False)
    followed = pd.DataFrame({"line": [0, 1, 2], "plane": ["(111)", "(-111)", ""], "followed": [1, 1, 0]}).reindex(columns=FOLLOWED_COLUMNS)
    followed.to_csv(folder / f"{RAPID}.followed.csv", index=False)
    pairs = {"line": [0, 4, -1], "earlier_line": [0, 1, 2], "what": ["rested", "moved", "gone"], "certain": [1, 0, 0]}
    for variant in ("slow", RAPID):
        pd.DataFrame(pairs).reindex(columns=SWEEP_COLUMNS).to_csv(folder / f"{variant}.sweep.csv", index=False)
    pd.DataFrame({"time_s": np.arange(FRAMES) * PERIOD_S}).to_csv(tmp_path / f"tilt_series/s/{RAPID}.angles.csv", index=False)
    return Results(tmp_path)


def test_the_lines_of_a_sweep_are_shown_by_time_where_they_were(results: Results) -> None:
    section = sweep_section(results, contents(**MOVING), "s")
    assert [panel.name for panel in section.panels] == [RAPID]
    (cloud,) = section.panels[0].clouds
    assert len(cloud.times_s) == len(cloud.moved_nm) == MOST_MOMENTS
    assert cloud.times_s[-1] == pytest.approx((FRAMES - 1) * PERIOD_S)
    first, last = cloud.moved_nm[0], cloud.moved_nm[-1]
    assert [len(line) for line in last] == [3, 3]
    assert last[1][0][0] - first[1][0][0] == pytest.approx(-60 * 50 * PERIOD_S)
    assert last[0][0][0] == first[0][0][0]


def test_what_rested_and_what_moved_is_said_and_how_fast(results: Results) -> None:
    section = sweep_section(results, contents(**MOVING), "s")
    assert section.findings[1] == f"{RAPID}, against the earlier sweep: 1 rested, 1 moved, 1 gone."
    assert section.findings[2] == f"{RAPID}: 2 of 3 lines were followed through it; 1 cross slip, 1 jump flagged."
    tables = {table.title: table.table for table in section.tables}
    pairs = tables["Which line is which of the earlier sweep"]
    assert list(pairs["certain"]) == ["yes", "no", "no"] * 2 and pairs["line"].isna().sum() == 2
    speeds = tables[f"Velocities across the lines in {RAPID}"].set_index("line")
    assert list(speeds["usual speed / nm/s"]) == ["3", "60"] and list(speeds["its deviation"]) == ["4", "4"]
    assert f"Against the true motion in {RAPID}" not in tables


def test_scores_stand_beside_them_where_the_truth_is_known(results: Results) -> None:
    columns = ["acquisition", "variant", "fit", *MOTION_COLUMNS[2:]]
    score = {"line": [1, -1, -1], "fit": ["in time", "in time", "static"], "course": "all", "points": 9, "x_rms_nm": [9.0, 1.23, 20.0]}
    score |= {"kept_percent": 98.0, "visible_kept_percent": [None, 71.4, 60.0], "false_lines": [None, 2, 0]}
    (results.folder / "evaluation/sweeps/s").mkdir(parents=True)
    pd.DataFrame(score).reindex(columns=columns).to_csv(results.folder / f"evaluation/sweeps/s/{RAPID}.csv", index=False)
    tables = {table.title: table.table for table in sweep_section(results, contents(**MOVING), "s").tables}
    scores = tables[f"Against the true motion in {RAPID}"]
    assert list(scores["fit"]) == ["in time", "static"] and list(scores["x / nm"]) == ["1.2", "20.0"]
    assert list(scores["kept of all lines / %"]) == ["71", "60"] and list(scores["next to no true line"]) == ["2", "0"]


def test_followed_lines_and_events_are_printed_in_words(results: Results) -> None:
    folder = results.folder / "dislocations/s"
    followed = {"line": [0, 1], "plane": ["(111)", ""], "later_plane": ["(-111)", ""], "later_from_frame": [40, -1], "followed": [1, 0]}
    followed |= {"normal_x": [0.577, None], "normal_y": [-0.726, None], "normal_z": [0.373, None], "beam_angle_deg": [23.79, None]}
    followed |= {"reason": ["", "no certain plane"], "first_frame": [0, -1], "last_frame": [70, -1], "seen_percent": [77.4, 0.0]}
    pd.DataFrame(followed).reindex(columns=FOLLOWED_COLUMNS).to_csv(folder / f"{RAPID}.followed.csv", index=False)
    flags = pd.DataFrame({"line": [1, -1], "flag": ["jump", "new"], "frame": [30, 40], "time_s": 2.5, "x_nm": [5.0, None], "size_nm": 30.2})
    flags.reindex(columns=FLAG_COLUMNS).to_csv(folder / f"{RAPID}.flags.csv", index=False)
    tables = {table.title: table.table for table in sweep_section(results, contents(**MOVING), "s").tables}
    lines, events = tables[f"Lines that were followed in {RAPID}"], tables[f"What happened to them in {RAPID}"]
    assert not any("_" in str(name) for name in [*lines.columns, *events.columns])
    assert lines["followed"].tolist() == ["yes", "no"]
    assert lines["normal (x / y / z)"].iloc[0] == "0.58 / -0.73 / 0.37" and pd.isna(lines["normal (x / y / z)"].iloc[1])
    assert lines["later from frame"].tolist() == ["40", None] and lines["last frame"].tolist() == ["70", None]
    assert events["line"].tolist() == ["1", None] and events["size / nm"].tolist() == ["30", "30"]


def test_sweeps_without_times_are_matched_and_have_no_view(results: Results) -> None:
    section = sweep_section(results, contents(matched_sweeps={"s": ["slow"]}), "s")
    assert not section.panels and len(section.findings) == len(section.tables) == 1


def test_sweeps_without_a_line_have_a_section_that_says_so(results: Results) -> None:
    folder = results.folder / "dislocations/s"
    for path in [*folder.glob("*.sweep.csv"), *(folder / f"{RAPID}.{name}.csv" for name in ("positions", "flags", "followed"))]:
        pd.read_csv(path).iloc[:0].to_csv(path, index=False)
    section = sweep_section(results, contents(**MOVING), "s")
    assert section.findings == [f"{RAPID}: 0 of 0 lines were followed through it; nothing flagged."]
    assert not section.panels[0].clouds and f"Velocities across the lines in {RAPID}" not in {table.title for table in section.tables}
