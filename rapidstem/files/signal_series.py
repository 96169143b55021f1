"""Image series in all other formats that RosettaSciIO reads."""

import importlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.length_units import length_in_nm
from rapidstem.files.ome_tiff import stored_pixel_size_nm
from rapidstem.files.recorded_series import RecordedSeries, describe_choice, match_detector
from rapidstem.files.sliced_frames import SlicedFrames
from rapidstem.files.tiff_frames import open_tiff

_TIFF_ENDINGS = (".tif", ".tiff")
# endings of electron tomography that RosettaSciIO does not list for its MRC reader
_MRC_ENDINGS = ("mrcs", "st", "rec")
_DEGREES = {"deg": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0, "rad": 180 / math.pi, "radians": 180 / math.pi}


def read_signal_series(path: Path, detector: str) -> RecordedSeries:
    """Describe the image series in a file; of several, the one whose title names the detector.

    Raises
    ------
    InputError
        when no reader knows the format or can read the file, or it holds no image series.
    """
    signals = _signals(path)
    images = [signal for signal in signals if _is_image_series(signal)]
    if not images:
        shapes = ", ".join(f"{signal['data'].shape} {signal['data'].dtype}" for signal in signals) or "nothing"
        raise InputError(f"{path}: holds no series of grey images, but {shapes}; save it with the axes (frame, y, x)")
    signal = images[0] if len(images) == 1 else images[_choose(path, images, detector)]
    return _describe(path, signal)


def _signals(path: Path) -> list[dict[str, Any]]:
    readers = _readers(path)
    if not readers:
        raise InputError(f"{path}: the ending {path.suffix!r} is of no format that RosettaSciIO reads; convert it to EMD, TIFF or MRC")
    problems = []
    for name, module in readers:
        try:
            return _read(module, path)
        except Exception as error:
            problems.append(f"{name}: {_first_line(error)}")
    raise InputError(f"{path}: cannot be read, it is damaged or of another format than its ending says ({'; '.join(problems)})")


def _readers(path: Path) -> list[tuple[str, str]]:
    from rsciio import IO_PLUGINS

    ending = path.suffix.removeprefix(".").lower()
    ending = "mrc" if ending in _MRC_ENDINGS else ending
    found = [(plugin["name"], plugin["api"]) for plugin in IO_PLUGINS if ending in plugin["file_extensions"]]
    return sorted(found, key=lambda reader: reader[0] not in ("MRC", "HSPY"))


def _read(module: str, path: Path) -> list[dict[str, Any]]:
    """Lazily where the reader can do that with this file."""
    read = importlib.import_module(module).file_reader
    try:
        return read(str(path), lazy=True)
    except Exception:
        return read(str(path), lazy=False)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _is_image_series(signal: Mapping[str, Any]) -> bool:
    data, axes = signal["data"], signal["axes"]
    if data.dtype.kind not in "uif" or data.ndim not in (2, 3) or 0 in data.shape or len(axes) != data.ndim:
        return False
    navigation = [i for i, axis in enumerate(axes) if axis.get("navigate")]
    return navigation in ([], [0]) if data.ndim == 3 else navigation == []


def _choose(path: Path, images: list[dict[str, Any]], detector: str) -> int:
    titles = [str(image.get("metadata", {}).get("General", {}).get("title", "")) for image in images]
    found = match_detector(detector, [(title,) for title in titles])
    if not any(titles):
        shapes = ", ".join(str(image["data"].shape) for image in images)
        raise InputError(f"{path}: holds {len(images)} series with the shapes {shapes}; all frames of a stack must have one shape")
    if len(found) != 1:
        problem = f"{len(found) or 'no'} images of the detector {detector!r}"
        raise InputError(f"{path}: {problem}; set `detector` in `reading` to one of: {describe_choice(titles)}")
    return found[0]


def _describe(path: Path, signal: dict[str, Any]) -> RecordedSeries:
    data = signal["data"]
    shape = (1, *data.shape) if data.ndim == 2 else data.shape
    return RecordedSeries(
        shape=shape,
        pixel_size_nm=_pixel_size_nm(path, signal["axes"]),
        load=lambda: _pixels(path, data).reshape(shape),
        open=lambda: _open_frames(path, data, shape),
        tilt_deg=_tilt_deg(signal),
    )


def _pixels(path: Path, data: Any) -> np.ndarray:
    try:
        return np.ascontiguousarray(data)
    except Exception as error:
        raise InputError(f"{path}: the pixels cannot be read ({error}); copy it again, or save it without compression") from error


@contextmanager
def _open_frames(path: Path, data: Any, shape: tuple[int, int, int]) -> Iterator[SlicedFrames]:
    """Frames straight from a TIFF; else as the reader gives them, at once where it cannot give them in parts."""
    tiff = open_tiff(path, shape, data.dtype) if path.suffix.lower() in _TIFF_ENDINGS else nullcontext(None)
    with tiff as frames:
        if frames is not None:
            yield frames
            return
        pixels = data.reshape(shape)
        yield SlicedFrames(path, shape, data.dtype, lambda start, stop: np.ascontiguousarray(pixels[start:stop]))


def _pixel_size_nm(path: Path, axes: list[dict[str, Any]]) -> tuple[float, float] | None:
    sizes = [length_in_nm(axis.get("scale", math.nan), axis.get("units")) for axis in axes[-2:]]
    if path.suffix.lower() in _TIFF_ENDINGS and None in sizes:
        sizes = [stored_pixel_size_nm(path)] * 2
    height, width = sizes
    if height is None or width is None or not (0 < abs(height) < math.inf and 0 < abs(width) < math.inf):
        return None
    return abs(height), abs(width)


def _tilt_deg(signal: dict[str, Any]) -> np.ndarray | None:
    """Tilts from the axis of the frames if that is an angle; of a single image, from the stage."""
    frames = signal["data"].shape[0] if signal["data"].ndim == 3 else 1
    axis = signal["axes"][0]
    degrees = _DEGREES.get(str(axis.get("units")).strip().lower())
    if signal["data"].ndim == 3 and degrees is not None:
        values = axis["axis"] if "axis" in axis else axis["offset"] + axis["scale"] * np.arange(frames)
        return np.asarray(values, dtype=float) * degrees
    instrument = signal.get("metadata", {}).get("Acquisition_instrument", {})
    tilt = instrument.get("TEM", {}).get("Stage", {}).get("tilt_alpha")
    return np.array([float(tilt)]) if frames == 1 and tilt is not None else None
