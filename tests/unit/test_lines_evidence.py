"""What frames say for lines and against them: likelihoods, and copies of lines where none are, with answers that are known."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.lines.evidence.frame_curvature import FrameCurvature
from rapidstem.lines.evidence.frame_projection import project
from rapidstem.lines.evidence.line_coverage import CoveredFrames, SeriesEvidence
from rapidstem.lines.evidence.line_likelihood import LineLikelihood, learnt_likelihood, likelihood_of
from rapidstem.lines.evidence.moved_copies import NullEvidence
from rapidstem.lines.evidence.summed_evidence import evidence_volume, frame_evidence
from rapidstem.tomography import TiltGeometry

FRAMES, ROWS, COLUMNS, PIXEL_NM = 5, 40, 50, 5.0
ALONG_X = np.column_stack([np.linspace(-60, 60, 60), np.zeros(60), np.zeros(60)])


def at_rest(shift_px: tuple[float, float] = (0.0, 0.0), used: np.ndarray | None = None) -> TiltGeometry:
    return TiltGeometry(np.zeros(FRAMES), np.tile(shift_px, (FRAMES, 1)), PIXEL_NM, ROWS, columns=COLUMNS, used=used)


def steady(level: float = 0.0) -> tuple[FrameCurvature, LineLikelihood]:
    """Frames that are curved alike everywhere, and a likelihood of which every class says 1."""
    return FrameCurvature(np.full((FRAMES, ROWS, COLUMNS, 3), level, np.float32), 1.5), LineLikelihood(
        np.zeros((FRAMES, 1)), np.ones((FRAMES, 2))
    )


@pytest.mark.parametrize("overcount", [1.0, 6.0])
def test_copies_tell_how_many_points_say_the_same(overcount: float) -> None:
    """Independent log likelihood ratios have a variance of twice their mean's size; groups that say the same, so many times that."""
    rng = np.random.default_rng(2)
    samples = rng.integers(200, 2000, 8000).astype(float)
    evidence = -0.3 * samples + np.sqrt(2 * 0.3 * overcount * samples) * rng.normal(size=8000)
    assert NullEvidence(samples, evidence, samples, evidence).overcount == pytest.approx(overcount, rel=0.05)


def test_the_p_value_is_the_share_of_copies_brought_to_the_length_of_the_line() -> None:
    deviation = np.array([-30.0, -10.0, 0.0, 15.0, 25.0])
    samples = np.full(5, 400.0)
    copies = NullEvidence(samples, samples, samples, -0.5 * samples + deviation)
    assert copies.p_value(400.0, -200 + 20.0) == pytest.approx(2 / 6)
    assert copies.p_value(1600.0, -800 + 40.0) == pytest.approx(2 / 6)
    assert copies.p_value(400.0, 0.0) == pytest.approx(1 / 6)
    nothing = NullEvidence(*np.zeros((4, 0)))
    assert (nothing.p_value(400.0, 10.0), nothing.overcount) == (1.0, 1.0)


def test_the_ratio_of_a_class_is_how_much_more_frequent_it_is_on_lines() -> None:
    rng = np.random.default_rng(3)
    on_lines, beside = rng.normal(1.0, 1.0, (1, 40000)), rng.normal(0.0, 1.0, (1, 160000))
    learnt = learnt_likelihood(on_lines, beside, np.ones(on_lines.shape, bool), np.ones(beside.shape, bool))
    curvature = np.linspace(-1, 2, 7)[None]
    np.testing.assert_allclose(learnt(curvature), curvature - 0.5, atol=0.25)


@pytest.mark.parametrize(("lines_seen", "beside_seen"), [(False, True), (True, False), (False, False)])
def test_a_frame_that_shows_no_known_line_or_nothing_beside_it_says_nothing(lines_seen: bool, beside_seen: bool) -> None:
    """It spoke against every line by three natural units a point, or for it."""
    values = np.random.default_rng(3).normal(0, 1, (1, 4000))
    learnt = learnt_likelihood(values, values, np.full(values.shape, lines_seen), np.full(values.shape, beside_seen))
    assert np.abs(learnt(np.linspace(-3, 3, 50)[None])).max() < 0.05


def test_frames_that_are_not_used_teach_nothing_and_say_nothing() -> None:
    used = np.array([True, True, False, True, True])
    curvature, likelihood = steady()
    spoilt = FrameCurvature(curvature.second.copy(), 1.5)
    spoilt.second[2] = 100.0
    learnt, expected = (likelihood_of([ALONG_X], each, at_rest(used=used)) for each in (spoilt, curvature))
    np.testing.assert_array_equal(learnt.edges, expected.edges)
    said = frame_evidence(curvature, likelihood, at_rest(used=used))
    np.testing.assert_array_equal(said.max(axis=(1, 2)), used)
    evidence = SeriesEvidence(curvature, likelihood, at_rest(used=used))
    np.testing.assert_array_equal(evidence.total(ALONG_X), np.full(60, 4.0))


def test_points_are_seen_where_the_aligned_frame_shows_what_the_raw_frame_has_scanned() -> None:
    """Aligned row r was raw row r + 12, so that the last twelve aligned rows were not scanned."""
    y_nm = PIXEL_NM * (np.arange(-2, ROWS + 2) - (ROWS - 1) / 2)
    points = np.column_stack([np.zeros((len(y_nm), 1)), y_nm, np.zeros(len(y_nm))])
    seen = project(points, at_rest((12.0, 0.0)), COLUMNS).seen[0]
    np.testing.assert_array_equal(np.arange(-2, ROWS + 2)[seen], np.arange(ROWS - 12))
    curvature, likelihood = steady()
    said = frame_evidence(curvature, likelihood, at_rest((12.0, 0.0)))
    np.testing.assert_array_equal(np.flatnonzero(said[0].any(axis=1)), np.arange(ROWS - 12))


def test_what_another_line_covers_says_nothing_for_a_line_and_what_it_covers_itself_does() -> None:
    evidence = SeriesEvidence(*steady(), at_rest())
    beside, far = (ALONG_X + np.array([0.0, y, 0.0]) for y in (PIXEL_NM, 60.0))
    covered = CoveredFrames(evidence, [ALONG_X, far])
    assert covered.own(0).sum() == covered.whole(0).sum() > 0
    assert covered.own_of(ALONG_X, 0).tolist() == [FRAMES] * 60
    assert covered.own_of(ALONG_X).tolist() == covered.own_of(ALONG_X, 1).tolist() == [0] * 60
    covered.add(beside)
    assert covered.own(0).sum() == covered.own_of(ALONG_X, 0).sum() == 0
    assert covered.remove(2) == {0}
    assert covered.own(0).sum() == covered.whole(0).sum()


def test_a_voxel_between_two_rows_has_what_both_say_by_their_distance() -> None:
    frame = np.tile(np.arange(ROWS, dtype=np.float32)[:, None], (1, COLUMNS))
    tilted = replace(at_rest(), angle_rad=np.full(FRAMES, np.deg2rad(30.0)))
    volume = evidence_volume(np.stack([frame, *np.zeros((FRAMES - 1, ROWS, COLUMNS), np.float32)]), tilted, 11)
    y, z = np.arange(ROWS) - (ROWS - 1) / 2, np.arange(11)[:, None] - 5
    row = y * np.cos(np.deg2rad(30.0)) + z * np.sin(np.deg2rad(30.0)) + (ROWS - 1) / 2
    np.testing.assert_allclose(volume[:, :, 7], row, atol=1e-4)
