"""The specimen's temperature during an in-situ series, as the sheet of acquisitions states it.

Three forms: a number (`150`), a ramp (`90..150@1`: from 90 to 150 °C at 1 °C a second from the first frame on, then held), or the name
of a heater's log, a CSV file with the columns `time_s` (since the first frame) and `temperature_c`.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files.tables import WRITTEN_BY_HAND, read_table

LOG_COLUMNS = ("time_s", "temperature_c")
# Absolute zero.
LOWEST_C = -273.15
FORMS = "give °C as a number (150), a ramp from one to another at °C per second (90..150@1), or a CSV file with time_s and temperature_c"
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_RAMP = re.compile(rf"({_NUMBER})\.\.({_NUMBER})@({_NUMBER})")


@dataclass(frozen=True)
class TemperatureCourse:
    """Temperature against time: straight between the points, constant before and after.

    Attributes
    ----------
    time_s : (n,)
        Increasing, since the first frame.
    temperature_c : (n,)
        Degrees Celsius.
    """

    time_s: np.ndarray
    temperature_c: np.ndarray

    def at(self, time_s: np.ndarray) -> np.ndarray:
        """Temperature in °C at times of any shape.

        Parameters
        ----------
        time_s
            Since the first frame, of any shape.

        Returns
        -------
        ndarray
            Of the same shape, in °C.
        """
        return np.interp(time_s, self.time_s, self.temperature_c)


def is_log(text: str) -> bool:
    """Whether an entry of the sheet names a file.

    Parameters
    ----------
    text
        Entry of the sheet.
    """
    return text.lower().endswith(".csv")


def read_temperature(text: str) -> TemperatureCourse:
    """Understand an entry of the sheet; the path of a log is taken as it is.

    Parameters
    ----------
    text
        Entry of the sheet: a temperature, a range with a rate, or the path of a log.

    Raises
    ------
    InputError
        where it has none of the three forms, is below absolute zero, or the log is no table of increasing times

    Examples
    --------
    >>> read_temperature("90..150@10").at(np.array([0.0, 3.0, 60.0])).tolist()
    [90.0, 120.0, 150.0]
    """
    text = text.strip()
    if is_log(text):
        return _read_log(Path(text))
    ramp = _RAMP.fullmatch(text)
    if ramp:
        start, stop, rate = map(float, ramp.groups())
        return _checked(text, _ramp(text, start, stop, rate))
    if re.fullmatch(_NUMBER, text):
        return _checked(text, TemperatureCourse(np.zeros(1), np.array([float(text)])))
    raise InputError(f"{text!r} is no temperature; {FORMS}")


def _ramp(text: str, start_c: float, stop_c: float, rate_c_per_s: float) -> TemperatureCourse:
    if not rate_c_per_s > 0:
        raise InputError(f"{text!r}: the rate must be above 0 °C per second, also where the temperature falls")
    return TemperatureCourse(np.array([0.0, max(abs(stop_c - start_c) / rate_c_per_s, 1e-9)]), np.array([start_c, stop_c]))


def _read_log(path: Path) -> TemperatureCourse:
    table = read_table(path, LOG_COLUMNS, f"write the columns {' and '.join(LOG_COLUMNS)} {WRITTEN_BY_HAND}")
    values = table[list(LOG_COLUMNS)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if not len(values) or wrong.size:
        place = f"row {wrong[0] + 1} is" if wrong.size else "has"
        raise InputError(f"{path}: {place} no time and temperature; write a number of each in every row")
    if not np.all(np.diff(values[:, 0]) > 0):
        raise InputError(f"{path}: the times do not increase from row to row; sort the rows and remove repeated times")
    return _checked(str(path), TemperatureCourse(values[:, 0], values[:, 1]))


def _checked(text: str, course: TemperatureCourse) -> TemperatureCourse:
    lowest = float(course.temperature_c.min())
    if not math.isfinite(lowest) or lowest < LOWEST_C:
        raise InputError(f"{text!r}: {lowest:g} °C is below absolute zero; {FORMS}")
    return course


def frame_temperatures(text: str, time_s: np.ndarray | None, frames: int) -> np.ndarray:
    """Temperature (frame,) in °C when each frame starts; NaN where the sheet says nothing.

    Parameters
    ----------
    text
        Entry of the sheet.
    time_s : (frame,)
        Start of each frame since the first; None where it is unknown.
    frames
        Their number.

    Returns
    -------
    (frame,)
        In °C.

    Raises
    ------
    InputError
        where the temperature changes but the times of the frames are unknown, and as `read_temperature`
    """
    if not text:
        return np.full(frames, np.nan)
    course = read_temperature(text)
    if time_s is None and len(course.time_s) > 1:
        raise InputError(
            f"temperature {text}: the file has no time stamps, so that the temperature of a frame is not known; give one number, or none"
        )
    return course.at(np.zeros(frames) if time_s is None else time_s)


def temperature_problems(text: str) -> Iterator[str]:
    """Say what is wrong with an entry of the sheet, or with the log that it names.

    Parameters
    ----------
    text
        As it stands in the sheet, the path of a log made absolute.

    Yields
    ------
    str
        What is wrong, with the column.
    """
    try:
        read_temperature(text)
    except InputError as error:
        yield f"column temperature: {error}"
