"""Two sessions side by side."""

import dataclasses
import re
import sys
from pathlib import Path

import pytest

from rapidstem.errors import InputError
from rapidstem.report import compare_sessions, read_summary, write_summary
from rapidstem.report.page_parts import Number, Overview, Panel, Report, ReportFigure, Section
from rapidstem.report.session_comparison import differing_settings, main
from rapidstem.report.session_verdicts import Observation, judge, session_verdict, stage_verdict

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def a_session(folder: Path, lost_ends: float, **settings: str) -> Report:
    """A session with one stage, its figure and its summary in a folder."""
    judged = judge([Observation("lost_ends", lost_ends, "series", "slow")])
    (folder / "figures").mkdir(parents=True)
    (folder / "figures/lines.png").write_bytes(PNG)
    (folder / "figures/lines.txt").write_text(f"Lines of {folder.name}")
    figure = ReportFigure("Lines.", PNG, "Lines", ["figures/lines.png", "figures/lines.svg"])
    lines = Section("Lines", "l", [Panel("slow", [figure])], verdict=stage_verdict(judged, "lines", "series"))
    overview = Overview("series", [], [Number("Dislocations", f"{folder.name} has 19", "n", "good")])
    report = Report(
        f"Session {folder.name}", session_verdict(judged), [overview], [lines], settings=settings | {"tomography.thickness_nm": "300"}
    )
    write_summary(folder / "report.json", report)
    return report


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = a_session(tmp_path / "one", 31)
    summary = read_summary(tmp_path / "one")
    assert summary.grade == "doubtful" and summary.sentence == report.verdict.sentence
    assert summary.numbers == {"series": report.overviews[0].numbers}
    assert (summary.stages[0].title, summary.stages[0].figure) == ("Lines", "figures/lines.png")


def test_the_page_holds_both_verdicts_numbers_figures_and_what_differs(tmp_path: Path) -> None:
    a_session(tmp_path / "one", 3, denoisers="[1]")
    a_session(tmp_path / "two", 31, denoisers="[2]", crystal="null")
    size = compare_sessions(tmp_path / "one", tmp_path / "two", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert size == len(page.encode())
    assert re.search(r"Session one.*?✓.*?Session two.*?!</span> doubtful", page, re.DOTALL)
    assert "one has 19" in page and "two has 19" in page and "ends lost inside the foil: 31 %" in page
    assert re.findall(r'alt="([^"]*)"', page) == ["Lines of one", "Lines of two"]
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", page)
    assert rows == [("denoisers", "[1]", "[2]"), ("crystal", "–", "null")]
    assert "thickness_nm" not in page and not re.search(r"https?://", page)


def test_what_one_session_lacks_is_said_and_the_rest_is_shown(tmp_path: Path) -> None:
    whole = a_session(tmp_path / "one", 3)
    a_session(tmp_path / "two", 3)
    write_summary(tmp_path / "two/report.json", dataclasses.replace(whole, title="Session two", overviews=[], sections=[], verdict=None))
    (tmp_path / "one/figures/lines.png").unlink()
    compare_sessions(tmp_path / "one", tmp_path / "two", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "has no such series" in page and "has no such stage" in page and "<img" not in page


def test_sessions_of_one_name_are_told_apart_by_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, denoisers in (("monday", "[1]"), ("tuesday", "[2]")):
        a_session(tmp_path / day / "results/demo", 3, denoisers=denoisers)
    monkeypatch.setattr(sys, "argv", ["compare", *(str(tmp_path / day / "results/demo") for day in ("monday", "tuesday"))])
    main()
    page = (tmp_path / "monday/results/comparison-demo-demo.html").read_text(encoding="utf-8")
    names = ["Session demo (monday/results/demo)", "Session demo (tuesday/results/demo)"]
    assert re.findall(r"<strong>(.*?)</strong>", page) == names and f"<h1>{' and '.join(names)}</h1>" in page
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == ["key", *names]
    assert ("denoisers", "[1]", "[2]") in re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", page)


def test_equal_sessions_differ_in_nothing(tmp_path: Path) -> None:
    a_session(tmp_path / "one", 3, denoisers="[1]")
    assert differing_settings(read_summary(tmp_path / "one"), read_summary(tmp_path / "one")).empty


@pytest.mark.parametrize("text", [None, "{", "[]", '{"title": "x"}', '{"numbers": {}, "stages": [{}]}'])
def test_a_folder_without_a_readable_summary_is_named(tmp_path: Path, text: str | None) -> None:
    a_session(tmp_path / "one", 3)
    (tmp_path / "two").mkdir()
    if text is not None:
        (tmp_path / "two/report.json").write_text(text)
    with pytest.raises(InputError, match=r"two/report\.json"):
        compare_sessions(tmp_path / "one", tmp_path / "two", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_the_command_says_where_the_page_lies_or_which_folder_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_session(tmp_path / "one", 3)
    a_session(tmp_path / "two", 31)
    monkeypatch.setattr(sys, "argv", ["compare", str(tmp_path / "one"), str(tmp_path / "two")])
    main()
    page = tmp_path / "comparison-one-two.html"
    assert page.is_file() and str(page.resolve()) in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["compare", str(tmp_path / "one"), str(tmp_path / "three")])
    with pytest.raises(SystemExit, match=r"three/report\.json: there is no such file"):
        main()
