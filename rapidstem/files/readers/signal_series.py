"""Image series in the other formats that RosettaSciIO reads."""

import glob
import importlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers.axis_roles import fault_of_image, fault_of_series, image_order, pixel_size_nm, series_time_s
from rapidstem.files.readers.file_endings import HDF5_ENDINGS
from rapidstem.files.readers.file_order import in_natural_order
from rapidstem.files.readers.hdf5_filters import check_filters
from rapidstem.files.readers.recorded_series import RecordedSeries, describe_choice, match_detector
from rapidstem.files.readers.ser_headers import check_ser
from rapidstem.files.readers.signal_axes import signal_tilt_deg, signal_type, stage_tilt_deg, stored_axes, title
from rapidstem.files.sliced_frames import SlicedFrames


def read_signal_series(path: Path, detector: str) -> RecordedSeries:
    """Describe the image series in a file; of several, the one whose title names the detector.

    Parameters
    ----------
    path
        File to read; its ending tells the format.
    detector
        Whose images to take from a file with several.

    Raises
    ------
    InputError
        when no reader knows the format or can read the file, or it holds no image series.
    """
    parts = _parts_of_emi(path) if path.suffix.lower() == ".emi" else []
    for name in parts or ([path.name] if path.suffix.lower() == ".ser" else []):
        check_ser(path.with_name(name))
    signals, remarks = _signals(path)
    if path.suffix.lower() == ".ser" and not _emi_of(path).is_file():
        remarks += (f"{_emi_of(path).name}, which holds the mode and the stage's tilt, is not beside it; its lengths are taken for metres",)
    faults = [_fault(signal) for signal in signals]
    images = [signal for signal, fault in zip(signals, faults, strict=True) if not fault]
    if not images:
        held = "; ".join(dict.fromkeys(faults)) or "nothing"
        raise InputError(f"{path}: holds no series of grey images, but {held}; save it with the axes (frame, y, x)")
    signal = images[0] if len(images) == 1 else images[_choose(path, images, detector, parts)]
    if path.suffix.lower() in HDF5_ENDINGS:
        _check_hdf5(path)
    return _describe(path, signal, remarks)


def _emi_of(path: Path) -> Path:
    """The EMI file that belongs to a SER file."""
    return path.with_name(re.sub(r"_\d+$", "", path.stem) + ".emi")


def parts_beside(path: Path) -> list[Path]:
    """Files that are read with another one: the pixels of an EMI or RPL file, the EMI of a SER file; those that are there.

    Parameters
    ----------
    path
        Of any format.

    Returns
    -------
    list of Path
        Empty where the file is read alone.
    """
    ending = path.suffix.lower()
    if ending == ".emi":
        beside = Path(glob.escape(str(path.parent)))
        found = [Path(name) for name in glob.glob(str(beside / f"{glob.escape(path.stem)}_[0-9]*.[sS][eE][rR]"))]  # noqa: PTH207
        return [part for part in in_natural_order(found) if re.fullmatch(r"_\d+", part.stem.removeprefix(path.stem))]
    other = {".ser": _emi_of(path), ".rpl": path.with_suffix(".raw")}.get(ending)
    return [other] if other is not None and other.is_file() else []


def _parts_of_emi(path: Path) -> list[str]:
    """The files beside an EMI file that hold its pixels, one a detector."""
    parts = [part.name for part in parts_beside(path)]
    if not parts:
        missing = f"{path.stem}_1.ser"
        raise InputError(f"{path}: its pixels lie in the file {missing}, which is not beside it; copy it from the microscope, too")
    if glob.escape(str(path)) != str(path):
        raise InputError(f"{path}: its reader cannot follow a path with '[', '*' or '?'; rename it, or give {parts[0]} itself")
    return parts


def _signals(path: Path) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """What the first reader that knows the format finds, and what it warns of: defaults that it takes for what the file lacks."""
    readers = _readers(path)
    if not readers:
        raise InputError(f"{path}: the ending {path.suffix!r} is of no format that RosettaSciIO reads; convert it to EMD, TIFF or MRC")
    problems = []
    for name, module in readers:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", UserWarning)
                signals = _read(module, path)
            said = dict.fromkeys(_first_line(each.message) for each in caught if each.category is UserWarning)
            return signals, tuple(f"its reader warns: {words}" for words in said)
        except Exception as error:
            problems.append(f"{name}: {_first_line(error)}")
    raise InputError(f"{path}: cannot be read, it is damaged or of another format than its ending says ({'; '.join(problems)})")


