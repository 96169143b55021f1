"""Image series in the EMD files of the NCEM, which openNCEM, tomviz, Prismatic and py4DSTEM write.

A group with the attribute `emd_group_type` holds the pixels, `data`, and for every axis a list of its values, `dim1` (or `dim0`) and so on,
with the attributes `name` and `units` (https://emdatasets.com/format). Of an even axis the first two values are enough, as HyperSpy writes
them. The axes stand in any order: names and units tell what they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers.axis_roles import FrameAxes, StoredAxis, fault_of_image, fault_of_series, image_order
from rapidstem.files.readers.hdf5_filters import check_filters
from rapidstem.files.readers.recorded_series import RecordedSeries, describe_choice, match_detector
from rapidstem.files.sliced_frames import SlicedFrames

# steps of an axis may differ by this much, relatively, before its pixels count as uneven
_EVEN_TOLERANCE = 0.01


def read_ncem_series(path: Path, file: Any, detector: str) -> RecordedSeries | None:
    """Describe the images in an open file; None where it has no group of the NCEM's kind.

    Parameters
    ----------
    path
        Of the file, for messages.
    file
        Of h5py, open for reading.
    detector
        Whose images to take from a file with several.

    Raises
    ------
    InputError
        when no group holds grey images, or several do and none has the name of the detector.
    """
    groups = _groups(file)
    if not groups:
        return None
    faults = {name: _fault(file[name]) for name in groups}
    images = [name for name, fault in faults.items() if not fault]
    if not images:
        held = "; ".join(f"{name} {fault}" for name, fault in faults.items())
        raise InputError(f"{path}: holds no series of grey images ({held}); save it with the axes (frame, y, x)")
    return _describe(path, file[_choose(path, images, detector)])


def _groups(file: Any) -> list[str]:
    import h5py

    found: list[str] = []

    def visit(name: str, entry: Any) -> None:
        if isinstance(entry, h5py.Group) and "emd_group_type" in entry.attrs and isinstance(entry.get("data"), h5py.Dataset):
            found.append(name)

    file.visititems(visit)
    return found


def _choose(path: Path, images: list[str], detector: str) -> str:
    if len(images) == 1:
        return images[0]
    names = [name.rsplit("/", 1)[-1] for name in images]
    found = match_detector(detector, [(short, name) for short, name in zip(names, images, strict=True)])
    if len(found) != 1:
        shown = describe_choice(names if len(set(names)) == len(names) else images)
        raise InputError(f"{path}: holds {len(images)} data sets of images; set `detector` to one of: {shown}")
    return images[found[0]]


def _fault(group: Any) -> str:
    """Why a group holds no images; an empty string where it does."""
    pixels = group["data"]
    if pixels.dtype.kind not in "uif" or pixels.ndim not in (2, 3) or 0 in pixels.shape:
        return f"{pixels.shape} {pixels.dtype}"
    axes = _axes(group)
    *series, rows, columns = (axes[i] for i in image_order(axes) or ())
    return fault_of_image(rows, columns) or (fault_of_series(series[0]) if series else "")


def _axes(group: Any) -> list[StoredAxis]:
    first = 0 if "dim0" in group else 1
    return [_axis(group.get(f"dim{number + first}"), size) for number, size in enumerate(group["data"].shape)]


def _axis(stored: Any, size: int) -> StoredAxis:
    if stored is None:
        return StoredAxis(size)
    values = np.asarray(stored[()], float).ravel() if np.asarray(stored[()]).dtype.kind in "uif" else None
    if values is not None and len(values) == 2 < size:
        values = values[0] + (values[1] - values[0]) * np.arange(size)
    if values is None or len(values) != size or not np.isfinite(values).all():
        values = None
    return StoredAxis(size, _text(stored.attrs.get("name")), _text(stored.attrs.get("units")), _step(values), values)


def _step(values: np.ndarray | None) -> float | None:
    """The step of an axis, None where it is uneven or unknown."""
    if values is None or len(values) < 2:
        return None
    steps = np.diff(values)
    even = np.abs(steps - steps.mean()).max() <= _EVEN_TOLERANCE * abs(steps.mean())
    return float(steps.mean()) if even else None


def _text(value: Any) -> str:
    entry = value[0] if isinstance(value, np.ndarray) and value.size else value
    return entry.decode("utf-8", "replace") if isinstance(entry, bytes) else "" if entry is None else str(entry)


def _describe(path: Path, group: Any) -> RecordedSeries:
    pixels, axes, name = group["data"], _axes(group), group["data"].name
    check_filters(path, pixels)
    found = FrameAxes.of(axes)
    return RecordedSeries(
        shape=found.shape,
        pixel_size_nm=found.pixel_size_nm,
        load=lambda: _load(path, name, found.order, found.shape),
        open=lambda: _open_frames(path, name, found.order, found.shape),
        tilt_deg=found.tilt_deg,
        time_s=found.time_s,
        remarks=found.remarks,
    )


def _load(path: Path, name: str, order: tuple[int, ...], shape: tuple[int, int, int]) -> np.ndarray:
    import h5py

    with h5py.File(path, "r") as file:
        return np.ascontiguousarray(file[name][()].transpose(order)).reshape(shape)


@contextmanager
def _open_frames(path: Path, name: str, order: tuple[int, ...], shape: tuple[int, int, int]) -> Iterator[SlicedFrames]:
    import h5py

    with h5py.File(path, "r") as file:
        pixels = file[name]
        yield SlicedFrames(path, shape, pixels.dtype, lambda start, stop: _read_slice(pixels, order, start, stop))


def _read_slice(pixels: Any, order: tuple[int, ...], start: int, stop: int) -> np.ndarray:
    if len(order) == 2:
        return np.ascontiguousarray(pixels[()].transpose(order))[None]
    wanted = tuple(slice(start, stop) if axis == order[0] else slice(None) for axis in range(3))
    return np.ascontiguousarray(pixels[wanted].transpose(order))
