from pathlib import Path

from rapidstem.errors import InputError, ResourceError
from rapidstem.files.job_logs import UNKNOWN_REASON, failed_job, last_words, spoiling_fault


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
    assert (job.rule, job.subject, job.spoiled) == ("integrate_frames", "a", True)
    assert job.reason == "a.emd: 3 of 50 frames (the 4th, 5th and 6th) are constant; leave them out"


def test_program_fault_is_not_the_data_s(tmp_path: Path) -> None:
    log = written(tmp_path, "align_series/series/slow.log", "")
    log.write_text(
        last_words("align_series (acquisition series, variant slow)", ZeroDivisionError("division by zero"), log), encoding="utf-8"
    )
    job = failed_job(log, tmp_path)
    assert (job.subject, job.reason, job.spoiled) == ("series/slow", "ZeroDivisionError: division by zero", False)


def test_full_disk_is_not_the_data_s(tmp_path: Path) -> None:
    log = written(tmp_path, "align_series/series/slow.log", "")
    words = last_words("align_series (acquisition series, variant slow)", ResourceError("a.mrc: the disk is full"), log)
    log.write_text(words, encoding="utf-8")
    job = failed_job(log, tmp_path)
    assert (job.reason, job.spoiled) == ("a.mrc: the disk is full", False)


def test_killed_job_has_no_last_words(tmp_path: Path) -> None:
    log = written(tmp_path, "train_denoiser/dlf-slow.log", "step 200 of 400, 1.0 minutes left\n")
    assert failed_job(log, tmp_path).reason == UNKNOWN_REASON
    assert failed_job(tmp_path / "logs/write_report.log", tmp_path).reason == UNKNOWN_REASON


def test_fault_of_an_acquisition_is_found_in_its_logs(tmp_path: Path) -> None:
    written(tmp_path, "integrate_frames/a.log", "50 of 50 frames used\n")
    log = written(tmp_path, "align_references/a.log", "")
    log.write_text(last_words("align_references (acquisition a)", InputError("a.slow.emd: shows another field"), log), encoding="utf-8")
    assert spoiling_fault(tmp_path, "a") == "align_references: a.slow.emd: shows another field"
    assert spoiling_fault(tmp_path, "b") == ""
