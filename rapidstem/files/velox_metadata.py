"""The images of a Velox file and what Velox says about every single frame of them.

A Velox file is HDF5. `Data/Image/<identifier>` holds one image or series: `Data` (y, x, frame) and `Metadata` (bytes, frame), one JSON
document a frame, padded with NUL, with all numbers as strings. RosettaSciIO interprets the document of the first frame alone.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.length_units import length_in_nm

# operations of Velox that make new images; every other image comes straight from a detector
_CALCULATIONS = {
    "IntegrationOperation": "DCFI",
    "MathematicsOperation": "difference",
    "DpcOperation": "DPC",
    "SurfaceReconstructionOperation": "iDPC",
    "FftOperation": "FFT",
}


@dataclass(frozen=True)
class VeloxImage:
    """One image series in a Velox file.

    Attributes
    ----------
    identifier : name of its group in `Data/Image`.
    position : its place among the groups of `Data/Image`.
    names : what its detector is called; the first is the most specific, as `BF-S`.
    calculated : made by Velox from other images (DCFI, DPC, transforms).
    grey : its pixels are plain numbers, neither complex nor text.
    shape : (frame, y, x).
    """

    identifier: str
    position: int
    names: tuple[str, ...]
    calculated: bool
    grey: bool
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class FrameMetadata:
    """What Velox stores about the frames of one series; None where it stores nothing.

    Attributes
    ----------
    pixel_size_nm : (y, x), edge lengths of a pixel.
    dwell_time_s, line_time_s, frame_time_s : times of the scan.
    tilt_deg : (frame,) alpha tilt of the stage, when every frame has it.
    time_s : (frame,) time stamps since the first frame, when every frame has one and they increase.
    shift_px : (frame, 2) Velox's own drift measurement (dy, dx), in pixels, where the specimen has moved to.
    """

    pixel_size_nm: tuple[float, float] | None
    dwell_time_s: float | None
    line_time_s: float | None
    frame_time_s: float | None
    tilt_deg: np.ndarray | None
    time_s: np.ndarray | None
    shift_px: np.ndarray | None


def is_velox(file: Any) -> bool:
    """Whether an open HDF5 file has the layout of Velox (and not that of another program that writes `.emd`)."""
    try:
        return json.loads(file["Version"][0])["format"] in ("Velox", "DevelopersKit")
    except (KeyError, ValueError, TypeError, IndexError):
        return False


def list_images(path: Path, file: Any) -> list[VeloxImage]:
    """List the image series of an open Velox file, in the order of the file.

    Raises
    ------
    InputError
        when the file has no images, or an image lacks its pixels or has another layout.
    """
    groups = file.get("Data/Image")
    if groups is None or len(groups) == 0:
        raise InputError(f"{path}: a Velox file without images; export the session again with its image series")
    operations = _operations(file)
    return [_describe(path, position, groups[name], operations.get(name)) for position, name in enumerate(groups)]


def read_frame_metadata(path: Path, file: Any, image: VeloxImage) -> FrameMetadata:
    """Read what Velox stores about every frame of `image`.

    Raises
    ------
    InputError
        when the metadata of a frame are missing or no JSON; the message names the frame.
    """
    frames = _documents(path, file, image)
    scan = _section(frames[0], "Scan")
    return FrameMetadata(
        pixel_size_nm=_pixel_size_nm(frames[0]),
        dwell_time_s=_positive(scan.get("DwellTime")),
        line_time_s=_positive(scan.get("LineTime")),
        frame_time_s=_positive(scan.get("FrameTime")),
        tilt_deg=_tilt_deg(frames),
        time_s=_time_s(frames, image),
        shift_px=_measured_shift_px(path, file, image, frames),
    )


def _operations(file: Any) -> dict[str, tuple[str, bool]]:
    """For each image that an operation of Velox wrote: the name of the output, and whether it was calculated."""
    outputs: dict[str, tuple[str, bool]] = {}
    for operation, instances in file.get("Operations", {}).items():
        for instance in instances.values() if hasattr(instances, "values") else ():
            try:
                settings = json.loads(instance[0])
            except (ValueError, TypeError, IndexError):
                continue
            if not isinstance(settings, dict):
                continue
            name = _CALCULATIONS.get(operation) or settings.get("detector") or settings.get("cameraName")
            for key, value in settings.items():
                if name and key.lower().endswith("path") and isinstance(value, str):
                    outputs[value.rsplit("/", 1)[-1]] = (name, operation in _CALCULATIONS)
    return outputs


def _describe(path: Path, position: int, group: Any, output: tuple[str, bool] | None) -> VeloxImage:
    identifier = group.name.rsplit("/", 1)[-1]
    pixels = group.get("Data") if hasattr(group, "get") else None
    if pixels is None or len(getattr(pixels, "shape", ())) != 3:
        raise InputError(f"{path}: image {identifier} has no pixels with the axes (y, x, frame); export it from Velox again")
    rows, columns, frames = pixels.shape
    if 0 in pixels.shape:
        raise InputError(f"{path}: image {identifier} has {frames} frames of {rows} x {columns} pixels; export it from Velox again")
    name, calculated = output or (None, False)
    recorded = None
    if "Metadata" in group and group["Metadata"].ndim == 2 and group["Metadata"].shape[1] > 0:
        recorded = _section(_document(path, identifier, group["Metadata"], 0), "BinaryResult").get("Detector")
    names = [name, recorded if isinstance(recorded, str) and not calculated else None]
    grey = pixels.dtype.kind in "uif"
    return VeloxImage(identifier, position, tuple(n for n in dict.fromkeys(names) if n), calculated, grey, (frames, rows, columns))


def _documents(path: Path, file: Any, image: VeloxImage) -> list[dict[str, Any]]:
    group = file[f"Data/Image/{image.identifier}"]
    metadata = group.get("Metadata")
    frames = image.shape[0]
    if metadata is None or metadata.ndim != 2 or metadata.dtype != np.uint8:
        raise InputError(f"{path}: image {image.identifier} has no metadata of the Velox kind; export it from Velox again")
    if metadata.shape[1] < frames:
        raise InputError(f"{path}: metadata for {metadata.shape[1]} of {frames} frames; the file is damaged, export it from Velox again")
    return [_document(path, image.identifier, metadata, frame) for frame in range(frames)]


def _document(path: Path, identifier: str, metadata: Any, frame: int) -> dict[str, Any]:
    text = metadata[:, frame].tobytes().split(b"\0", 1)[0]
    try:
        document = json.loads(text)
    except ValueError as error:
        problem = "are empty" if not text.strip() else f"are no JSON ({error})"
        message = f"{path}: the metadata of frame {frame} of image {identifier} {problem}; the file is damaged, export it from Velox again"
        raise InputError(message) from error
    return document if isinstance(document, dict) else {}


def _section(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    """A nested section; empty where Velox has left it out or written an empty string for it."""
    for key in keys:
        found = document.get(key)
        document = found if isinstance(found, dict) else {}
    return document


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _positive(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _pixel_size_nm(document: dict[str, Any]) -> tuple[float, float] | None:
    result = _section(document, "BinaryResult")
    sizes = _section(result, "PixelSize")
    height, width = _positive(sizes.get("height")), _positive(sizes.get("width"))
    if height is None or width is None:
        return None
    height_nm = length_in_nm(height, result.get("PixelUnitY"))
    width_nm = length_in_nm(width, result.get("PixelUnitX"))
    return None if height_nm is None or width_nm is None else (height_nm, width_nm)


def _for_every_frame(values: list[float | None]) -> np.ndarray | None:
    return None if None in values else np.array(values, dtype=float)


def _tilt_deg(frames: list[dict[str, Any]]) -> np.ndarray | None:
    radians = _for_every_frame([_number(_section(frame, "Stage").get("AlphaTilt")) for frame in frames])
    return None if radians is None else np.degrees(radians)


def _custom(frame: dict[str, Any], name: str) -> float | None:
    return _number(_section(frame, "CustomProperties", name).get("value"))


def _measured_shift_px(path: Path, file: Any, image: VeloxImage, frames: list[dict[str, Any]]) -> np.ndarray | None:
    """Velox's shifts, which it keeps with the series itself or with the integrated series that it made of it."""
    shift_px = _shift_px(frames)
    others = [] if shift_px is not None else list_images(path, file)
    for other in others:
        if shift_px is None and other.calculated and other.shape == image.shape:
            shift_px = _shift_px(_documents(path, file, other))
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


def _detector_stamps(frames: list[dict[str, Any]], image: VeloxImage) -> np.ndarray | None:
    endings = {key for key in _section(frames[0], "CustomProperties") if key.endswith("TimeStamp")}
    own = {key for key in endings if any(f"[{name}]" in key for name in image.names)}
    for key in sorted(own or endings):
        stamps = _for_every_frame([_custom(frame, key) for frame in frames])
        if stamps is not None:
            return stamps * 1e-6
    return None


def _dates(frames: list[dict[str, Any]], name: str) -> np.ndarray | None:
    return _for_every_frame([_number(_section(frame, "Acquisition", name).get("DateTime")) for frame in frames])
