"""Small files as DigitalMicrograph 3 writes them, for tests of readers."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_DATA_TYPES = {"i2": 1, "f4": 2, "u1": 6, "i4": 7, "i1": 9, "u2": 10, "u4": 11, "f8": 12}
_ARRAY_TYPES = {"i2": 2, "i4": 3, "u2": 4, "u4": 5, "f4": 6, "f8": 7, "i1": 9, "u1": 10}


def write_dm3(path: Path, pixels: np.ndarray, axes: list[tuple[float, float, str]], tags: Mapping[str, object] | None = None) -> Path:
    """Write pixels whose axes, in the array's order, have a scale, an offset (in the unit) and a unit; `tags` belong to the image."""
    dimension = {
        f"TagGroup{i}": {"Origin": -offset / scale, "Scale": scale, "Units": unit} for i, (scale, offset, unit) in enumerate(axes[::-1])
    }
    kind = pixels.dtype.str[1:]
    image = {
        "ImageData": {
            "Calibrations": {"Brightness": {"Origin": 0.0, "Scale": 1.0, "Units": ""}, "Dimension": dimension},
            "Data": pixels,
            "DataType": _DATA_TYPES[kind],
            "Dimensions": dict(enumerate(pixels.shape[::-1])),
            "PixelDepth": pixels.dtype.itemsize,
        },
        "ImageTags": dict(tags or {}),
        "Name": path.stem,
    }
    content = _group({"ImageList": {"TagGroup0": image}})
    path.write_bytes(struct.pack(">III", 3, len(content) + 8, 1) + content + bytes(8))
    return path


def _group(entries: Mapping) -> bytes:
    return struct.pack(">BBI", 0, 0, len(entries)) + b"".join(_tag(str(name), value) for name, value in entries.items())


def _tag(name: str, value: object) -> bytes:
    label = b"" if name.startswith("TagGroup") or name.isdigit() else name.encode("latin-1")
    start = struct.pack(">BH", 20 if isinstance(value, Mapping) else 21, len(label)) + label
    return start + (_group(value) if isinstance(value, Mapping) else b"%%%%" + _data(value))


def _data(value: object) -> bytes:
    if isinstance(value, np.ndarray):
        kind = value.dtype.str[1:]
        return struct.pack(">IIII", 3, 20, _ARRAY_TYPES[kind], value.size) + value.astype("<" + kind).tobytes()
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return struct.pack(">IIII", 3, 20, 4, len(text) // 2) + text
    return (
        struct.pack(">II", 1, 5) + struct.pack("<I", value)
        if isinstance(value, int)
        else struct.pack(">II", 1, 7) + struct.pack("<d", value)
    )
