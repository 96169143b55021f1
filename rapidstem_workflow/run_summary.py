"""What a run says at its end: what was made and where to look, or what failed and why."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from rapidstem.files import UNKNOWN_REASON, FailedJob, failed_job

REPORT = "report.html"
RESULTS = (
    ("Report", REPORT, "open it in a browser"),
    ("Positional errors", "evaluation/positional_error.csv", "nm, with the tables of scores beside it"),
    ("Tomograms", "tomograms/**/*.mrc", "{count} MRC volumes for IMOD, tomviz, ChimeraX"),
    ("Dislocations", "dislocations/**/*.csv", "centres and lines as CSV, lines for ParaView and ParaDiS beside them"),
    ("Denoised frames", "denoised/**/*.ome.tif", "{count} OME-TIFF files for Fiji and napari"),
    ("Averages of fields", "dcfi/*.ome.tif", "{count} OME-TIFF files for Fiji and napari"),
)
MOST_LINES = 5
MOST_REMARKS = 20
_INDENT_OF_SINGLE_JOBS = 4


def remark_lines(remarks: Sequence[str]) -> list[str]:
    """What a person should know about the raw files before anything runs; the report says all of it."""
    more = [f"  and {len(remarks) - MOST_REMARKS} more, in the report"] if len(remarks) > MOST_REMARKS else []
    return ["Nothing is refused, but look at these raw files:", *[f"  {remark}" for remark in remarks[:MOST_REMARKS]], *more]


def made_lines(folder: Path) -> list[str]:
    """At most five lines: what lies in a session's folder, and where; of a report that is older than other results, that it is."""
    found = [(name, path, words, list(folder.glob(path))) for name, path, words in RESULTS]
    newest = max((file.stat().st_mtime for *_, files in found for file in files), default=0.0)
    lines = [f"{name}: {_place(folder, path)} ({words.format(count=len(files))})" for name, path, words, files in found if files]
    report = folder / REPORT
    if report.is_file() and report.stat().st_mtime < newest:
        lines[0] = f"Report: {_place(folder, REPORT)} (older than other results; a run without a target renews it)"
    return lines[:MOST_LINES]


def failed_jobs(snakemake_logs: Sequence[str], folder: Path) -> list[FailedJob]:
    """The jobs that the logs of a run name as failed, in their order.

    Of a group of jobs that were submitted as one, Snakemake names all: those count that say what was wrong, or all where none does.

    Parameters
    ----------
    snakemake_logs : of the run, in `.snakemake/log`.
    folder : of the session, as the rules name it.
    """
    text = "\n".join(Path(log).read_text(encoding="utf-8", errors="replace") for log in snakemake_logs)
    named = re.findall(r"^( +)log: (.+) \(check log file", text, re.MULTILINE)
    alone = {Path(name): len(indent) <= _INDENT_OF_SINGLE_JOBS for indent, line in named for name in line.split(", ")}
    jobs = {log: failed_job(log, folder) for log in alone if log.is_relative_to(folder / "logs")}
    certain = [job for log, job in jobs.items() if alone[log] or job.reason != UNKNOWN_REASON]
    return certain or list(jobs.values())


def failure_lines(jobs: Iterable[FailedJob]) -> list[str]:
    """One line a failed job: which stage, of what, why, and where its log is."""
    return [f"{' of '.join(filter(None, (job.rule, job.subject)))}: {job.reason} (log: {job.log})" for job in jobs]


def spoiled_acquisitions(jobs: Iterable[FailedJob], acquisitions: Iterable[str]) -> list[str]:
    """The acquisitions whose own data made a job fail, in the order of the sheet."""
    parts = {part for job in jobs if job.spoiled for part in job.subject.split("/")}
    return [name for name in acquisitions if name in parts]


def _place(folder: Path, path: str) -> Path:
    fixed = [part for part in Path(path).parts if "*" not in part]
    return folder.joinpath(*fixed).resolve()
