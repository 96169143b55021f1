"""Image series in zarr stores: OME-Zarr (NGFF 0.4 and 0.5, https://ngff.openmicroscopy.org), HyperSpy's `.zspy`, and plain arrays.

Of an OME-Zarr the first resolution is read, which is the full one; pixel size, angles and times are those that axes have units for.
HyperSpy's stores are read here and not by RosettaSciIO, which opens them for writing and knows zarr 2 alone (docs/upstream).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers.axis_roles import FrameAxes, StoredAxis, fault_of_image, fault_of_series, image_order
from rapidstem.files.readers.recorded_series import RecordedSeries, describe_choice, match_detector
from rapidstem.files.readers.zarr_stores import check_whole, image_arrays, open_store
from rapidstem.files.sliced_frames import SlicedFrames


@dataclass(frozen=True)
class _StoredImages:
    """An array with its axes, and what is read of it: everything along an axis, or one place of it."""

    name: str
    array: Any
    axes: Sequence[StoredAxis]
    places: tuple[slice | int, ...]

    @property
    def kept(self) -> list[StoredAxis]:
        return [axis for axis, place in zip(self.axes, self.places, strict=True) if isinstance(place, slice)]

    @property
    def fault(self) -> str:
        """Why this is no series of grey images; an empty string where it is one."""
        if self.array.dtype.kind not in "uif" or len(self.kept) not in (2, 3) or 0 in self.array.shape:
            return f"{self.array.shape} {self.array.dtype}"
        *series, rows, columns = (self.kept[i] for i in image_order(self.kept) or ())
        return fault_of_image(rows, columns) or (fault_of_series(series[0]) if series else "")


def read_zarr_series(path: Path, detector: str) -> RecordedSeries:
    """Describe the images of a detector in a zarr store.

    Parameters
    ----------
    path
        Folder of the store.
    detector
        Whose images to take from a store with several images or channels.

    Raises
    ------
    InputError
        when the store is half-written, holds no series of grey images, or several of which none has the name of the detector.
    """
    store = open_store(path)
    held = _ome_images(path, store) or _hyperspy_images(store) or [_plain(name, array) for name, array in image_arrays(store).items()]
    images = [each for each in held if not each.fault]
    if not images:
        shown = "; ".join(dict.fromkeys(each.fault for each in held)) or "nothing"
        raise InputError(f"{path}: holds no series of grey images, but {shown}; save it with the axes (frame, y, x)")
    chosen = images[0] if len(images) == 1 else images[_choose(path, [each.name for each in images], detector)]
    check_whole(path, chosen.array)
    return _described(path, chosen)


def _choose(path: Path, names: Sequence[str], detector: str) -> int:
    found = match_detector(detector, [(name,) for name in names])
    if len(found) != 1:
        problem = f"{len(found) or 'no'} images of the detector {detector!r}"
        raise InputError(f"{path}: {problem}; set `detector` in `reading` to one of: {describe_choice(names)}")
    return found[0]


def _ome_images(path: Path, store: Any) -> list[_StoredImages]:
    """The images of an OME-Zarr: of the store itself, or of the groups in it; one a channel."""
    if hasattr(store, "shape"):
        return []
    own = _multiscales(store)
    if own:
        return list(_channels(path, store, own[0]))
    groups = [group for _, group in store.groups()]
    return [images for group in groups for each in _multiscales(group)[:1] for images in _channels(path, group, each)]


def _multiscales(group: Any) -> list[Mapping[str, Any]]:
    attributes = dict(group.attrs)
    return list(attributes.get("ome", attributes).get("multiscales", ()))


def _channels(path: Path, group: Any, described: Mapping[str, Any]) -> Iterator[_StoredImages]:
    """One entry a channel; axes of one element are no axes, but for rows and columns."""
    dataset = described["datasets"][0]
    array = group.get(dataset["path"])
    if array is None:
        raise InputError(
            f"{path}: is half-written: its full resolution {dataset['path']!r}, which its description names, is not there; "
            "copy the whole folder again"
        )
    axes = _ome_axes(described, dataset, array.shape)
    channel = next((number for number, axis in enumerate(described["axes"]) if _entry(axis, "type") == "channel"), None)
    for number, name in enumerate(_channel_names(group, described, 1 if channel is None else array.shape[channel])):
        places: list[slice | int] = [slice(None) if axis.size > 1 or axis.name.lower() in ("y", "x") else 0 for axis in axes]
        if channel is not None:
            places[channel] = number
        yield _StoredImages(name, array, axes, tuple(places))


def _channel_names(group: Any, described: Mapping[str, Any], count: int) -> list[str]:
    """What the channels are called, the image's own name where there is one alone."""
    attributes = dict(group.attrs)
    labels = [str(each.get("label", "")) for each in attributes.get("ome", attributes).get("omero", {}).get("channels", ())]
    own = str(described.get("name") or group.basename)
    names = labels if len(labels) == count else [f"{own} #{number + 1}" for number in range(count)]
    return names if count > 1 else [labels[0] or own if len(labels) == 1 else own]


