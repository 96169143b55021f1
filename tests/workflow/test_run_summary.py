"""What a run says at its end."""

import os
import sys
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from rapidstem.errors import InputError
from rapidstem.files.job_logs import UNKNOWN_REASON, finished_words, first_words, last_words
from rapidstem_workflow.command_line import given_values
from rapidstem_workflow.configuration_checks import configuration_schema
from rapidstem_workflow.run_summary import (
    acquisitions_with_bad_input,
    failure_lines,
    jobs_failed_since_start,
    made_lines,
    mark_start,
    remark_lines,
)
from rapidstem_workflow.second_run import repeated_command, starting_folder

SESSION = Path("results/s")


@pytest.fixture
def failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of an earlier run, the mark of this one, and its logs."""
    monkeypatch.chdir(tmp_path)
    _write_log("integrate_frames", "c", InputError("c.emd: was cut off in an earlier run"), age_s=60)
    mark_start(SESSION)
    _write_log("integrate_frames", "a", InputError("a.emd: is cut off"))
    _write_log("integrate_frames", "b", None, finished=True)
    _write_log("train_denoiser", "dlf-slow", None)
    _write_log("draw_field", "b", ValueError("no such colour"))


def _write_log(rule: str, name: str, error: Exception | None, finished: bool = False, age_s: float = 0.0, job: str = "") -> None:
    log = SESSION / f"logs/{rule}/{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    job = job or f"{rule} (acquisition {name})"
    end = [last_words(job, error, log)] if error else [finished_words(job)] if finished else []
    log.write_text("\n".join([first_words(job), "some words", *end]) + "\n", encoding="utf-8")
    if age_s:
        os.utime(log, (log.stat().st_mtime - age_s,) * 2)


def test_failures_name_stage_acquisition_reason_and_log(failed_run: None) -> None:
    lines = failure_lines(jobs_failed_since_start(SESSION))
    assert sorted(lines) == [
        "draw_field of b: ValueError: no such colour (log: results/s/logs/draw_field/b.log)",
        "integrate_frames of a: a.emd: is cut off (log: results/s/logs/integrate_frames/a.log)",
        f"train_denoiser of dlf-slow: {UNKNOWN_REASON} (log: results/s/logs/train_denoiser/dlf-slow.log)",
    ]


def test_only_acquisitions_with_bad_input_are_left_out(failed_run: None) -> None:
    assert acquisitions_with_bad_input(jobs_failed_since_start(SESSION), ["c", "b", "a"]) == ["a"]


def test_an_acquisition_that_is_called_as_a_variant_or_a_denoiser_stays(failed_run: None) -> None:
    bad = InputError("the series cannot be used")
    _write_log("align_series", "series/slow", bad, job="align_series (acquisition series, variant slow)")
    _write_log("denoise_frames", "general/test", bad, job="denoise_frames (denoiser general, acquisition test)")
    _write_log("adopt_model", "dlf-slow", bad, job="adopt_model (denoiser dlf-slow)")
    names = ["slow", "general", "dlf-slow", "test", "series"]
    assert acquisitions_with_bad_input(jobs_failed_since_start(SESSION), names) == ["test", "series"]


def test_nothing_has_failed_where_nothing_has_started(tmp_path: Path) -> None:
    """As where a session is refused before any job."""
    assert jobs_failed_since_start(tmp_path) == []


def test_results_are_named_in_five_lines_at_most(tmp_path: Path) -> None:
    assert made_lines(tmp_path) == []
    for name in ("report.html", "dcfi/a.ome.tif", "dcfi/b.ome.tif", "denoised/x/a.ome.tif", "tomograms/s/slow.mrc", "dislocations/s/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    lines = made_lines(tmp_path)
    assert [line.split(":")[0] for line in lines] == ["Report", "Tomograms", "Dislocations", "Denoised frames", "Averages of fields"]
    assert f"{tmp_path.resolve() / 'dcfi'} (2 OME-TIFF" in lines[-1]


def test_a_report_that_is_older_than_other_results_is_called_so(tmp_path: Path) -> None:
    """As after a run of the target `dcfi` alone."""
    (tmp_path / "dcfi").mkdir()
    for number, name in enumerate(["dcfi/a.ome.tif", "report.html"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (number, number))
    assert "open it in a browser" in made_lines(tmp_path)[0]
    os.utime(tmp_path / "dcfi/a.ome.tif", (2, 2))
    assert "older than other results; a run without a target renews it" in made_lines(tmp_path)[0]


def test_second_run_keeps_the_command_and_its_configuration() -> None:
    command = repeated_command(["--cores", "2", "--config", "session=x"], ["a", "b"], ["session=x", "leave_out=[a]"])
    assert command[:5] == [sys.executable, "-m", "snakemake", "--cores", "2"]
    assert command[-4:] == ["--nolock", "--config", "session=x", 'leave_out=["a", "b"]']


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("-F --cores 2", "--cores 2"),
        ("--cores 2 -k --forceall", "--cores 2 -k"),
        ("--forcea -pkF --cores 2", "-p -k --cores 2"),
        ("--forcerun train_denoiser fit_lines --cores 2", "--cores 2"),
        ("--forcerun=fit_lines --cores 2 target", "--cores 2 target"),
        ("-kR train_denoiser fit_lines -c2 -Rfit_lines", "-k -c2"),
        ("-f --force-use-threads --configfile F.yaml -dF", "--force-use-threads --configfile F.yaml -dF"),
    ],
)
def test_second_run_forces_nothing_again(given: str, kept: str) -> None:
    """Hours of training, of which the first run has finished what it was told to."""
    repeated = repeated_command(given.split(), ["bad"], [])
    assert [word for word in repeated[3:] if word != "--nolock"] == [*kept.split(), "--config", 'leave_out=["bad"]']


@pytest.mark.parametrize("behind", ["-F", "--"])
def test_a_target_behind_an_option_stays_a_target(behind: str) -> None:
    repeated = get_argument_parser().parse_args(repeated_command(["--set-threads", "train=1", behind, "report.html"], ["bad"], [])[3:])
    assert repeated.targets == ["report.html"] and repeated.config == ['leave_out=["bad"]']


@pytest.mark.parametrize("session", ["2026_11_29", "007", "1e3", "2021-05-06"])
def test_second_run_reads_its_configuration_as_the_first_did(session: str) -> None:
    entries = [f"session={session}", "tomography={iterations: 7}"]
    repeated = repeated_command(["--keep-going"], ["bad"], entries)
    given = given_values(repeated[repeated.index("--config") + 1 :], configuration_schema())
    assert given == {"session": session, "tomography": {"iterations": 7}, "leave_out": ["bad"]}


def test_starting_folder_is_known_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "session").mkdir()
    monkeypatch.chdir(tmp_path / "session")
    monkeypatch.setenv("PWD", str(tmp_path))
    assert starting_folder(["--cores", "2"]) == tmp_path / "session"
    assert starting_folder(["--directory", "session"]) == tmp_path
    assert starting_folder(["-d", str(tmp_path / "session")]) == tmp_path
    assert starting_folder(["--directory", "elsewhere"]) is None


def test_remarks_about_raw_files_are_counted_where_they_are_many() -> None:
    lines = remark_lines([f"acquisition 'a{number}'" for number in range(23)])
    assert lines[0].startswith("Nothing is refused") and lines[1] == "  acquisition 'a0'"
    assert lines[-1] == "  and 3 more, in the report" and len(lines) == 22
    assert len(remark_lines(["a remark"] * 20)) == 21
