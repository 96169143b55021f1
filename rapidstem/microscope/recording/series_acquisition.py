"""Tilt series: rapid frames during continuous tilting, and slow images of the same specimen step by step."""

from pathlib import Path

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.frame_recording import rapid_frames, slow_frames
from rapidstem.microscope.recording.goniometer import reported_angles_rad, resting_stage, tilting_stage
from rapidstem.microscope.recording.raw_stacks import START_S, RawStack, row_tilts, wandering_shift, write_acquisition
from rapidstem.microscope.recording.scan_faults import rapid_faults, slow_faults
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.gliding_specimen import GlidingFoil, gliding_foil
from rapidstem.microscope.specimen.specimens import FoilSpecimen, FrameGeometry, Specimen, foil_for_series
from rapidstem.microscope.specimen.strained_specimen import foil_after_stress
from rapidstem.microscope.truth import StackTruth

# Time from one slow image to the next: turning, settling, scanning.
SLOW_STEP_S = 20.0
# From the beginning of a series to that of a later one of the same specimen: longer than a slow series lasts.
LATER_S = 3600


def simulate_series(name: str, settings: MicroscopeSettings, paths: tuple[Path | str, ...], specimen_name: str) -> None:
    """Make the raw files of a tilt series and its truth.

    Parameters
    ----------
    name
        Of the acquisition; with the seed it decides every random number.
    settings
        Of the virtual microscope.
    paths
        Of the rapid file, the slow file and the truth.
    specimen_name
        Acquisitions of one specimen and tilt range show the same lines. A series of another name is taken an hour later: where lines
        glide, they have moved before it (`glide_speed_nm_per_s`), or move while its rapid frames are recorded, and rest after that
        (`sweep_glide_speed_nm_per_s`).
    """
    later = name != specimen_name
    specimen = _later_foil(name, specimen_name, settings) if later and settings.strained else foil_for_series(specimen_name, settings)
    resting = specimen.at_rest() if isinstance(specimen, GlidingFoil) else specimen
    stacks = (_rapid_series(name, specimen, settings), _slow_series(name, resting.after_bending(), settings))
    start_s = START_S + (LATER_S if later else 0)
    courses = specimen.courses if isinstance(specimen, GlidingFoil) else None
    write_acquisition(name, "tilt_series", settings, paths, specimen, stacks, None, None, courses, start_s)


def _later_foil(name: str, specimen_name: str, settings: MicroscopeSettings) -> FoilSpecimen:
    if settings.sweep_glide_speed_nm_per_s:
        return gliding_foil(name, specimen_name, settings)
    return foil_after_stress(name, specimen_name, settings)


def _rapid_series(name: str, specimen: Specimen, settings: MicroscopeSettings) -> RawStack:
    motion = tilting_stage(settings, random_stream(settings.seed, name, "goniometer"))
    time = np.arange(settings.tilt_frames) * settings.frame_period_s
    faults = rapid_faults(name, time, True, settings)
    shift = faults.added_to(wandering_shift(len(time), random_stream(settings.seed, name, "drift"), settings))

    def clean(frame: int, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        return specimen.image(FrameGeometry(motion, time[frame], settings.line_time_s, shift[frame], row_px, column_px))

    frames, hot = rapid_frames(name, len(time), clean, faults, settings)
    tilts = row_tilts(motion, time, settings.line_time_s, settings)
    truth = StackTruth(time, tilts, shift, faults.row_shift_px, faults.beam_current, hot)
    reported = reported_angles_rad(np.deg2rad(truth.start_tilt_deg), settings, random_stream(settings.seed, name, "reading"))
    return RawStack(frames, truth, reported)


def _slow_series(name: str, specimen: Specimen, settings: MicroscopeSettings) -> RawStack:
    rng = random_stream(settings.seed, name, "slow")
    direction = np.sign(settings.tilt_stop_deg - settings.tilt_start_deg)
    steps = int(abs(settings.tilt_stop_deg - settings.tilt_start_deg) / settings.slow_tilt_step_deg + 1e-9)
    wanted = settings.tilt_start_deg + direction * settings.slow_tilt_step_deg * np.arange(steps + 1)
    true = wanted + rng.normal(0, settings.slow_tilt_error_deg, len(wanted))
    time = np.arange(len(wanted)) * SLOW_STEP_S
    faults = slow_faults(name, time, True, settings)
    shift = faults.added_to(rng.normal(0, settings.slow_shift_px, (len(wanted), 2)))

    def clean(frame: int, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        return specimen.image(FrameGeometry(resting_stage(true[frame]), 0, 0, shift[frame], row_px, column_px))

    frames, hot = slow_frames(name, len(wanted), clean, faults, settings, rng)
    row_tilts = np.repeat(true[:, None], settings.size_px, axis=1)
    truth = StackTruth(time, row_tilts, shift, faults.row_shift_px, faults.beam_current, hot)
    return RawStack(frames, truth, np.deg2rad(wanted))
