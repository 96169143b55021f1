"""Lines fitted to the frames: known places and signs, evidence, gaps, crossings, nothing where nothing is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.dislocations import resampled
from rapidstem.errors import InputError
from rapidstem.lines import FittingSettings, fit_lines
from rapidstem.lines.evidence import CoveredFrames, SeriesEvidence, curvature_of_frames, likelihood_of
from rapidstem.lines.evidence.frame_projection import project
from rapidstem.lines.line_pieces import line_pieces
from rapidstem.tomography import TiltGeometry
from tests.unit.tomography_phantoms import project_lines, projected_px

PIXEL_NM, ROWS, COLUMNS, FRAMES = 5.0, 80, 90, 25
BOX_NM = np.array([[-225.0, -200.0, -100.0], [225.0, 200.0, 100.0]])
DEPTH_PX = 60
# Asymmetric in x, y and z; the first two cross in the view along z, 90 nm apart in height.
RISING = np.linspace([-400.0, -190.0, -40.0], [400.0, 150.0, 20.0], 400)
FALLING = np.linspace([-400.0, 130.0, 75.0], [400.0, -170.0, 35.0], 400)
THREADING = np.linspace([120.0, 70.0, -100.0], [60.0, 150.0, 100.0], 150)


def moving_geometry(shifted=False, frames=FRAMES):
    """A stage that turns while a frame is scanned: 1.5 degrees from the first to the last row."""
    angles = np.deg2rad(np.linspace(-60, 60, frames))
    shift = np.random.default_rng(3).normal(0, 2, (frames, 2)) if shifted else np.zeros((frames, 2))
    return TiltGeometry(angles, shift, PIXEL_NM, ROWS, np.arange(frames) * 0.08, 0.08 * 0.3 / ROWS, columns=COLUMNS)


def noisy(lines, geometry, noise=0.03, seed=0):
    clean = project_lines(lines, geometry, COLUMNS)
    rng = np.random.default_rng(seed)
    return clean * (1 + rng.normal(0, noise, clean.shape)).astype(np.float32)


def bent(line, size_nm, seed=0):
    """A line as tracing gives it: some nm off, wavy."""
    along = np.linspace(0, 1, len(line))
    return line + size_nm * np.column_stack([np.sin(9 * along + phase) for phase in np.random.default_rng(seed).uniform(0, 6, 3)])


def fitted(lines, traced, geometry=None, box_nm=BOX_NM, **options):
    geometry = geometry or moving_geometry()
    return fit_lines(noisy(lines, geometry, **options), geometry, traced, box_nm, DEPTH_PX)


def inside(line):
    return line[np.all((line >= BOX_NM[0]) & (line <= BOX_NM[1]), axis=1)]


def distances(found, true):
    """From the points of a found line to the straight line on which a true one lies, nm."""
    direction = (true[-1] - true[0]) / np.linalg.norm(true[-1] - true[0])
    return np.linalg.norm(np.cross(found - true[0], direction), axis=1)


def test_points_appear_where_the_formula_puts_them():
    geometry = moving_geometry()
    places = project(FALLING, geometry, COLUMNS)
    expected = projected_px(FALLING, geometry, COLUMNS)
    assert np.allclose(places.row, expected[..., 0], atol=0.01)
    assert np.allclose(places.column, expected[..., 1], atol=0.01)


def test_crossing_lines_are_two_whole_lines_at_their_places():
    found = fitted([RISING, FALLING, THREADING], [inside(bent(line, 4)) for line in (RISING, FALLING, THREADING)])
    assert len(found.network.lines) == 3
    for true in (RISING, FALLING, THREADING):
        best = min(found.network.lines, key=lambda line: np.median(distances(line.points_nm, true)))
        assert np.percentile(distances(best.points_nm, true), 90) < 2.5
        assert best.length_nm == pytest.approx(np.linalg.norm(np.diff(inside(true), axis=0), axis=1).sum(), rel=0.08)
    assert min(found.probability) > 0.95
    assert max(found.p_value) < 0.05


def test_lines_are_the_same_in_pixels_half_as_wide():
    angles = np.deg2rad(np.linspace(-60, 60, FRAMES))
    time_s, line_time_s = np.arange(FRAMES) * 0.08, 0.08 * 0.3 / (2 * ROWS)
    fine = TiltGeometry(angles, np.zeros((FRAMES, 2)), PIXEL_NM / 2, 2 * ROWS, time_s, line_time_s, columns=2 * COLUMNS)
    clean = ndimage.gaussian_filter(project_lines([RISING, FALLING], fine, 2 * COLUMNS), (0, 2.2, 2.2))
    series = clean * (1 + np.random.default_rng(1).normal(0, 0.03, clean.shape)).astype(np.float32)
    found = fit_lines(series, fine, [inside(bent(line, 4)) for line in (RISING, FALLING)], BOX_NM, 2 * DEPTH_PX)
    assert len(found.network.lines) == 2
    for true in (RISING, FALLING):
        best = min(found.network.lines, key=lambda line: np.median(distances(line.points_nm, true)))
        assert np.percentile(distances(best.points_nm, true), 90) < 2.5
        assert best.length_nm == pytest.approx(np.linalg.norm(np.diff(inside(true), axis=0), axis=1).sum(), rel=0.08)


def test_false_candidate_goes_and_missing_line_comes():
    ghost = np.linspace([-150.0, 0.0, 60.0], [40.0, 160.0, -90.0], 100)
    found = fitted([RISING, FALLING, THREADING], [inside(RISING), inside(THREADING), ghost])
    assert len(found.network.lines) == 3
    for true in (RISING, FALLING, THREADING):
        assert min(np.median(distances(line.points_nm, true)) for line in found.network.lines) < 3


def test_points_have_the_time_of_the_frames_that_speak_for_them():
    geometry = moving_geometry()
    late = replace(geometry, used=np.arange(FRAMES) >= 12)
    whole, half = (fitted([RISING], [inside(RISING)], each) for each in (geometry, late))
    first, last = geometry.time_s[0], geometry.time_s[-1]
    for found, begin in ((whole, first), (half, geometry.time_s[12])):
        time = np.concatenate(found.time_s)
        assert np.nanmedian(time[:, 0]) == pytest.approx((begin + last) / 2, abs=0.15 * (last - begin))
        assert np.nanmedian(time[:, 1]) == pytest.approx((last - begin) / np.sqrt(12), rel=0.25)
    still = replace(geometry, time_s=None, line_time_s=None)
    assert np.isnan(np.concatenate(fitted([RISING], [inside(RISING)], still).time_s)).all()


def test_a_point_that_no_frame_speaks_for_has_no_time():
    """The ends of a line on the border of the field, which every frame shows beside itself: they had the time of the first frame."""
    found = fitted([RISING], [inside(RISING)], moving_geometry())
    time_s, silent = np.concatenate(found.time_s), np.concatenate(found.evidence) == 0
    assert 0 < np.count_nonzero(silent) < 5
    np.testing.assert_array_equal(np.isnan(time_s), np.column_stack([silent, silent]))


def test_a_dose_symmetric_series_gives_what_it_gives_in_order_of_tilt():
    turning = moving_geometry()
    ordered = replace(turning, time_s=None, line_time_s=None)
    series = noisy([RISING, FALLING], ordered)
    order = np.argsort(np.abs(ordered.angle_rad), kind="stable")
    mixed = replace(ordered, angle_rad=ordered.angle_rad[order], shift_px=ordered.shift_px[order])
    traced = [inside(bent(line, 4)) for line in (RISING, FALLING)]
    one, two = (fit_lines(*each, traced, BOX_NM, DEPTH_PX) for each in ((series, ordered), (series[order], mixed)))
    assert len(one.network.lines) == 2
    for name in ("sigma_nm", "evidence"):
        np.testing.assert_array_equal(np.concatenate(getattr(one, name)), np.concatenate(getattr(two, name)))
    np.testing.assert_array_equal(one.network.lines[0].points_nm, two.network.lines[0].points_nm)


def test_gap_closes_and_pieces_become_one_line():
    first, second = RISING[60:180], RISING[230:330]
    found = fitted([RISING, THREADING], [first, second, inside(THREADING)])
    assert len(found.network.lines) == 2


def test_one_line_is_one_line():
    found = fitted([RISING], [inside(bent(RISING, 4))])
    assert len(found.network.lines) == 1 and found.hidden_share[0] == 0 and found.hidden_by[0] == -1


def test_lines_on_one_another_in_all_frames_are_one():
    beside = RISING + np.array([0.0, 2.0, 2.0])
    found = fitted([RISING, beside], [inside(RISING), inside(beside)])
    assert len(found.network.lines) == 1


def with_hole(series, geometry, x_nm, y_nm, radius_nm):
    """The series of a foil that darkens with the tilt, with a round hole."""
    x = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_NM
    y = (np.arange(ROWS) - (ROWS - 1) / 2)[:, None] * PIXEL_NM / np.cos(geometry.angle_rad)[:, None, None]
    outside = 1 / (1 + np.exp(-(np.hypot(x - x_nm, y - y_nm) - radius_nm) / 3))
    darkening = np.exp(-0.4 * (1 / np.cos(geometry.angle_rad) - 1))[:, None, None]
    return (series * darkening * outside + 1.6 * (1 - outside)).astype(np.float32)


def test_rim_of_a_hole_is_no_line():
    geometry = moving_geometry()
    around = np.linspace(0, 2 * np.pi, 200)
    ring = np.column_stack([110 + 70 * np.cos(around), -70 + 70 * np.sin(around), np.zeros(200)])
    series = with_hole(noisy([RISING], geometry), geometry, 110, -70, 70)
    found = fit_lines(series, geometry, [inside(bent(RISING, 4)), ring], BOX_NM, DEPTH_PX)
    assert all(np.median(distances(line.points_nm, RISING)) < 3 for line in found.network.lines)
    assert sum(line.length_nm for line in found.network.lines) > 300


def test_a_line_that_a_hole_cuts_ends_at_surfaces_there():
    geometry = moving_geometry()
    series = with_hole(noisy([RISING, FALLING], geometry), geometry, 150, 44, 60)
    found = fit_lines(series, geometry, [inside(RISING[RISING[:, 0] < 90]), inside(FALLING)], BOX_NM, DEPTH_PX)
    cut, whole = sorted(found.network.lines, key=lambda line: line.length_nm)
    assert {cut.start_kind, cut.end_kind} == {"border", "surface"} and {whole.start_kind, whole.end_kind} == {"border"}
    assert found.network.foil_share == pytest.approx(1 - np.pi * 60**2 / (450 * 400), abs=0.015)


def test_lines_that_are_close_hide_each_other():
    low, high = RISING - np.array([0.0, 0.0, 30.0]), RISING + np.array([0.0, 0.0, 30.0])
    found = fitted([low, high], [inside(low), inside(high)])
    assert len(found.network.lines) == 2
    assert np.all((found.hidden_share > 0.1) & (found.hidden_share < 0.9))
    assert list(found.hidden_by) == [1, 0]


def test_noise_alone_holds_no_line():
    traced = [inside(RISING), inside(THREADING)]
    assert len(fitted([], traced).network.lines) == 0
    assert len(fitted([RISING], []).network.lines) == 0


def error_over_stated(true_lines, counted, geometry, noise, seeds):
    """Root mean square distance of the found lines nearest to those that count, away from their ends, over the stated one."""
    ratios = []
    for seed in range(seeds):
        found = fitted(true_lines, [inside(line) for line in true_lines], geometry, noise=noise, seed=seed)
        for line, sigma in zip(found.network.lines, found.sigma_nm, strict=True):
            true = min(true_lines, key=lambda one: np.median(distances(line.points_nm, one)))
            middle = slice(len(line.points_nm) // 6, -len(line.points_nm) // 6)
            if any(true is one for one in counted):
                ratios.append(np.mean(distances(line.points_nm[middle], true) ** 2) / np.mean(np.sum(sigma[middle] ** 2, axis=1)))
    assert ratios
    return np.sqrt(np.mean(ratios))


@pytest.mark.parametrize("views", [25, 5])
def test_stated_deviation_is_that_of_the_noise(views):
    geometry = moving_geometry()
    geometry = replace(geometry, used=np.isin(np.arange(FRAMES), np.linspace(0, FRAMES - 1, views).astype(int)))
    lines = [RISING, FALLING]
    assert 0.75 < error_over_stated(lines, lines, geometry, noise=0.06, seeds=4) < 1.25


def test_stated_deviation_of_a_line_that_is_seen_end_on():
    end_on_at_minus_45 = np.linspace([-20.0, -100.0, -100.0], [20.0, 100.0, 100.0], 400)
    assert 0.75 < error_over_stated([end_on_at_minus_45, RISING], [end_on_at_minus_45], moving_geometry(), noise=0.03, seeds=6) < 1.25


def shaken(line, geometry, seed):
    """Frames in which a line lies off as a whole, by 1.5 nm in y, otherwise in every eight frames."""
    frames = np.arange(len(geometry.angle_rad))
    shifts = np.random.default_rng(seed).normal(0, 1.5, len(frames) // 8)
    blocks = [project_lines([line + np.array([0.0, shift, 0.0])], geometry, COLUMNS) for shift in shifts]
    return np.stack([blocks[frame // 8][frame] for frame in frames])


def test_stated_deviation_holds_what_a_whole_line_is_off_by_in_neighbouring_frames():
    upper, lower = (np.linspace([-400.0, y - 15, -30.0], [400.0, y + 15, 20.0], 400) for y in (-95.0, 95.0))
    geometry, ratios = moving_geometry(frames=64), []
    for seed in range(4):
        series = shaken(upper, geometry, seed) * shaken(lower, geometry, seed + 10)
        series *= 1 + np.random.default_rng(seed).normal(0, 0.03, series.shape).astype(np.float32)
        found = fit_lines(series / series.mean(), geometry, [inside(upper), inside(lower)], BOX_NM, DEPTH_PX)
        for line, sigma in zip(found.network.lines, found.sigma_nm, strict=True):
            true = upper if line.points_nm[0, 1] < 0 else lower
            ratios.append(np.mean(distances(line.points_nm, true) ** 2) / np.mean(np.sum(sigma**2, axis=1)))
    assert len(ratios) == 8
    assert 0.6 < np.sqrt(np.mean(ratios)) < 1.5, np.sqrt(ratios)


def test_series_of_another_size_is_refused():
    with pytest.raises(InputError, match="align the series again"):
        fit_lines(np.ones((3, ROWS, COLUMNS)), moving_geometry(), [RISING], BOX_NM, DEPTH_PX)


def test_everything_grows_with_the_width_of_the_lines():
    lines, geometry = [RISING, FALLING], moving_geometry()
    traced, frames = [inside(bent(line, 4)) for line in lines], noisy(lines, geometry)
    found = fit_lines(frames, geometry, traced, BOX_NM, DEPTH_PX)
    wide = fit_lines(
        frames,
        replace(geometry, pixel_size_nm=2 * PIXEL_NM),
        [2 * line for line in traced],
        2 * BOX_NM,
        DEPTH_PX,
        FittingSettings(line_width_nm=2 * 13.7),
    )
    for one, two in zip(found.network.lines, wide.network.lines, strict=True):
        assert np.allclose(2 * one.points_nm, two.points_nm) and (one.start_kind, one.end_kind) == (two.start_kind, two.end_kind)
    assert np.allclose(2 * found.network.box_nm, wide.network.box_nm) and np.isclose(2 * found.foil.middle_nm, wide.foil.middle_nm)
    assert all(np.allclose(2 * one, two) for one, two in zip(found.sigma_nm, wide.sigma_nm, strict=True))


def test_a_line_that_no_frame_shows_covers_nothing_but_what_its_image_reaches():
    geometry = moving_geometry()
    frames = noisy([RISING], geometry)
    curvature = curvature_of_frames(frames, 13.7 / (2 * PIXEL_NM))
    evidence = SeriesEvidence(curvature, likelihood_of([inside(RISING)], curvature, geometry), geometry)
    along = np.linspace(-200, 200, 80)
    last_column_nm = (COLUMNS - 1) / 2 * PIXEL_NM
    at_border, outside, beside = (np.column_stack([np.full(80, last_column_nm + by), along, 0 * along]) for by in (0, 60, 5))
    covered = CoveredFrames(evidence, [at_border, outside])
    assert covered.covering(0).tolist() == [0, 0] and covered.covering(1).tolist() == [0, 0]
    assert np.array_equal(covered.own(0), covered.whole(0))
    hiding = CoveredFrames(evidence, [at_border, beside])
    assert hiding.covering(0)[1] == np.count_nonzero(evidence.places(resampled(at_border, evidence.step_nm)).seen)


def test_without_candidates_there_are_no_lines(monkeypatch):
    monkeypatch.setattr("rapidstem.lines.line_fitting.line_pieces", lambda *_: [])
    assert not fitted([RISING], [inside(RISING)]).network.lines


def test_evidence_that_hardly_tells_lines_from_noise_gives_few_pieces():
    noise = np.random.default_rng(5).normal(5, 5, (60, 90, 90))
    assert len(line_pieces(noise, PIXEL_NM, clear=22.0)) < 10
    noise[28:31, 43:46, 20:70] += 60
    pieces = line_pieces(noise, PIXEL_NM, clear=22.0)
    along_it = np.concatenate(pieces)[np.hypot(*(np.concatenate(pieces)[:, 1:] - [0.0, -2.5]).T) < 15]
    assert len(pieces) < 30 and np.ptp(along_it[:, 0]) > 200
