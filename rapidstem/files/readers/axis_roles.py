"""Which axis of stored pixels is y, which is x, and along which one the frames follow each other.

Names and units tell; positions count only where nothing is named.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.files.length_units import angle_in_degrees, is_reciprocal, length_in_nm, unit_name

_ROWS = ("y", "height", "row", "rows", "ry", "ypos")
_COLUMNS = ("x", "width", "column", "columns", "col", "cols", "rx", "xpos")
_TILT = re.compile(r"tilt|alpha|angle|theta|goniometer")
_ENERGY = re.compile(r"(m|k|)ev")
_SPECTRAL_NAME = re.compile(r"energy|wavelength|wave number|raman")
# Units of time that NGFF recommends, and their symbols.
_SECONDS = {"second": 1.0, "millisecond": 1e-3, "microsecond": 1e-6, "nanosecond": 1e-9, "minute": 60.0}
_SECONDS |= {"s": 1.0, "sec": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9, "min": 60.0}
_SPECTRAL_SIGNAL = re.compile(r"EELS|EDS|CL|LUM|XRF|RAMAN", re.IGNORECASE)


@dataclass(frozen=True)
class StoredAxis:
    """One axis of an array in a file.

    Attributes
    ----------
    size
        Of the array along it.
    name, unit
        As the file has them, empty where it has none.
    scale
        Step from one element to the next, None where the file gives none.
    values
        Of its elements, where the file gives them one by one.
    """

    size: int
    name: str = ""
    unit: object = ""
    scale: float | None = None
    values: np.ndarray | None = None


def image_order(axes: Sequence[StoredAxis]) -> tuple[int, ...] | None:
    """Positions of the axes (frame, y, x), or (y, x) of a single image; None where they are no images.

    Rows and columns are known by their names, else the series by an angle or by its name, else the last axis is x and the one before it y.

    Parameters
    ----------
    axes
        As the file has them, the slowest first.

    Returns
    -------
    tuple of int or None
        To be given to `transpose`.
    """
    if len(axes) not in (2, 3):
        return None
    names = [_plain(axis.name) for axis in axes]
    rows, columns = ([i for i, name in enumerate(names) if name in known] for known in (_ROWS, _COLUMNS))
    if len(rows) == len(columns) == 1:
        return (*(i for i in range(len(axes)) if i not in (rows[0], columns[0])), rows[0], columns[0])
    angles = [i for i, axis in enumerate(axes) if angle_in_degrees(1, axis.unit) or names_tilt(names[i])]
    if len(axes) == 3 and len(angles) == 1:
        return (angles[0], *(i for i in range(3) if i != angles[0]))
    return tuple(range(len(axes)))


@dataclass(frozen=True)
class FrameAxes:
    """What the axes of stored frames are, and what they tell.

    Attributes
    ----------
    order
        To be given to `transpose`: (frame, y, x), or (y, x) of a single image.
    shape
        Frames, rows and columns.
    pixel_size_nm
        Edge lengths (y, x), None where an axis has none.
    series
        The axis across the images, None for a single one.
    tilt_deg : (frame,)
        None where that axis holds none.
    time_s : (frame,)
        Start of each frame since the first, None where that axis is none of time.
    remarks
        What a person should know of them.
    """

    order: tuple[int, ...]
    shape: tuple[int, int, int]
    pixel_size_nm: tuple[float, float] | None
    series: StoredAxis | None
    tilt_deg: np.ndarray | None
    time_s: np.ndarray | None
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, axes: Sequence[StoredAxis]) -> "FrameAxes":
        """Of axes that `image_order` knows the order of, the slowest first."""
        order = image_order(axes) or ()
        *series, rows, columns = (axes[i] for i in order)
        across = series[0] if series else None
        tilt_deg, doubt = series_tilt_deg(across) if across else (None, "")
        unnamed = across is not None and not any(axis.name for axis in axes)
        sizes = tuple(axis.size for axis in axes)
        remarks = (doubt, f"its axes have no names: {sizes} is taken for (frame, y, x)" if unnamed else "")
        shape = (across.size if across else 1, rows.size, columns.size)
        time_s = series_time_s(across) if across else None
        return cls(order, shape, pixel_size_nm(rows, columns), across, tilt_deg, time_s, tuple(remark for remark in remarks if remark))


def fault_of_series(axis: StoredAxis, signal_type: str = "") -> str:
    """Say why the planes along an axis are no frames; an empty string where nothing speaks against it.

    Parameters
    ----------
    axis
        The one across the images.
    signal_type
        HyperSpy's, where there is one.
    """
    if _is_spectral(axis):
        return f"spectra: its axis {axis.name!r} is in {axis.unit}"
    if length_in_nm(1, axis.unit) is not None:
        return f"a volume or a series of depths: its axis {axis.name!r} is in {axis.unit}"
    if is_reciprocal(axis.unit):
        return f"diffraction patterns: its axis {axis.name!r} is in {axis.unit}"
    return f"spectra: its signal type is {signal_type}" if _SPECTRAL_SIGNAL.match(signal_type) and not _is_tilt(axis) else ""


def fault_of_image(rows: StoredAxis, columns: StoredAxis) -> str:
    """Say why two axes span no image; an empty string where nothing speaks against it."""
    for axis in (rows, columns):
        if _is_spectral(axis):
            return f"spectra: its axis {axis.name!r} is in {axis.unit}"
        if fault := fault_of_unit(axis.unit):
            return f"{fault}: its axis {axis.name!r} is in {axis.unit}"
    return ""


def fault_of_unit(unit: object) -> str:
    """Say what else than an image has pixels in a unit; an empty string for lengths and where there is no unit."""
    return "diffraction patterns" if is_reciprocal(unit) or angle_in_degrees(1, unit) is not None else ""


def pixel_size_nm(rows: StoredAxis, columns: StoredAxis) -> tuple[float, float] | None:
    """Edge lengths of a pixel (y, x) in nm, None where an axis has none."""
    sizes = [None if axis.scale is None else length_in_nm(axis.scale, axis.unit) for axis in (rows, columns)]
    height, width = (None if size is None or not 0 < abs(size) < np.inf else abs(size) for size in sizes)
    return None if height is None or width is None else (height, width)


def series_tilt_deg(axis: StoredAxis) -> tuple[np.ndarray | None, str]:
    """Tilts along the axis of the frames, and why they are none although the axis is an angle.

    An axis that only counts the frames, whatever its unit says, is no list of tilts: HyperSpy's axes count from 0 until somebody sets them.

    Parameters
    ----------
    axis
        The one across the images.

    Returns
    -------
    tilt_deg : (frame,)
        None where they are none.
    remark
        Empty where nothing is to be said.
    """
    factor = angle_in_degrees(1, axis.unit)
    if factor is None or axis.values is None:
        return None, ""
    degrees = np.asarray(axis.values, float) * factor
    counts = np.array_equal(axis.values, np.arange(axis.size)) or np.array_equal(axis.values, np.arange(1, axis.size + 1))
    if counts and axis.size > 1:
        return None, f"the axis of its frames is in {axis.unit}, but only counts them; its values are not taken for tilts"
    return degrees, ""


def series_time_s(axis: StoredAxis) -> np.ndarray | None:
    """Start of each frame (frame,) since the first, in seconds; None where the axis of the frames is none of time, or does not rise.

    Parameters
    ----------
    axis
        The one across the images.

    Returns
    -------
    time_s : (frame,)
        In seconds, or None.
    """
    unit = unit_name(axis.unit)
    factor = _SECONDS.get(unit, _SECONDS.get(unit.removesuffix("s")))
    steps = None if axis.scale is None else axis.scale * np.arange(axis.size)
    values = axis.values if axis.values is not None else steps
    if factor is None or values is None or axis.size < 2 or not np.all(np.diff(values) > 0):
        return None
    return factor * (np.asarray(values, float) - float(values[0]))


def names_tilt(name: str) -> bool:
    """Whether the name of an axis or of a column says that it holds tilts.

    Parameters
    ----------
    name
        As the file has it.
    """
    return bool(_TILT.search(_plain(name)))


def _is_tilt(axis: StoredAxis) -> bool:
    return angle_in_degrees(1, axis.unit) is not None or names_tilt(axis.name)


def _is_spectral(axis: StoredAxis) -> bool:
    return bool(_ENERGY.fullmatch(unit_name(axis.unit)) or _SPECTRAL_NAME.search(axis.name.lower()))


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "")
