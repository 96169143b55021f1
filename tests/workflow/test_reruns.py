"""Exactly which jobs run after which change of a finished session."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.rerun_cases import CASES, PAGE, Case, page, table
from tests.workflow.session_changes import cloned_without_memory, new_columns, new_value
from tests.workflow.tiny_session import planned_jobs, snakemake


@pytest.fixture
def changed(request: pytest.FixtureRequest, finished_session: Path, own_session: Path, tmp_path: Path) -> Iterator[tuple[Path, Case]]:
    """A copy of the finished session, elsewhere, with the change of a case."""
    case = request.param
    folder = shutil.copytree(own_session if case.own else finished_session, tmp_path / "moved")
    case.change(folder)
    yield folder, case
    shutil.rmtree(folder)


@pytest.mark.parametrize("changed", CASES, indirect=True, ids=[case.changed for case in CASES])
def test_exactly_the_jobs_of_the_table_run(changed: tuple[Path, Case]) -> None:
    folder, case = changed
    assert planned_jobs(folder, snakefile=folder / "Snakefile") == case.jobs


def test_results_without_their_notes_can_be_declared_right(session_copy: Path) -> None:
    cloned_without_memory(session_copy)
    run = snakemake(session_copy, "--touch", snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    assert planned_jobs(session_copy, snakefile=session_copy / "Snakefile") == {}


def test_an_acquisition_with_a_detector_of_its_own_is_left_out_without_training(session_copy: Path) -> None:
    new_columns("test-a", detector="DF-S #2")(session_copy)
    assert snakemake(session_copy, "--touch", snakefile=session_copy / "Snakefile").returncode == 0
    new_value("leave_out", value=["test-a"])(session_copy)
    assert not {"choose_fields", "train_denoiser", "align_series"} & set(planned_jobs(session_copy, snakefile=session_copy / "Snakefile"))


def test_deleted_result_is_made_again_when_it_is_named(session_copy: Path) -> None:
    name = "results/tiny/evaluation/lines.csv"
    (session_copy / name).unlink()
    run = snakemake(session_copy, "--dry-run", name, snakefile=session_copy / "Snakefile")
    assert "gather_tables" in run.stdout and "score_images" not in run.stdout


def test_documentation_holds_this_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert table() in text and page(text) == text
