"""Lines that move, smoothed in time: what is known exactly of places, velocities, heights and their deviations."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.lines.motion import TiltedView
from rapidstem.lines.motion.glide_planes import FoilFaces, glide_plane
from rapidstem.lines.motion.line_following import LOST, SEEN, LineTrack
from rapidstem.lines.motion.moving_lines import NODE_NM, moving_line
from rapidstem.lines.motion.state_filters import ACCELERATION, FREE_NM, FREE_NM_PER_S, ImageOffset, smoothed_states
from rapidstem.lines.motion.track_smoothing import beside_tomogram_nm, noise_scale, smoothed_track
from tests.unit.motion_phantoms import HALF_FOIL_NM, NORMALS, PERIOD_S, PIXEL_NM, SIZE, TILT_DEG, threading

FIRST = "(111)"
VIEW = TiltedView(np.deg2rad(TILT_DEG), (1.5, -2.0), PIXEL_NM, (SIZE, SIZE))


def _track(slid: np.ndarray, variance: float = 1.0) -> LineTrack:
    line = threading(FIRST, (0.0, 0.0))
    moving = moving_line(0, line, glide_plane(FIRST, NORMALS[FIRST], line.mean(axis=0)), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))
    shape = (len(slid), len(moving.nodes_nm))
    marks = [np.ones(shape, bool)] * 2
    face = np.full((len(slid), 2), np.nan)
    nodes = np.broadcast_to(slid[:, None], shape).copy()
    states, doubt = np.full(len(slid), SEEN, "<U8"), np.zeros(len(slid), bool)
    return LineTrack(moving, nodes, np.full(shape, variance), *marks, states, np.ones(len(slid)), face, doubt)


def test_nodes_that_are_not_shown_are_expected_as_far_on_as_those_beside_them() -> None:
    track = _track(np.full(12, 30.0))
    track.slid_nm[:, 20:], track.speaking[:, 20:] = 0.0, False
    assert track.guess(6, np.arange(12) * PERIOD_S) == pytest.approx(30.0)


def test_nodes_have_the_time_of_the_line_of_the_scan_of_the_raw_frame() -> None:
    start, drift, track = np.arange(3) * PERIOD_S, np.array([0.0, 7.0, -200.0]), _track(np.zeros(3))
    smooth = smoothed_track(track, [VIEW] * 3, start, 1e-4, drift, 1.0)
    assert smooth is not None
    row = VIEW.seen_at(track.line.points(track.slid_nm[0]))[:, 0]
    assert smooth.time_s[0] == pytest.approx(row * 1e-4)
    assert smooth.time_s[1] == pytest.approx(PERIOD_S + (row + 7) * 1e-4)
    assert smooth.time_s[2] == pytest.approx(2 * PERIOD_S)


def test_the_scatter_from_frame_to_frame_tells_how_much_too_small_variances_are_stated() -> None:
    track = _track(np.zeros(60))
    track.slid_nm[:] = np.random.default_rng(5).normal(0, 2, track.slid_nm.shape)
    assert noise_scale([track]) == pytest.approx(4.0, rel=0.1)
    assert noise_scale([]) == 1.0
    track.slid_nm[::12], track.state[::12] = 1000.0, LOST
    assert noise_scale([track]) == pytest.approx(4.0, rel=0.1), "frames in which the line was not seen say nothing"
    count = track.slid_nm.shape[1] // 3
    track.slid_nm[:, :count], track.speaking[:, :count] = 0.0, False
    assert noise_scale([track]) == pytest.approx(4.0, rel=0.1), "nodes that frames say nothing for say nothing"
    assert noise_scale([_track(np.zeros(60))]) == 0.1


def test_variances_are_those_stated_times_their_scale_and_one_frame_is_no_track() -> None:
    slid, start = np.random.default_rng(5).normal(0, 2, 12), np.arange(12) * PERIOD_S
    stated, scaled = (
        smoothed_track(_track(slid, variance), [VIEW] * 12, start, 1e-4, np.zeros(12), scale)
        for variance, scale in ((3.0, 1.0), (1.0, 3.0))
    )
    assert stated is not None and scaled is not None
    np.testing.assert_allclose(scaled.covariance_nm2, stated.covariance_nm2)
    once = _track(slid)
    once.state[np.arange(12) != 4] = LOST
    assert smoothed_track(once, [VIEW] * 12, start, 1e-4, np.zeros(12), 1.0) is None


def test_a_line_that_glides_steadily_is_as_certain_as_a_straight_line_through_all_frames() -> None:
    time = np.linspace(0, 2, 21)[:, None]
    seen_as = np.broadcast_to([1.0, 0.0], (21, 1, 2))
    found = smoothed_states(7 + 50 * time, np.full((21, 1), 4.0), seen_as, time, 0.0, 1e-6, ImageOffset(0.0, 1.0))
    assert found.state[:, 0, 0] == pytest.approx(7 + 50 * time[:, 0], abs=0.1)
    assert found.covariance[10, 0] == pytest.approx(np.diag([4 / 21, 4 / np.sum((time - 1) ** 2)]), rel=0.01, abs=1e-3)


def test_what_is_not_seen_grows_uncertain_as_random_acceleration_makes_it() -> None:
    time, density = np.array([[0.0], [0.1]]), 1e9
    seen_as, variance = np.broadcast_to([1.0, 0.0], (2, 1, 2)), np.array([[1.0], [np.inf]])
    found = smoothed_states(np.zeros((2, 1)), variance, seen_as, time, 0.0, density, ImageOffset(0.0, 1.0))
    expected = np.array([[density * 0.1**3 / 3 + FREE_NM_PER_S**2 * 0.01 + 1, density * 0.005], [density * 0.005, density * 0.1]])
    expected += FREE_NM_PER_S**2 * np.array([[0.0, 0.1], [0.1, 1.0]])
    assert found.covariance[1, 0] == pytest.approx(expected, rel=1e-4)


def test_a_measurement_is_as_likely_as_what_was_expected_makes_it_and_none_says_nothing() -> None:
    time, measured = np.array([[0.0], [0.1], [0.2]]), np.array([[7.0], [37.0], [1e3]])
    variance, seen_as = np.array([[4.0], [4.0], [np.inf]]), np.broadcast_to([1.0, 0.0], (3, 1, 2))
    found = smoothed_states(measured, variance, seen_as, time, 0.0, 1e-6, ImageOffset(0.0, 1.0))
    first = FREE_NM**2 + 4.0
    second = FREE_NM**2 * 4.0 / first + (0.1 * FREE_NM_PER_S) ** 2 + 4.0
    assert found.log_likelihood == pytest.approx([-0.5 * (np.log(first) + np.log(second) + 30.0**2 / second)])


def test_what_a_dark_line_lies_beside_its_core_is_as_uncertain_in_every_frame_that_says_nothing() -> None:
    time, seen_as = 0.1 * np.arange(5.0)[:, None], np.broadcast_to([1.0, 0.0, 0.5, 0.7], (5, 1, 4))
    found = smoothed_states(np.zeros((5, 1)), np.full((5, 1), np.inf), seen_as, time, 3.0, 1.0, ImageOffset(2.0, 0.2))
    assert found.covariance[:, 0, 3, 3] == pytest.approx(4.0)
    assert found.covariance[:, 0, 2, 2] == pytest.approx(9.0)


def test_what_comes_after_a_jump_says_nothing_of_what_was_before() -> None:
    time, rng = PERIOD_S * np.arange(20.0)[:, None] + np.zeros(6), np.random.default_rng(8)
    measured, seen_as = rng.normal(0, 1, (20, 6)), np.broadcast_to([1.0, 0.0], (20, 6, 2))
    measured[10:] += 150.0
    whole, before = (
        smoothed_states(measured[:stop], np.ones((stop, 6)), seen_as[:stop], time[:stop], 0.0, 1e4, ImageOffset(0.0, 1.0))
        for stop in (20, 10)
    )
    assert list(np.flatnonzero(whole.jump)) == [10]
    np.testing.assert_allclose(whole.state[:10], before.state, atol=1e-9)
    np.testing.assert_allclose(whole.covariance[:10], before.covariance, atol=1e-9)


@pytest.mark.parametrize(("sigma_nm", "step_nm", "told"), [(0.1, 14.0, False), (0.1, 16.0, True), (10.0, 45.0, False), (10.0, 70.0, True)])
def test_a_jump_is_wider_than_a_line_and_than_five_deviations(sigma_nm: float, step_nm: float, told: bool) -> None:
    time, seen_as = PERIOD_S * np.arange(21.0)[:, None], np.broadcast_to([1.0, 0.0], (21, 1, 2))
    measured = np.where(np.arange(21)[:, None] < 20, 0.0, step_nm)
    found = smoothed_states(measured, np.full((21, 1), sigma_nm**2), seen_as, time, 0.0, 1e-6, ImageOffset(0.0, 1.0))
    assert found.jump.tolist() == [False] * 20 + [told]


@pytest.mark.parametrize(("jumped", "hidden", "told"), [(4, 0, True), (3, 0, False), (2, 3, True), (1, 3, False)])
def test_most_of_the_nodes_that_are_measured_tell_a_jump(jumped: int, hidden: int, told: bool) -> None:
    time, seen_as = PERIOD_S * np.arange(21.0)[:, None] + np.zeros(6), np.broadcast_to([1.0, 0.0], (21, 6, 2))
    measured, variance = np.zeros((21, 6)), np.ones((21, 6))
    measured[20, :jumped], measured[20, 6 - hidden :], variance[20, 6 - hidden :] = 100.0, 1000.0, np.inf
    assert smoothed_states(measured, variance, seen_as, time, 0.0, 1e-6, ImageOffset(0.0, 1.0)).jump[20] == told


def test_after_a_jump_nothing_is_known_of_the_velocity_and_nothing_goes_with_the_height() -> None:
    time, seen_as = PERIOD_S * np.arange(21.0)[:, None], np.tile([1.0, 0.0, 0.5, 0.7], (21, 1, 1))
    seen_as[20] = [1.0, 0.0, 0.0, 0.0]
    measured = 200 * time + 150 * (time == time[20])
    found = smoothed_states(measured, np.ones((21, 1)), seen_as, time, 3.0, 1e-6, ImageOffset(2.0, 0.2))
    assert found.state[19, 0, 1] == pytest.approx(200, abs=1) and found.state[20, 0, :2] == pytest.approx([measured[20, 0], 0], abs=1e-2)
    assert found.covariance[20, 0, :2] == pytest.approx(np.array([[1.0, 0, 0, 0], [0, FREE_NM_PER_S**2, 0, 0]]), rel=1e-4)
    np.testing.assert_allclose(found.covariance[20, 0], found.covariance[20, 0].T)


def test_a_jump_of_100_nm_is_answered_within_two_frames_and_steady_glide_is_not_delayed() -> None:
    rng = np.random.default_rng(4)
    start = np.arange(30) * PERIOD_S
    jump = smoothed_track(
        _track(np.where(start > 1.0, 100.0, 0.0) + rng.normal(0, 1, 30)), [VIEW] * len(start), start, 1e-4, np.zeros(30), 1.0
    )
    assert jump is not None
    middle = jump.slid_nm[:, 10]
    early, late = np.flatnonzero(middle > 10)[0], np.flatnonzero(middle > 90)[0]
    assert late - early <= 2
    three_deviations_nm = 3 * np.sqrt(2)
    assert np.count_nonzero(jump.jump_nm) == 1 and jump.jump_nm.max() == pytest.approx(100, abs=three_deviations_nm)
    glide = smoothed_track(_track(200 * start + rng.normal(0, 1, 30)), [VIEW] * len(start), start, 1e-4, np.zeros(30), 1.0)
    assert glide is not None
    assert np.abs(glide.slid_nm[:, 10] - 200 * start).max() < 3
    assert glide.speed_nm_per_s[5:-5, 10] == pytest.approx(200, abs=25)
    assert not glide.jump_nm.any()


def test_a_place_between_two_jumps_has_a_velocity_that_is_not_known() -> None:
    start, places = np.arange(24) * PERIOD_S, np.r_[np.zeros(10), 100.0, 250.0, np.full(12, 20.0)]
    slid = places + np.random.default_rng(6).normal(0, 1, 24)
    smooth = smoothed_track(_track(slid), [VIEW] * len(start), start, 1e-4, np.zeros(24), 1.0)
    assert smooth is not None
    assert np.count_nonzero(smooth.jump_nm) == 3
    assert np.sqrt(smooth.speed_variance[10:12]).min() > 100
    assert np.abs(smooth.slid_nm[10:12, 5] - places[10:12]).max() < 3


def test_smoothing_states_what_it_is_wrong_by() -> None:
    start = np.arange(400) * PERIOD_S
    smooth = smoothed_track(_track(np.random.default_rng(1).normal(0, 2, 400), 4.0), [VIEW] * len(start), start, 1e-4, np.zeros(400), 1.0)
    assert smooth is not None
    ratio = np.sqrt(np.mean(smooth.slid_nm[:, 0] ** 2 / smooth.variance_nm2[:, 0]))
    assert 0.6 < ratio < 1.2


def test_what_is_likely_at_two_paces_is_their_mean_with_the_deviations_within_and_between_them() -> None:
    start, rng = np.arange(30) * PERIOD_S, np.random.default_rng(2)
    track = _track(np.cumsum(rng.normal(0, 2.35, 30)) + rng.normal(0, 1, 30))
    smooth = smoothed_track(track, [VIEW] * 30, start, 1e-4, np.zeros(30), 1.0)
    assert smooth is not None
    seen_as = np.broadcast_to([1.0, 0.0], (*track.slid_nm.shape, 2))
    slow, fast = (
        smoothed_states(track.slid_nm, track.variance_nm2, seen_as, smooth.time_s, 0.0, ACCELERATION * pace, ImageOffset(0.0, 1.0))
        for pace in (0.01, 1.0)
    )
    nodes_of_48_nm, one_counts_in_nm = 6, 400.0
    less = (fast.log_likelihood - slow.log_likelihood)[::nodes_of_48_nm].sum() * nodes_of_48_nm * NODE_NM / one_counts_in_nm
    share = 1 / (1 + np.exp(-less))
    assert 0.3 < share < 0.7
    mean = share * fast.state + (1 - share) * slow.state
    spread = share * fast.covariance + (1 - share) * slow.covariance
    between = share * (1 - share) * (fast.state - slow.state) ** 2
    np.testing.assert_allclose(smooth.slid_nm, mean[..., 0], atol=1e-9)
    np.testing.assert_allclose(smooth.variance_nm2, spread[..., 0, 0] + between[..., 0])
    np.testing.assert_allclose(smooth.speed_variance, spread[..., 1, 1] + between[..., 1])


def test_a_line_that_is_followed_from_a_later_frame_on_lies_beside_the_tomogram_as_its_own_first_frames_show() -> None:
    found, slid = [], np.random.default_rng(3).normal(6.0, 0.7, 30)
    for first in (0, 10):
        track = _track(slid)
        track.slid_nm[first:], track.state[:first] = slid[: 30 - first, None], LOST
        later = replace(track, line=replace(track.line, frames=range(first, 30)))
        smooth = smoothed_track(later, [VIEW] * 30, np.arange(30) * PERIOD_S, 1e-4, np.zeros(30), 1.0)
        assert smooth is not None
        found.append(beside_tomogram_nm([smooth], VIEW)[0])
    assert found[1] == pytest.approx(found[0], rel=0.05) and found[0] > 3
