"""Image series in TIFF files: pixels and axes by tifffile, the sizes of makers' own tags by RosettaSciIO."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers.axis_roles import fault_of_image, fault_of_unit, pixel_size_nm, series_tilt_deg
from rapidstem.files.readers.recorded_series import RecordedSeries
from rapidstem.files.readers.signal_axes import stage_tilt_deg, stored_axes
from rapidstem.files.sliced_frames import SlicedFrames
from rapidstem.files.tiff_scales import imagej_unit, is_default_size, stated_pixel_size_nm, stated_time_s

# TIFF 6.0, tag 259.
_UNCOMPRESSED = 1
_MAKERS = {"fei", "sem", "tvips", "sis", "streak"}
# Private tags that DigitalMicrograph writes scales and units to.
_DIGITAL_MICROGRAPH_TAGS = (65003, 65004, 65005, 65009, 65010, 65011)
_CUT_SHORT = "is cut short: it tells of more frames than it holds; copy it from the microscope again"
_AXES = {"C": "channels", "T": "times", "Z": "depths", "S": "colours", "R": "repetitions", "H": "lifetimes"}


def read_tiff_series(path: Path) -> RecordedSeries:
    """Describe the images of a TIFF file.

    Parameters
    ----------
    path
        File to read.

    Raises
    ------
    InputError
        when the file is cut short, holds no series of grey images of one shape, parts of it lie in files that are missing, or its
        compression cannot be undone.
    """
    with _opened(path) as file:
        if not _has_all_directories(file):
            raise InputError(f"{path}: {_CUT_SHORT}")
        appended = _is_appended(file)
    with _opened(path, appended) as file:
        series = _only_series(path, file)
        if not _has_all_pixels(file, series):
            raise InputError(f"{path}: {_CUT_SHORT}")
        axes = _frame_axes(path, series)
        _check_compression(path, series)
        if fault := fault_of_unit(imagej_unit(file)):
            raise InputError(f"{path}: holds no images, but {fault}: its pixels are in {imagej_unit(file)}")
        stated_nm, is_default, tilt_deg, stage_deg = stated_pixel_size_nm(file), is_default_size(file), None, None
        if _has_makers_tags(file):
            makers_nm, tilt_deg, stage_deg = _makers_scales(path)
            stated_nm, is_default = makers_nm or stated_nm, is_default and makers_nm in (None, stated_nm)
        rows, columns = series.shape[series.axes.index("Y")], series.shape[series.axes.index("X")]
        shape = (series.size // (rows * columns), rows, columns)
        dtype, time_s, remarks = series.dtype, stated_time_s(file, shape[0]), _remarks(axes, shape[0] if appended else 0)
    return RecordedSeries(
        shape=shape,
        pixel_size_nm=stated_nm,
        load=lambda: _load(path, shape, appended),
        open=lambda: _open_frames(path, shape, dtype, appended),
        tilt_deg=tilt_deg,
        time_s=time_s,
        stage_tilt_deg=stage_deg,
        size_is_default=is_default,
        remarks=remarks,
    )


def _opened(path: Path, appended: bool = False) -> Any:
    """A TIFF file; images of one shape that a program has appended one by one are the pages of one series."""
    import tifffile

    return tifffile.TiffFile(path, is_shaped=False) if appended else tifffile.TiffFile(path)


def _is_appended(file: Any) -> bool:
    """Whether tifffile, which notes the shape of whatever is written at once, has written single images of one shape."""
    if not file.is_shaped:
        return False
    return len({(each.shape, each.dtype) for each in file.series}) == 1 < len(file.series) == len(file.pages)


def _remarks(axes: str, appended: int) -> tuple[str, ...]:
    if axes in ("C", "Z"):
        return (f"its frames are stored as {_AXES[axes]}; they are taken for a series of one detector",)
    if appended:
        return (f"its {appended} images were written one by one; they are taken for a series of one detector",)
    return ()


def _has_all_directories(file: Any) -> bool:
    """Whether the chain of the pages' directories comes to its end within the file."""
    kind, handle, offset, seen = file.tiff, file.filehandle, file.pages.first.offset, set()
    while offset and offset not in seen:
        seen.add(offset)
        if offset + kind.tagnosize > handle.size:
            return False
        handle.seek(offset)
        entries = kind.tagsize * struct.unpack(kind.tagnoformat, handle.read(kind.tagnosize))[0]
        if offset + kind.tagnosize + entries + kind.offsetsize > handle.size:
            return False
        handle.seek(entries, 1)
        (offset,) = struct.unpack(kind.offsetformat, handle.read(kind.offsetsize))
    return True


