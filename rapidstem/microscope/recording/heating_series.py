"""An in-situ heating series: rapid frames of a foil whose dislocations move, and a slow image when it is over."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.specimen_temperature import TemperatureCourse
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.in_situ_recording import largest_shift_px, record_in_situ
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.heated_specimen import heated_foil


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
    motion = resting_stage(tilt_deg)
    foil = heated_foil(specimen_name, tilt_deg, motion, largest_shift_px(settings), settings)
    aged = replace(foil, lines=foil.lines_at(reached_c[-1]))
    record_in_situ(
        name,
        tilt_deg,
        lambda number, *seen: foil.image(reached_c[number], *seen),
        partial(foil.image, reached_c[-1]),
        settings,
        paths,
        aged,
    )
