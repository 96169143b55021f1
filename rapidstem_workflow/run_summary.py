"""What a run says at its end: what was made and where to look, or what failed and why."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rapidstem.files import FailedJob, failed_jobs

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
START = "logs/run_started"


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


def mark_start(folder: Path) -> None:
    """Leave a file whose time says when the run started: the clock of the file system counts, as it does for the logs."""
    mark = folder / START
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def jobs_failed_since_start(folder: Path) -> list[FailedJob]:
    """The jobs whose logs tell of a failure since `mark_start`, or break off; none where nothing has started."""
    mark = folder / START
    return failed_jobs(folder, mark.stat().st_mtime) if mark.exists() else []


def failure_lines(jobs: Iterable[FailedJob]) -> list[str]:
    """One line a failed job: which stage, of what, why, and where its log is."""
    return [f"{' of '.join(filter(None, (job.rule, job.subject)))}: {job.reason} (log: {job.log})" for job in jobs]


def acquisitions_with_bad_input(jobs: Iterable[FailedJob], acquisitions: Iterable[str]) -> list[str]:
    """The acquisitions whose own data made a job fail, in the order of the sheet."""
    bad = {job.acquisition for job in jobs if job.bad_input}
    return [name for name in acquisitions if name in bad]


def _place(folder: Path, path: str) -> Path:
    fixed = [part for part in Path(path).parts if "*" not in part]
    return folder.joinpath(*fixed).resolve()
