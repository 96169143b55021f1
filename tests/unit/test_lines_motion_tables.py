"""Tables of followed lines: which nodes they hold, what is measured, what happened to a line, and what other programs are given."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rapidstem.lines.motion import TiltedView, match_table, moments, snapshots, view_of
from rapidstem.lines.motion.glide_planes import glide_plane
from rapidstem.lines.motion.line_following import HIDDEN, LOST, SEEN
from rapidstem.lines.motion.motion_tables import POSITION_COLUMNS, followed_lines, position_rows
from rapidstem.lines.motion.moving_lines import FACE_NM
from rapidstem.lines.motion.tomogram_match import TomogramMatch
from rapidstem.lines.motion.track_smoothing import SmoothTrack
from tests.unit.motion_phantoms import NORMALS, PIXEL_NM, threading
from tests.unit.test_lines_motion_doubt import FIRST, SECOND, VIEW, _track


@pytest.fixture
def track() -> SmoothTrack:
    """A line of 41 nodes that rests for eight frames, of which the tomogram has shown ten."""
    whole = _track(np.zeros(8), threading(FIRST, (0.0, 0.0), 0.4))
    line = replace(whole.track.line, known=np.arange(41) < 10)
    marks = {name: np.ones((8, 41), bool) for name in ("speaking", "present")}
    return replace(whole, track=replace(whole.track, line=line, **marks))


def test_rows_are_nodes_of_the_line_within_field_and_foil_until_it_leaves_its_plane(track: SmoothTrack) -> None:
    views, found = [VIEW] * 8, track.track
    views[2] = replace(VIEW, shift_px=(VIEW.shift_px[0], VIEW.shift_px[1] - VIEW.seen_at(track.points(2))[20, 1] - 0.01))
    found.present[3, 25:] = False
    found.present[4:6], found.present[4, 12:15], found.state[5] = False, True, HIDDEN
    nodes = position_rows(track, views, 6, 0.0, np.zeros((8, 1, 3))).groupby("frame")["node"].agg(list)
    assert nodes.to_dict() == {frame: list(range(0, last + 1, 3)) for frame, last in enumerate((39, 39, 18, 24, 12, 12))}
    heights = found.line.nodes_nm[:, 1]
    faces = np.sort(heights[[6, 30]]) + (FACE_NM + 0.1) * np.array([1, -1])
    thin = replace(track, track=replace(found, line=replace(found.line, faces_nm=faces)))
    assert position_rows(thin, views, 1, 0.0, np.zeros((8, 1, 3)))["node"].tolist() == list(range(9, 30, 3))


def test_only_what_a_frame_shows_is_measured(track: SmoothTrack) -> None:
    views, found = [VIEW] * 8, track.track
    normal = found.line.plane.normal
    views[4] = replace(VIEW, tilt_rad=float(np.arctan2(normal[2], normal[1])) + 1e-3)
    found.speaking[1, 6], found.present[2, 9], found.state[3] = False, False, HIDDEN
    rows = position_rows(track, views, 5, 0.0, np.zeros((8, 1, 3)))
    missing = rows[rows["measured"] == 0].groupby("frame")["node"].agg(list).to_dict()
    assert missing == {1: [6], 2: [9], 3: rows.query("frame == 3")["node"].tolist(), 4: rows.query("frame == 4")["node"].tolist()}
    assert {len(nodes) for nodes in missing.values()} == {1, 14}


def test_deviations_are_those_of_slide_and_speed_across_the_line(track: SmoothTrack) -> None:
    still = replace(track, covariance_nm2=0 * track.covariance_nm2, speed_variance=np.full((8, 41), 25.0))
    line, slid = track.track.line, track.slid_nm[3]
    rows = position_rows(still, [VIEW] * 8, 8, 3.0, np.zeros((8, 1, 3))).query("frame == 3")
    share = (line.across(slid) @ line.direction)[rows["node"]]
    across_image = np.abs(line.sensitivity(slid, VIEW))[rows["node"]] * PIXEL_NM
    assert share.min() < 0.85 and np.ptp(across_image) > 0.05
    np.testing.assert_allclose(rows["sigma_nm"], 3.0 / across_image * share)
    np.testing.assert_allclose(rows["sigma_velocity_nm_per_s"], 5.0 * share)


def test_where_the_tilts_tell_the_height_of_a_line_the_place_of_its_plane_adds_nothing(track: SmoothTrack) -> None:
    line = replace(track.track.line, plane=replace(track.track.line.plane, sigma_nm=4.0))
    told = replace(track, track=replace(track.track, line=line), covariance_nm2=np.tile(np.diag([0.0, 9.0]), (8, 41, 1, 1)))
    rows = position_rows(told, [VIEW] * 8, 8, 0.0, np.zeros((8, 1, 3)))
    np.testing.assert_allclose(rows["sigma_nm"], 3.0)
    np.testing.assert_allclose(rows[["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]], np.tile(3.0 * np.abs(line.plane.normal), (len(rows), 1)))


def test_a_line_that_slips_across_counts_in_each_plane_as_long_as_it_lies_there_and_others_say_why_not() -> None:
    parts = []
    for name, start, seen in ((FIRST, 0, slice(1, 6)), (SECOND, 5, slice(7, 9))):
        whole = _track(np.zeros(10), threading(FIRST, (0.0, 0.0)))
        plane, states = glide_plane(name, NORMALS[name], np.zeros(3)), np.full(10, LOST, "<U8")
        states[seen] = SEEN
        parts.append(
            replace(whole, track=replace(whole.track, line=replace(whole.track.line, plane=plane, frames=range(start, 10)), state=states))
        )
    on_edge, flat = glide_plane("own", np.array([1.0, 0.0, 0.0]), np.zeros(3)), glide_plane(FIRST, NORMALS[FIRST], np.zeros(3))
    table = followed_lines([3, 5, 7, 9], {3: [flat], 5: [on_edge], 9: [flat]}, {3: parts}, VIEW).set_index("line")
    crossed = table.loc[3, ["plane", "later_plane", "later_from_frame", "followed", "reason", "first_frame", "last_frame", "seen_percent"]]
    assert crossed.tolist() == [FIRST, SECOND, 5, 1, "", 1, 8, pytest.approx(60)]
    assert table.loc[3, ["normal_x", "normal_y", "normal_z"]].tolist() == pytest.approx(flat.normal)
    assert "seen on edge, to 0 degrees" in table.loc[5, "reason"] and table.loc[9, "reason"] == "it was seen in no two frames"
    assert table.loc[7, "reason"] == "the tomogram fixes no plane for it" and table.loc[7, "first_frame"] == -1


def test_other_programs_are_given_the_lines_of_every_frame_with_the_plane_of_that_time() -> None:
    points = [(7, 0, 1), (7, 3, 1), (4, 0, 1), (7, 0, 2), (7, 3, 2), (4, 0, 2), (4, 3, 2), (4, 6, 2)]
    positions = pd.DataFrame({name: np.arange(8.0) for name in POSITION_COLUMNS} | {"y_nm": np.arange(10.0, 18.0)})
    positions[["line", "node", "frame"]] = points
    found = list(moments(positions, np.array([0.0, 0.1, 0.3])))
    assert [(time, of_lines["line"]) for time, _, of_lines, _ in found] == [(0.0, []), (0.1, [7]), (0.3, [4, 7])]
    assert found[2][1][0].tolist() == [[5, 15, 5], [6, 16, 6], [7, 17, 7]]
    assert found[2][3]["velocity_nm_per_s"].tolist() == [5, 6, 7, 3, 4]
    followed = pd.DataFrame({"line": [4, 7], "normal_x": [0.0, 1.0], "normal_y": 0.0, "normal_z": [1.0, 0.0]})
    followed["later_plane"], followed["later_from_frame"] = ["(111)", ""], [2, -1]
    given = list(snapshots(positions, followed, {"(111)": np.array([0.0, 0.6, 0.8])}, np.array([0.0, 0.1, 0.3])))
    assert [normals.tolist() for *_, normals in given] == [[], [[1, 0, 0]], [[0, 0.6, 0.8], [1, 0, 0]]]
    assert [(frame, time, len(lines)) for frame, time, lines, _ in given] == [(0, 0.0, 0), (1, 0.1, 1), (2, 0.3, 2)]


def test_the_view_of_a_match_comes_back_from_its_table() -> None:
    view = TiltedView(np.deg2rad(12.0), (1.5, -2.0), 4.56, (96, 128))
    table = match_table(TomogramMatch(view, 0.5, 0.2))
    assert table.loc[0, ["tilt_deg", "correlation", "chance"]].tolist() == pytest.approx([12.0, 0.5, 0.2])
    assert view_of(table).tilt_rad == pytest.approx(view.tilt_rad)
    assert replace(view_of(table), tilt_rad=view.tilt_rad) == view
