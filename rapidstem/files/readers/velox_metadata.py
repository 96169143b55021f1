"""What Velox says about every single frame of an image series; RosettaSciIO interprets the document of the first frame alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.length_units import length_in_nm
from rapidstem.files.readers.axis_roles import fault_of_unit
from rapidstem.files.readers.velox_documents import finite_number, frame_document, positive_number, section
from rapidstem.files.readers.velox_images import VeloxImage

Value = TypeVar("Value")
# pixel sizes and times of frames that differ by less, relatively, are the same
_SAME_SCAN = 0.01


@dataclass(frozen=True)
class FrameMetadata:
    """What Velox stores about the frames of one series; None where it stores nothing.

    Attributes
    ----------
    pixel_size_nm : (y, x)
        Edge lengths of a pixel, of the first frame that has them.
    dwell_time_s, line_time_s, frame_time_s
        Times of the scan, each of the first frame that has it.
    tilt_deg : (frame,)
        Alpha tilt of the stage, when every frame has it.
    time_s : (frame,)
        Time stamps since the first frame, when every frame has one and they increase.
    started_s
        Unix time of the first frame, to a second.
    shift_px : (frame, 2)
        Velox's own drift measurement (dy, dx), in pixels, where the specimen has moved to.
    remarks
        What changes from frame to frame although one value has to stand for all.
    """

    pixel_size_nm: tuple[float, float] | None
    dwell_time_s: float | None
    line_time_s: float | None
    frame_time_s: float | None
    tilt_deg: np.ndarray | None
    time_s: np.ndarray | None
    started_s: float | None
    shift_px: np.ndarray | None
    remarks: tuple[str, ...]


def read_frame_metadata(path: Path, file: Any, image: VeloxImage, images: list[VeloxImage]) -> FrameMetadata:
    """Read what Velox stores about every frame of `image`.

    Parameters
    ----------
    path
        Of the file, for messages.
    file
        Of h5py, open for reading.
    image
        Which of the series in the file.
    images
        All series of the file, one of which may be an average that holds the shifts.

    Raises
    ------
    InputError
        when the metadata of a frame of `image` are missing or no JSON; the message names the frame.
    """
    frames = _documents(path, file, image)
    _check_unit(path, frames)
    _check_zoom(path, frames)
    return FrameMetadata(
        pixel_size_nm=_first_known(map(_pixel_size_nm, frames)),
        dwell_time_s=_first_known(_scan_times_s(frames, "DwellTime")),
        line_time_s=_first_known(_scan_times_s(frames, "LineTime")),
        frame_time_s=_first_known(_scan_times_s(frames, "FrameTime")),
        tilt_deg=_tilt_deg(frames),
        time_s=_time_s(frames, image),
        started_s=_started_s(frames[0]),
        shift_px=_measured_shift_px(path, file, image, images, frames),
        remarks=tuple(_changes(frames)),
    )


def _first_known(values: Iterable[Value | None]) -> Value | None:
    return next((value for value in values if value is not None), None)


def _scan_times_s(frames: list[dict[str, Any]], name: str) -> list[float | None]:
    return [positive_number(section(frame, "Scan").get(name)) for frame in frames]


def _check_unit(path: Path, frames: list[dict[str, Any]]) -> None:
    """Raise an InputError where the pixels are those of diffraction patterns."""
    unit = _first_known(section(frame, "BinaryResult").get("PixelUnitX") for frame in frames)
    if fault := fault_of_unit(unit):
        raise InputError(f"{path}: holds no images, but {fault}: its pixels are in {unit}; choose the detector whose images are meant")


def _check_zoom(path: Path, frames: list[dict[str, Any]]) -> None:
    """Raise an InputError where the pixel size changes from one frame to another."""
    sizes = [(number, size) for number, size in enumerate(map(_pixel_size_nm, frames)) if size is not None]
    for number, size in sizes:
        first = sizes[0][1]
        if any(abs(own / before - 1) > _SAME_SCAN for own, before in zip(size, first, strict=True)):
            raise InputError(
                f"{path}: the pixel size changes from {first[1]:.5g} to {size[1]:.5g} nm at frame {number} (counted from 0); "
                "export the frames of one magnification"
            )


def _changes(frames: list[dict[str, Any]]) -> Iterator[str]:
    """What of the scan differs from the first frame that states it, which stands for all."""
    for name in ("DwellTime", "LineTime"):
        times = _scan_times_s(frames, name)
        first = _first_known(times)
        changed = next(((number, time) for number, time in enumerate(times) if first and time and abs(time / first - 1) > _SAME_SCAN), None)
        if changed is not None:
            yield f"{name} changes from {first:.4g} to {changed[1]:.4g} s at frame {changed[0]} (counted from 0); that of the first is used"


def _documents(path: Path, file: Any, image: VeloxImage) -> list[dict[str, Any]]:
    group = file[f"Data/Image/{image.identifier}"]
    metadata = group.get("Metadata")
    frames = image.shape[0]
    if metadata is None or metadata.ndim != 2 or metadata.dtype != np.uint8:
        raise InputError(f"{path}: image {image.identifier} has no metadata of the Velox kind; export it from Velox again")
    if metadata.shape[1] < frames:
        raise InputError(f"{path}: metadata for {metadata.shape[1]} of {frames} frames; the file is damaged, export it from Velox again")
    return [frame_document(path, image.identifier, metadata, frame) for frame in range(frames)]


def _pixel_size_nm(document: dict[str, Any]) -> tuple[float, float] | None:
    result = section(document, "BinaryResult")
    sizes = section(result, "PixelSize")
    height, width = positive_number(sizes.get("height")), positive_number(sizes.get("width"))
    if height is None or width is None:
        return None
    height_nm = length_in_nm(height, result.get("PixelUnitY"))
    width_nm = length_in_nm(width, result.get("PixelUnitX"))
    return None if height_nm is None or width_nm is None else (height_nm, width_nm)


def _for_every_frame(values: list[float | None]) -> np.ndarray | None:
    return None if None in values else np.array(values, dtype=float)


def _tilt_deg(frames: list[dict[str, Any]]) -> np.ndarray | None:
    radians = _for_every_frame([finite_number(section(frame, "Stage").get("AlphaTilt")) for frame in frames])
    return None if radians is None else np.degrees(radians)


def _custom(frame: dict[str, Any], name: str) -> float | None:
    return finite_number(section(frame, "CustomProperties", name).get("value"))


def _measured_shift_px(
    path: Path, file: Any, image: VeloxImage, images: list[VeloxImage], frames: list[dict[str, Any]]
) -> np.ndarray | None:
    """Velox's shifts, which it keeps with the series itself or with the integrated series that it made of it."""
    shift_px = _shift_px(frames)
    for other in images:
        if shift_px is None and other.calculated and other.shape == image.shape:
            try:
                shift_px = _shift_px(_documents(path, file, other))
            except InputError:
                continue  # said when that image is the one that is wanted
    return shift_px


