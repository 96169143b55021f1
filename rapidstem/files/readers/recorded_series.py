"""One image series in a file, described before its pixels are read."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.sliced_frames import SlicedFrames

BRIGHT_FIELD = "BF"
# First bytes of what packing programs write; no format of raw data begins so.
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "Zstandard", b"7z\xbc\xaf": "7-Zip"}


@dataclass(frozen=True)
class RecordedSeries:
    """What a file says about one of its image series; None where it says nothing.

    Attributes
    ----------
    shape : (frame, y, x)
    pixel_size_nm : (y, x)
        Edge lengths of a pixel.
    load
        Reads the pixels, (frame, y, x), in the stored type.
    open
        Opens the file, so that frames can be read slice by slice.
    stage_tilt_deg
        Of the stage when the file was written, where it does not have one for each frame.
    size_is_default
        Whether the pixel size is the one that programs write where they know none.
    remarks
        What the file says that is not used, or contradicts itself.

    The other attributes are those of `rapidstem.files.image_stacks.FrameStack`.
    """

    shape: tuple[int, int, int]
    pixel_size_nm: tuple[float, float] | None
    load: Callable[[], np.ndarray]
    open: Callable[[], AbstractContextManager[SlicedFrames]]
    dwell_time_s: float | None = None
    line_time_s: float | None = None
    frame_time_s: float | None = None
    tilt_deg: np.ndarray | None = None
    time_s: np.ndarray | None = None
    started_s: float | None = None
    velox_shift_px: np.ndarray | None = None
    detector: str | None = None
    stage_tilt_deg: float | None = None
    size_is_default: bool = False
    remarks: tuple[str, ...] = ()


def computable(pixels: np.ndarray) -> np.ndarray:
    """The pixels in a type that every stage computes with: in this machine's byte order, and real numbers of other sizes as float32.

    Integers of 8 and 16 bits stay as they are. Wider ones lose what lies below their 24th binary place, a ten millionth of the value.

    Parameters
    ----------
    pixels
        Of any shape and type.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    kept = pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 2
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("=") if kept else np.float32)


def computable_type(stored: np.dtype) -> np.dtype:
    """The type that `computable` gives pixels of a stored type.

    Parameters
    ----------
    stored
        As the file has them.
    """
    return computable(np.empty(0, stored)).dtype


def check_presence(path: Path) -> None:
    """Raise an InputError unless `path` is a file with something in it that is not packed."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the file with the frames")
    if path.is_symlink() and not path.exists():
        raise InputError(f"{path}: is a link to {path.readlink()}, which is not there; copy the file, or mend the link")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; correct the path, relative paths count from the folder of the sheet")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes); copy it from the microscope again")
    with path.open("rb") as file:
        start = file.read(max(map(len, _PACKED)))
    packed = next((name for mark, name in _PACKED.items() if start.startswith(mark)), "zip" if path.suffix.lower() == ".zip" else "")
    if packed:
        raise InputError(f"{path}: is packed with {packed}; unpack it, frames are read from the file itself")


def match_detector(wanted: str, names: Sequence[Sequence[str]]) -> list[int]:
    """Positions of the series whose detector is the one wanted.

    A name that is equal counts first (whatever the case); else a name that has the wanted one as a word of its own, so that `BF` finds
    `BF-S` and `STEM BF`, but neither `ABF` nor `HAADF`.

    Parameters
    ----------
    wanted
        Name of the detector in the configuration or the sheet.
    names
        Names that each series goes by.

    Returns
    -------
    list of int
        Empty where there is none.
    """
    target = wanted.strip().lower()
    equal = [i for i, own in enumerate(names) if target in (name.lower() for name in own)]
    return equal or [i for i, own in enumerate(names) if any(target in _words(name) for name in own)]


def describe_choice(names: Sequence[str]) -> str:
    """The detectors in a file, for a message."""
    return ", ".join(sorted(set(names))) or "none with a name"


def _words(name: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in name.lower()).split()
