"""First and last words of a job in its log: written by the job, read for the summary of a run and for the report.

A log that neither ends with the words of a finished job nor with those of a failed one is that of a job that was killed.
"""

import os
import platform
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rapidstem.errors import InputError, ResourceError

UNKNOWN_REASON = "it has said nothing; it was killed, or its machine went down"
_WARNING = "warning: "
_INPUT_FAULT, _OTHER_FAULT = "failed", "broke off"
_FINISHED = re.compile(r"^\w+(?: \([^\n]*\))? is finished\s*\Z", re.MULTILINE)
_LAST_WORDS = re.compile(
    rf"^\w+(?: \((?P<about>[^\n()]*)\))? (?P<fault>{_INPUT_FAULT}|{_OTHER_FAULT}): (?P<reason>.*) \(log: [^\n]*\)\s*\Z",
    re.MULTILINE | re.DOTALL,
)
_ACQUISITION = re.compile(r"(?:^|, )acquisition ([^,]+)")


@dataclass(frozen=True)
class FailedJob:
    """A job that failed.

    Attributes
    ----------
    rule
        Name of its rule.
    subject
        What the job was about, as its log is called; empty for a job that there is once.
    acquisition
        Which one its last words name; empty where they name none.
    log
        Its log.
    reason
        The log's last words.
    bad_input
        Whether its input is to blame, not the program or the machine.
    """

    rule: str
    subject: str
    acquisition: str
    log: Path
    reason: str
    bad_input: bool


def first_words(job: str) -> str:
    """The line that a job begins its log with: it was started, and where.

    Parameters
    ----------
    job
        Rule, and what the job is about in brackets.
    """
    return f"{job} has started on {platform.node()}"


def finished_words(job: str) -> str:
    """The line that a job ends its log with when all has gone well.

    Parameters
    ----------
    job
        Rule, and what the job is about in brackets.
    """
    return f"{job} is finished"


def last_words(job: str, error: Exception, log: Path) -> str:
    """The sentence that a job ends its log with.

    Parameters
    ----------
    job
        Rule, and what the job is about in brackets.
    error
        An `InputError` stands for itself, of which a `ResourceError` is not the data's fault; of others the kind is named.
    log
        Where the sentence is written.
    """
    if isinstance(error, ResourceError):
        return f"{job} {_OTHER_FAULT}: {error} (log: {log})"
    if isinstance(error, InputError):
        return f"{job} {_INPUT_FAULT}: {error} (log: {log})"
    return f"{job} {_OTHER_FAULT}: {type(error).__name__}: {error} (log: {log})"


def failed_jobs(folder: Path, since_s: float) -> list[FailedJob]:
    """The jobs of a session that have failed or were killed, in the order in which their logs end.

    Parameters
    ----------
    folder : of the session; its logs are `<folder>/logs/<rule>/...`.
    since_s : when the run started, in the time of the file system; older logs are of earlier runs.

    Returns
    -------
    list of FailedJob
        Empty where all went well.
    """
    ends = {log: log.stat().st_mtime for log in folder.glob("logs/**/*.log")}
    recent = sorted((log for log in ends if ends[log] >= since_s), key=lambda log: (ends[log], log))
    return [failed_job(log, folder) for log in recent if not _FINISHED.search(_text(log))]


def failed_job(log: Path, folder: Path) -> FailedJob:
    """What a log below `<folder>/logs/<rule>` tells about its job's failure.

    Parameters
    ----------
    log
        Of the job.
    folder
        Of the session.
    """
    rule, *subject = log.relative_to(folder / "logs").with_suffix("").parts
    said = _LAST_WORDS.search(_text(log))
    if said is None:
        return FailedJob(rule, "/".join(subject), "", log, UNKNOWN_REASON, bad_input=False)
    named = _ACQUISITION.search(said["about"] or "")
    reason = " ".join(said["reason"].split())
    return FailedJob(rule, "/".join(subject), named[1] if named else "", log, reason, bad_input=said["fault"] == _INPUT_FAULT)


def input_fault(folder: Path, acquisition: str) -> str:
    """Why an acquisition's data made a job fail, from the newest log of it that tells so; empty where none does.

    Parameters
    ----------
    folder
        Of the session.
    acquisition
        Its name.
    """
    logs = [*folder.glob(f"logs/**/{acquisition}.log"), *folder.glob(f"logs/*/{acquisition}/*.log")]
    logs.sort(key=lambda log: log.stat().st_mtime, reverse=True)
    told = (job for log in logs if (job := failed_job(log, folder)).bad_input)
    return next((f"{job.rule}: {job.reason}" for job in told if job.acquisition == acquisition), "")


def say_warnings(warnings: Iterable[str]) -> None:
    """Say in a job's log what is doubtful about its result; `logged_warnings` finds it there for the report.

    Parameters
    ----------
    warnings
        What is doubtful, one sentence each.
    """
    for words in warnings:
        print(f"{_WARNING}{words}")


def logged_warnings(folder: Path, rule: str, *subject: str) -> list[str]:
    """What a job has found doubtful, one sentence each; nothing where there is no such job.

    Parameters
    ----------
    folder
        Of the session; the log is `<folder>/logs/<rule>/<subject>.log`, or `<folder>/logs/<rule>.log` of a job that there is once.
    rule
        Its name.
    subject
        What the log is called after, from the outermost folder on.

    Returns
    -------
    list of str
    """
    log = folder.joinpath("logs", rule, *subject)
    lines = _text(log.with_name(f"{log.name}.log")).splitlines()
    return [line.removeprefix(_WARNING) for line in lines if line.startswith(_WARNING)]


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


@contextmanager
def job_log(path: Path, job: str) -> Iterator[None]:
    """Write what a job prints to its log as well, between a line that it has started and one that it is finished, or why it failed.

    What goes to the log is lost where the disk is full; the job goes on.

    Parameters
    ----------
    path
        Of the log; its folder is made where it is missing.
    job
        Rule, and what the job is about in brackets.

    Yields
    ------
    None
        While the job works.

    Raises
    ------
    SystemExit
        in place of any error, which the log and the error stream have been told
    """
    streams = sys.stdout, sys.stderr
    with _opened(path) as log:
        sys.stdout, sys.stderr = _Tee(streams[0], log), _Tee(streams[1], log)  # type: ignore[assignment]
        _note(log, first_words(job))
        try:
            yield
            _note(log, finished_words(job))
        except Exception as error:
            if not isinstance(error, InputError):
                traceback.print_exc()
            print(last_words(job, error, path), file=sys.stderr)
            raise SystemExit(1) from None
        finally:
            sys.stdout, sys.stderr = streams


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
    """A log to write to, nowhere where the disk is full."""
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
