"""What the scripts share that read raw files: as the configuration reads them."""

from contextlib import AbstractContextManager
from typing import Any

from rapidstem.files import FallbackMetadata, FrameStack, OpenStack, StackHeader, read_header
from rapidstem.frames import open_raw_frames, read_raw_frames


def read_raw(path: str, reading: dict[str, Any], integrated: bool = False) -> FrameStack:
    """A raw file, or the integrated image in it, with the detector and the fallback values of the configuration; hot pixels filled in."""
    return read_raw_frames(path, *_as_read(path, reading), integrated)


def read_raw_header(path: str, reading: dict[str, Any]) -> StackHeader:
    """All of a raw file but its pixels."""
    return read_header(path, *_as_read(path, reading))


def open_raw(path: str, reading: dict[str, Any]) -> AbstractContextManager[OpenStack]:
    """The same, open, so that its frames are read slice by slice."""
    return open_raw_frames(path, *_as_read(path, reading))


def _as_read(path: str, reading: dict[str, Any]) -> tuple[str, FallbackMetadata]:
    """The detector of a raw file, and what the file may not say."""
    settings = dict(reading["rows"].get(path, reading["session"]))
    return settings.pop("detector"), FallbackMetadata(**settings)