def _shift_px(frames: list[dict[str, Any]]) -> np.ndarray | None:
    rows = _for_every_frame([_custom(frame, "ShiftMeasureResult.dy") for frame in frames])
    columns = _for_every_frame([_custom(frame, "ShiftMeasureResult.dx") for frame in frames])
    return None if rows is None or columns is None else np.stack([rows, columns], axis=1)


def _time_s(frames: list[dict[str, Any]], image: VeloxImage) -> np.ndarray | None:
    """Time stamps of the detector (microseconds), else the date of each frame (seconds), if they increase from frame to frame."""
    for stamps in (_detector_stamps(frames, image), _dates(frames, "AcquisitionDatetime"), _dates(frames, "AcquisitionStartDatetime")):
        if stamps is not None and np.all(np.diff(stamps) > 0):
            return stamps - stamps[0]
    return None


def _started_s(frame: dict[str, Any]) -> float | None:
    """When Velox began to record; a date of 0 stands for none."""
    return positive_number(section(frame, "Acquisition", "AcquisitionStartDatetime").get("DateTime"))


def _detector_stamps(frames: list[dict[str, Any]], image: VeloxImage) -> np.ndarray | None:
    endings = {key for key in section(frames[0], "CustomProperties") if key.endswith("TimeStamp")}
    own = {key for key in endings if any(f"[{name}]" in key for name in image.names)}
    for key in sorted(own or endings):
        stamps = _for_every_frame([_custom(frame, key) for frame in frames])
        if stamps is not None:
            return stamps * 1e-6
    return None


def _dates(frames: list[dict[str, Any]], name: str) -> np.ndarray | None:
    return _for_every_frame([finite_number(section(frame, "Acquisition", name).get("DateTime")) for frame in frames])
