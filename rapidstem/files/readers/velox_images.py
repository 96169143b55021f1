"""The images of a Velox file: which detector made them, and which of them can be read.

A Velox file is HDF5. `Data/Image/<identifier>` holds one image or series: `Data` (y, x, frame) and `Metadata` (bytes, frame), one JSON
document a frame, padded with NUL, with all numbers as strings.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rapidstem.errors import InputError
from rapidstem.files.readers.velox_documents import frame_document, section

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
    identifier
        Name of its group in `Data/Image`.
    names
        What its detector is called; the first is the most specific, as `BF-S`.
    label
        One name that no other image has: that of the detector, with a number where several have the same.
    calculated
        Made by Velox from other images (DCFI, DPC, transforms).
    source
        Detector that its metadata name, also where it is calculated.
    grey
        Its pixels are plain numbers, neither complex nor text.
    shape : (frame, y, x)
        Zeros where it has no pixels of that kind.
    fault
        Why it cannot be read; empty for a sound one.
    """

    identifier: str
    names: tuple[str, ...]
    calculated: bool
    grey: bool
    shape: tuple[int, int, int]
    source: str = ""
    fault: str = ""
    label: str = ""

    @property
    def integrated(self) -> bool:
        """Whether Velox made it by drift-corrected frame integration."""
        return self.calculated and self.names[:1] == (_CALCULATIONS["IntegrationOperation"],)


def is_velox(file: Any) -> bool:
    """Whether an open HDF5 file has the layout of Velox (and not that of another program that writes `.emd`)."""
    try:
        return json.loads(file["Version"][0])["format"] in ("Velox", "DevelopersKit")
    except (KeyError, ValueError, TypeError, IndexError):
        return False


def list_images(path: Path, file: Any) -> list[VeloxImage]:
    """List the image series of an open Velox file, in the order of the file; those that cannot be read say why.

    Parameters
    ----------
    path
        Of the file, for messages.
    file
        Of h5py, open for reading.

    Returns
    -------
    list of VeloxImage
        With the faults of those that cannot be read.

    Raises
    ------
    InputError
        when the file has no images.
    """
    groups = file.get("Data/Image")
    if groups is None or len(groups) == 0:
        raise InputError(f"{path}: a Velox file without images; export the session again with its image series")
    operations = _operations(file)
    return _labelled([_describe(path, groups[name], operations.get(name)) for name in groups])


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


def _describe(path: Path, group: Any, output: tuple[str, bool] | None) -> VeloxImage:
    identifier = group.name.rsplit("/", 1)[-1]
    name, calculated = output or (None, False)
    pixels = group.get("Data") if hasattr(group, "get") else None
    fault = _fault(identifier, pixels)
    recorded = None
    if not fault and "Metadata" in group and group["Metadata"].ndim == 2 and group["Metadata"].shape[1] > 0:
        try:
            recorded = section(frame_document(path, identifier, group["Metadata"], 0), "BinaryResult").get("Detector")
        except InputError:
            recorded = None  # said when this image is the one that is wanted
    source = recorded if isinstance(recorded, str) else ""
    names = tuple(dict.fromkeys(filter(None, [name, "" if calculated else source])))
    rows, columns, frames = (0, 0, 0) if fault or pixels is None else pixels.shape
    grey = bool(fault) or pixels is None or pixels.dtype.kind in "uif"
    return VeloxImage(identifier, names, calculated, grey, (frames, rows, columns), source, fault)


def _fault(identifier: str, pixels: Any) -> str:
    if pixels is None or len(getattr(pixels, "shape", ())) != 3:
        return f"image {identifier} has no pixels with the axes (y, x, frame); export it from Velox again"
    rows, columns, frames = pixels.shape
    if 0 in pixels.shape:
        return f"image {identifier} has {frames} frames of {rows} x {columns} pixels; export it from Velox again"
    return ""


def _labelled(images: list[VeloxImage]) -> list[VeloxImage]:
    labelled = []
    for image in images:
        alike = [other for other in images if other.names[:1] == image.names[:1]]
        name = image.names[0] if image.names else image.identifier
        number = f" #{alike.index(image) + 1}" if image.names and len(alike) > 1 else ""
        labelled.append(replace(image, label=name + number))
    return labelled
