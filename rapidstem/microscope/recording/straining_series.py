"""An in-situ straining series: rapid frames of a foil whose dislocations glide, at one tilt, and a slow image when it is over."""

from functools import partial
from pathlib import Path

import numpy as np

from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.in_situ_recording import largest_shift_px, record_in_situ
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.strained_specimen import strained_foil


def simulate_straining(name: str, tilt_deg: float, settings: MicroscopeSettings, paths: tuple[Path | str, ...], specimen_name: str) -> None:
    """Make the raw files of one straining series and its truth, whose lines are those before the stress, with the course of each.

    Parameters
    ----------
    name
        Of the acquisition; it decides the courses of the lines, drift, faults and noise.
    tilt_deg
        Of the stage, which rests.
    settings
        Of the virtual microscope.
    paths
        Of the rapid file, the slow file and the truth.
    specimen_name
        Of the foil: a tilt series of this specimen shows its lines before they move.
    """
    time = np.arange(settings.in_situ_frames) * settings.frame_period_s
    foil = strained_foil(name, specimen_name, tilt_deg, resting_stage(tilt_deg), largest_shift_px(settings), settings)
    at_end = partial(foil.image, time[-1] + settings.frame_period_s)
    record_in_situ(name, tilt_deg, lambda number, *seen: foil.image(time[number], *seen), at_end, settings, paths, foil, foil.courses)
