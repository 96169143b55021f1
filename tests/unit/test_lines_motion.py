"""Lines followed in single views: planes, paths, and whole series of a phantom."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.lines.motion import TiltedView, follow_series
from rapidstem.lines.motion.glide_planes import FoilFaces, glide_plane
from rapidstem.lines.motion.line_paths import STEP_NM, best_path, found_path, smoothed_slide
from rapidstem.lines.motion.moving_lines import moving_line
from rapidstem.lines.motion.other_lines import lasting_lines
from rapidstem.lines.motion.view_evidence import frame_lines, learnt_from
from tests.unit.motion_phantoms import (
    HALF_FOIL_NM,
    LINE_TIME_S,
    NORMALS,
    PERIOD_S,
    PIXEL_NM,
    SHIFT_PX,
    SIZE,
    TILT_DEG,
    distances,
    frames_of,
    threading,
    tomogram_of,
    trace,
)

FIRST, SECOND = "(111)", "(-111)"
VIEW = TiltedView(np.deg2rad(TILT_DEG), (1.5, -2.0), PIXEL_NM, (SIZE, SIZE))


def test_a_view_fixes_two_coordinates_and_its_determinant_is_the_sine_of_the_beam_angle() -> None:
    for normal in NORMALS.values():
        plane = glide_plane("any", normal, np.array([30.0, -20.0, 10.0]))
        seen = VIEW.by_place @ plane.axes.T * PIXEL_NM
        assert abs(np.linalg.det(seen)) == pytest.approx(np.sin(np.deg2rad(plane.beam_angle_deg(VIEW.beam))))
        flat = np.array([[12.0, -34.0], [50.0, 60.0]])
        assert plane.coordinates(plane.points(flat)) == pytest.approx(flat)


def test_projection_has_the_signs_of_the_conventions() -> None:
    row, column = VIEW.seen_at(np.array([100.0, 0.0, 0.0])) - VIEW.seen_at(np.zeros(3))
    assert (row, column) == pytest.approx((0.0, 100 / PIXEL_NM))
    higher = VIEW.seen_at(np.array([0.0, 0.0, 100.0])) - VIEW.seen_at(np.zeros(3))
    assert higher == pytest.approx((100 * np.sin(np.deg2rad(TILT_DEG)) / PIXEL_NM, 0.0))


def test_best_path_follows_a_slope_and_is_not_drawn_off_by_a_single_strong_place() -> None:
    true = np.r_[np.full(10, 5), np.arange(5, 15), np.full(10, 15)]
    score = np.full((30, 25), -1.0)
    score[np.arange(30), true] = 1.0
    score[20, 0] = 3.0
    assert np.array_equal(best_path(score), true)


def test_smoothed_slide_keeps_a_constant_and_says_less_where_nothing_is_measured() -> None:
    weight = np.where(np.arange(40) < 25, 0.5, 0.0)
    slid, variance = smoothed_slide(np.full(40, 12.0), weight, np.full(40, 10.0))
    assert slid[:20] == pytest.approx(12.0, abs=0.02)
    assert variance[39] > 20 * variance[12]


def test_a_line_that_reaches_the_faces_slides_along_its_trace_and_keeps_its_heights() -> None:
    line = threading(FIRST, (20.0, -30.0))
    moving = moving_line(3, line, glide_plane(FIRST, NORMALS[FIRST], line.mean(axis=0)), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))
    assert moving.at_face == (True, True) and moving.known.all()
    moved = moving.points(np.full(len(moving.nodes_nm), 40.0))
    rest = moving.points(np.zeros(len(moving.nodes_nm)))
    assert moved[:, 2] == pytest.approx(rest[:, 2], abs=1e-6)
    assert (moved - rest)[0] == pytest.approx(40 * moving.direction)


def test_a_path_does_not_hang_on_where_the_places_that_are_tried_lie() -> None:
    line = threading(FIRST, (20.0, -30.0))
    moving = moving_line(0, line, glide_plane(FIRST, NORMALS[FIRST], line.mean(axis=0)), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))
    moved, view = line + 5.0 * moving.direction, replace(VIEW, shift_px=SHIFT_PX)
    images, scale_px = frames_of(lambda time: [moved], 3, noise=0.0).images, 13.7 / (2 * PIXEL_NM)
    frame = frame_lines(images[0], learnt_from(images, [moved], view, scale_px), scale_px)
    found = [found_path(moving, np.full(len(moving.nodes_nm), guess), 26.0, frame, view).slid_nm for guess in (0.0, 0.5, 1.0, 1.5)]
    assert np.median(found) == pytest.approx(5.0, abs=1.0)
    assert np.ptp(np.median(found, axis=1)) < 0.4


LINES = [threading(FIRST, (-120.0, 60.0)), threading(SECOND, (60.0, 90.0), -0.4), threading(FIRST, (100.0, -90.0), 0.5, -20.0)]


def _moved(time: float) -> list[np.ndarray]:
    """One line glides at 150 nm/s, one jumps by 90 nm, one rests and is gone after 1.5 s."""
    glide = 150.0 * max(time - 0.3, 0.0) * trace(FIRST)
    jump = -90.0 * (time > 0.93) * trace(SECOND)
    still = [LINES[2]] if time < 1.5 else []
    return [LINES[0] + glide, LINES[1] + jump, *still]


@pytest.fixture(scope="module")
def motion():
    return follow_series(tomogram_of(LINES), frames_of(_moved, 28), 13.7)


def test_the_view_is_found(motion) -> None:
    assert motion.match.view.shift_px == pytest.approx(SHIFT_PX, abs=0.3)
    assert np.rad2deg(motion.match.view.tilt_rad) == pytest.approx(TILT_DEG, abs=0.5)
    assert motion.match.correlation > 0.8


def test_frames_whose_tilt_axis_is_vertical_show_the_same_lines_at_the_times_of_their_own_rows(motion) -> None:
    upright = frames_of(_moved, 28, tilt_axis="y")
    found = follow_series(tomogram_of(LINES), replace(upright, images=upright.images[:, : SIZE - 12]), 13.7)
    rows = found.positions.query("line == 0 and measured == 1")
    assert rows["frame"].nunique() >= 26
    assert np.sqrt((distances(rows, _moved, 0) ** 2).mean(axis=0)).max() < 4
    row = (rows["x_nm"] / PIXEL_NM + (SIZE - 13) / 2 + found.match.view.shift_px[1]).to_numpy()
    scanned_s = (rows["time_s"] - rows["frame"] * PERIOD_S).to_numpy()
    assert scanned_s / LINE_TIME_S == pytest.approx(row, abs=1.5)
    jumps = [each.flags[each.flags["flag"] == "jump"].iloc[0] for each in (motion, found)]
    assert (jumps[1]["row_px"], jumps[1]["column_px"]) == pytest.approx((jumps[0]["column_px"], jumps[0]["row_px"]), abs=2)


@pytest.mark.parametrize("line", [0, 1])
def test_lines_are_lifted_to_where_they_are(motion, line: int) -> None:
    rows = motion.positions.query("line == @line and measured == 1")
    assert rows["frame"].nunique() >= 26
    assert motion.followed.set_index("line")["beam_angle_deg"][line] > 25
    off = distances(rows[(rows["time_s"] < 0.9) | (rows["time_s"] > 1.1)], _moved, line)
    assert np.sqrt((off**2).mean(axis=0)).max() < 4
    assert np.quantile(np.linalg.norm(off, axis=1), 0.95) < 10


def test_velocity_has_the_size_of_the_motion_across_the_line(motion) -> None:
    rows = motion.positions.query("line == 0 and frame > 8 and frame < 24 and measured == 1")
    assert 0.6 * 150 < rows["velocity_nm_per_s"].abs().median() < 150 * 1.05


def test_what_happened_is_flagged_and_what_did_not_is_not(motion) -> None:
    flags = motion.flags
    jumps = flags[flags["flag"] == "jump"]
    assert list(jumps["line"]) == [1] and abs(jumps["size_nm"].iloc[0]) == pytest.approx(90, abs=12)
    gone = flags[flags["flag"] == "vanished"]
    assert list(gone["line"]) == [2] and gone["frame"].iloc[0] in (21, 22, 23)
    assert not set(flags["flag"]) & {"cross slip", "bowing", "new", "unexplained", "field left"}


def test_a_bow_and_a_new_line_are_flagged() -> None:
    share = np.linspace(-1, 1, 60)[:, None]
    new = threading(SECOND, (-60.0, -120.0))

    def moved(time: float) -> list[np.ndarray]:
        bow = 70 * min(max(time - 0.3, 0) / 0.5, 1) * (1 - share**2) * trace(FIRST)
        return [LINES[0], LINES[1], LINES[2] + bow, *([new] if time > 0.6 else [])]

    found = follow_series(tomogram_of(LINES), frames_of(moved, 22), 13.7)
    flags = found.flags
    assert set(flags.loc[flags["flag"] == "bowing", "line"]) == {2}
    fresh = flags[flags["flag"] == "new"]
    assert len(fresh) >= 1 and fresh["frame"].min() in (9, 10, 11)
    rows = found.positions.query("line == 2 and frame > 14 and measured == 1")
    assert np.sqrt((distances(rows, moved, 2) ** 2).mean(axis=0)).max() < 5


def test_a_line_that_leaves_its_plane_is_flagged_and_lifted_no_further() -> None:
    def moved(time: float) -> list[np.ndarray]:
        return [LINES[0] + 160 * max(time - 0.4, 0) * trace(SECOND), LINES[1], LINES[2]]

    found = follow_series(tomogram_of(LINES), frames_of(moved, 22), 13.7)
    flag = found.flags[found.flags["flag"] == "cross slip"]
    assert list(flag["line"]) == [0]
    assert found.positions.query("line == 0")["frame"].max() < flag["frame"].iloc[0]


STILL = [threading(FIRST, (-200.0, 120.0), 0.8), threading(SECOND, (230.0, 60.0), -0.9), threading(FIRST, (190.0, -200.0), 0.2, -20.0)]


def _screw(place_nm: tuple[float, float]) -> np.ndarray:
    """A straight line along the <110> direction in which two {111} planes meet, from face to face."""
    direction = np.cross(NORMALS[FIRST], NORMALS[SECOND])
    reach = HALF_FOIL_NM / direction[2]
    return np.array([*place_nm, 0.0]) + np.linspace(-1, 1, 60)[:, None] * reach * direction


@pytest.mark.parametrize(("glide", "across"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_a_screw_is_lifted_into_the_plane_that_it_glides_in_and_after_cross_slip_into_the_other(glide: str, across: str) -> None:
    screw = _screw((-20.0, 0.0))

    def moved(time: float) -> list[np.ndarray]:
        way = 150 * np.clip(time - 0.2, 0, 0.7) * trace(glide) + 150 * max(time - 0.9, 0) * trace(across)
        return [screw + way, *STILL]

    found = follow_series(tomogram_of(moved(0.0)), frames_of(moved, 26), 13.7)
    line = found.followed.set_index("line").loc[0]
    assert (line["plane"], line["later_plane"]) == (glide, across)
    flag = found.flags[found.flags["flag"] == "cross slip"]
    assert list(flag["line"]) == [0] and 0.9 < flag["time_s"].iloc[0] < 1.5
    rows = found.positions.query("line == 0 and measured == 1")
    assert rows["frame"].max() == 25
    settled = rows[(rows["time_s"] < 0.9) | (rows["frame"] > line["later_from_frame"] + 3)]
    assert np.sqrt((distances(settled, moved, 0) ** 2).mean(axis=0)).max() < 8


def test_a_line_near_the_trace_keeps_its_end_on_the_face_as_it_glides() -> None:
    long = threading(FIRST, (60.0, -40.0), 2.6, 10.0)

    def moved(time: float) -> list[np.ndarray]:
        return [long + 200 * max(time - 0.3, 0) * trace(FIRST), *STILL]

    found = follow_series(tomogram_of(moved(0.0)), frames_of(moved, 24), 13.7)
    rows = found.positions.query("line == 0 and frame == 23")
    true = moved(float(rows["time_s"].mean()))[0]
    seen = true[VIEW.places(true).seen[0]]
    ends = rows[["x_nm", "y_nm", "z_nm"]].to_numpy(float)
    for end in (seen[0], seen[-1]):
        assert np.linalg.norm(ends - end, axis=1).min() < 45


def test_another_field_is_refused_with_its_correlation() -> None:
    other = [threading(SECOND, (-150.0, -100.0), 1.0), threading(FIRST, (0.0, 150.0), -1.2), threading(SECOND, (170.0, 20.0), 0.9)]
    with pytest.raises(InputError, match=r"another field.*correlate by 0\.\d+"):
        follow_series(tomogram_of(other), frames_of(lambda time: LINES, 6), 13.7)


def test_without_times_and_without_planes_the_remedy_is_said() -> None:
    frames = frames_of(lambda time: LINES, 6)
    with pytest.raises(InputError, match=r"reading\.frame_interval_s"):
        follow_series(tomogram_of(LINES), replace(frames, time_s=np.full(6, np.nan)), 13.7)
    straight = [
        threading(name, place, lean, 0.0)
        for name, place, lean in [(FIRST, (-120, 60), 0), (SECOND, (60, 90), -0.4), (FIRST, (100, -90), 0.5)]
    ]
    with pytest.raises(InputError, match="'crystal'"):
        follow_series(tomogram_of(straight, crystal=False), frames_of(lambda time: straight, 6), 13.7)


def test_a_field_that_drifts_out_is_said() -> None:
    frames = frames_of(lambda time: LINES, 20)
    images = np.array(frames.images)
    images[12:, :, :] = np.where(np.arange(SIZE) > 100, images[12:], np.nan)
    found = follow_series(tomogram_of(LINES), replace(frames, images=images), 13.7)
    assert list(found.flags.loc[found.flags["flag"] == "field left", "frame"]) == [12]
    assert not (found.flags["flag"] == "vanished").any()


def test_pieces_of_noise_that_come_and_go_are_no_lines() -> None:
    rng = np.random.default_rng(2)
    blinking = [np.column_stack([rng.uniform(0, 100, (3, 2)), np.full(3, 100.0)]) for _ in range(20)]
    steady = [np.vstack([each, [[50.0 + 0.5 * number, 20.0, 90.0]]]) for number, each in enumerate(blinking)]
    lasting = lasting_lines(steady, 5.0)
    assert len(lasting) == 1 and lasting[0].frames[0] == 0 and len(lasting[0].frames) >= 18
    assert STEP_NM < 5
