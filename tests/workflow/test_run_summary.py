"""What a run says at its end."""

import os
import sys
from pathlib import Path

import pytest

from rapidstem.errors import InputError
from rapidstem.files.job_logs import UNKNOWN_REASON, last_words
from rapidstem_workflow.run_summary import failed_jobs, failure_lines, made_lines, remark_lines, spoiled_acquisitions
from rapidstem_workflow.second_run import repeated_command, starting_folder

RUN_LOG = """Error in rule integrate_frames:
    jobid: 4
    input: raw/a.emd
    log: results/s/logs/integrate_frames/a.log (check log file(s) for error details)
Error in rule train_denoiser:
    jobid: 9
    log: results/s/logs/train_denoiser/dlf-slow.log (check log file(s) for error details)
Error in group scores:
    log: .snakemake/slurm_logs/group_scores/7.log (check log file(s) for error details)
    jobs:
        rule score_images:
            jobid: 11
            log: results/s/logs/score_images/b.log (check log file(s) for error details)
        rule draw_field:
            jobid: 12
            log: results/s/logs/draw_field/b.log (check log file(s) for error details)
"""


@pytest.fixture
def failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    Path("run.log").write_text(RUN_LOG, encoding="utf-8")
    for rule, name, error in (
        ("integrate_frames", "a", InputError("a.emd: is cut off")),
        ("train_denoiser", "dlf-slow", None),
        ("score_images", "b", None),
        ("draw_field", "b", ValueError("no such colour")),
    ):
        log = Path(f"results/s/logs/{rule}/{name}.log")
        log.parent.mkdir(parents=True)
        log.write_text(last_words(f"{rule} (acquisition {name})", error, log) if error else "some words\n", encoding="utf-8")
    return ["run.log"]


def test_failures_name_stage_acquisition_reason_and_log(failed_run: list[str]) -> None:
    lines = failure_lines(failed_jobs(failed_run, Path("results/s")))
    assert lines == [
        "integrate_frames of a: a.emd: is cut off (log: results/s/logs/integrate_frames/a.log)",
        f"train_denoiser of dlf-slow: {UNKNOWN_REASON} (log: results/s/logs/train_denoiser/dlf-slow.log)",
        "draw_field of b: ValueError: no such colour (log: results/s/logs/draw_field/b.log)",
    ]


def test_only_acquisitions_with_bad_data_are_left_out(failed_run: list[str]) -> None:
    assert spoiled_acquisitions(failed_jobs(failed_run, Path("results/s")), ["b", "a"]) == ["a"]


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
    command = repeated_command(["--cores", "2", "--config", "session=x"], ["a", "b"], {"session": "x"})
    assert command[:5] == [sys.executable, "-m", "snakemake", "--cores", "2"]
    assert command[-4:] == ["--nolock", "--config", 'session="x"', 'leave_out=["a", "b"]']


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
