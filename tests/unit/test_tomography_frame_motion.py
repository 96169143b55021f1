"""Motion within frames, from projected points alone: what is there is measured, and nothing where nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from rapidstem.tomography import TiltGeometry, apply_alignment
from rapidstem.tomography.alignment.aligned_series import AlignedSeries
from rapidstem.tomography.alignment.bundle_adjustment import Measurement, project_positions
from rapidstem.tomography.alignment.frame_motion import FrameMotion, motion_within_frames
from rapidstem.tomography.alignment.line_points import LinePoints, Matches
from rapidstem.tomography.frame_ridges import RidgePoints

FRAMES, ROWS, COLUMNS, LINE_TIME_S = 71, 160, 192, 117.2e-6
NOISE_PX = 0.3


def geometry(slow_scan: str = "rows") -> TiltGeometry:
    """A series of a turning stage."""
    angle = np.deg2rad(np.linspace(-60, 60, FRAMES))
    return TiltGeometry(angle, np.zeros((FRAMES, 2)), 4.56, ROWS, 0.07 * np.arange(FRAMES), LINE_TIME_S, slow_scan, COLUMNS)


def drawn_motion(slow_scan: str, mains_hz: float, first_px: float) -> FrameMotion:
    """Motion of random phases; larger in y than in x."""
    rng = np.random.default_rng(3)
    share = np.array([1.0, 0.4, 0.25])[:, None, None] * np.array([1.0, 0.6])
    phase = rng.uniform(0, 2 * np.pi, (FRAMES, 3, 1, 2))
    amplitude = first_px * share * np.concatenate([np.cos(phase), np.sin(phase)], axis=2)
    lines = ROWS if slow_scan == "rows" else COLUMNS
    return FrameMotion(mains_hz * np.array([1.0, 2.0, 3.0]), amplitude, np.zeros((FRAMES, 2)), LINE_TIME_S, lines, slow_scan)


def seen_points(series: TiltGeometry, motion: FrameMotion | None) -> tuple[LinePoints, Measurement]:
    """Points that all frames see, each on a line of its own direction, displaced by the motion and by noise."""
    rng = np.random.default_rng(4)
    position = rng.uniform([-90, -75, -30], [90, 75, 30], (400, 3))
    tangent = rng.normal(size=(400, 3))
    points = LinePoints(position, tangent / np.linalg.norm(tangent, axis=1, keepdims=True))
    place, tilt = project_positions(position, series, COLUMNS)
    along = np.stack(
        [points.tangent[:, 1] * np.cos(tilt) + points.tangent[:, 2] * np.sin(tilt), np.broadcast_to(points.tangent[:, 0], tilt.shape)],
        axis=-1,
    )
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    frame, point = (each.ravel() for each in np.indices(tilt.shape))
    ridge = place.reshape(-1, 2) + NOISE_PX * rng.normal(size=(len(frame), 1)) * normal.reshape(-1, 2)
    if motion is not None:
        ridge = ridge + motion.at(frame, place.reshape(-1, 2)[:, 0 if motion.slow_scan == "rows" else 1])
    matches = Matches(frame, point, ridge, normal.reshape(-1, 2))
    return points, Measurement(matches, COLUMNS, series.angle_rad, np.deg2rad(1.5), np.zeros((series.frames, 2)), residual_px=NOISE_PX)


@pytest.mark.parametrize(("slow_scan", "mains_hz"), [("rows", 50.0), ("columns", 50.0), ("rows", 60.0)])
def test_vibration_is_measured_to_a_tenth_of_a_pixel(slow_scan: str, mains_hz: float) -> None:
    series, motion = geometry(slow_scan), drawn_motion(slow_scan, mains_hz, 0.35)
    points, measured = seen_points(series, motion)
    found = motion_within_frames(points, series, measured, None)
    assert found is not None
    assert found.frequency_hz[1] == mains_hz
    error = found.line_shifts_px() - motion.line_shifts_px()
    rms = np.sqrt(np.mean(error**2, axis=(0, 1)))
    assert np.all(rms < 0.1)
    assert np.all(np.abs(rms / np.sqrt(np.mean(found.sigma_px**2, axis=0)) - 1) < 0.5)


def test_slow_shaking_is_measured_too() -> None:
    frequency_hz, lines_s = 17.0, LINE_TIME_S * ROWS
    rng = np.random.default_rng(5)
    phase = rng.uniform(0, 2 * np.pi, (FRAMES, 1, 1, 2))
    amplitude = 0.6 * np.concatenate([np.cos(phase), np.sin(phase)], axis=2)
    motion = FrameMotion(np.array([frequency_hz]), amplitude, np.zeros((FRAMES, 2)), LINE_TIME_S, ROWS, "rows")
    points, measured = seen_points(geometry(), motion)
    found = motion_within_frames(points, geometry(), measured, None)
    assert found is not None
    assert found.frequency_hz[0] == pytest.approx(0.75 / lines_s)
    left = np.sqrt(np.mean((found.line_shifts_px() - motion.line_shifts_px()) ** 2, axis=(0, 1)))
    there = np.sqrt(np.mean(motion.line_shifts_px() ** 2, axis=(0, 1)))
    assert np.all(left < 0.5 * there)


def test_nothing_is_measured_where_nothing_moves() -> None:
    points, measured = seen_points(geometry(), None)
    assert motion_within_frames(points, geometry(), measured, None) is None


def test_nothing_is_measured_without_times() -> None:
    still = geometry().per_frame()
    points, measured = seen_points(still, None)
    assert motion_within_frames(points, still, measured, None) is None


def test_motion_is_told_by_axis_and_the_summary_has_that_of_the_axis_that_shakes_more() -> None:
    amplitude = np.zeros((FRAMES, 1, 2, 2))
    amplitude[::2, 0, 0] = [0.6, 0.8]
    motion = FrameMotion(np.array([3 / (ROWS * LINE_TIME_S)]), amplitude, np.zeros((FRAMES, 2)), LINE_TIME_S, ROWS, "rows")
    share = len(amplitude[::2]) / FRAMES
    assert motion.rms_px == pytest.approx(np.sqrt(np.array([0.6, 0.8]) ** 2 / 2 * share))
    series = geometry()
    unknown = np.full(FRAMES, 0.1), np.full((FRAMES, 2), np.nan)
    found = AlignedSeries.without_points(series, series.angle_rad, *unknown, "cross-correlation", ())
    assert np.isnan(found.summary().loc[0, "motion_in_frames_px"])
    assert replace(found, motion=motion).summary().loc[0, "motion_in_frames_px"] == pytest.approx(0.8 * np.sqrt(share / 2))


def test_lines_go_back_to_where_they_would_lie_without_the_motion() -> None:
    motion = drawn_motion("rows", 50.0, 0.35)
    row = np.arange(5.0, 100.0)
    still = np.column_stack([row, 40 + 0.2 * row])
    ridges = [RidgePoints(still + motion.at(np.full(len(row), 2), row), np.tile([0.0, 1.0], (len(row), 1)), np.ones(len(row)))] * FRAMES
    assert np.abs(motion.taken_out(ridges)[2].position_px - still).max() < 0.02


@pytest.mark.parametrize("slow_scan", ["rows", "columns"])
def test_images_are_freed_from_the_motion(slow_scan: str) -> None:
    series, motion = geometry(slow_scan), drawn_motion(slow_scan, 50.0, 1.5)
    shifts = motion.line_shifts_px()
    row, column = np.indices((ROWS, COLUMNS)).astype(float)

    def scene(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return np.sin(row / 7 + 0.3) * np.cos(column / 9) + 0.5 * np.sin((row + 2 * column) / 11)

    displaced = shifts[0][:, None, :] if slow_scan == "rows" else shifts[0][None]
    frame = scene(row - displaced[..., 0], column - displaced[..., 1])
    freed = apply_alignment(np.stack([frame] * FRAMES), series, line_shifts_px=np.stack([shifts[0]] * FRAMES))[0]
    inner = np.s_[8:-8, 8:-8]
    assert np.abs(freed - scene(row, column))[inner].max() < 0.02
    assert np.abs(frame - scene(row, column))[inner].max() > 0.2
