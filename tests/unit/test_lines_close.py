"""Lines side by side: told apart where a traced one runs beside all fitted ones, and only where the frames speak for both."""

import numpy as np
import pytest

from rapidstem.dislocations import steps_along
from rapidstem.lines.close_lines import told_apart, unfollowed, with_traced
from rapidstem.lines.evidence.frame_curvature import curvature_of_frames
from rapidstem.lines.evidence.line_coverage import SeriesEvidence
from rapidstem.lines.evidence.line_likelihood import likelihood_of
from tests.unit.test_lines_fitting import inside, moving_geometry, noisy

# Rising along x and z, asymmetric; the sister runs 26 nm beside it over its first 260 nm and leaves then.
LINE = np.linspace([-400.0, -120.0, -60.0], [400.0, 80.0, 70.0], 500)
BESIDE = np.array([-6.0, 24.0, -8.0])
AWAY = np.concatenate([np.zeros(290), np.linspace(0.0, 1.0, 210) ** 1.5])[:, None] * np.array([-30.0, 120.0, 30.0])
SISTER = LINE + BESIDE + AWAY
OTHER = np.linspace([-400.0, -160.0, 60.0], [400.0, -190.0, -50.0], 400)


def evidence_of(lines):
    geometry = moving_geometry()
    curvature = curvature_of_frames(noisy(lines, geometry), 13.7 / (2 * geometry.pixel_size_nm), 1)
    return SeriesEvidence(curvature, likelihood_of(lines, curvature, geometry), geometry)


def test_a_line_that_no_fitted_one_follows_is_seen() -> None:
    assert unfollowed([LINE, SISTER], [LINE])
    assert not unfollowed([LINE, SISTER], [LINE, SISTER])
    assert not unfollowed([LINE, SISTER[:40]], [LINE])


@pytest.mark.parametrize(("apart_nm", "seen"), [(11.0, False), (17.0, True)])
def test_what_runs_within_a_line_width_is_followed(apart_nm: float, seen: bool) -> None:
    assert unfollowed([LINE + apart_nm * BESIDE / np.linalg.norm(BESIDE)], [LINE]) == seen


@pytest.mark.parametrize(("apart_nm", "length_nm", "added"), [(15.0, 200.0, 0), (22.0, 40.0, 0), (22.0, 65.0, 1)])
def test_a_candidate_adds_stretches_of_fifty_nm_that_are_farther_than_eighteen(apart_nm: float, length_nm: float, added: int) -> None:
    stretch = LINE[100 : 100 + round(length_nm / np.linalg.norm(LINE[1] - LINE[0]))]
    assert len(with_traced([stretch + apart_nm * BESIDE / np.linalg.norm(BESIDE)], [LINE, OTHER])) == 2 + added


def test_candidates_add_what_no_traced_line_shows() -> None:
    lines = with_traced([LINE, OTHER], [LINE, SISTER])
    assert len(lines) == 3
    assert steps_along(lines[2])[-1] > 0.9 * steps_along(OTHER)[-1]


def test_two_lines_take_the_place_of_one_that_hops_between_them() -> None:
    true = [inside(line) for line in (LINE, SISTER, OTHER)]
    hopping = np.vstack([true[0][:150], true[1][190:]])
    chosen = told_apart([hopping, true[2]], [true[0], true[1], true[2] + 1.0], evidence_of(true), 20.0)
    assert len(chosen) == 3
    assert all(any(line is each for line in chosen) for each in true)


@pytest.mark.parametrize(("points", "overcount", "taken"), [(150, 20.0, True), (70, 20.0, False), (150, 1e6, False)])
def test_a_second_line_takes_a_place_where_it_is_long_and_explains_enough(points: int, overcount: float, taken: bool) -> None:
    true = [inside(line) for line in (LINE, SISTER, OTHER)]
    others = [true[0], true[1][-points:], true[2]]
    assert len(told_apart([true[0], true[2]], others, evidence_of(true), overcount)) == 2 + taken


def test_a_second_line_that_the_frames_do_not_show_takes_no_place() -> None:
    true = [inside(line) for line in (LINE, OTHER)]
    lines = list(true)
    ghost = inside(SISTER)
    assert told_apart(lines, [true[0], ghost, true[1]], evidence_of(true), 20.0) == lines


def test_a_line_that_is_there_twice_explains_no_more_than_once() -> None:
    true = [inside(line) for line in (LINE, OTHER)]
    lines = list(true)
    assert told_apart(lines, [true[0], true[0] + 1.0, true[1]], evidence_of(true), 20.0) == lines


def test_fewer_lines_do_not_take_the_place_of_more() -> None:
    true = [inside(line) for line in (LINE, OTHER)]
    halves = [true[0][:130], true[0][220:], true[1]]
    assert told_apart(halves, true, evidence_of(true), 20.0) == halves
