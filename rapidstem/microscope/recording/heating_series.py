"""An in-situ heating series: rapid frames of a foil whose dislocations move, and a slow image when it is over."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.specimen_temperature import TemperatureCourse
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.frame_recording import rapid_frames, slow_frames
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.raw_stacks import RawStack, row_tilts, wandering_shift, write_acquisition
from rapidstem.microscope.recording.scan_faults import largest_reach_px, rapid_faults, slow_faults
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.heated_specimen import heated_foil
from rapidstem.microscope.truth import StackTruth


def simulate_heating(
    name: str,
    tilt_deg: float,
    temperature: TemperatureCourse | None,
    settings: MicroscopeSettings,
    paths: tuple[Path | str, ...],
    specimen_name: str,
) -> None:
    """Make the raw files of one in-situ series and its truth, whose lines and clean image are those at the end.

    Parameters
    ----------
    name
        Of the acquisition; with the seed it decides every random number.
    tilt_deg
        Of the stage at rest.
    temperature
        Of the specimen; lines move while it rises.
    settings
        Of the virtual microscope.
    paths
        Of the rapid file, the slow file and the truth.
    specimen_name
        Acquisitions of one specimen show the same lines.

    Raises
    ------
    InputError
        There is no temperature.
    """
    if temperature is None:
        raise InputError(
            f"acquisition {name}: a simulated in-situ series needs its temperature; fill in the column 'temperature', as with 90..150@10"
        )
    time = np.arange(settings.in_situ_frames) * settings.frame_period_s
    reached_c = np.maximum.accumulate(temperature.at(time))
    faults, slow = rapid_faults(name, time, False, settings), slow_faults(name, np.zeros(1), False, settings)
    shift = faults.added_to(wandering_shift(len(time), random_stream(settings.seed, name, "drift"), settings))
    slow_rng = random_stream(settings.seed, name, "slow")
    slow_shift = slow.added_to(shift[-1:] + slow_rng.normal(0, settings.slow_shift_px, (1, 2)))
    motion = resting_stage(tilt_deg)
    foil = heated_foil(specimen_name, tilt_deg, motion, _largest_shift_px(settings), settings)
    tilts = np.full(len(time), np.deg2rad(tilt_deg))
    frames, hot = rapid_frames(name, len(time), lambda number, *grid: foil.image(reached_c[number], shift[number], *grid), faults, settings)
    truth = StackTruth(time, row_tilts(motion, time, 0, settings), shift, faults.row_shift_px, faults.beam_current, hot)
    at_end = partial(foil.image, reached_c[-1])
    slow_frame, hot = slow_frames(name, 1, lambda _, *grid: at_end(slow_shift[0], *grid), slow, settings, slow_rng)
    slow_truth = StackTruth(np.zeros(1), row_tilts(motion, np.zeros(1), 0, settings), slow_shift, slow.row_shift_px, slow.beam_current, hot)
    pixels = np.arange(settings.size_px, dtype=float)
    stacks = (RawStack(frames, truth, tilts), RawStack(slow_frame, slow_truth, tilts[:1]))
    aged = replace(foil, lines=foil.lines_at(reached_c[-1]))
    write_acquisition(name, "in_situ", settings, paths, aged, stacks, None, at_end(np.zeros(2), pixels, pixels))


def _largest_shift_px(settings: MicroscopeSettings) -> float:
    """How far the specimen moves at most; for all series alike, so that all have the same specimen."""
    drift = settings.drift_px_per_s * settings.frame_period_s * settings.in_situ_frames
    return drift + 6 * (settings.jitter_px + settings.slow_shift_px) + largest_reach_px(settings)
