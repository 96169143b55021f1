"""What every simulated acquisition shares: drift, tilts of the rows, and the files that it ends in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rapidstem.microscope.recording.goniometer import TiltMotion
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.recording.velox_writer import ScanDescription, write_velox
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import specimen_axes
from rapidstem.microscope.specimen.line_courses import LineCourse
from rapidstem.microscope.specimen.specimens import KnownSpecimen
from rapidstem.microscope.truth import AcquisitionTruth, StackTruth, write_truth

# 1 June 2021, 0 h UTC: a date that is the same in every simulated file.
START_S = 1_622_505_600
# Between the rapid file and the slow one.
LEAST_PAUSE_S = 60


@dataclass(frozen=True)
class RawStack:
    """Frames of one file before they are written, and what is true of them."""

    frames: np.ndarray
    truth: StackTruth
    reported_rad: np.ndarray


def wandering_shift(count: int, rng: np.random.Generator, settings: MicroscopeSettings) -> np.ndarray:
    """Draw (frame, 2) shifts: drift in one direction, which turns a little, and jitter; zero on average over the frames."""
    direction = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.08, count))
    step = settings.drift_px_per_s * settings.frame_period_s * np.column_stack((np.sin(direction), np.cos(direction)))
    shift = np.cumsum(step, axis=0) + rng.normal(0, settings.jitter_px, (count, 2))
    return shift - shift.mean(axis=0)


def row_tilts(motion: TiltMotion, start_s: np.ndarray, line_time_s: float, settings: MicroscopeSettings) -> np.ndarray:
    """Tilts (frame, row) in degrees when each row is scanned, from the starts (frame,) of the frames.

    Parameters
    ----------
    motion
        Of the stage.
    start_s : (frame,)
        When each frame starts.
    line_time_s
        Time from row to row.
    settings
        Of the virtual microscope.

    Returns
    -------
    (frame, row)
        In degrees.
    """
    return np.rad2deg(motion.at(start_s[:, None] + np.arange(settings.size_px) * line_time_s))


def write_acquisition(
    name: str,
    kind: str,
    settings: MicroscopeSettings,
    paths: tuple[Path | str, ...],
    specimen: KnownSpecimen,
    stacks: tuple[RawStack, RawStack],
    velox_shift_px: np.ndarray | None,
    clean: np.ndarray | None,
    courses: Mapping[int, LineCourse] | None = None,
    start_s: int = START_S,
) -> None:
    """Write the rapid file, the slow file and the truth.

    Parameters
    ----------
    name : of the acquisition
    kind : of the acquisition
    settings : of the virtual microscope
    paths : of the three files, in this order
    specimen : whose dislocations and faults are true
    stacks : rapid and slow
    velox_shift_px : (frame, 2) Velox's own measurement of the drift; None where it was not switched on
    clean : (y, x) noise-free image, None for a tilt series
    courses : of lines that move, by their number
    start_s : Unix time of the first rapid frame
    """
    rapid, slow = stacks
    slow_time = settings.slow_line_time_s * settings.size_px
    slow_start = start_s + max(LEAST_PAUSE_S, int(rapid.truth.time_s[-1]) + 10)
    rapid_scan = ScanDescription(settings.pixel_size_nm, settings.dwell_time_s, settings.line_time_s, settings.frame_time_s, start_s)
    slow_scan = ScanDescription(settings.pixel_size_nm, settings.slow_dwell_time_s, settings.slow_line_time_s, slow_time, slow_start)
    write_velox(paths[0], rapid.frames, rapid_scan, rapid.reported_rad, rapid.truth.time_s, velox_shift_px)
    write_velox(paths[1], slow.frames, slow_scan, slow.reported_rad, slow.truth.time_s)
    rapid_px = np.arange(settings.size_px, dtype=float)
    truth = AcquisitionTruth(
        name=name,
        kind=kind,
        pixel_size_nm=settings.pixel_size_nm,
        foil_thickness_nm=settings.foil_thickness_nm,
        lines=specimen.lines,
        crystal_axes=specimen_axes(settings.foil_normal),
        rapid=rapid.truth,
        slow=slow.truth,
        rapid_px=rapid_px,
        slow_px=rapid_to_slow(rapid_px, settings),
        clean=clean,
        faults=specimen.faults,
        courses=dict(courses or {}),
    )
    write_truth(paths[2], truth)
