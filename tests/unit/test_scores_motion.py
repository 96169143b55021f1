"""Followed lines against their true motion: answers that are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rapidstem.scores import (
    TrueLine,
    jump_responses,
    kept_lengths,
    motion_errors,
    owned_lines,
    resting_positions,
    score_motion,
    sweep_scores,
    true_lines,
)

BASE = np.column_stack([np.arange(0, 200, 2.0), np.zeros(100), np.zeros(100)])
FRAME_S = 0.07


def _line(offset_nm: float, course: str = "resting", place=lambda time: 0.0, jumps=(), until_s: float = np.inf) -> TrueLine:
    return TrueLine(
        lambda time: BASE + np.array([0.0, offset_nm + place(time), 0.0]), course, np.array(jumps, float).reshape(-1, 2), until_s
    )


def _positions(line: int, place, frames: int = 12, z_nm: float = 0.0, speed: float = 0.0) -> pd.DataFrame:
    rows = []
    for frame in range(frames):
        for node in range(9):
            time = frame * FRAME_S
            rows.append((line, node, frame, time, 20.0 * node + 10, place(frame), z_nm, 3.0, speed, 1.0, 2.0, 2.0, 10.0, 1))
    columns = ["line", "node", "frame", "time_s", "x_nm", "y_nm", "z_nm", "sigma_nm", "velocity_nm_per_s"]
    return pd.DataFrame(rows, columns=[*columns, "sigma_x_nm", "sigma_y_nm", "sigma_z_nm", "sigma_velocity_nm_per_s", "measured"])


def test_a_known_offset_is_found_across_the_line_alone() -> None:
    truth = {7: _line(0.0), 9: _line(100.0)}
    positions = _positions(3, lambda frame: 2.0, z_nm=-4.0)
    owned = owned_lines(positions, truth)
    assert owned == {3: 7}
    errors = motion_errors(positions, truth, owned)
    kept = kept_lengths(positions, truth, owned, np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0)
    followed = pd.DataFrame({"line": [3], "beam_angle_deg": [40.0]})
    row = score_motion(positions, errors, kept, followed, truth, owned).iloc[0]
    assert (row["x_rms_nm"], row["y_rms_nm"], row["z_rms_nm"]) == pytest.approx((0, 2, 4), abs=1e-6)
    assert (row["y_ratio"], row["z_ratio"], row["gliding_points"]) == pytest.approx((1, 2, 0))
    assert row["kept_percent"] > 90


def test_lines_that_were_never_followed_and_followed_ones_that_are_none_are_counted() -> None:
    truth = {7: _line(0.0), 9: _line(100.0)}
    positions = pd.concat([_positions(3, lambda frame: 2.0), _positions(4, lambda frame: -60.0)], ignore_index=True)
    owned = owned_lines(positions, truth)
    kept = kept_lengths(positions, truth, owned, np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0)
    followed = pd.DataFrame({"line": [3, 4], "beam_angle_deg": [40.0, 40.0]})
    rows = score_motion(positions, motion_errors(positions, truth, owned), kept, followed, truth, owned).set_index("line")
    assert owned == {3: 7} and rows.loc[-1, "false_lines"] == 1
    assert rows.loc[-1, "kept_percent"] == rows.loc[3, "kept_percent"] > 90
    assert rows.loc[-1, "visible_kept_percent"] == pytest.approx(rows.loc[-1, "kept_percent"] / 2)
    assert rows.loc[3, ["visible_kept_percent", "false_lines"]].isna().all()


def test_what_was_not_followed_has_scores_without_a_value() -> None:
    nothing = _positions(3, lambda frame: 2.0).iloc[:0]
    for truth in ({7: _line(0.0)}, {}):
        kept = kept_lengths(nothing, truth, owned_lines(nothing, truth), np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0)
        row = score_motion(nothing, motion_errors(nothing, truth, {}), kept, pd.DataFrame({"line": [], "beam_angle_deg": []}), truth, {})
        assert len(row) == 1 and row["points"].iloc[0] == row["false_lines"].iloc[0] == 0
        assert row["visible_kept_percent"].iloc[0] == 0 if truth else row["visible_kept_percent"].isna().all()


def test_gliding_nodes_are_compared_at_their_own_time() -> None:
    truth = {0: _line(0.0, "sweeping", lambda time: 200.0 * time)}
    positions = _positions(0, lambda frame: 200.0 * FRAME_S * frame)
    errors = motion_errors(positions, truth, owned_lines(positions, truth))
    assert errors["gliding"].all() and np.abs(errors["y_nm"]).max() < 0.5


@pytest.mark.parametrize(("speed", "gliding"), [(90.0, False), (110.0, True)])
def test_a_true_line_glides_from_100_nm_per_s_on(speed: float, gliding: bool) -> None:
    truth = {0: _line(0.0, "gliding", lambda time: speed * time)}
    positions = _positions(0, lambda frame: speed * FRAME_S * frame)
    assert (motion_errors(positions, truth, owned_lines(positions, truth))["gliding"] == gliding).all()


def test_errors_and_velocities_are_those_across_a_line_that_runs_and_moves_at_an_angle() -> None:
    along, across = np.array([1.0, 1.0, 0.0]) / np.sqrt(2), np.array([-1.0, 1.0, 0.0]) / np.sqrt(2)
    inclined = BASE[:, :1] * along
    truth = {0: TrueLine(lambda time: inclined + np.array([0.0, 200.0 * time, 0.0]), "gliding", np.zeros((0, 2)), np.inf)}
    positions = _positions(0, lambda frame: 0.0, speed=200.0 / np.sqrt(2))
    places = (20.0 * positions[["node"]].to_numpy() + 10.7) * along + 3.0 * across
    places[:, 1] += 200.0 * positions["time_s"]
    errors = motion_errors(positions.assign(x_nm=places[:, 0], y_nm=places[:, 1]), truth, {0: 0})
    assert len(errors) == len(positions)
    np.testing.assert_allclose(errors[["x_nm", "y_nm", "z_nm"]], np.tile(3.0 * across, (len(errors), 1)), atol=1e-9)
    np.testing.assert_allclose(errors["velocity_nm_per_s"].astype(float), 0.0, atol=1e-6)


def test_nodes_say_nothing_once_the_true_line_has_vanished() -> None:
    truth = {0: _line(0.0, until_s=6.5 * FRAME_S)}
    positions = _positions(0, lambda frame: 2.0)
    assert sorted(motion_errors(positions, truth, {0: 0})["frame"].unique()) == list(range(7))
    kept = kept_lengths(positions, truth, {0: 0}, np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0).iloc[0]
    assert kept["visible_nm"] == pytest.approx(7 * 200)


def test_a_line_next_to_a_true_one_with_few_of_its_nodes_is_none() -> None:
    truth, positions = {7: _line(0.0)}, _positions(3, lambda frame: 2.0)
    apart = positions.assign(y_nm=positions["y_nm"].where(positions["node"] < 4, 60.0))
    assert owned_lines(apart, truth) == {}
    assert owned_lines(positions.assign(y_nm=positions["y_nm"].where(positions["node"] < 5, 60.0)), truth) == {3: 7}


def test_a_fast_line_is_kept_where_it_is_when_its_nodes_are_scanned() -> None:
    truth = {0: _line(0.0, "gliding", lambda time: 400.0 * time)}
    positions = _positions(0, lambda frame: 400.0 * (FRAME_S * frame + 0.06))
    positions["time_s"] += 0.06
    kept = kept_lengths(positions, truth, {0: 0}, np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0).iloc[0]
    assert kept["kept_nm"] / kept["visible_nm"] > 0.9


def test_the_error_of_a_velocity_is_that_across_the_line_in_deviations() -> None:
    truth = {0: _line(0.0, "sweeping", lambda time: 200.0 * time)}
    positions = _positions(0, lambda frame: 200.0 * FRAME_S * frame, speed=-180.0)
    owned = owned_lines(positions, truth)
    kept = kept_lengths(positions, truth, owned, np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0)
    followed = pd.DataFrame({"line": [0], "beam_angle_deg": [40.0]})
    row = score_motion(positions, motion_errors(positions, truth, owned), kept, followed, truth, owned).iloc[0]
    assert (row["velocity_rms_nm_per_s"], row["velocity_ratio"]) == pytest.approx((20, 2), abs=1e-6)


def test_a_static_line_says_the_same_of_every_frame_and_is_the_one_it_is_next_to_at_its_own_time() -> None:
    truth = {0: _line(0.0, "sweeping", lambda time: 200.0 * time), 1: _line(300.0)}
    rows = [{"line": 4, "x_nm": x, "y_nm": 100.0, "z_nm": 0.0, "time_s": 0.5} for x in np.arange(10.0, 190.0, 10.0)]
    points = pd.DataFrame(rows).assign(sigma_x_nm=1.0, sigma_y_nm=1.0, sigma_z_nm=1.0)
    positions, owned = resting_positions(points, truth, np.array([0.0, 0.25, 0.5]))
    assert owned == {4: 0}
    errors = motion_errors(positions, truth, owned).groupby("frame")["y_nm"].mean()
    assert errors.to_numpy() == pytest.approx([100, 50, 0], abs=0.5)


def test_a_line_that_goes_over_to_another_one_is_not_kept() -> None:
    truth = {0: _line(0.0), 1: _line(60.0)}
    positions = _positions(5, lambda frame: 0.0 if frame < 6 else 60.0)
    owned = owned_lines(positions, truth)
    kept = kept_lengths(positions, truth, owned, np.arange(12) * FRAME_S, lambda points: points[:, 0] >= 0).set_index("true_line")
    assert kept.loc[0, "kept_nm"] / kept.loc[0, "visible_nm"] == pytest.approx(0.5, abs=0.06)
    assert kept.loc[1, "kept_nm"] == 0 < kept.loc[1, "visible_nm"]


@pytest.mark.parametrize(("shown", "frames"), [((0.0, 100.0), 0), ((50.0, 100.0), 1), ((30.0, 70.0, 100.0), 2)])
def test_the_answer_to_a_jump_is_counted_in_frames(shown: tuple[float, ...], frames: int) -> None:
    jump = (6 * FRAME_S - 0.03, 6 * FRAME_S - 0.01)
    truth = {0: _line(0.0, "jerky", lambda time: 100.0 * (time > jump[0] + 0.005), [jump])}
    steps = shown if shown[0] else shown[1:]

    def place(frame: int) -> float:
        return 0.0 if frame < 6 else steps[min(frame - 6, len(steps) - 1)]

    positions = _positions(2, place, 14)
    found = jump_responses(positions, truth, {2: 0})
    assert list(found["response_frames"]) == [frames]
    assert found["jump_nm"].iloc[0] == pytest.approx(100) and abs(found["settled_nm"].iloc[0]) < 1


def test_true_lines_are_those_with_contrast_under_their_own_numbers() -> None:
    course = SimpleNamespace(kind="gliding", time_s=np.array([0.0, 1.0]), until_s=2.0)
    course.displacement_nm = lambda points, time: np.full_like(points, 7.0 * time)
    lines = [SimpleNamespace(points_nm=BASE + 50.0 * number, visible=number != 1) for number in range(3)]
    truth = true_lines(lines, {2: course})
    assert {number: line.course for number, line in truth.items()} == {0: "resting", 2: "gliding"}
    assert truth[2].moved(1.0)[0] - truth[2].moved(0.0)[0] == pytest.approx([7.0] * 3)
    assert truth[0].moved(1.0)[0] == pytest.approx(BASE[0])


def test_lines_in_time_and_of_the_static_fit_are_scored_over_the_same_true_lines() -> None:
    truth = {7: _line(0.0, "gliding", lambda time: 60.0 * time), 9: _line(300.0)}
    times_s = np.arange(12) * FRAME_S
    moving = _positions(3, lambda frame: 60.0 * frame * FRAME_S)
    static = pd.concat([_positions(0, lambda frame: 25.0, frames=1), _positions(1, lambda frame: 300.0, frames=1)]).assign(time_s=0.4)
    scores = sweep_scores(moving, static, truth, times_s, lambda points: points[:, 0] >= 0).set_index(["fit", "line"])
    assert scores.loc[("in time", 3), "y_rms_nm"] < 0.5 and scores.loc[("static", 0), "y_rms_nm"] > 10
    assert scores.loc[("static", 1), "y_rms_nm"] == pytest.approx(0, abs=1e-6)
    assert scores.loc[("in time", -1), "kept_percent"] == pytest.approx(50, abs=5)
    assert scores["beam_angle_deg"].isna().all()
