"""The files of an in-situ series: rapid frames of a specimen that changes, on a stage at rest, and a slow image when it is over."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.frame_recording import rapid_frames, slow_frames
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.raw_stacks import RawStack, row_tilts, wandering_shift, write_acquisition
from rapidstem.microscope.recording.scan_faults import largest_reach_px, rapid_faults, slow_faults
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.line_courses import LineCourse
from rapidstem.microscope.specimen.specimens import KnownSpecimen
from rapidstem.microscope.truth import StackTruth


def record_in_situ(
    name: str,
    tilt_deg: float,
    image: Callable[[int, np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    at_end: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    settings: MicroscopeSettings,
    paths: tuple[Path | str, ...],
    specimen: KnownSpecimen,
    courses: Mapping[int, LineCourse] | None = None,
) -> None:
    """Record the frames of an in-situ series and write its files.

    Parameters
    ----------
    name
        Of the acquisition; it decides drift, faults and noise.
    tilt_deg
        Of the stage, which rests.
    image
        Gives the clean image (row, column) from the number of a frame, its shift, and rows and columns in slow geometry.
    at_end
        The same when the series is over, without the number.
    settings
        Of the virtual microscope.
    paths
        Of the rapid file, the slow file and the truth.
    specimen
        Whose lines are true: those at the end, or, with courses, those before they moved.
    courses
        Of lines that move, by their number.
    """
    time = np.arange(settings.in_situ_frames) * settings.frame_period_s
    faults, slow = rapid_faults(name, time, False, settings), slow_faults(name, np.zeros(1), False, settings)
    shift = faults.added_to(wandering_shift(len(time), random_stream(settings.seed, name, "drift"), settings))
    slow_rng = random_stream(settings.seed, name, "slow")
    slow_shift = slow.added_to(shift[-1:] + slow_rng.normal(0, settings.slow_shift_px, (1, 2)))
    motion = resting_stage(tilt_deg)
    tilts = np.full(len(time), np.deg2rad(tilt_deg))
    frames, hot = rapid_frames(name, len(time), lambda number, *grid: image(number, shift[number], *grid), faults, settings)
    truth = StackTruth(time, row_tilts(motion, time, 0, settings), shift, faults.row_shift_px, faults.beam_current, hot)
    slow_frame, hot = slow_frames(name, 1, lambda _, *grid: at_end(slow_shift[0], *grid), slow, settings, slow_rng)
    slow_truth = StackTruth(np.zeros(1), row_tilts(motion, np.zeros(1), 0, settings), slow_shift, slow.row_shift_px, slow.beam_current, hot)
    pixels = np.arange(settings.size_px, dtype=float)
    stacks = (RawStack(frames, truth, tilts), RawStack(slow_frame, slow_truth, tilts[:1]))
    write_acquisition(name, "in_situ", settings, paths, specimen, stacks, None, at_end(np.zeros(2), pixels, pixels), courses)


def largest_shift_px(settings: MicroscopeSettings) -> float:
    """How far the specimen moves at most; for all series alike, so that all have the same specimen."""
    drift = settings.drift_px_per_s * settings.frame_period_s * settings.in_situ_frames
    return drift + 6 * (settings.jitter_px + settings.slow_shift_px) + largest_reach_px(settings)
