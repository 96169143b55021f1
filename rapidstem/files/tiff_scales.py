"""What a TIFF states of its scales: the pixel size in OME or ImageJ metadata, or as a resolution that no printer has; times of frames."""

from typing import Any
from xml.etree import ElementTree

import numpy as np

from rapidstem.files.length_units import length_in_nm

# the resolution tags of TIFF are those of printing (72 to 2400 dots an inch); only smaller pixels than this are somebody's statement
_LARGEST_STATED_NM = 1000.0
# Of OME, whose default is the second; ImageJ writes `sec`.
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
_RESOLUTION_UNITS = {2: "inch", 3: "cm"}


def stated_pixel_size_nm(file: Any) -> tuple[float, float] | None:
    """Edge lengths of a pixel (y, x) in nm that an open TIFF file of tifffile states; None where it states none, or one alone.

    Both axes are asked: a file that gives one edge says nothing about the other.

    Parameters
    ----------
    file
        A `TiffFile`, open for reading.

    Returns
    -------
    (y, x) or None
        In nm.
    """
    if file.ome_metadata is not None:
        return _complete(*_ome_sizes_nm(file.ome_metadata))
    tags = file.pages.first.tags
    unit = imagej_unit(file)
    stated = [length_in_nm(size, unit) if size else None for size in (_step(tags, "YResolution"), _step(tags, "XResolution"))]
    if unit is None or None in stated:
        printed = _RESOLUTION_UNITS.get(int(tags["ResolutionUnit"].value)) if "ResolutionUnit" in tags else None
        sizes = [length_in_nm(size, printed) if size else None for size in (_step(tags, "YResolution"), _step(tags, "XResolution"))]
        stated = [size if size is not None and size <= _LARGEST_STATED_NM else None for size in sizes]
    return _complete(*stated)


def stated_time_s(file: Any, frames: int) -> np.ndarray | None:
    """Start of each frame (frame,) since the first, in seconds, that an open TIFF file states; None where it states none.

    In OME metadata the time of every plane, else the time increment; in those of ImageJ the frame interval.

    Parameters
    ----------
    file
        A `tifffile.TiffFile`.
    frames
        How many the file holds.

    Returns
    -------
    time_s : (frame,)
        In seconds, or None.
    """
    if file.ome_metadata is not None:
        return _ome_time_s(file.ome_metadata, frames)
    said = (file.imagej_metadata or {}) if file.is_imagej else {}
    return _even_time_s(said.get("finterval"), said.get("tunit", "sec"), frames)


def _ome_time_s(description: str, frames: int) -> np.ndarray | None:
    pixels = ElementTree.fromstring(description).find(".//{*}Pixels")
    if pixels is None:
        return None
    planes = [plane for plane in pixels.iterfind("{*}Plane") if plane.get("DeltaT") is not None]
    if len(planes) == frames > 1:
        factors = [_SECONDS.get(plane.get("DeltaTUnit", "s")) for plane in planes]
        times = [float(plane.get("DeltaT", "nan")) * (factor or np.nan) for plane, factor in zip(planes, factors, strict=True)]
        if np.all(np.diff(times) > 0):
            return np.array(times) - times[0]
    return _even_time_s(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"), frames)


def _even_time_s(step: Any, unit: Any, frames: int) -> np.ndarray | None:
    factor = _SECONDS.get(str(unit))
    if step is None or factor is None or frames < 2 or not 0 < float(step) < np.inf:
        return None
    return factor * float(step) * np.arange(frames)


def imagej_unit(file: Any) -> object:
    """The unit that ImageJ has written into an open TIFF file; None where there is none.

    Parameters
    ----------
    file
        A `tifffile.TiffFile`.
    """
    return (file.imagej_metadata or {}).get("unit") if file.is_imagej else None


def is_default_size(file: Any) -> bool:
    """Whether the resolution of an open TIFF file is one pixel a unit: what programs write where they know none.

    Parameters
    ----------
    file
        A `tifffile.TiffFile`.
    """
    tags = file.pages.first.tags
    return file.ome_metadata is None and _step(tags, "YResolution") == _step(tags, "XResolution") == 1


def _complete(height: float | None, width: float | None) -> tuple[float, float] | None:
    known = height is not None and width is not None and 0 < height < float("inf") and 0 < width < float("inf")
    return (height, width) if known else None  # type: ignore[return-value]


def _ome_sizes_nm(description: str) -> list[float | None]:
    pixels = ElementTree.fromstring(description).find(".//{*}Pixels")
    if pixels is None:
        return [None, None]
    sizes = [(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "YX"]
    return [None if size is None else length_in_nm(float(size), unit) for size, unit in sizes]


def _step(tags: Any, name: str) -> float | None:
    """Units a pixel from a tag that holds pixels a unit, as a fraction; None where there is none, or zero."""
    if name not in tags:
        return None
    numerator, denominator = tags[name].value
    return denominator / numerator if numerator > 0 and denominator > 0 else None
