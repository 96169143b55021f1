"""Two sessions side by side on one page: verdicts, numbers, the first figure of every stage, and what differs in their settings."""

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from rapidstem.errors import InputError
from rapidstem.report.page_parts import Number, ReportFigure
from rapidstem.report.page_writing import write_page
from rapidstem.report.session_summary import SessionSummary, StageSummary, read_summary

NOTHING = "–"


@dataclass(frozen=True)
class ComparedStage:
    """A stage of both sessions: its title, and of each its grade, its words and its figure; None where a session does not have it."""

    title: str
    stages: tuple[StageSummary | None, StageSummary | None]
    figures: tuple[ReportFigure | None, ReportFigure | None]


@dataclass(frozen=True)
class ComparedSeries:
    """The numbers of a tilt series in both sessions; empty where a session does not have it."""

    name: str
    numbers: tuple[list[Number], list[Number]]


@dataclass(frozen=True)
class Comparison:
    """Everything on the page."""

    sessions: tuple[SessionSummary, SessionSummary]
    series: list[ComparedSeries]
    stages: list[ComparedStage]
    settings: pd.DataFrame


def compare_sessions(first: Path | str, second: Path | str, path: Path | str) -> int:
    """Write the page of two finished sessions and give its size in bytes.

    Parameters
    ----------
    first, second : folders of the sessions.
    path : of the page.

    Returns
    -------
    int
        Bytes of the page.

    Raises
    ------
    InputError
        A folder holds no session whose report is written.
    """
    return write_page(path, "comparison.html.j2", comparison=comparison((Path(first), Path(second))))


def comparison(folders: tuple[Path, Path]) -> Comparison:
    """Put two sessions side by side; what one of them does not have stays empty there."""
    sessions = _told_apart((read_summary(folders[0]), read_summary(folders[1])), folders)
    names = dict.fromkeys(name for session in sessions for name in session.numbers)
    numbers = {name: [list(session.numbers.get(name, ())) for session in sessions] for name in names}
    series = [ComparedSeries(name, (first, second)) for name, (first, second) in numbers.items()]
    titles = dict.fromkeys(stage.title for session in sessions for stage in session.stages)
    return Comparison(sessions, series, [_stage(title, sessions, folders) for title in titles], differing_settings(*sessions))


def _told_apart(sessions: tuple[SessionSummary, SessionSummary], folders: tuple[Path, Path]) -> tuple[SessionSummary, SessionSummary]:
    """Two sessions of the same name with the place of each behind it, from where the places part."""
    first, second = sessions
    if first.title != second.title:
        return sessions
    places = [folder.resolve() for folder in folders]
    common = os.path.commonpath([place.parent for place in places])
    one, other = (f"{first.title} ({place.relative_to(common).as_posix()})" for place in places)
    return replace(first, title=one), replace(second, title=other)


def differing_settings(first: SessionSummary, second: SessionSummary) -> pd.DataFrame:
    """The keys whose values differ, one row a key, with the values of both."""
    keys = dict.fromkeys([*first.settings, *second.settings])
    rows = [(key, first.settings.get(key, NOTHING), second.settings.get(key, NOTHING)) for key in keys]
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=["key", first.title, second.title])


def _stage(title: str, sessions: tuple[SessionSummary, SessionSummary], folders: tuple[Path, Path]) -> ComparedStage:
    stages = [next((stage for stage in session.stages if stage.title == title), None) for session in sessions]
    figures = [_figure(stage, folder) for stage, folder in zip(stages, folders, strict=True)]
    return ComparedStage(title, (stages[0], stages[1]), (figures[0], figures[1]))


def _figure(stage: StageSummary | None, folder: Path) -> ReportFigure | None:
    """A stage's figure; none where its file is gone."""
    path = folder / stage.figure if stage and stage.figure else None
    if stage is None or path is None or not path.is_file():
        return None
    return ReportFigure(stage.caption, path.read_bytes(), path.with_suffix(".txt").read_text(encoding="utf-8"))


def main() -> None:
    """Write the page, and say where it is."""
    parser = argparse.ArgumentParser(description="Put two finished sessions side by side on one page.")
    parser.add_argument("first", type=Path, help="folder of a session, results/<session>")
    parser.add_argument("second", type=Path)
    parser.add_argument("--output", type=Path, help="the page; comparison-<first>-<second>.html beside the first session by default")
    given = parser.parse_args()
    names = f"comparison-{given.first.resolve().name}-{given.second.resolve().name}.html"
    output = given.output or given.first.resolve().parent / names
    try:
        compare_sessions(given.first, given.second, output)
    except InputError as error:
        sys.exit(str(error))
    print(f"The comparison lies at {output.resolve()}")


if __name__ == "__main__":
    main()