def _has_all_pixels(file: Any, series: Any) -> bool:
    """Whether the pixels of a series end within the file, and are as many as tifffile has noted where it has written it."""
    if any(np.prod(noted["shape"]) > held.size for noted, held in zip(file.shaped_metadata or (), file.series, strict=False)):
        return False
    if series.dataoffset is not None:
        return bool(series.dataoffset + series.nbytes <= file.filehandle.size)
    pages = (page for page in series.pages if page is not None)
    ends = ((page.parent.filehandle.size, zip(page.dataoffsets, page.databytecounts, strict=False)) for page in pages)
    return all(start + count <= size for size, parts in ends for start, count in parts)


def _has_makers_tags(file: Any) -> bool:
    tags = file.pages.first.tags
    return bool(file.flags & _MAKERS or any(code in tags for code in _DIGITAL_MICROGRAPH_TAGS) or "Make" in tags)


def _makers_scales(path: Path) -> tuple[tuple[float, float] | None, np.ndarray | None, float | None]:
    """Pixel size (y, x) in nm, tilts, and the stage's tilt from the tags of a maker."""
    from rsciio.tiff import file_reader

    signal = file_reader(str(path), lazy=True)[0]
    *series, rows, columns = stored_axes(signal)
    if fault := fault_of_image(rows, columns):
        raise InputError(f"{path}: holds no images, but {fault}")
    return pixel_size_nm(rows, columns), series_tilt_deg(series[0])[0] if series else None, stage_tilt_deg(signal)


def _only_series(path: Path, file: Any) -> Any:
    full = [series for series in file.series if not getattr(series.keyframe, "is_reduced", False)]
    grey = [series for series in full if series.dtype is not None and series.dtype.kind in "uif" and "S" not in series.axes]
    if not grey:
        held = ", ".join(f"{series.axes} {series.shape} {series.dtype}" for series in file.series) or "nothing"
        raise InputError(f"{path}: holds no series of grey images, but {held}; save it with the axes (frame, y, x)")
    if len(grey) > 1:
        shapes = [f"{' x '.join(map(str, series.shape))} {series.dtype}" for series in grey]
        if len(set(shapes)) > 1:
            held = ", ".join(shapes)
            raise InputError(f"{path}: holds {len(grey)} series with the shapes {held}; all frames of a stack must have one shape and type")
        raise InputError(f"{path}: holds {len(grey)} series of {shapes[0]}, written one by one; save all frames at once, as one stack")
    if grey[0].dataoffset is None and any(page is None for page in grey[0].pages):
        raise InputError(f"{path}: frames of it lie in other files, which are missing; put them beside it, or save all frames in one file")
    return grey[0]


def _frame_axes(path: Path, series: Any) -> str:
    """The axis across the images, empty for one image."""
    sizes = dict(zip(series.axes, series.shape, strict=True))
    long = [axis for axis, size in sizes.items() if axis not in "YX" and size > 1]
    if not series.axes.endswith("YX"):
        raise InputError(f"{path}: holds no series of grey images: its axes are {series.axes}; save it with the axes (frame, y, x)")
    if len(long) > 1:
        held = " and ".join(f"{sizes[axis]} {_AXES.get(axis, axis)}" for axis in long)
        raise InputError(f"{path}: holds {held}; save one series of images with the axes (frame, y, x)")
    return long[0] if long else ""


def _check_compression(path: Path, series: Any) -> None:
    """Decode the first page where it is not stored as it is: a decoder may be missing."""
    page = series.keyframe
    if page.compression == _UNCOMPRESSED and page.bitspersample in (8, 16, 32, 64):
        return
    try:
        page.asarray()
    except Exception as error:
        name = getattr(page.compression, "name", page.compression)
        problem = f"its pixels are stored with {page.bitspersample} bits and the compression {name}, which cannot be undone here ({error})"
        raise InputError(f"{path}: {problem}; install the package imagecodecs, or save it without compression or with deflate") from error


def _load(path: Path, shape: tuple[int, int, int], appended: bool) -> np.ndarray:
    with _opened(path, appended) as file:
        return np.ascontiguousarray(_only_series(path, file).asarray()).reshape(shape)


@contextmanager
def _open_frames(path: Path, shape: tuple[int, int, int], dtype: np.dtype, appended: bool) -> Iterator[SlicedFrames]:
    """Frames page by page, or from a memory map where one page holds all; else all at once."""
    import tifffile

    with _opened(path, appended) as file:
        series = _only_series(path, file)
        if len(series.pages) == shape[0] and series.keyframe.shape == shape[1:]:
            yield SlicedFrames(path, shape, dtype, lambda start, stop: _pages(file, series, start, stop, shape))
        elif series.dataoffset is not None:
            pixels = tifffile.memmap(path, series=file.series.index(series), mode="r").reshape(shape)
            yield SlicedFrames(path, shape, dtype, lambda start, stop: np.array(pixels[start:stop]))
        else:
            frames = series.asarray().reshape(shape)
            yield SlicedFrames(path, shape, dtype, lambda start, stop: frames[start:stop])


def _pages(file: Any, series: Any, start: int, stop: int, shape: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(file.asarray(key=slice(start, stop), series=series)).reshape(-1, *shape[1:])
