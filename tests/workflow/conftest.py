"""The tiny session, run once for all tests that only look at it or change copies of it."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.workflow.tiny_session import FIELDS, configuration, copied_code, finished_folder, sheet_text, snakemake, write_session


@pytest.fixture(scope="session")
def finished_session(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A copy of the code in which the tiny session has been run, by the first of pytest's processes that needs it; nobody changes it.

    It lies in the folder that RAPIDSTEM_FINISHED_SESSION names, where runs of tests are to share it as long as the code is the same.
    """
    own = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    shared = Path(os.environ.get("RAPIDSTEM_FINISHED_SESSION", own))
    shared.mkdir(parents=True, exist_ok=True)
    folder = finished_folder(shared)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "results/tiny/report.html").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            snakefile = copied_code(folder)
            write_session(folder)
            run = snakemake(folder, snakefile=snakefile)
            assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture(scope="session")
def own_session(finished_session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same results of raw files that come from a microscope; nobody changes it."""
    folder = tmp_path_factory.mktemp("own") / "session"
    shutil.copytree(finished_session, folder)
    (folder / "results/tiny/raw").rename(folder / "raw")
    shutil.rmtree(folder / "results/tiny/truth")
    config = {key: value for key, value in configuration().items() if key != "simulate"}
    write_session(folder, config, sheet_text(FIELDS).replace("../results/tiny/raw/", "../raw/"))
    run = snakemake(folder, "--touch", snakefile=folder / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture
def session_copy(finished_session: Path, tmp_path: Path) -> Path:
    """The finished session in a folder of its own, to be changed."""
    return Path(shutil.copytree(finished_session, tmp_path / "copy"))
