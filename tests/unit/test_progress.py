import io
import re

import pytest

from rapidstem import progress
from rapidstem.progress import Progress, tracked


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_log_has_plain_lines_with_an_estimate(clock: list[float], capsys: pytest.CaptureFixture) -> None:
    with Progress("denoising", 100, "frame") as work:
        for _ in range(4):
            clock[0] += 10.0
            work.advance(10)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["denoising: frame 20 of 100, 1.3 minutes left", "denoising: frame 40 of 100, 1.0 minutes left"]


def test_estimate_counts_the_work_of_this_run_alone(clock: list[float]) -> None:
    with Progress("training", 100, "step", done=60) as work:
        clock[0] += 60.0
        work.advance(20)
        assert work.minutes_left() == pytest.approx(1.0)


def test_short_work_writes_nothing_into_a_log(clock: list[float], capsys: pytest.CaptureFixture) -> None:
    assert list(tracked("abc", "reading", 3, "letter")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_terminal_shows_a_bar_with_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    list(tracked([[1, 2], [3]], "denoising", 3, "frame", size=len))
    assert re.search(r"denoising: 100%.*3/3 \[\d\d:\d\d<\d\d:\d\d", terminal.getvalue())


def test_work_that_counts_itself(clock: list[float], capsys: pytest.CaptureFixture) -> None:
    with Progress("reconstructing", 1, "slice") as work:
        clock[0] += 20.0
        work.reach(16, 64)
    assert "slice 16 of 64, 1.0 minutes left" in capsys.readouterr().err
