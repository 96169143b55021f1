"""Frame stacks in the layout of Velox EMD files (HDF5).

Pixels are `Data/Image/<id>/Data` (y, x, frame); `Metadata` (60000, frame) holds one JSON document for each frame, padded with NUL, in
which every number is a string. The other groups are those that Velox 2 writes for a STEM acquisition and that readers ask for.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rapidstem.files.atomic import written_beside

# Room for the text of a frame, padded with zeros as Velox does.
METADATA_BYTES = 60000
DETECTORS = ("BF", "DF2", "DF4", "HAADF")


@dataclass(frozen=True)
class ScanDescription:
    """What Velox notes about the scan of a stack.

    Attributes
    ----------
    frame_time_s : time from the first row's start to the last row's end
    start_s : Unix time of the first frame
    """

    pixel_size_nm: float
    dwell_time_s: float
    line_time_s: float
    frame_time_s: float
    start_s: int


def write_velox(
    path: Path | str,
    frames: np.ndarray,
    scan: ScanDescription,
    tilt_rad: np.ndarray,
    time_s: np.ndarray,
    measured_shift_px: np.ndarray | None = None,
) -> None:
    """Write bright-field frames as a Velox EMD file.

    Parameters
    ----------
    path
        File to write, `.emd`.
    frames : (frame, y, x) uint16
    scan
        Pixel size and times, for the file's metadata.
    tilt_rad : (frame,)
        What the goniometer reports at the start of each frame.
    time_s : (frame,)
        Start of each frame since the first.
    measured_shift_px : (frame, 2)
        Velox's own drift measurement (dy, dx), written as `ShiftMeasureResult`; None where it was not switched on.
    """
    image_id = hashlib.sha256(Path(path).name.encode()).hexdigest()[:32]
    documents = [_frame_document(scan, frames.shape[1:], tilt_rad[i], time_s[i], image_id) for i in range(len(frames))]
    if measured_shift_px is not None:
        for document, (dy, dx) in zip(documents, measured_shift_px, strict=True):
            document["CustomProperties"] |= {"ShiftMeasureResult.dx": _typed(dx), "ShiftMeasureResult.dy": _typed(dy)}
    with written_beside(path) as temporary, h5py.File(temporary, "w") as file:
        image = file.create_group(f"Data/Image/{image_id}")
        rows, columns = frames.shape[1:]
        data = image.create_dataset("Data", (rows, columns, len(frames)), frames.dtype, chunks=(rows, columns, 1))
        metadata = image.create_dataset("Metadata", (METADATA_BYTES, len(frames)), np.uint8, chunks=(METADATA_BYTES, 1))
        for index, (frame, document) in enumerate(zip(frames, documents, strict=True)):
            data[:, :, index] = frame
            metadata[:, index] = _padded(document)
        image["FrameLookupTable"] = np.zeros(len(frames), np.uint32)
        _write_surroundings(file, image_id)


def _padded(document: dict[str, Any]) -> np.ndarray:
    text = json.dumps(document, indent=4).encode() + b"\n"
    return np.frombuffer(text.ljust(METADATA_BYTES, b"\0"), np.uint8)


def _frame_document(scan: ScanDescription, shape: tuple[int, ...], tilt_rad: float, time_s: float, image_id: str) -> dict[str, Any]:
    """Describe one frame, all numbers as strings."""
    start = str(scan.start_s)
    return {
        "Core": {"MetadataDefinitionVersion": "7.9", "MetadataSchemaVersion": "v1/2013/07", "guid": image_id},
        "Instrument": {"ControlSoftwareVersion": "2.11.1", "Manufacturer": "FEI Company", "InstrumentId": "0", "InstrumentClass": "Titan"},
        "Acquisition": {
            "AcquisitionStartDatetime": {"DateTime": start},
            "AcquisitionDatetime": {"DateTime": str(int(scan.start_s + time_s))},
            "BeamType": "",
            "SourceType": "XFEG",
        },
        "Optics": {"AccelerationVoltage": "300000", "BeamConvergence": "0.0012", "OperatingMode": "2", "CameraLength": "0.3"},
        "EnergyFilter": {"EntranceApertureType": ""},
        "Stage": {
            "Position": {"x": "0", "y": "0", "z": "0"},
            "AlphaTilt": _number(tilt_rad),
            "BetaTilt": "0",
            "HolderType": "Single Tilt",
        },
        "Scan": _scan_document(scan, shape),
        "Vacuum": {"VacuumMode": "Ready"},
        "Detectors": {f"Detector-{number}": _detector_document(name) for number, name in enumerate(DETECTORS)},
        "BinaryResult": _result_document(scan, shape),
        "Sample": "",
        "GasInjectionSystems": "",
        "CustomProperties": {
            f"Detectors[{DETECTORS[0]}].TimeStamp": {"type": "int64", "value": str(scan.start_s * 1_000_000 + round(time_s * 1e6))},
        },
    }


def _scan_document(scan: ScanDescription, shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "ScanSize": {"width": str(shape[1]), "height": str(shape[0])},
        "DwellTime": _number(scan.dwell_time_s),
        "ScanArea": {"left": "0", "top": "0", "right": "1", "bottom": "1"},
        "MainsLockOn": "false",
        "LineTime": _number(scan.line_time_s),
        "LineIntegrationCount": "1",
        "LineInterlacing": "1",
        "FrameTime": _number(scan.frame_time_s),
        "ScanRotation": "0",
    }


def _result_document(scan: ScanDescription, shape: tuple[int, ...]) -> dict[str, Any]:
    pixel_m = scan.pixel_size_nm * 1e-9
    return {
        "AcquisitionUnit": "",
        "CompositionType": "",
        "DetectorIndex": "0",
        "Detector": DETECTORS[0],
        "PixelSize": {"width": _number(pixel_m), "height": _number(pixel_m)},
        "PixelUnitX": "m",
        "PixelUnitY": "m",
        "Offset": {"x": _number(-pixel_m * shape[1] / 2), "y": _number(-pixel_m * shape[0] / 2)},
        "Encoding": "",
    }


def _detector_document(name: str) -> dict[str, str]:
    used = "true" if name == DETECTORS[0] else "false"
    return {"DetectorName": name, "DetectorType": "ScanningDetector", "Inserted": used, "Enabled": used}


def _typed(value: float) -> dict[str, str]:
    return {"type": "double", "value": _number(value)}


def _number(value: float) -> str:
    return f"{float(value):.17g}"


def _write_surroundings(file: h5py.File, image_id: str) -> None:
    """Write the groups around the pixels: version, the STEM feature, its input operation and its display."""
    operation, feature, display = (
        hashlib.sha256(f"{role}{image_id}".encode()).hexdigest()[:32] for role in ("input", "feature", "display")
    )
    operation_path = f"/Operations/StemInputOperation/{operation}"
    display_path = f"/Presentation/Displays/ImageDisplay/{display}"
    data_path = f"/Data/Image/{image_id}"
    documents: dict[str, Any] = {
        "Version": {"version": "8", "format": "Velox"},
        "Info": {"applicationVersion": "2.10.0.716"},
        "Operations/Operations": {"operations": [{"StemInputOperation": operation_path}]},
        operation_path: {
            "dataPath": data_path,
            "detector": DETECTORS[0],
            "outputs": [{"outputIndex": "0", "operation": display_path, "inputIndex": "0"}],
            "scanArea": ["0.000000", "0.000000", "1.000000", "1.000000"],
        },
        "Features/Features": {"features": [{"STEMFeature": f"/Features/STEMFeature/{feature}"}]},
        f"Features/STEMFeature/{feature}": {"stemInputOperations": [operation_path], "imageDisplays": [display_path]},
        "Presentation/DisplayIndex": {"displays": [{"ImageDisplay": display_path}]},
        display_path: {"display": {"id": "a", "label": DETECTORS[0]}, "dataPath": data_path, "seriesIndex": "0", "zoom": "1"},
    }
    for path, document in documents.items():
        dataset = file.create_dataset(path, (1,), h5py.string_dtype("utf-8"))
        dataset[0] = json.dumps(document, indent=4) + "\n"
