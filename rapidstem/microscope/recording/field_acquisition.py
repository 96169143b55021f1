"""Fields of view at rest: many rapid frames and one slow image."""

from pathlib import Path

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.field_resampling import FieldImage
from rapidstem.microscope.recording.frame_recording import rapid_frames, slow_frames
from rapidstem.microscope.recording.goniometer import TiltMotion, resting_stage
from rapidstem.microscope.recording.raw_stacks import RawStack, row_tilts, wandering_shift, write_acquisition
from rapidstem.microscope.recording.scan_faults import ScanFaults, rapid_faults, slow_faults
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.specimens import GratingSpecimen, Specimen, foil_at
from rapidstem.microscope.truth import StackTruth

# Error of the shifts and of the angle that the simulated instrument states; plausible, no measurement is public.
VELOX_SHIFT_ERROR_PX = 0.3
READING_ERROR_DEG = 0.05


def simulate_field(
    kind: str, name: str, tilt_deg: float, settings: MicroscopeSettings, paths: tuple[Path | str, ...], specimen_name: str
) -> None:
    """Make the raw files of a training, test or calibration field and its truth.

    Parameters
    ----------
    kind
        `training`, `test` or `calibration`.
    name
        Of the acquisition; with the seed it decides every random number.
    tilt_deg
        Of the stage at rest.
    settings
        Of the virtual microscope.
    paths
        Of the rapid file, the slow file and the truth.
    specimen_name
        Acquisitions of one specimen show the same lines.
    """
    specimen = _specimen(kind, specimen_name, tilt_deg, settings)
    motion = resting_stage(tilt_deg)
    count = settings.frames_per_long_field if name == settings.long_field else settings.frames_per_field
    time = np.arange(count) * settings.frame_period_s
    faults, slow = rapid_faults(name, time, False, settings), slow_faults(name, np.zeros(1), False, settings)
    shift = faults.added_to(wandering_shift(count, random_stream(settings.seed, name, "drift"), settings))
    slow_rng = random_stream(settings.seed, name, "slow")
    slow_shift = slow.added_to(slow_rng.normal(0, settings.slow_shift_px, (1, 2)))
    reach = float(np.abs(np.vstack((shift, slow_shift))).max()) + faults.reach_px + slow.reach_px
    field = FieldImage.of(specimen, motion, reach, settings)
    reading = random_stream(settings.seed, name, "reading").normal(0, np.deg2rad(READING_ERROR_DEG))
    rapid_stack = _rapid_stack(name, field, motion, time, shift, faults, reading, settings)
    slow_frame, hot = slow_frames(name, 1, lambda _, *grid: field.image(slow_shift[0], *grid), slow, settings, slow_rng)
    tilts = row_tilts(motion, np.zeros(1), 0, settings)
    slow_truth = StackTruth(np.zeros(1), tilts, slow_shift, slow.row_shift_px, slow.beam_current, hot)
    stacks = (rapid_stack, RawStack(slow_frame, slow_truth, np.deg2rad([tilt_deg]) + reading))
    velox_error = random_stream(settings.seed, name, "velox").normal(0, VELOX_SHIFT_ERROR_PX, shift.shape)
    pixels = np.arange(settings.size_px, dtype=float)
    clean = field.image(np.zeros(2), pixels, pixels)
    write_acquisition(name, kind, settings, paths, specimen, stacks, shift - shift[0] + velox_error, clean)


def _specimen(kind: str, name: str, tilt_deg: float, settings: MicroscopeSettings) -> Specimen:
    if kind == "calibration" and settings.calibration_specimen == "gold-grating":
        return GratingSpecimen(name, settings, [])
    return foil_at(name, tilt_deg, settings)


def _rapid_stack(
    name: str,
    field: FieldImage,
    motion: TiltMotion,
    time_s: np.ndarray,
    shift_px: np.ndarray,
    faults: ScanFaults,
    reading_rad: float,
    settings: MicroscopeSettings,
) -> RawStack:
    frames, hot = rapid_frames(name, len(time_s), lambda number, *grid: field.image(shift_px[number], *grid), faults, settings)
    tilts = row_tilts(motion, time_s, 0, settings)
    truth = StackTruth(time_s, tilts, shift_px, faults.row_shift_px, faults.beam_current, hot)
    return RawStack(frames, truth, np.deg2rad(truth.start_tilt_deg) + reading_rad)
