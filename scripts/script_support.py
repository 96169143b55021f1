"""What every script shares: the package on the path, a log, raw files, and errors that say which job failed and why."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rapidstem.errors import InputError
from rapidstem.files import (
    FallbackMetadata,
    FrameStack,
    OpenStack,
    StackHeader,
    finished_words,
    first_words,
    last_words,
    open_frames,
    read_header,
    read_stack,
)
from rapidstem.frames import FilledFrames


class _Tee:
    """A text stream that writes to a terminal and, as long as the disk has room for it, to a log."""

    def __init__(self, terminal: TextIO, log: TextIO) -> None:
        self._terminal = terminal
        self._log = log

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._log.write(text)
        return self._terminal.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._log.flush()
        self._terminal.flush()

    def isatty(self) -> bool:
        return self._terminal.isatty()


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A log to write to; what goes there is lost where the disk is full."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    except OSError:
        path = Path(os.devnull)
    log = path.open("w", encoding="utf-8", buffering=1)
    try:
        yield log
    finally:
        with suppress(OSError):
            log.close()


def _note(log: TextIO, words: str) -> None:
    """Write a line to the log alone, as long as the disk has room for it."""
    with suppress(OSError):
        log.write(f"{words}\n")


@contextmanager
def logged(job: Any) -> Iterator[None]:
    """Write what a job prints to its log as well, between a line that it has started and one that it is finished, or why it failed.

    Parameters
    ----------
    job
        The `snakemake` object of the script.
    """
    log_path = Path(job.log[0])
    streams = sys.stdout, sys.stderr
    with _opened(log_path) as log:
        sys.stdout, sys.stderr = _Tee(streams[0], log), _Tee(streams[1], log)  # type: ignore[assignment]
        _note(log, first_words(_job_name(job)))
        try:
            yield
            _note(log, finished_words(_job_name(job)))
        except InputError as error:
            print(last_words(_job_name(job), error, log_path), file=sys.stderr)
            raise SystemExit(1) from None
        except Exception as error:
            traceback.print_exc()
            print(last_words(_job_name(job), error, log_path), file=sys.stderr)
            raise SystemExit(1) from None
        finally:
            sys.stdout, sys.stderr = streams


def read_raw(path: str, reading: dict[str, Any]) -> FrameStack:
    """A raw file, with the detector and the fallback values of the configuration; hot pixels are filled in."""
    stack = read_stack(path, _detector(path, reading), _fallback(reading))
    filled = FilledFrames.of(stack.frames)
    frames = filled[:]
    _say_filled(path, filled)
    return replace(stack, frames=frames)


def read_raw_header(path: str, reading: dict[str, Any]) -> StackHeader:
    """All of a raw file but its pixels."""
    return read_header(path, _detector(path, reading), _fallback(reading))


@contextmanager
def open_raw(path: str, reading: dict[str, Any]) -> Iterator[OpenStack]:
    """The same, open, so that its frames are read slice by slice."""
    with open_frames(path, _detector(path, reading), _fallback(reading)) as stack:
        filled = FilledFrames.of(stack.frames)
        yield replace(stack, frames=cast(Any, filled))
        _say_filled(path, filled)


def _say_filled(path: str, filled: FilledFrames) -> None:
    if filled.words():
        print(f"{path}: {filled.words()}")


def _detector(path: str, reading: dict[str, Any]) -> str:
    """The detector of a raw file: that of its row in the sheet, else that of the configuration."""
    return str(reading.get("detectors", {}).get(path, reading["detector"]))


def _fallback(reading: dict[str, Any]) -> FallbackMetadata:
    return FallbackMetadata(**{key: value for key, value in reading.items() if key not in ("detector", "detectors")})


def _job_name(job: Any) -> str:
    wildcards = ", ".join(f"{name} {value}" for name, value in job.wildcards.items())
    return f"{job.rule} ({wildcards})" if wildcards else job.rule
