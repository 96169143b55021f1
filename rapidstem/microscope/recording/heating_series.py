"""An in-situ heating series: rapid frames of a foil whose dislocations move, and a slow image when it is over."""

from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.specimen_temperature import TemperatureCourse
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.detector import rapid_counts, slow_counts
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.raw_stacks import RawStack, row_tilts, wandering_shift, write_acquisition
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.heated_specimen import HeatedFoil, heated_foil
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
    temperature
        Of the specimen; lines move while it rises.
    paths
        Of the rapid file, the slow file and the truth.

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
    shift = wandering_shift(len(time), random_stream(settings.seed, name, "drift"), settings)
    slow_rng = random_stream(settings.seed, name, "slow")
    slow_shift = shift[-1:] + slow_rng.normal(0, settings.slow_shift_px, (1, 2))
    motion = resting_stage(tilt_deg)
    foil = heated_foil(specimen_name, tilt_deg, motion, _largest_shift_px(settings), settings)
    tilts = np.full(len(time), np.deg2rad(tilt_deg))
    truth = StackTruth(time, row_tilts(motion, time, 0, settings), shift)
    rapid = RawStack(_rapid_frames(name, foil, reached_c, shift), truth, tilts)
    columns = np.arange(settings.size_px, dtype=float)
    slow_frame = slow_counts(foil.image(reached_c[-1], slow_shift[0], columns), settings, slow_rng)
    slow = RawStack(slow_frame[None], StackTruth(np.zeros(1), row_tilts(motion, np.zeros(1), 0, settings), slow_shift), tilts[:1])
    clean = foil.image(reached_c[-1], np.zeros(2), columns)
    write_acquisition(name, "in_situ", settings, paths, foil.lines_at(reached_c[-1]), (rapid, slow), None, clean)


def _largest_shift_px(settings: MicroscopeSettings) -> float:
    """How far the specimen moves at most; for all series alike, so that all have the same specimen."""
    drift = settings.drift_px_per_s * settings.frame_period_s * settings.in_situ_frames
    return drift + 6 * (settings.jitter_px + settings.slow_shift_px)


def _rapid_frames(name: str, foil: HeatedFoil, temperature_c: np.ndarray, shift_px: np.ndarray) -> np.ndarray:
    settings = foil.settings
    columns = rapid_to_slow(np.arange(settings.size_px), settings)
    noise = random_stream(settings.seed, name, "rapid")
    frames = np.empty((len(shift_px), settings.size_px, settings.size_px), np.uint16)
    for number, (reached, shift) in enumerate(zip(temperature_c, shift_px, strict=True)):
        frames[number] = rapid_counts(foil.image(reached, shift, columns), settings, noise)
    return frames
