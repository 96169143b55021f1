"""Series that a microscope has disturbed: jumps of the stage, repeated frames, two places in one series."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tomography_phantoms import Phantom, make_phantom, project_lines

from rapidstem.errors import InputError
from rapidstem.frames.repeated_frames import repeated_images
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.coarse_alignment import coarse_shifts, far_peak
from rapidstem.tomography.alignment.line_points import Matches
from rapidstem.tomography.alignment.repeated_frames import among_all_frames, of_used_frames, without_repetitions
from rapidstem.tomography.alignment.series_alignment import AlignmentSettings, align_series
from rapidstem.tomography.alignment.series_parts import check_one_part
from rapidstem.tomography.alignment.single_frames import SingleFrames
from rapidstem.tomography.binarisation import binarise
from rapidstem.tomography.tilt_geometry import TiltGeometry

ONWARDS = np.arange(41) >= 25
MIDDLE = (np.arange(41) >= 10) & (np.arange(41) < 30)
JUMPS = {
    "both directions": ONWARDS[:, None] * [40.0, 40.0],
    "along the axis": ONWARDS[:, None] * [0.0, 40.0],
    "across the axis": ONWARDS[:, None] * [-40.0, 0.0],
    "there and back": MIDDLE[:, None] * [30.0, -36.0],
    "first frames": (np.arange(41) < 4)[:, None] * [-38.0, 25.0],
}


# The phantoms' lines are three pixels of 9.12 nm wide.
SETTINGS = AlignmentSettings(300.0, line_width_nm=27.36)


@pytest.fixture(scope="module")
def still() -> Phantom:
    return make_phantom(seed=11, size=128, frames=41, pixel_nm=9.12, noise=0.02, drift_px=0.0, jitter_px=0.3)


def moved(phantom: Phantom, move_px: np.ndarray) -> Phantom:
    geometry = replace(phantom.geometry, shift_px=phantom.geometry.shift_px + move_px)
    series = project_lines(phantom.lines_nm, geometry, 128)
    return replace(phantom, geometry=geometry, series=series * (1 + 0.02 * np.random.default_rng(1).standard_normal(series.shape)))


def errors(shift_px: np.ndarray, truth: Phantom) -> np.ndarray:
    """Errors of the shifts without what moves the volume alone."""
    tilt, error = truth.geometry.angle_rad, shift_px - truth.geometry.shift_px
    origin = np.column_stack([np.cos(tilt), np.sin(tilt)])
    across = error[:, 0] - origin @ np.linalg.lstsq(origin, error[:, 0], rcond=None)[0]
    return np.column_stack([across, error[:, 1] - error[:, 1].mean()])


@pytest.mark.parametrize("jump", JUMPS)
def test_first_shifts_follow_a_jump(still: Phantom, jump: str) -> None:
    truth = moved(still, JUMPS[jump])
    error = errors(coarse_shifts(binarise(truth.series), truth.geometry.angle_rad), truth)
    assert np.abs(error).max() < 8
    assert error.std() < 3


@pytest.mark.parametrize("seed", [1, 2])
def test_first_shifts_of_a_dense_noisy_series_do_not_jump(seed: int) -> None:
    """Steep frames of many lines correlate weakly with their neighbours, and by chance somewhere far away, in a small part."""
    dense = make_phantom(seed, size=96, frames=41, count=60, noise=0.2, drift_px=0.0, jitter_px=0.5)
    error = coarse_shifts(binarise(dense.series), dense.geometry.angle_rad) - dense.geometry.shift_px
    assert np.mean(np.abs(error).max(axis=1) < 96 / 8) > 0.75


def dense_noisy(seed: int, move_px: np.ndarray) -> Phantom:
    """Sixty lines in a small field: in its steep frames hardly a line stands out from the noise for itself."""
    dense = make_phantom(seed, size=96, frames=41, count=60, drift_px=0.0, jitter_px=0.5)
    geometry = replace(dense.geometry, shift_px=dense.geometry.shift_px + move_px)
    noise = 1 + 0.1 * np.random.default_rng(seed).standard_normal(dense.series.shape)
    return replace(dense, geometry=geometry, series=project_lines(dense.lines_nm, geometry, 96) * noise)


def faint_lines(series: np.ndarray) -> np.ndarray:
    frames = SingleFrames(1.5)
    return frames.lines(series, frames.places(series), np.zeros(len(series), bool), 1, faint=True)[0]


@pytest.mark.parametrize("move_px", [np.zeros((41, 2)), ONWARDS[:, None] * [30.0, 30.0], MIDDLE[:, None] * [22.0, -27.0]])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_first_shifts_of_all_frames_of_a_dense_noisy_series_are_right(seed: int, move_px: np.ndarray) -> None:
    dense = dense_noisy(seed, move_px)
    assert np.abs(errors(coarse_shifts(faint_lines(dense.series), dense.geometry.angle_rad), dense)).max() < 96 / 8


@pytest.mark.parametrize("seed", [2, 3])
def test_steep_frames_of_a_dense_noisy_series_with_a_jump_are_aligned(seed: int) -> None:
    dense = dense_noisy(seed, ONWARDS[:, None] * [30.0, 30.0])
    settings = AlignmentSettings(300.0, line_width_nm=3 * dense.geometry.pixel_size_nm)
    found = align_series(dense.series, replace(dense.geometry, shift_px=np.zeros((41, 2))), settings)
    used = found.geometry.used
    assert used.sum() > 0.75 * 41
    assert np.abs(errors(found.geometry.shift_px, dense)[used]).max() < 3


def test_frames_of_different_places_do_not_look_alike() -> None:
    first, second = (binarise(make_phantom(seed, size=96, frames=3, count=40).series)[1] for seed in (1, 2))
    assert far_peak(first, second)[1] < 0.6
    assert far_peak(np.zeros((64, 64)), first[:64, :64])[1] == 0


@pytest.mark.parametrize("jump", ["both directions", "there and back"])
def test_series_with_a_jump_is_aligned_as_well_as_one_without(still: Phantom, jump: str) -> None:
    truth = moved(still, JUMPS[jump])
    found = align_series(
        truth.series,
        replace(truth.geometry, shift_px=np.zeros((41, 2))),
        SETTINGS,
    )
    assert found.geometry.used.all()
    assert errors(found.geometry.shift_px, truth).std(axis=0).max() < 0.15


def parallel_lines() -> np.ndarray:
    """Noisy frames (41, 128, 128) of three straight lines of one direction across the whole field; nothing but the tilt moves them."""
    along = np.arange(-900, 900, 2.0)[:, None] * [np.cos(0.6), np.sin(0.6), 0.0]
    lines = [along + np.array([0, off, z]) for off, z in ((-210, -60), (-20, 50), (160, -30))]
    geometry = TiltGeometry(np.deg2rad(np.linspace(-60, 60, 41)), np.zeros((41, 2)), 4.56, 128)
    return project_lines(lines, geometry, 128) * (1 + 0.1 * np.random.default_rng(0).standard_normal((41, 128, 128)))


def test_first_shifts_do_not_run_along_parallel_lines() -> None:
    shift = coarse_shifts(binarise(parallel_lines()), np.deg2rad(np.linspace(-60, 60, 41)))
    assert np.ptp(shift, axis=0).max() < 16


def test_parallel_lines_agree_far_away_no_better_than_they_can() -> None:
    lines = binarise(parallel_lines())
    assert max(far_peak(first, second)[1] for first, second in pairwise(lines)) <= 1 + 1e-6


def two_parts(common: float) -> Matches:
    """Points 0 to 99 seen in frames 0 to 24, points 100 to 199 in the rest, by chance a few in the others."""
    rng = np.random.default_rng(3)
    frame, point = np.meshgrid(np.arange(41), np.arange(200), indexing="ij")
    own = (frame < 25) == (point < 100)
    seen = rng.random(own.shape) < np.where(own, 0.8, common)
    count = int(seen.sum())
    return Matches(frame[seen], point[seen], np.zeros((count, 2)), np.zeros((count, 2)))


def test_parts_that_share_no_points_are_an_error() -> None:
    tilt, used = np.linspace(-1.2, 1.2, 41), np.ones(41, bool)
    with pytest.raises(InputError, match=r"frames 25 to 40 \(counted from 0\) show another part of the specimen"):
        check_one_part(two_parts(0.15), used, tilt, np.zeros((41, 8, 8)))
    check_one_part(two_parts(0.6), used, tilt, np.zeros((41, 8, 8)))
    with pytest.raises(InputError, match=r"frames 25 to 40 \(counted from 0\) share no points .* steps of 8 degrees"):
        check_one_part(two_parts(0.15), used, np.deg2rad(8) * np.arange(-20, 21), np.zeros((41, 8, 8)))


def test_frames_that_are_left_out_and_agree_with_each_other_are_another_part(still: Phantom) -> None:
    tilt, lines = still.geometry.angle_rad, binarise(still.series)
    one = two_parts(0.8)
    with pytest.raises(InputError, match="frames 30 to 40 "):
        check_one_part(one, np.arange(41) < 30, tilt, lines)
    lines[30:] = np.random.default_rng(0).random((11, 128, 128)) ** 8
    check_one_part(one, np.arange(41) < 30, tilt, lines)


def test_repeated_images_are_those_that_differ_by_rounding(still: Phantom) -> None:
    series = still.series.copy()
    series[7] = series[6] * (1 + 1e-6)
    series[30] = series[3]
    expected = np.arange(41)
    expected[[7, 30]] = [6, 3]
    np.testing.assert_array_equal(repeated_images(series), expected)
    np.testing.assert_array_equal(repeated_images(np.zeros((3, 8, 8))), np.arange(3))


def test_repeated_frames_are_named_and_their_geometry_lies_between_the_others(still: Phantom) -> None:
    series = still.series.copy()
    series[[8, 20]] = series[[7, 11]]
    recorded, warnings = without_repetitions(still.geometry, series)
    assert "frames 8 (7), 20 (11) (counted from 0) repeat earlier ones" in warnings[0]
    np.testing.assert_array_equal(np.flatnonzero(~recorded.used), [8, 20])
    part = of_used_frames(recorded)
    assert part.frames == 39 and part.used.all()
    found = AlignedSeries.without_points(part, part.angle_rad, np.full(39, 0.1), np.zeros((39, 2)), "projection-matching", ())
    whole = among_all_frames(found, recorded)
    np.testing.assert_allclose(whole.geometry.angle_rad, still.geometry.angle_rad, atol=1e-12)
    np.testing.assert_allclose(whole.geometry.shift_px[8], still.geometry.shift_px[[7, 9]].mean(axis=0), atol=1e-12)
    assert np.isnan(whole.sigma_deg[[8, 20]]).all() and len(whole.reported_deg) == 41
    with pytest.raises(InputError, match="37 of the 41 frames of the tilt series repeat others"):
        without_repetitions(still.geometry, np.repeat(series[:4], [11, 10, 10, 10], axis=0))


@pytest.mark.parametrize("slow_scan", ["rows", "columns"])
def test_torn_frames_of_a_series_are_named_with_their_neighbours(still: Phantom, slow_scan: str) -> None:
    series = still.series.copy()
    scanned = np.swapaxes(series, 1, 2) if slow_scan == "columns" else series
    scanned[8, 64:], scanned[20, :20] = scanned[9, 64:], scanned[19, :20]
    recorded, warnings = without_repetitions(replace(still.geometry, slow_scan=slow_scan), series)
    assert warnings == (
        "frames 8 (9), 9 (8), 19 (20), 20 (19) (counted from 0) share rows with a neighbour (in brackets): one of the two is torn; "
        "both are left out",
    )
    np.testing.assert_array_equal(np.flatnonzero(~recorded.used), [8, 9, 19, 20])


def test_a_caption_and_vacuum_in_every_frame_of_a_series_are_no_tear(still: Phantom) -> None:
    series = still.series.copy()
    series[:, 100:] = series[0, 100:]
    series[10:, :30] = 5.0
    assert without_repetitions(still.geometry, series)[1] == ()


def test_repeated_frames_of_a_series_take_no_part(still: Phantom) -> None:
    series = still.series.copy()
    series[[8, 20]] = series[[7, 11]]
    found = align_series(
        series,
        replace(still.geometry, shift_px=np.zeros((41, 2))),
        SETTINGS,
    )
    np.testing.assert_array_equal(np.flatnonzero(~found.geometry.used), [8, 20])
    assert len([warning for warning in found.warnings if "frames" in warning]) == 1


def test_half_of_the_frames_without_a_specimen_are_named_and_the_others_aligned(still: Phantom) -> None:
    blank = np.arange(len(still.series)) % 2 == 1
    noise = 1 + 0.02 * np.random.default_rng(2).standard_normal(still.series.shape)
    series = np.where(blank[:, None, None], still.series.mean(axis=(1, 2), keepdims=True) * noise, still.series)
    found = align_series(series, replace(still.geometry, shift_px=np.zeros_like(still.geometry.shift_px)), SETTINGS)
    assert not np.any(found.geometry.used & blank)
    assert np.mean(found.geometry.used[~blank]) > 0.9
    assert np.abs(errors(found.geometry.shift_px, still)[found.geometry.used]).max() < 1.0
    assert any("frames 1, 3, 5" in warning and "left out" in warning for warning in found.warnings)


Y, X = np.mgrid[:128, :128].astype(float)


def wandering_dirt() -> np.ndarray:
    """Transmission (frame, y, x) of three dark spots that jump about by some pixels from frame to frame, as no point of the foil moves."""
    place = 64 + np.cumsum(np.random.default_rng(0).normal(0, 4, (41, 2, 3)), axis=0)[..., None, None]
    square = (Y - place[:, 0]) ** 2 + (X - place[:, 1]) ** 2
    return np.prod(1 - 0.6 * np.exp(-((square / 50) ** 2)), axis=1)


def staying_contour() -> np.ndarray:
    """Transmission (1, y, x) of a dark band that lies in every frame at the same place."""
    return 1 - 0.5 * np.exp(-(((Y + 0.3 * X - 80) / 5) ** 2) / 2)[None]


@pytest.mark.parametrize("disturbed_by", [wandering_dirt, staying_contour])
def test_what_moves_as_no_point_of_the_foil_does_not_lead_the_alignment(still: Phantom, disturbed_by: Callable[[], np.ndarray]) -> None:
    found = align_series(still.series * disturbed_by(), replace(still.geometry, shift_px=np.zeros((41, 2))), SETTINGS)
    used = found.geometry.used
    assert used.sum() >= 38
    assert all(any(f" {number}" in warning for warning in found.warnings) for number in np.flatnonzero(~used))
    assert errors(found.geometry.shift_px, still)[used].std(axis=0).max() < 0.1


def test_a_hole_over_half_of_the_view_is_said_and_the_rest_is_aligned(still: Phantom) -> None:
    series = still.series.copy()
    series[:, :, 64:] = 1.6 * still.series.max() * (1 + 0.02 * np.random.default_rng(1).standard_normal((41, 128, 64)))
    found = align_series(series, replace(still.geometry, shift_px=np.zeros((41, 2))), SETTINGS)
    assert any("vacuum and its rim" in warning and "most of frame" in warning for warning in found.warnings)
    assert errors(found.geometry.shift_px, still)[found.geometry.used].std(axis=0).max() < 0.3