def _ome_axes(described: Mapping[str, Any], dataset: Mapping[str, Any], shape: Sequence[int]) -> list[StoredAxis]:
    """The axes with their steps: the scale of the resolution, times that of all resolutions. A step without a unit is none."""
    scale, offset = np.ones(len(shape)), np.zeros(len(shape))
    for each in (*dataset.get("coordinateTransformations", ()), *described.get("coordinateTransformations", ())):
        if "scale" in each:
            scale, offset = scale * each["scale"], offset * each["scale"]
        offset = offset + each.get("translation", 0.0)
    axes = []
    for number, (axis, size) in enumerate(zip(described["axes"], shape, strict=True)):
        values = offset[number] + scale[number] * np.arange(size)
        axes.append(StoredAxis(size, str(_entry(axis, "name")), _entry(axis, "unit"), float(scale[number]), values))
    return axes


def _entry(axis: Any, key: str) -> str:
    """What an axis says of itself; NGFF 0.3 had names alone."""
    return str(axis.get(key) or "") if isinstance(axis, Mapping) else axis if key == "name" else ""


def _hyperspy_images(store: Any) -> list[_StoredImages]:
    """HyperSpy keeps a group a signal, in it `data` and a group with attributes for each of its axes, `axis-0` and so on."""
    experiments = None if hasattr(store, "shape") else store.get("Experiments")
    if experiments is None:
        return []
    found = []
    for name, signal in experiments.groups():
        array = signal["data"]
        axes = [_hyperspy_axis(signal.get(f"axis-{number}"), size) for number, size in enumerate(array.shape)]
        found.append(_StoredImages(name, array, axes, (slice(None),) * array.ndim))
    return found


def _hyperspy_axis(stored: Any, size: int) -> StoredAxis:
    """An axis with its name, unit and even steps; HyperSpy writes `<undefined>` where it has none."""
    said = (
        {} if stored is None else {key: value for key, value in dict(stored.attrs).items() if value not in (None, "<undefined>", "_None_")}
    )
    scale = float(said["scale"]) if "scale" in said else None
    values = None if scale is None else float(said.get("offset", 0.0)) + scale * np.arange(size)
    return StoredAxis(size, str(said.get("name", "")), said.get("units", ""), scale, values)


def _plain(name: str, array: Any) -> _StoredImages:
    """An array outside OME-Zarr: its axes have at most names, those of zarr 3 or of xarray."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS") or [""] * array.ndim
    axes = [StoredAxis(size, str(own or "")) for own, size in zip(names, array.shape, strict=True)]
    return _StoredImages(name, array, axes, (slice(None),) * array.ndim)


def _described(path: Path, images: _StoredImages) -> RecordedSeries:
    axes = FrameAxes.of(images.kept)

    def read(start: int, stop: int) -> np.ndarray:
        wanted = iter(slice(start, stop) if number == axes.order[0] and axes.series else slice(None) for number in range(len(axes.order)))
        places = tuple(next(wanted) if isinstance(place, slice) else place for place in images.places)
        return np.ascontiguousarray(np.asarray(images.array[places]).transpose(axes.order)).reshape(-1, *axes.shape[1:])

    return RecordedSeries(
        shape=axes.shape,
        pixel_size_nm=axes.pixel_size_nm,
        load=lambda: read(0, axes.shape[0]),
        open=lambda: _open_frames(path, axes.shape, images.array.dtype, read),
        tilt_deg=axes.tilt_deg,
        time_s=axes.time_s,
        remarks=axes.remarks,
    )


@contextmanager
def _open_frames(path: Path, shape: tuple[int, int, int], stored: np.dtype, read: Any) -> Iterator[SlicedFrames]:
    yield SlicedFrames(path, shape, stored, read)
