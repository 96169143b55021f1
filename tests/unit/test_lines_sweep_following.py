"""Lines of a tomogram followed through a later tilt series: places in time, velocities, and the height above their planes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from rapidstem.dislocations import resampled
from rapidstem.errors import InputError
from rapidstem.files import write_polydata_series
from rapidstem.lines.evidence.frame_projection import project
from rapidstem.lines.motion import SweepMotion, TiltedView, follow_sweep, moments, shown_by_all, sweep_views
from rapidstem.lines.motion.glide_planes import FoilFaces, glide_plane
from rapidstem.lines.motion.line_following import SEEN, LineTrack
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.moving_lines import moving_line
from rapidstem.lines.motion.state_filters import ImageOffset, smoothed_states
from rapidstem.lines.motion.track_smoothing import SmoothTrack, smoothed_track
from rapidstem.tomography import TiltGeometry
from tests.unit.motion_phantoms import (
    HALF_FOIL_NM,
    LINE_TIME_S,
    NORMALS,
    PERIOD_S,
    PIXEL_NM,
    SIZE,
    _add_line,
    distances,
    threading,
    tomogram_of,
    trace,
)

FIRST, SECOND = "(111)", "(-111)"
FRAMES, BAND = 41, 16
LINES = [threading(FIRST, (-120.0, 60.0)), threading(SECOND, (60.0, 90.0), -0.4), threading(FIRST, (100.0, -90.0), 0.5, -20.0)]
TURN_RAD_PER_S = np.deg2rad(120) / (FRAMES * PERIOD_S)


def _tilt(time_s: np.ndarray | float) -> np.ndarray:
    return np.deg2rad(-60) + TURN_RAD_PER_S * np.asarray(time_s)


def _moved(time_s: float) -> list[np.ndarray]:
    """One line glides at 60 nm/s all the time, one jumps by 70 nm after a while, one rests."""
    return [LINES[0] + 60 * time_s * trace(FIRST), LINES[1] - 70 * (time_s > 1.1) * trace(SECOND), LINES[2]]


def _sweep(
    moved: Callable[[float], list[np.ndarray]], noise: float = 0.04, slow_scan: Literal["rows", "columns"] = "rows"
) -> tuple[np.ndarray, TiltGeometry]:
    """Frames of lines that move while the stage turns, each band of rows (or columns) at its own time and tilt."""
    rng, start = np.random.default_rng(0), np.arange(FRAMES) * PERIOD_S
    images = np.empty((FRAMES, SIZE, SIZE), np.float32)
    for number, begin in enumerate(start):
        image = np.zeros((SIZE, SIZE))
        for band in range(0, SIZE, BAND):
            time = begin + (band + BAND / 2) * LINE_TIME_S
            dark = np.zeros((SIZE, SIZE))
            for points in moved(time):
                x, y, z = resampled(points, 0.5).T / PIXEL_NM
                row = y * np.cos(_tilt(time)) + z * np.sin(_tilt(time))
                _add_line(dark, np.column_stack([row, x]) + (SIZE - 1) / 2)
            scanned = np.s_[band : band + BAND] if slow_scan == "rows" else np.s_[:, band : band + BAND]
            image[scanned] = dark[scanned]
        smooth = gaussian_filter(image, 13.7 / 2.3548 / PIXEL_NM, mode="nearest")
        images[number] = 1 - 0.55 * np.minimum(smooth, 1) + gaussian_filter(rng.normal(0, noise * 2, (SIZE, SIZE)), 0.6)
    return images, _geometry(slow_scan)


def _geometry(slow_scan: Literal["rows", "columns"] = "rows") -> TiltGeometry:
    start = np.arange(FRAMES) * PERIOD_S
    angle_rad, shift_px = _tilt(start + (SIZE - 1) / 2 * LINE_TIME_S), np.zeros((FRAMES, 2))
    return TiltGeometry(angle_rad, shift_px, PIXEL_NM, SIZE, start, LINE_TIME_S, slow_scan, SIZE)


@pytest.fixture(scope="module")
def motion() -> SweepMotion:
    raised = [LINES[0], LINES[1], LINES[2] + 4 * NORMALS[FIRST]]
    return follow_sweep(tomogram_of(raised), [LINES[2]], *_sweep(_moved), 13.7)


@pytest.mark.parametrize("line", [0, 1, 2])
def test_lines_are_where_they_are_at_the_time_of_every_frame(motion: SweepMotion, line: int) -> None:
    rows = motion.positions.query("line == @line and measured == 1")
    assert rows["frame"].nunique() >= 35
    settled = rows[(rows["time_s"] < 1.0) | (rows["time_s"] > 1.3)] if line == 1 else rows
    off = distances(settled.iloc[::7], _moved, line)
    assert np.sqrt((off**2).mean(axis=0)).max() < 5


def test_lines_of_a_sweep_that_was_scanned_column_by_column_are_where_they_are() -> None:
    found = follow_sweep(tomogram_of(LINES), [LINES[2]], *_sweep(_moved, slow_scan="columns"), 13.7)
    rows = found.positions.query("line != 1 and measured == 1")
    assert rows.groupby("line")["frame"].nunique().min() >= 35
    for line, own in rows.groupby("line"):
        assert np.sqrt((distances(own.iloc[::7], _moved, line) ** 2).mean(axis=0)).max() < 5
    column = (rows["x_nm"] / PIXEL_NM + (SIZE - 1) / 2).to_numpy()
    scanned_s = (rows["time_s"] - rows["frame"] * PERIOD_S).to_numpy()
    assert scanned_s / LINE_TIME_S == pytest.approx(column, abs=1.5)


def test_velocities_are_those_across_the_lines(motion: SweepMotion) -> None:
    glide, rest = (motion.positions.query("line == @line and measured == 1")["velocity_nm_per_s"].abs().median() for line in (0, 2))
    assert 0.6 * 60 < glide < 60 * 1.1
    assert rest < 10


def test_a_line_that_the_earlier_tomogram_puts_above_its_place_is_brought_down_as_far_as_the_views_tell(motion: SweepMotion) -> None:
    """By 4 nm; what is left is what dark lines may lie beside the cores by, and is stated."""
    rows = motion.positions.query("line == 2 and measured == 1").iloc[::7]
    above = distances(rows, _moved, 2) @ NORMALS[FIRST]
    stated = np.linalg.norm(rows[["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]].to_numpy() * NORMALS[FIRST], axis=1)
    assert abs(above.mean()) < 2.5
    assert np.sqrt(np.mean(above**2)) < 1.2 * stated.mean()


def test_a_jump_during_a_sweep_is_flagged(motion: SweepMotion) -> None:
    jumps = motion.flags[motion.flags["flag"] == "jump"]
    assert list(jumps["line"]) == [1]
    assert 1.0 < jumps["time_s"].iloc[0] < 1.3


def test_height_is_told_where_the_view_changes_and_states_what_it_is_wrong_by() -> None:
    rng, frames = np.random.default_rng(3), 60
    time = np.arange(frames)[:, None] * 0.07 * np.ones((1, 200))
    height = rng.normal(0, 3, 200)
    by_height = 1.5 * np.cos(np.linspace(-1.5, 1.5, frames))[:, None] * np.ones((1, 200))
    seen_as = np.stack([np.ones_like(time), np.zeros_like(time), by_height], axis=2)
    velocity = 50 + np.cumsum(rng.normal(0, np.sqrt(0.3 * 0.07), time.shape), axis=0)
    measured = np.cumsum(velocity * 0.07, axis=0) + seen_as[..., 2] * height + rng.normal(0, 2, time.shape)
    offset = ImageOffset(0.0, 1.0)
    slow, fast = (smoothed_states(measured, np.full(time.shape, 4.0), seen_as, time, 3.0, pace, offset) for pace in (0.3, 3e5))
    assert slow.log_likelihood.sum() > fast.log_likelihood.sum()
    assert fast.covariance[30, :, 2, 2].min() > 2**2
    found = slow
    off = found.state[30, :, 2] - height
    assert np.sqrt(np.mean(off**2)) < 1.0
    assert 0.8 < np.sqrt(np.mean(off**2 / found.covariance[30, :, 2, 2])) < 1.2


def _smoothed_offsets(beside_nm: float, alike_frames: float, seed: int) -> SmoothTrack:
    """A line at rest whose dark line lies beside it, alike over all of the line, as those of the virtual microscope, and so many frames."""
    rng, views = np.random.default_rng(seed), sweep_views(_geometry(), SIZE)
    points = threading(FIRST, (20.0, 30.0))
    line = moving_line(0, points, glide_plane(FIRST, NORMALS[FIRST], points.mean(axis=0)), FoilFaces.of(0.0, 2 * HALF_FOIL_NM))
    shape = (FRAMES, len(line.nodes_nm))
    beside, noise = rng.normal(0, 1, (FRAMES, 1)), gaussian_filter1d(rng.normal(0, 1, shape), 3.0, axis=1) * np.sqrt(6 * np.sqrt(np.pi))
    keeps = np.exp(-1 / alike_frames)
    for frame in range(1, FRAMES):
        beside[frame] = keeps * beside[frame - 1] + np.sqrt(1 - keeps**2) * beside[frame]
    sharp = np.stack([line.sensitivity(np.zeros(shape[1]), view) * PIXEL_NM for view in views])
    clear = np.abs(sharp) > LEAST_SENSITIVITY
    slid = np.where(clear, beside_nm * beside / np.where(clear, sharp, 1.0) + 0.5 * noise, 0.0)
    marks, states, doubt = [np.ones(shape, bool)] * 2, np.full(FRAMES, SEEN, "<U8"), np.zeros(FRAMES, bool)
    variance, faces = np.where(clear, 0.25, np.inf), np.full((FRAMES, 2), np.nan)
    track = LineTrack(line, slid, variance, *marks, states, np.ones(FRAMES), faces, doubt)
    smooth = smoothed_track(track, views, np.arange(FRAMES) * PERIOD_S, LINE_TIME_S, np.zeros(FRAMES), 1.0, 3.0)
    assert smooth is not None
    return smooth


@pytest.mark.parametrize(("beside_nm", "alike_frames"), [(1.0, 3.0), (3.0, 8.0)])
def test_deviations_grow_with_what_dark_lines_lie_beside_their_cores_by_and_for_how_long(beside_nm: float, alike_frames: float) -> None:
    found = [_smoothed_offsets(beside_nm, alike_frames, seed) for seed in range(16)]
    off, stated = np.sqrt(np.mean([each.slid_nm**2 for each in found])), np.sqrt(np.mean([each.variance_nm2 for each in found]))
    assert 0.45 < off / stated < 1.2


@pytest.mark.parametrize("slow_scan", ["rows", "columns"])
def test_a_view_of_a_sweep_shows_points_where_the_geometry_of_the_series_puts_them(slow_scan: Literal["rows", "columns"]) -> None:
    shift = np.column_stack([np.linspace(-6, 9, FRAMES), np.linspace(7, -8, FRAMES)])
    geometry = replace(_geometry(slow_scan), shift_px=shift)
    points = np.random.default_rng(5).uniform([-250, -100, -HALF_FOIL_NM], [250, 100, HALF_FOIL_NM], (40, 3))
    places = project(points, geometry, SIZE)
    seen = np.stack([view.seen_at(points) for view in sweep_views(geometry, SIZE)])
    assert seen == pytest.approx(np.stack([places.row, places.column], axis=2), abs=5e-3)


def test_rows_of_a_turning_frame_have_their_own_tilt() -> None:
    start, views = np.arange(FRAMES) * PERIOD_S, sweep_views(_geometry(), SIZE)
    point = np.array([[30.0, 120.0, 80.0]])
    row, column = views[7].seen_at(point)[0]
    tilt = _tilt(start[7] + row * LINE_TIME_S)
    assert row == pytest.approx((120 * np.cos(tilt) + 80 * np.sin(tilt)) / PIXEL_NM + (SIZE - 1) / 2, abs=1e-3)
    assert column == pytest.approx(30 / PIXEL_NM + (SIZE - 1) / 2)
    assert shown_by_all(np.array([[0.0, 0.0, 0.0], [0.0, 310.0, 90.0]]), views).tolist() == [True, False]


@pytest.mark.parametrize(("slow_scan", "axis"), [("rows", 0), ("columns", 1)])
def test_a_displaced_point_has_the_tilt_of_the_line_of_the_scan_on_which_it_falls(slow_scan: Literal["rows", "columns"], axis: int) -> None:
    view = TiltedView(0.3, (20.0, -30.0), PIXEL_NM, (100, 140), 2e-4, slow_scan)
    place = view.seen_at(np.array([40.0, 120.0, 80.0]))
    tilt = 0.3 + 2e-4 * (place[axis] - ((99, 139)[axis]) / 2)
    expected = [(120 * np.cos(tilt) + 80 * np.sin(tilt)) / PIXEL_NM + 49.5 + 20, 40 / PIXEL_NM + 69.5 - 30]
    assert place == pytest.approx(expected, abs=1e-4)


def test_a_sweep_without_times_is_refused() -> None:
    images, geometry = np.zeros((3, 32, 32), np.float32), TiltGeometry(np.zeros(3), np.zeros((3, 2)), PIXEL_NM, 32)
    with pytest.raises(InputError, match="have no times"):
        follow_sweep(tomogram_of(LINES), [], images, geometry, 13.7)


def test_frames_are_those_of_the_series_where_some_are_not_used() -> None:
    images, geometry = _sweep(_moved)
    used = np.ones(FRAMES, bool)
    used[[0, 1, 2, 10, 11, 25]] = False
    found = follow_sweep(tomogram_of(LINES), [LINES[2]], images, replace(geometry, used=used), 13.7)
    first, last = (found.positions.groupby("line")["frame"].agg(name) for name in ("min", "max"))
    ends = found.followed.set_index("line")
    assert used[found.positions["frame"].unique()].all()
    assert ends["first_frame"].tolist() == first.tolist() == [3, 3, 3]
    assert ends["last_frame"].tolist() == last.tolist() and ends["last_frame"].max() == FRAMES - 1
    assert (ends["later_from_frame"] == -1).all()


def test_an_earlier_sweep_without_lines_has_nothing_that_moves(tmp_path: Path) -> None:
    earlier = tomogram_of(LINES)
    empty = replace(earlier, points=earlier.points.iloc[:0], summary=earlier.summary.iloc[:0])
    geometry = _geometry()
    found = follow_sweep(empty, [], np.zeros((FRAMES, SIZE, SIZE), np.float32), geometry, 13.7)
    assert [len(table) for table in (found.positions, found.flags, found.followed)] == [0, 0, 0]
    write_polydata_series(tmp_path / "positions.pvd", moments(found.positions, geometry.time_s))
    assert (tmp_path / "positions.pvd").is_file()
