"""Simulated acquisitions: the rapid and the slow file of one row of an acquisition sheet, and their truth."""

from pathlib import Path

from rapidstem.errors import InputError
from rapidstem.files.specimen_temperature import TemperatureCourse
from rapidstem.microscope.recording.field_acquisition import simulate_field
from rapidstem.microscope.recording.heating_series import simulate_heating
from rapidstem.microscope.recording.series_acquisition import simulate_series
from rapidstem.microscope.recording.straining_series import simulate_straining
from rapidstem.microscope.settings import LARGEST_TILT_DEG, MicroscopeSettings

FIELD_KINDS = ("training", "test", "calibration")
HEATED_SPECIMEN = "heated foil"


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
        continuous tilting, and slow images step by step of the same specimen; `in_situ`: rapid frames of a foil that is heated, or
        strained where the settings let lines glide, and a slow image at the end.
    name
        The acquisition's name; with the seed it decides every random number.
    tilt_deg
        Tilt of a field or of an in-situ series, None for a tilt series. A calibration field without a tilt is not tilted.
    settings
        Of the virtual microscope.
    rapid_path, slow_path
        Velox EMD files to be written.
    truth_path
        HDF5 file to be written for the evaluation.
    specimen
        Name of the specimen; acquisitions of the same specimen and tilt range show the same lines, and a straining series those of the
        tilt series whose name it is given. By default each has its own, but heating series of one tilt share theirs: a range of
        temperatures goes on where the one below it ended.
    temperature
        Of the specimen, for a heating series alone.

    Raises
    ------
    InputError
        The kind is unknown, or the tilt or the temperature does not fit it.
    """
    if kind in FIELD_KINDS:
        simulate_field(kind, name, _field_tilt(kind, name, tilt_deg), settings, (rapid_path, slow_path, truth_path), specimen or name)
    elif kind == "tilt_series":
        if tilt_deg is not None:
            raise InputError(f"acquisition {name}: a tilt series has no single tilt; leave it empty instead of {tilt_deg}")
        simulate_series(name, settings, (rapid_path, slow_path, truth_path), specimen or name)
    elif kind == "in_situ" and settings.glide_speed_nm_per_s:
        simulate_straining(name, _field_tilt(kind, name, tilt_deg), settings, (rapid_path, slow_path, truth_path), specimen or name)
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
