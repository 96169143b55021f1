"""Raw files as every job reads them: with hot pixels filled in, which the job's log counts and the report warns of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from rapidstem.files.image_stacks import FallbackMetadata, FrameStack, OpenStack, open_frames, read_stack
from rapidstem.files.job_logs import say_warnings
from rapidstem.frames.spoilt_pixels import FilledFrames


def read_raw_frames(path: Path | str, detector: str, fallback: FallbackMetadata, integrated: bool = False) -> FrameStack:
    """A raw file in memory (`rapidstem.files.read_stack`).

    Parameters
    ----------
    path
        Of the raw file.
    detector
        Whose frames are wanted.
    fallback
        Values for what the file does not say.
    integrated
        Whether the instrument's own integrated image is wanted, of a file that holds raw frames, too.
    """
    stack = read_stack(path, detector, fallback, integrated)
    filled = FilledFrames.of(stack.frames)
    frames = filled[:]
    _say_filled(path, filled)
    return replace(stack, frames=frames)


@contextmanager
def open_raw_frames(path: Path | str, detector: str, fallback: FallbackMetadata) -> Iterator[OpenStack]:
    """The same, open, so that its frames are read slice by slice (`rapidstem.files.open_frames`).

    Parameters
    ----------
    path, detector, fallback
        As of `read_raw_frames`.

    Yields
    ------
    OpenStack
    """
    with open_frames(path, detector, fallback) as stack:
        filled = FilledFrames.of(stack.frames)
        yield replace(stack, frames=cast(Any, filled))
        _say_filled(path, filled)


def _say_filled(path: Path | str, filled: FilledFrames) -> None:
    words = filled.words()
    if words:
        say_warnings([f"{path}: {words}; nothing was measured there" if any(filled.empty.values()) else f"{path}: {words}"])
