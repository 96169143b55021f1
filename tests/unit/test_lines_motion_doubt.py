"""What followed lines are uncertain by besides noise: what they lie beside the tomogram at first, and a second plane."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.lines.motion import TiltedView
from rapidstem.lines.motion.glide_planes import FoilFaces, GlidePlane, glide_plane
from rapidstem.lines.motion.line_following import GONE, HIDDEN, LOST, OUTSIDE, SEEN, LineTrack
from rapidstem.lines.motion.motion_flags import line_flags
from rapidstem.lines.motion.motion_tables import position_rows
from rapidstem.lines.motion.moving_lines import NODE_NM, moving_line
from rapidstem.lines.motion.plane_choice import MOVED_NM, cross_slip_frame, doubtful_way, lifted_in_doubt, told_until
from rapidstem.lines.motion.track_smoothing import SmoothTrack, beside_tomogram_nm, smoothed_track
from tests.unit.motion_phantoms import HALF_FOIL_NM, NORMALS, PERIOD_S, PIXEL_NM, SIZE, TILT_DEG, threading

FIRST, SECOND = "(111)", "(-111)"
VIEW = TiltedView(np.deg2rad(TILT_DEG), (1.5, -2.0), PIXEL_NM, (SIZE, SIZE))
FRAMES = 40


def _screw() -> np.ndarray:
    """The straight line in which two planes cut each other, from face to face."""
    along = np.cross(NORMALS[FIRST], NORMALS[SECOND])
    return np.linspace(-1, 1, 60)[:, None] * along / along[2] * HALF_FOIL_NM


def _plane(name: str) -> GlidePlane:
    return glide_plane(name, NORMALS[name], np.zeros(3))


def _track(slid_nm: np.ndarray, points: np.ndarray, ends_nm: np.ndarray | None = None, number: int = 0) -> SmoothTrack:
    """A line followed in its first plane: how far it has slid (frame,), and how far it reaches beyond its last node (frame,)."""
    line = moving_line(number, points, _plane(FIRST), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))
    shape = (len(slid_nm), len(line.nodes_nm))
    face = np.full((len(slid_nm), 2), np.nan)
    if ends_nm is not None:
        face[:, 1] = ends_nm
    marks, seen = [np.ones(shape, bool)] * 2, np.full(len(slid_nm), SEEN, "<U8")
    nodes = np.broadcast_to(slid_nm[:, None], shape).copy()
    track = LineTrack(line, nodes, np.full(shape, 0.5), *marks, seen, np.ones(len(slid_nm)), face, np.zeros(len(slid_nm), bool))
    smooth = smoothed_track(track, [VIEW] * len(slid_nm), np.arange(len(slid_nm)) * PERIOD_S, 1e-4, np.zeros(len(slid_nm)), 1.0)
    assert smooth is not None
    return smooth


def test_what_a_line_lies_beside_the_tomogram_at_first_is_stated_and_does_not_average_out() -> None:
    off = _track(np.random.default_rng(0).normal(6.0, 0.7, FRAMES), threading(FIRST, (0.0, 0.0)))
    right = _track(np.random.default_rng(1).normal(0.0, 0.7, FRAMES), threading(FIRST, (50.0, 0.0)), number=1)
    beside = beside_tomogram_nm([off, right], VIEW)
    sharp = np.abs(off.track.line.sensitivity(off.slid_nm[0], VIEW)) * PIXEL_NM
    assert beside[0] == pytest.approx(6.0 * np.sqrt(np.mean(sharp**2)), rel=0.25)
    assert beside[1] < 0.6 * beside[0]
    stated_already = replace(off, covariance_nm2=np.broadcast_to(np.diag([36.0, 0.0]), off.covariance_nm2.shape))
    assert beside_tomogram_nm([stated_already], VIEW)[0] < 0.3 * beside_tomogram_nm([off], VIEW)[0]
    still = np.zeros((*off.slid_nm.shape, 3))
    bare, stated = (position_rows(off, [VIEW] * FRAMES, FRAMES, nm, still) for nm in (0.0, beside[0]))
    assert bare["sigma_nm"].median() < 1.0
    across = np.abs(np.sum(off.track.line.across(off.slid_nm[0]) * off.track.line.direction, axis=1)).mean()
    assert stated["sigma_nm"].median() == pytest.approx(6.0 * across, rel=0.3)


def test_what_one_line_lies_beside_the_tomogram_is_drawn_to_what_all_show_as_five_stretches_of_50_nm_would() -> None:
    tracks, squares = [], []
    for number, slid_nm in enumerate((6.0, 1.0)):
        still = _track(np.zeros(FRAMES), threading(FIRST, (50.0 * number, 0.0), 0.4), number=number)
        stated = np.broadcast_to(np.diag([2.0, 0.0]), still.covariance_nm2.shape)
        tracks.append(replace(still, slid_nm=np.full(still.slid_nm.shape, slid_nm), covariance_nm2=stated))
        across_nm = still.track.line.sensitivity(np.zeros(len(still.track.line.nodes_nm)), VIEW) * PIXEL_NM
        squares.append((slid_nm**2 - 2.0) * across_nm[still.track.line.known] ** 2)
    stretches = np.array([len(own) * NODE_NM / 50.0 for own in squares])
    drawn = (stretches * [own.mean() for own in squares] + 5 * np.concatenate(squares).mean()) / (stretches + 5)
    assert list(beside_tomogram_nm(tracks, VIEW).values()) == pytest.approx(np.sqrt(drawn))


def test_a_place_is_off_along_the_beam_where_the_plane_is_and_a_velocity_is_that_across_the_line() -> None:
    whole, still = _track(np.zeros(FRAMES), threading(FIRST, (0.0, 0.0), 0.4)), np.zeros((FRAMES, 1, 3))
    line = replace(whole.track.line, plane=replace(whole.track.line.plane, sigma_nm=4.0))
    track = replace(
        whole, track=replace(whole.track, line=line), covariance_nm2=0 * whole.covariance_nm2, speed_nm_per_s=0 * whole.slid_nm + 100
    )
    rows = position_rows(track, [VIEW] * FRAMES, FRAMES, 0.0, still).query("frame == 3")
    points, nodes = line.points(track.slid_nm[3]), rows["node"].to_numpy()
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    beam = 4.0 * VIEW.beam / (VIEW.beam @ line.plane.normal)
    off = beam - np.outer(tangent @ beam, [1, 1, 1]) * tangent
    np.testing.assert_allclose(rows[["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]], np.abs(off[nodes]), atol=1e-9)
    np.testing.assert_allclose(rows["sigma_nm"], np.linalg.norm(off[nodes], axis=1))
    steepness = np.linalg.norm(line.direction - np.outer(tangent @ line.direction, [1, 1, 1]) * tangent, axis=1)
    assert steepness.min() < 0.85
    np.testing.assert_allclose(rows["velocity_nm_per_s"], 100 * steepness[nodes], rtol=1e-3)


def test_a_single_end_near_a_face_does_not_tell_the_plane() -> None:
    ends = np.full(FRAMES, np.nan)
    ends[:12] = 0.0
    told = told_until(_track(np.zeros(FRAMES), _screw(), ends))
    assert 12 <= told <= 16
    ends[30] = 0.0
    assert told_until(_track(np.zeros(FRAMES), _screw(), ends)) == told
    ends[26:34] = 0.0
    assert told_until(_track(np.zeros(FRAMES), _screw(), ends)) > 33


@pytest.mark.parametrize("count", [3, 7, 11, 12])
def test_a_series_of_few_frames_tells_until_when_a_line_lay_in_its_plane_as_a_long_one_does(count: int) -> None:
    ends = np.where(np.arange(count) < 3, 0.0, 80.0)
    assert told_until(_track(8.0 * np.arange(count), _screw(), ends)) == 6


def test_a_single_end_tells_cross_slip_only_where_its_misfit_goes_with_the_way_of_the_line() -> None:
    frames, off = np.arange(FRAMES), np.where(np.arange(FRAMES) < 15, 0.0, 115.0)
    there_and_back = np.where(frames < 15, 0.0, 90.0 * np.sin((frames - 15) / 4))
    away = np.maximum(frames - 12, 0) * 6.0
    assert cross_slip_frame(_track(np.zeros(FRAMES), _screw(), off)) is None
    assert cross_slip_frame(_track(there_and_back, _screw(), off)) is None
    assert cross_slip_frame(_track(there_and_back, _screw(), 1.3 * there_and_back)) is not None
    found = cross_slip_frame(_track(away, _screw(), 0.9 * away))
    assert found is not None and 14 < found < 25


def test_both_planes_show_the_same_and_the_places_differ_by_the_stated_way() -> None:
    track = _track(np.where(np.arange(FRAMES) > 20, 4.0 * (np.arange(FRAMES) - 20), 0.0), _screw())
    way = doubtful_way(track, _plane(SECOND), 20, VIEW)
    assert not way[:20].any()
    line = track.track.line
    seen = VIEW.normals_at(line.points(track.slid_nm[35])) @ VIEW.by_place
    assert np.abs(np.sum(seen * way[35], axis=1)).max() < 1e-6
    in_other = line.points(track.slid_nm[35]) - way[35]
    assert np.abs(in_other @ NORMALS[SECOND]).max() < 0.5
    assert np.abs(line.points(track.slid_nm[35]) @ NORMALS[SECOND]).min() > 20
    stop = lifted_in_doubt(way)
    assert 20 < stop < FRAMES
    assert np.median(np.linalg.norm(way[stop], axis=1)) > MOVED_NM
    rows = position_rows(track, [VIEW] * FRAMES, stop, 0.0, way).groupby("frame")["sigma_nm"].median()
    assert rows[stop - 1] > 3 * rows[15]


def test_what_comes_after_a_misfit_does_not_turn_it() -> None:
    """A line that slips across and is not seen to its end after that, but for one frame on another line, later."""
    away, frames = np.maximum(np.arange(FRAMES) - 12, 0) * 6.0, np.arange(FRAMES)
    ends = np.where(frames < 21, 2.5 * away, np.nan)
    found = cross_slip_frame(_track(away, _screw(), ends))
    ends[39] = -400.0
    assert found is not None and cross_slip_frame(_track(away, _screw(), ends)) == found


def test_a_line_that_fits_its_plane_again_elsewhere_has_not_left_it() -> None:
    """Another line lies on an end for a while; one that has slipped fits again only where it comes back to where it left its plane."""
    frames = np.arange(FRAMES)
    away = np.maximum(frames - 12, 0) * 6.0
    misfit = np.where((frames > 13) & (frames < 21), 60.0, 0.0)
    assert cross_slip_frame(_track(away, _screw(), misfit)) is None
    assert cross_slip_frame(_track(away, _screw(), np.where(frames > 13, 60.0 + away, 0.0))) is not None
    back = np.where(frames < 24, away, np.maximum(away[24] - (frames - 24) * 8.0, 0.0))
    assert cross_slip_frame(_track(back, _screw(), 2.5 * back)) is not None


def test_misfits_to_either_side_in_turn_are_no_cross_slip() -> None:
    ends = np.zeros(FRAMES)
    ends[15:18] = [80.0, -80.0, 80.0]
    away = np.maximum(np.arange(FRAMES) - 12, 0) * 6.0
    assert cross_slip_frame(_track(away, _screw(), ends)) is None


def test_a_jump_is_told_where_the_line_has_moved_and_its_plane_is_not_seen_on_edge() -> None:
    jump = _track(np.where(np.arange(FRAMES) < 20, 0.0, 70.0), threading(FIRST, (0.0, 0.0)))
    assert "jump" in set(line_flags(jump, [VIEW] * FRAMES, FRAMES)["flag"])
    stop = replace(jump, jump_nm=np.where(np.arange(FRAMES) == 20, 2.0, 0.0))
    assert "jump" not in set(line_flags(stop, [VIEW] * FRAMES, FRAMES)["flag"])
    tilts = np.deg2rad(np.linspace(-89, 89, 179))
    on_edge = min((replace(VIEW, tilt_rad=float(tilt)) for tilt in tilts), key=lambda view: jump.track.line.plane.beam_angle_deg(view.beam))
    assert jump.track.line.plane.beam_angle_deg(on_edge.beam) < 15
    assert "jump" not in set(line_flags(jump, [on_edge] * FRAMES, FRAMES)["flag"])


@pytest.mark.parametrize(("step_nm", "expected_nm"), [(9.0, 9.0), (0.4, 0.0), (40.0, 0.0)])
def test_a_line_that_another_one_hides_goes_on_as_it_went(step_nm: float, expected_nm: float) -> None:
    track, time_s = _track(step_nm * np.arange(FRAMES), threading(FIRST, (0.0, 0.0))).track, np.arange(FRAMES) * PERIOD_S
    track.state[20:] = HIDDEN
    for frame in range(21, 26):
        guess = track.guess(frame, time_s)
        assert np.median(guess - track.slid_nm[frame - 1]) == pytest.approx(expected_nm, abs=0.01)
        track.slid_nm[frame] = guess


def test_a_line_that_goes_on_in_another_plane_was_not_lost_before_and_flags_lie_on_what_the_tomogram_has_shown() -> None:
    jump = _track(np.where(np.arange(FRAMES) < 20, 0.0, 70.0), threading(FIRST, (0.0, 0.0)))
    onward = replace(jump, track=replace(jump.track, line=replace(jump.track.line, frames=range(8, FRAMES))))
    onward.track.state[:8] = LOST
    flags = line_flags(onward, [VIEW] * FRAMES, FRAMES)
    assert "found again" not in set(flags["flag"])
    known = np.zeros(len(jump.track.line.nodes_nm), bool)
    known[2:5] = True
    led_on = replace(jump, track=replace(jump.track, line=replace(jump.track.line, known=known)))
    flag = line_flags(led_on, [VIEW] * FRAMES, FRAMES).query("flag == 'jump'").iloc[0]
    assert flag[["x_nm", "y_nm", "z_nm"]].to_numpy(float) == pytest.approx(led_on.points(int(flag["frame"]))[3])


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_bows_and_ways_while_a_line_was_lost_have_the_side_to_which_slides_lead(side: float) -> None:
    whole, later = _track(np.zeros(FRAMES), threading(FIRST, (0.0, 0.0))), np.arange(FRAMES) >= 20
    share = np.linspace(-1, 1, whole.slid_nm.shape[1])
    bent = replace(whole, slid_nm=side * 60.0 * later[:, None] * (1 - share**2))
    bow = line_flags(bent, [VIEW] * FRAMES, FRAMES).query("flag == 'bowing'").iloc[0]
    assert bow["frame"] == 20 and 25 < side * bow["size_nm"] < 60
    whole.track.slid_nm[later] = side * 40.0
    whole.track.state[16:20] = LOST
    again = line_flags(whole, [VIEW] * FRAMES, FRAMES).query("flag == 'found again'").iloc[0]
    assert (again["frame"], again["size_nm"]) == (20, side * 40.0)


@pytest.mark.parametrize(("state", "flag"), [(LOST, "vanished"), (OUTSIDE, "left field")])
def test_what_happens_to_a_line_that_is_not_there_has_the_time_of_its_frame(state: str, flag: str) -> None:
    """Its place is the last one; its time had been that of the last place, frames before the one that is named."""
    whole, last = _track(np.zeros(FRAMES), threading(FIRST, (0.0, 0.0))).track, 24
    states = np.where(np.arange(FRAMES) < last, SEEN, np.where(np.arange(FRAMES) < last + 4, state, GONE))
    track = replace(whole, state=states)
    gone = smoothed_track(track, [VIEW] * FRAMES, np.arange(FRAMES) * PERIOD_S, 1e-4, np.zeros(FRAMES), 1.0)
    assert gone is not None
    row = line_flags(gone, [VIEW] * FRAMES, FRAMES).query("flag == @flag").iloc[0]
    assert row["frame"] == last
    assert row["time_s"] == pytest.approx(last * PERIOD_S + row["row_px"] * 1e-4)
