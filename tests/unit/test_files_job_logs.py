import os
from pathlib import Path

import pytest

from rapidstem.errors import InputError, ResourceError
from rapidstem.files.job_logs import (
    UNKNOWN_REASON,
    failed_job,
    failed_jobs,
    finished_words,
    first_words,
    input_fault,
    job_log,
    last_words,
)


def written(folder: Path, name: str, text: str) -> Path:
    log = folder / "logs" / name
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")
    return log


def test_what_a_job_says_is_read_again(tmp_path: Path) -> None:
    fault = InputError("a.emd: 3 of 50 frames (the 4th, 5th and 6th) are\nconstant; leave them out")
    log = written(tmp_path, "integrate_frames/a.log", "")
    log.write_text("some words\n" + last_words("integrate_frames (acquisition a)", fault, log) + "\n", encoding="utf-8")
    job = failed_job(log, tmp_path)
    assert (job.rule, job.subject, job.acquisition, job.bad_input) == ("integrate_frames", "a", "a", True)
    assert job.reason == "a.emd: 3 of 50 frames (the 4th, 5th and 6th) are constant; leave them out"


def test_program_fault_is_not_the_data_s(tmp_path: Path) -> None:
    log = written(tmp_path, "align_series/series/slow.log", "")
    log.write_text(
        last_words("align_series (acquisition series, variant slow)", ZeroDivisionError("division by zero"), log), encoding="utf-8"
    )
    job = failed_job(log, tmp_path)
    assert (job.subject, job.acquisition) == ("series/slow", "series")
    assert (job.reason, job.bad_input) == ("ZeroDivisionError: division by zero", False)


def test_full_disk_is_not_the_data_s(tmp_path: Path) -> None:
    log = written(tmp_path, "align_series/series/slow.log", "")
    words = last_words("align_series (acquisition series, variant slow)", ResourceError("a.mrc: the disk is full"), log)
    log.write_text(words, encoding="utf-8")
    job = failed_job(log, tmp_path)
    assert (job.reason, job.bad_input) == ("a.mrc: the disk is full", False)


def test_killed_job_has_no_last_words(tmp_path: Path) -> None:
    log = written(tmp_path, "train_denoiser/dlf-slow.log", "step 200 of 400, 1.0 minutes left\n")
    assert failed_job(log, tmp_path).reason == UNKNOWN_REASON
    assert failed_job(tmp_path / "logs/write_report.log", tmp_path).reason == UNKNOWN_REASON


def test_fault_of_an_acquisition_is_found_in_its_logs(tmp_path: Path) -> None:
    written(tmp_path, "integrate_frames/a.log", "50 of 50 frames used\n")
    log = written(tmp_path, "align_references/a.log", "")
    log.write_text(last_words("align_references (acquisition a)", InputError("a.slow.emd: shows another field"), log), encoding="utf-8")
    assert input_fault(tmp_path, "a") == "align_references: a.slow.emd: shows another field"
    assert input_fault(tmp_path, "b") == ""
    log = written(tmp_path, "denoise_frames/general/b.log", "")
    log.write_text(last_words("denoise_frames (denoiser general, acquisition b)", InputError("b.emd: is cut off"), log), encoding="utf-8")
    assert input_fault(tmp_path, "b") == "denoise_frames: b.emd: is cut off"
    assert input_fault(tmp_path, "general") == ""


def test_failed_and_killed_jobs_of_a_run_are_found_and_finished_and_earlier_ones_are_not(tmp_path: Path) -> None:
    fault = InputError("a.emd: is cut off")
    logs = {
        "integrate_frames/a.log": [first_words("integrate_frames (acquisition a)"), last_words("integrate_frames", fault, tmp_path)],
        "integrate_frames/b.log": [
            first_words("integrate_frames (acquisition b)"),
            "50 of 50 frames used",
            finished_words("integrate_frames"),
        ],
        "train_denoiser/x.log": [first_words("train_denoiser (denoiser x)"), "step 3 of 400; the last one is finished soon"],
        "align_series/s/slow.log": [first_words("align_series"), last_words("align_series", fault, tmp_path)],
    }
    for number, (name, lines) in enumerate(logs.items()):
        log = written(tmp_path, name, "\n".join(lines) + "\n")
        os.utime(log, (1000 + number, 1000 + number))
    os.utime(tmp_path / "logs/align_series/s/slow.log", (999, 999))
    found = [(job.rule, job.subject, job.reason, job.bad_input) for job in failed_jobs(tmp_path, 1000.0)]
    assert found == [("integrate_frames", "a", "a.emd: is cut off", True), ("train_denoiser", "x", UNKNOWN_REASON, False)]


def test_a_log_holds_what_a_job_prints_between_its_first_and_its_last_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs/align_series/a.log"
    with job_log(log, "align_series (acquisition a)"):
        print("three warnings")
    assert log.read_text(encoding="utf-8").splitlines()[1:] == ["three warnings", finished_words("align_series (acquisition a)")]
    assert capsys.readouterr().out == "three warnings\n"
    assert not failed_jobs(tmp_path, 0.0)


@pytest.mark.parametrize(("error", "bad_input"), [(InputError("a.emd: is empty"), True), (ValueError("too many axes"), False)])
def test_a_job_that_fails_says_why_and_only_the_program_s_own_faults_are_traced(tmp_path: Path, error: Exception, bad_input: bool) -> None:
    log = tmp_path / "logs/align_series/a.log"
    with pytest.raises(SystemExit), job_log(log, "align_series (acquisition a)"):
        raise error
    (job,) = failed_jobs(tmp_path, 0.0)
    assert job.bad_input == bad_input and str(error) in job.reason
    assert ("Traceback" in log.read_text(encoding="utf-8")) != bad_input


def test_a_job_goes_on_where_its_log_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("no folder", encoding="utf-8")
    with job_log(tmp_path / "logs/align_series/a.log", "align_series"):
        print("goes on")
    assert capsys.readouterr().out == "goes on\n"
