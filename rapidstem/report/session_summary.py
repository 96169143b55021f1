"""What a report says in short, as a file beside it: for the comparison of two sessions, and for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.report.page_parts import Number, Report, Section

SUMMARY = "report.json"


@dataclass(frozen=True)
class StageSummary:
    """A stage: its grade in a word and in a phrase (empty if nothing was judged), its first figure as a path below the session."""

    title: str
    grade: str
    words: str
    figure: str
    caption: str


@dataclass(frozen=True)
class SessionSummary:
    """The verdict of a session in words, the numbers of its tilt series, its stages, and its configuration by keys with their sections."""

    title: str
    grade: str
    sentence: str
    confidence: str
    numbers: Mapping[str, Sequence[Number]]
    stages: Sequence[StageSummary]
    settings: Mapping[str, str]


def summary_of(report: Report) -> SessionSummary:
    """The short form of a report."""
    verdict = report.verdict
    words = (verdict.verdict.grade, verdict.sentence, verdict.confidence) if verdict else ("", "Nothing could be judged.", "")
    numbers = {overview.name: overview.numbers for overview in report.overviews}
    return SessionSummary(report.title, *words, numbers, [_stage(section) for section in report.sections], report.settings)


def write_summary(path: Path | str, report: Report) -> None:
    """Write the short form of a report as JSON.

    Parameters
    ----------
    path : file to write.
    report : what the page holds.
    """
    with written_beside(path) as temporary:
        temporary.write_text(json.dumps(asdict(summary_of(report)), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_summary(folder: Path | str) -> SessionSummary:
    """Read the short form of a session's report.

    Parameters
    ----------
    folder : of the finished session.

    Raises
    ------
    InputError
        The folder holds none, or one that this version does not know.
    """
    path = Path(folder) / SUMMARY
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; name the folder of a session whose report is written (results/<session>)")
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        numbers = {name: [Number(**number) for number in listed] for name, listed in read.pop("numbers").items()}
        stages = [StageSummary(**stage) for stage in read.pop("stages")]
        return SessionSummary(numbers=numbers, stages=stages, **read)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is no summary of a report of this version ({error}); delete it and run the session again") from error


def _stage(section: Section) -> StageSummary:
    verdict = section.verdict
    grade, words = (verdict.grade, verdict.words) if verdict else ("", "")
    figures = [figure for panel in section.panels for figure in panel.figures]
    links = [link for figure in figures[:1] for link in figure.links if link.endswith(".png")]
    return StageSummary(section.title, grade, words, links[0] if links else "", figures[0].caption if links else "")