def _readers(path: Path) -> list[tuple[str, str]]:
    from rsciio import IO_PLUGINS

    ending = path.suffix.removeprefix(".").lower()
    found = [(plugin["name"], plugin["api"]) for plugin in IO_PLUGINS if ending in plugin["file_extensions"]]
    return sorted(found, key=lambda reader: reader[0] != "HSPY")


def _read(module: str, path: Path) -> list[dict[str, Any]]:
    """Lazily where the reader can do that with this file."""
    read = importlib.import_module(module).file_reader
    try:
        return read(str(path), lazy=True)
    except Exception:
        return read(str(path), lazy=False)


def _first_line(error: Exception | Warning | str) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _fault(signal: dict[str, Any]) -> str:
    """Why a signal is no series of grey images; an empty string where it is one."""
    data = signal["data"]
    if data.dtype.kind not in "uif" or data.ndim not in (2, 3) or 0 in data.shape or len(signal["axes"]) != data.ndim:
        return f"{data.shape} {data.dtype}"
    navigation = [i for i, axis in enumerate(signal["axes"]) if axis.get("navigate")]
    if data.ndim - len(navigation) == 1:
        return f"{data.shape} spectra or profiles"
    axes = stored_axes(signal)
    *series, rows, columns = (axes[i] for i in image_order(axes) or ())
    return fault_of_image(rows, columns) or (fault_of_series(series[0], signal_type(signal)) if series else "")


def _choose(path: Path, images: list[dict[str, Any]], detector: str, parts: list[str]) -> int:
    titles = [title(image) for image in images]
    found = match_detector(detector, [(name,) for name in titles])
    if len(found) == 1:
        return found[0]
    if parts:
        files = ", ".join(parts)
        raise InputError(f"{path}: holds {len(images)} images, one a detector, whose names it does not say; give one of the files {files}")
    if len(set(titles)) < len(titles):
        shapes = ", ".join(str(image["data"].shape) for image in images)
        raise InputError(f"{path}: holds {len(images)} series with the shapes {shapes}; all frames of a stack must have one shape")
    problem = f"{len(found) or 'no'} images of the detector {detector!r}"
    raise InputError(f"{path}: {problem}; set `detector` in `reading` to one of: {describe_choice(titles)}")


def _check_hdf5(path: Path) -> None:
    """See whether every set of images in an HDF5 file can be decompressed."""
    import h5py

    if not h5py.is_hdf5(path):
        return
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, entry: check_filters(path, entry) if isinstance(entry, h5py.Dataset) and entry.ndim > 1 else None)


def _describe(path: Path, signal: dict[str, Any], remarks: tuple[str, ...]) -> RecordedSeries:
    axes = stored_axes(signal)
    order = image_order(axes) or ()
    *series, rows, columns = (axes[i] for i in order)
    data = signal["data"].transpose(order)
    shape = (series[0].size if series else 1, rows.size, columns.size)
    tilt_deg, doubt = signal_tilt_deg(signal, series[0] if series else None)
    return RecordedSeries(
        shape=shape,
        pixel_size_nm=pixel_size_nm(rows, columns),
        load=lambda: _pixels(path, data).reshape(shape),
        open=lambda: _open_frames(path, data, shape),
        tilt_deg=tilt_deg,
        time_s=series_time_s(series[0]) if series else None,
        stage_tilt_deg=stage_tilt_deg(signal),
        remarks=(*remarks, doubt) if doubt else remarks,
    )


def _pixels(path: Path, data: Any) -> np.ndarray:
    try:
        return np.ascontiguousarray(data)
    except Exception as error:
        raise InputError(f"{path}: the pixels cannot be read ({error}); copy it again, or save it without compression") from error


@contextmanager
def _open_frames(path: Path, data: Any, shape: tuple[int, int, int]) -> Iterator[SlicedFrames]:
    """Frames as the reader gives them, at once where it cannot give them in parts."""
    pixels = data.reshape(shape)
    yield SlicedFrames(path, shape, data.dtype, lambda start, stop: np.ascontiguousarray(pixels[start:stop]))
