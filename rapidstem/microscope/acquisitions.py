"""Simulated acquisitions: the rapid and the slow file of one row of an acquisition sheet, and their truth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.microscope.crystal import specimen_axes
from rapidstem.microscope.detector import rapid_counts, slow_counts
from rapidstem.microscope.field_resampling import FieldImage
from rapidstem.microscope.goniometer import TiltMotion, reported_angles_rad, resting_stage, tilting_stage
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.scan_coils import rapid_to_slow
from rapidstem.microscope.settings import LARGEST_TILT_DEG, MicroscopeSettings
from rapidstem.microscope.specimens import FrameGeometry, GratingSpecimen, Specimen, foil_at, foil_for_series
from rapidstem.microscope.truth import AcquisitionTruth, StackTruth, write_truth
from rapidstem.microscope.velox_writer import ScanDescription, write_velox

FIELD_KINDS = ("training", "test", "calibration")
START_S = 1_622_505_600
SLOW_STEP_S = 20.0
VELOX_SHIFT_ERROR_PX = 0.3
FIELD_READING_ERROR_DEG = 0.05


@dataclass(frozen=True)
class _Stack:
    """Frames of one file before they are written, and what is true of them."""

    frames: np.ndarray
    truth: StackTruth
    reported_rad: np.ndarray


def simulate_acquisition(
    kind: str,
    name: str,
    tilt_deg: float | None,
    settings: MicroscopeSettings,
    rapid_path: Path | str,
    slow_path: Path | str,
    truth_path: Path | str,
    specimen: str | None = None,
) -> None:
    """Make the raw files of one acquisition and its truth.

    Parameters
    ----------
    kind
        `training`, `test` or `calibration`: many rapid frames and one slow image of a field; `tilt_series`: rapid frames during
        continuous tilting, and slow images step by step of the same specimen.
    name
        The acquisition's name; with the seed it decides every random number.
    tilt_deg
        Tilt of a field, None for a tilt series. A calibration field without a tilt is not tilted.
    rapid_path, slow_path
        Velox EMD files to be written.
    truth_path
        HDF5 file to be written for the evaluation.
    specimen
        Name of the specimen; acquisitions of the same specimen and tilt range show the same lines. By default each has its own.

    Raises
    ------
    InputError
        The kind is unknown, or the tilt does not fit it.
    """
    if kind in FIELD_KINDS:
        _simulate_field(kind, name, _field_tilt(kind, name, tilt_deg), settings, (rapid_path, slow_path, truth_path), specimen or name)
    elif kind == "tilt_series":
        if tilt_deg is not None:
            raise InputError(f"acquisition {name}: a tilt series has no single tilt; leave it empty instead of {tilt_deg}")
        _simulate_series(name, settings, (rapid_path, slow_path, truth_path), specimen or name)
    else:
        raise InputError(
            f"acquisition {name}: the virtual microscope knows the kinds {', '.join(FIELD_KINDS)} and tilt_series, not {kind!r}"
        )


def _field_tilt(kind: str, name: str, tilt_deg: float | None) -> float:
    if tilt_deg is None and kind == "calibration":
        return 0.0
    if tilt_deg is None:
        raise InputError(f"acquisition {name}: a {kind} field needs a tilt in degrees")
    if abs(tilt_deg) > LARGEST_TILT_DEG:
        raise InputError(f"acquisition {name}: the tilt {tilt_deg} lies outside {LARGEST_TILT_DEG} degrees either way")
    return float(tilt_deg)


def _simulate_field(
    kind: str, name: str, tilt_deg: float, settings: MicroscopeSettings, paths: tuple[Path | str, ...], specimen_name: str
) -> None:
    specimen: Specimen
    if kind == "calibration" and settings.calibration_specimen == "gold-grating":
        specimen = GratingSpecimen(specimen_name, settings, [])
    else:
        specimen = foil_at(specimen_name, tilt_deg, settings)
    motion = resting_stage(tilt_deg)
    shift = _wandering_shift(settings.frames_per_field, random_stream(settings.seed, name, "drift"), settings)
    slow_rng = random_stream(settings.seed, name, "slow")
    slow_shift = slow_rng.normal(0, settings.slow_shift_px, (1, 2))
    field = FieldImage.of(specimen, motion, float(np.abs(np.vstack((shift, slow_shift))).max()), settings)
    reading = random_stream(settings.seed, name, "reading").normal(0, np.deg2rad(FIELD_READING_ERROR_DEG))
    rapid = _rapid_field(name, field, motion, shift, reading, settings)
    columns = np.arange(settings.size_px, dtype=float)
    slow_frame = slow_counts(field.image(slow_shift[0], columns), settings, slow_rng)
    slow_truth = StackTruth(np.zeros(1), _row_tilts(motion, np.zeros(1), 0, settings), slow_shift)
    slow = _Stack(slow_frame[None], slow_truth, np.deg2rad([tilt_deg]) + reading)
    velox_error = random_stream(settings.seed, name, "velox").normal(0, VELOX_SHIFT_ERROR_PX, shift.shape)
    clean = field.image(np.zeros(2), columns)
    _write(name, kind, settings, paths, specimen, (rapid, slow), shift - shift[0] + velox_error, clean)


def _rapid_field(
    name: str, field: FieldImage, motion: TiltMotion, shift_px: np.ndarray, reading_rad: float, settings: MicroscopeSettings
) -> _Stack:
    columns = rapid_to_slow(np.arange(settings.size_px), settings)
    noise = random_stream(settings.seed, name, "rapid")
    frames = np.stack([rapid_counts(field.image(each, columns), settings, noise) for each in shift_px])
    time = np.arange(len(shift_px)) * settings.frame_period_s
    truth = StackTruth(time, _row_tilts(motion, time, 0, settings), shift_px)
    return _Stack(frames, truth, np.deg2rad(truth.start_tilt_deg) + reading_rad)


def _simulate_series(name: str, settings: MicroscopeSettings, paths: tuple[Path | str, ...], specimen_name: str) -> None:
    specimen = foil_for_series(specimen_name, settings)
    rapid = _rapid_series(name, specimen, settings)
    slow = _slow_series(name, specimen, settings)
    _write(name, "tilt_series", settings, paths, specimen, (rapid, slow), None, None)


def _rapid_series(name: str, specimen: Specimen, settings: MicroscopeSettings) -> _Stack:
    motion = tilting_stage(settings, random_stream(settings.seed, name, "goniometer"))
    time = np.arange(settings.tilt_frames) * settings.frame_period_s
    shift = _wandering_shift(len(time), random_stream(settings.seed, name, "drift"), settings)
    rows = np.arange(settings.size_px, dtype=float)
    columns = rapid_to_slow(rows, settings)
    noise = random_stream(settings.seed, name, "rapid")
    frames = np.empty((len(time), settings.size_px, settings.size_px), np.uint16)
    for index, start in enumerate(time):
        geometry = FrameGeometry(motion, start, settings.line_time_s, shift[index], rows, columns)
        frames[index] = rapid_counts(specimen.image(geometry), settings, noise)
    truth = StackTruth(time, _row_tilts(motion, time, settings.line_time_s, settings), shift)
    reported = reported_angles_rad(np.deg2rad(truth.start_tilt_deg), settings, random_stream(settings.seed, name, "reading"))
    return _Stack(frames, truth, reported)


def _slow_series(name: str, specimen: Specimen, settings: MicroscopeSettings) -> _Stack:
    rng = random_stream(settings.seed, name, "slow")
    direction = np.sign(settings.tilt_stop_deg - settings.tilt_start_deg)
    steps = int(abs(settings.tilt_stop_deg - settings.tilt_start_deg) / settings.slow_tilt_step_deg + 1e-9)
    wanted = settings.tilt_start_deg + direction * settings.slow_tilt_step_deg * np.arange(steps + 1)
    true = wanted + rng.normal(0, settings.slow_tilt_error_deg, len(wanted))
    shift = rng.normal(0, settings.slow_shift_px, (len(wanted), 2))
    grid = np.arange(settings.size_px, dtype=float)
    frames = np.empty((len(wanted), settings.size_px, settings.size_px), np.uint16)
    for index, tilt in enumerate(true):
        geometry = FrameGeometry(resting_stage(tilt), 0, 0, shift[index], grid, grid)
        frames[index] = slow_counts(specimen.image(geometry), settings, rng)
    row_tilts = np.repeat(true[:, None], settings.size_px, axis=1)
    return _Stack(frames, StackTruth(np.arange(len(wanted)) * SLOW_STEP_S, row_tilts, shift), np.deg2rad(wanted))


def _wandering_shift(count: int, rng: np.random.Generator, settings: MicroscopeSettings) -> np.ndarray:
    """Draw (frame, 2) shifts: drift in one direction, which turns a little, and jitter; zero on average over the frames."""
    direction = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.08, count))
    step = settings.drift_px_per_s * settings.frame_period_s * np.column_stack((np.sin(direction), np.cos(direction)))
    shift = np.cumsum(step, axis=0) + rng.normal(0, settings.jitter_px, (count, 2))
    return shift - shift.mean(axis=0)


def _row_tilts(motion: TiltMotion, start_s: np.ndarray, line_time_s: float, settings: MicroscopeSettings) -> np.ndarray:
    return np.rad2deg(motion.at(start_s[:, None] + np.arange(settings.size_px) * line_time_s))


def _write(
    name: str,
    kind: str,
    settings: MicroscopeSettings,
    paths: tuple[Path | str, ...],
    specimen: Specimen,
    stacks: tuple[_Stack, _Stack],
    velox_shift_px: np.ndarray | None,
    clean: np.ndarray | None,
) -> None:
    rapid, slow = stacks
    slow_time = settings.slow_line_time_s * settings.size_px
    rapid_scan = ScanDescription(settings.pixel_size_nm, settings.dwell_time_s, settings.line_time_s, settings.frame_time_s, START_S)
    slow_scan = ScanDescription(settings.pixel_size_nm, settings.slow_dwell_time_s, settings.slow_line_time_s, slow_time, START_S + 60)
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
    )
    write_truth(paths[2], truth)
