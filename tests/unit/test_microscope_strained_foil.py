"""A foil under stress: which lines move, how, and that its tilt series shows the same lines."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rapidstem.files.image_stacks import read_stack
from rapidstem.microscope.recording.acquisitions import simulate_acquisition
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.gliding_specimen import gliding_foil
from rapidstem.microscope.specimen.line_courses import FARTHEST_NM, JUMP_NM, drawn_course
from rapidstem.microscope.specimen.specimens import FrameGeometry, foil_for_series
from rapidstem.microscope.specimen.strained_lines import ADDED_LINES
from rapidstem.microscope.specimen.strained_specimen import StrainedFoil, foil_after_stress, strained_foil
from rapidstem.microscope.truth import read_truth

SETTINGS = MicroscopeSettings(
    size_px=64, pixel_size_nm=9.0, in_situ_frames=20, glide_speed_nm_per_s=200.0, tilt_start_deg=-30.0, tilt_stop_deg=30.0
)


@pytest.fixture(scope="module")
def foil() -> StrainedFoil:
    return strained_foil("strain", "series", 10.0, resting_stage(10.0), 4.0, SETTINGS)


def test_the_tilt_series_shows_the_same_lines_before_they_move(foil: StrainedFoil) -> None:
    series = foil_for_series("series", SETTINGS)
    assert len(series.lines) == len(foil.lines)
    assert all(np.array_equal(one.points_nm, other.points_nm) for one, other in zip(series.lines, foil.lines, strict=True))
    moved = [course.displacement_nm(foil.lines[number].points_nm, 0.0) for number, course in foil.courses.items()]
    assert np.abs(np.concatenate(moved)).max() == 0


def test_lines_keep_their_depths_and_glide_in_their_planes(foil: StrainedFoil) -> None:
    axes = specimen_axes(SETTINGS.foil_normal)
    for number, course in foil.courses.items():
        line = foil.lines[number]
        move = course.displacement_nm(line.points_nm, 1.0)
        assert np.abs(move[:, 2]).max() == 0
        if course.kind != "cross slip":
            assert np.abs(move @ (axes @ line.plane_normal)).max() < 1e-6


def test_a_screw_slips_across_onto_another_plane_that_holds_it(foil: StrainedFoil) -> None:
    number = len(foil.lines) - ADDED_LINES
    line, course = foil.lines[number], foil.courses[number]
    axes = specimen_axes(SETTINGS.foil_normal)
    along = line.points_nm[-1] - line.points_nm[0]
    assert np.linalg.norm(np.cross(along / np.linalg.norm(along), axes @ line.burgers / np.linalg.norm(line.burgers))) < 1e-6
    first, second = np.diff(course.place_nm, axis=0)
    assert abs(first @ (axes @ line.plane_normal)) < 1e-6 < abs(second @ (axes @ line.plane_normal))


def test_two_lines_annihilate_where_they_meet(foil: StrainedFoil) -> None:
    numbers = [len(foil.lines) - 2, len(foil.lines) - 1]
    until = foil.courses[numbers[0]].until_s
    before = [foil.lines[n].points_nm + foil.courses[n].displacement_nm(foil.lines[n].points_nm, until - 1e-6) for n in numbers]
    assert np.abs(before[0] - before[1]).max() < 0.1
    assert np.array_equal(foil.lines[numbers[0]].burgers, -foil.lines[numbers[1]].burgers)
    columns = np.arange(64.0)
    there, gone = (foil.image(time, np.zeros(2), columns, columns) for time in (until - 0.1, until + 0.1))
    assert np.abs(there - gone).max() > 0.05


def test_courses_of_all_kinds_stay_within_what_they_promise() -> None:
    points = np.column_stack([np.zeros(41), np.linspace(-200, 200, 41), np.linspace(-150, 150, 41)])
    trace = np.array([1.0, 0.0, 0.0])
    kinds: dict[str, int] = {}
    for seed in range(60):
        course = drawn_course(points, trace, 200.0, 8.0, np.random.default_rng(seed))
        kind = "resting" if course is None else course.kind
        kinds[kind] = kinds.get(kind, 0) + 1
        if course is None:
            continue
        time = np.linspace(0, 8, 801)
        path = np.array([course.displacement_nm(points, each)[:, 0] for each in time])
        if kind == "sweeping":
            assert np.abs(np.diff(path[:, 0])).max() / 0.01 <= 200 + 1e-6
        if kind == "jerky":
            steps = np.abs(np.diff(course.place_nm[:, 0]))
            assert np.abs(path).max() <= FARTHEST_NM + 1e-6 and steps.max() <= JUMP_NM[1]
        if kind == "pinned":
            assert np.abs(path[:, [0, -1]]).max() == 0 and 40 <= np.abs(path).max() <= 90
    assert set(kinds) == {"resting", "pinned", "sweeping", "jerky"} and kinds["resting"] > 10


def test_rows_show_the_line_where_it_is_when_they_are_scanned(foil: StrainedFoil) -> None:
    columns, start, line_time = np.arange(64.0), 0.3, 4e-3
    scanned = replace(foil, settings=replace(SETTINGS, line_time_s=line_time, frame_period_s=1.0))
    standing = replace(foil, settings=replace(SETTINGS, line_time_s=64 * 114e-9))
    frame, first = (each.image(start, np.zeros(2), columns, columns) for each in (scanned, standing))
    rows = np.arange(0, 64, 3)
    expected = np.stack([standing.image(start + row * line_time, np.zeros(2), columns, columns)[row] for row in rows])
    moved = np.abs(first[rows] - expected).max()
    assert moved > 0.1
    assert np.sqrt(np.mean((frame[rows] - expected) ** 2)) < 0.2 * np.sqrt(np.mean((first[rows] - expected) ** 2))


def test_truth_says_where_lines_are_at_any_time(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("rapid.emd", "slow.emd", "truth.h5")]
    simulate_acquisition("in_situ", "strain", 10.0, SETTINGS, *paths, specimen="series")
    truth = read_truth(paths[2])
    assert read_stack(paths[0]).frames.shape == (20, 64, 64)
    assert truth.courses and all(np.array_equal(truth.lines_at(0.0)[n], line.points_nm) for n, line in enumerate(truth.lines))
    last = len(truth.lines) - 1
    assert last in truth.lines_at(truth.courses[last].until_s - 0.01) and last not in truth.lines_at(truth.courses[last].until_s)
    moving = next(number for number, course in truth.courses.items() if course.kind == "cross slip")
    moved = truth.lines_at(1.0)[moving] - truth.lines[moving].points_nm
    assert np.linalg.norm(moved[0]) == pytest.approx(np.linalg.norm(truth.courses[moving].displacement_nm(np.zeros((1, 3)), 1.0)))


def test_a_later_tilt_series_shows_the_lines_where_stress_has_left_them() -> None:
    earlier, later = foil_for_series("series", SETTINGS), foil_after_stress("later", "series", SETTINGS)
    assert len(later.lines) == len(earlier.lines) - 2
    before = {tuple(line.burgers) + tuple(line.plane_normal): [] for line in earlier.lines}
    for line in earlier.lines:
        before[tuple(line.burgers) + tuple(line.plane_normal)].append(line.points_nm)
    moves = []
    for line in later.lines:
        same = [points for points in before[tuple(line.burgers) + tuple(line.plane_normal)] if len(points) == len(line.points_nm)]
        moves.append(min((line.points_nm - points for points in same), key=lambda move: np.abs(move[:, 2]).max() + np.abs(move).max()))
    largest = np.array([np.abs(move).max() for move in moves])
    assert np.count_nonzero(largest == 0) > 3 and np.count_nonzero(largest > 15) > 3
    assert max(np.abs(move[:, 2]).max() for move in moves) == 0


def test_a_later_tilt_series_says_when_it_began(tmp_path: Path) -> None:
    settings = replace(SETTINGS, size_px=32, tilt_frames=3)
    began = []
    for name in ("series", "later"):
        paths = [tmp_path / f"{name}.{ending}" for ending in ("rapid.emd", "slow.emd", "h5")]
        simulate_acquisition("tilt_series", name, None, settings, *paths, specimen="series")
        began.append(read_stack(paths[0]).started_s)
    assert began[1] - began[0] == 3600


GLIDING = replace(SETTINGS, glide_speed_nm_per_s=0.0, sweep_glide_speed_nm_per_s=150.0, tilt_frames=16)


def test_lines_glide_while_a_later_series_is_recorded_from_where_the_earlier_one_shows_them() -> None:
    still, foil = foil_for_series("series", GLIDING), gliding_foil("later", "series", GLIDING)
    pixels = np.arange(64.0)

    def seen(specimen, start_s: float) -> np.ndarray:
        return specimen.image(FrameGeometry(resting_stage(5.0), start_s, GLIDING.line_time_s, np.zeros(2), pixels, pixels))

    assert np.array_equal(seen(foil, 0.0), seen(still, 0.0))
    assert np.abs(seen(foil, 0.8) - seen(still, 0.8)).max() > 0.1
    until = min(course.until_s for course in foil.courses.values())
    gone = [number for number, course in foil.courses.items() if course.until_s == until]
    profiles = foil.placed(FrameGeometry(resting_stage(5.0), until + 0.01, 0.0, np.zeros(2), pixels, pixels))[1]
    assert not profiles[np.isin(foil.drawn.line, gone)].any() and profiles.any()


def test_rows_of_a_gliding_foil_show_it_when_they_are_scanned() -> None:
    foil, pixels, start = gliding_foil("later", "series", GLIDING), np.arange(64.0), 0.3
    slow = FrameGeometry(resting_stage(5.0), start, 4e-3, np.zeros(2), pixels, pixels)
    frame, rows = foil.image(slow), np.arange(0, 64, 7)
    at_once = [foil.image(replace(slow, start_s=start + row * 4e-3, line_time_s=0.0)) for row in rows]
    expected = np.stack([image[row] for image, row in zip(at_once, rows, strict=True)])
    first = foil.image(replace(slow, line_time_s=0.0))[rows]
    assert np.sqrt(np.mean((frame[rows] - expected) ** 2)) < 0.2 * np.sqrt(np.mean((first - expected) ** 2))


def test_the_slow_series_of_a_gliding_foil_shows_where_its_lines_have_come_to_rest(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("rapid.emd", "slow.emd", "truth.h5")]
    simulate_acquisition("tilt_series", "later", None, replace(GLIDING, size_px=32), *paths, specimen="series")
    truth = read_truth(paths[2])
    assert truth.courses
    foil = gliding_foil("later", "series", replace(GLIDING, size_px=32))
    at_end, resting = truth.contrast_lines(slow=True), [line for line in foil.at_rest().lines if line.strength > 0]
    assert len(at_end) == len(resting)
    assert max(np.abs(one.points_nm - other.points_nm).max() for one, other in zip(at_end, resting, strict=True)) < 15
    middle = truth.lines_at(truth.rapid.time_s[-1] / 2)
    assert len(truth.contrast_lines()) == sum(truth.lines[number].strength > 0 for number in middle)
