"""One image series in a file, described before its pixels are read."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.sliced_frames import SlicedFrames

BRIGHT_FIELD = "BF"


@dataclass(frozen=True)
class RecordedSeries:
    """What a file says about one of its image series; None where it says nothing.

    Attributes
    ----------
    shape : (frame, y, x).
    pixel_size_nm : (y, x), edge lengths of a pixel.
    load : reads the pixels, (frame, y, x), in the stored type.
    open : opens the file, so that frames can be read slice by slice.

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
    velox_shift_px: np.ndarray | None = None
    detector: str | None = None


def check_presence(path: Path) -> None:
    """Raise an InputError unless `path` is a file with something in it."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the file with the frames")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; correct the path, relative paths count from the folder of the sheet")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes); copy it from the microscope again")


def match_detector(wanted: str, names: Sequence[Sequence[str]]) -> list[int]:
    """Positions of the series whose detector is the one wanted.

    A name that is equal counts first (whatever the case); else a name that has the wanted one as a word of its own, so that `BF` finds
    `BF-S` and `STEM BF`, but neither `ABF` nor `HAADF`.
    """
    target = wanted.strip().lower()
    equal = [i for i, own in enumerate(names) if target in (name.lower() for name in own)]
    return equal or [i for i, own in enumerate(names) if any(target in _words(name) for name in own)]


def describe_choice(names: Sequence[str]) -> str:
    """The detectors in a file, for a message."""
    return ", ".join(sorted(set(names))) or "none with a name"


def _words(name: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in name.lower()).split()
