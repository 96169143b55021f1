"""Simulated acquisitions: the rapid and the slow file of one row of an acquisition sheet, and their truth."""

from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.specimen_temperature import TemperatureCourse
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.detector import rapid_counts, slow_counts
from rapidstem.microscope.recording.field_resampling import FieldImage
from rapidstem.microscope.recording.goniometer import TiltMotion, reported_angles_rad, resting_stage, tilting_stage
from rapidstem.microscope.recording.heating_series import simulate_heating
from rapidstem.microscope.recording.raw_stacks import RawStack, row_tilts, wandering_shift, write_acquisition
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.settings import LARGEST_TILT_DEG, MicroscopeSettings
from rapidstem.microscope.specimen.specimens import FrameGeometry, GratingSpecimen, Specimen, foil_at, foil_for_series
from rapidstem.microscope.truth import StackTruth

FIELD_KINDS = ("training", "test", "calibration")
SLOW_STEP_S = 20.0
VELOX_SHIFT_ERROR_PX = 0.3
HEATED_SPECIMEN = "heated foil"
FIELD_READING_ERROR_DEG = 0.05


def simulate_acquisition(
    kind: str,
    name: str,
    tilt_deg: float | None,
    settings: MicroscopeSettings,
    rapid_path: Path | str,
    slow_path: Path | str,
    truth_path: Path | str,
    specimen: str | None = None,
    temperature: TemperatureCourse | None = None,
) -> None:
    """Make the raw files of one acquisition and its truth.

    Parameters
    ----------
    kind
        `training`, `test` or `calibration`: many rapid frames and one slow image of a field; `tilt_series`: rapid frames during
        continuous tilting, and slow images step by step of the same specimen; `in_situ`: rapid frames of a foil that is heated, and
        a slow image at the end.
    name
        The acquisition's name; with the seed it decides every random number.
    tilt_deg
        Tilt of a field or of an in-situ series, None for a tilt series. A calibration field without a tilt is not tilted.
    rapid_path, slow_path
        Velox EMD files to be written.
    truth_path
        HDF5 file to be written for the evaluation.
    specimen
        Name of the specimen; acquisitions of the same specimen and tilt range show the same lines. By default each has its own, but
        in-situ series of one tilt share theirs: a range of temperatures goes on where the one below it ended.
    temperature
        Of the specimen, for an in-situ series alone.

    Raises
    ------
    InputError
        The kind is unknown, or the tilt or the temperature does not fit it.
    """
    if kind in FIELD_KINDS:
        _simulate_field(kind, name, _field_tilt(kind, name, tilt_deg), settings, (rapid_path, slow_path, truth_path), specimen or name)
    elif kind == "tilt_series":
        if tilt_deg is not None:
            raise InputError(f"acquisition {name}: a tilt series has no single tilt; leave it empty instead of {tilt_deg}")
        _simulate_series(name, settings, (rapid_path, slow_path, truth_path), specimen or name)
    elif kind == "in_situ":
        paths = (rapid_path, slow_path, truth_path)
        simulate_heating(name, _field_tilt(kind, name, tilt_deg), temperature, settings, paths, specimen or HEATED_SPECIMEN)
    else:
        known = ", ".join(FIELD_KINDS)
        raise InputError(f"acquisition {name}: the virtual microscope knows the kinds {known}, tilt_series and in_situ, not {kind!r}")


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
    count = settings.frames_per_long_field if name == settings.long_field else settings.frames_per_field
    shift = wandering_shift(count, random_stream(settings.seed, name, "drift"), settings)
    slow_rng = random_stream(settings.seed, name, "slow")
    slow_shift = slow_rng.normal(0, settings.slow_shift_px, (1, 2))
    field = FieldImage.of(specimen, motion, float(np.abs(np.vstack((shift, slow_shift))).max()), settings)
    reading = random_stream(settings.seed, name, "reading").normal(0, np.deg2rad(FIELD_READING_ERROR_DEG))
    rapid = _rapid_field(name, field, motion, shift, reading, settings)
    columns = np.arange(settings.size_px, dtype=float)
    slow_frame = slow_counts(field.image(slow_shift[0], columns), settings, slow_rng)
    slow_truth = StackTruth(np.zeros(1), row_tilts(motion, np.zeros(1), 0, settings), slow_shift)
    slow = RawStack(slow_frame[None], slow_truth, np.deg2rad([tilt_deg]) + reading)
    velox_error = random_stream(settings.seed, name, "velox").normal(0, VELOX_SHIFT_ERROR_PX, shift.shape)
    clean = field.image(np.zeros(2), columns)
    write_acquisition(name, kind, settings, paths, specimen.lines, (rapid, slow), shift - shift[0] + velox_error, clean)


def _rapid_field(
    name: str, field: FieldImage, motion: TiltMotion, shift_px: np.ndarray, reading_rad: float, settings: MicroscopeSettings
) -> RawStack:
    columns = rapid_to_slow(np.arange(settings.size_px), settings)
    noise = random_stream(settings.seed, name, "rapid")
    frames = np.stack([rapid_counts(field.image(each, columns), settings, noise) for each in shift_px])
    time = np.arange(len(shift_px)) * settings.frame_period_s
    truth = StackTruth(time, row_tilts(motion, time, 0, settings), shift_px)
    return RawStack(frames, truth, np.deg2rad(truth.start_tilt_deg) + reading_rad)


def _simulate_series(name: str, settings: MicroscopeSettings, paths: tuple[Path | str, ...], specimen_name: str) -> None:
    specimen = foil_for_series(specimen_name, settings)
    rapid = _rapid_series(name, specimen, settings)
    slow = _slow_series(name, specimen, settings)
    write_acquisition(name, "tilt_series", settings, paths, specimen.lines, (rapid, slow), None, None)


def _rapid_series(name: str, specimen: Specimen, settings: MicroscopeSettings) -> RawStack:
    motion = tilting_stage(settings, random_stream(settings.seed, name, "goniometer"))
    time = np.arange(settings.tilt_frames) * settings.frame_period_s
    shift = wandering_shift(len(time), random_stream(settings.seed, name, "drift"), settings)
    rows = np.arange(settings.size_px, dtype=float)
    columns = rapid_to_slow(rows, settings)
    noise = random_stream(settings.seed, name, "rapid")
    frames = np.empty((len(time), settings.size_px, settings.size_px), np.uint16)
    for index, start in enumerate(time):
        geometry = FrameGeometry(motion, start, settings.line_time_s, shift[index], rows, columns)
        frames[index] = rapid_counts(specimen.image(geometry), settings, noise)
    truth = StackTruth(time, row_tilts(motion, time, settings.line_time_s, settings), shift)
    reported = reported_angles_rad(np.deg2rad(truth.start_tilt_deg), settings, random_stream(settings.seed, name, "reading"))
    return RawStack(frames, truth, reported)


def _slow_series(name: str, specimen: Specimen, settings: MicroscopeSettings) -> RawStack:
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
    return RawStack(frames, StackTruth(np.arange(len(wanted)) * SLOW_STEP_S, row_tilts, shift), np.deg2rad(wanted))
