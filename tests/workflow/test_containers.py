"""One environment in every form: pixi and both container recipes hold what a run needs, in the pinned versions; jobs run in the image."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from envs.write_environments import PYTHON_VERSION, locked_versions, pixi_text
from tests.workflow.tiny_session import ROOT, planned_jobs, snakemake, write_session

DOCKER = (ROOT / "containers/Dockerfile").read_text(encoding="utf-8")
APPTAINER = (ROOT / "containers/rapidstem.def").read_text(encoding="utf-8")
INSTALLS = "pip install --no-cache-dir --disable-pip-version-check --requirement /opt/rapidstem/requirements.lock"
HOME = "/opt/rapidstem"


def _copied_by_docker() -> dict[str, str]:
    """What is copied, by its place in the image."""
    places = {}
    for *sources, target in (line.split()[1:] for line in DOCKER.splitlines() if line.startswith("COPY ")):
        places |= {f"{target}{source}" if target.endswith("/") else target: source for source in sources}
    return places


def _copied_by_apptainer() -> dict[str, str]:
    section = APPTAINER.split("%files\n")[1].split("\n\n")[0]
    return {target: source for source, target in (line.split() for line in section.splitlines())}


def test_pixi_holds_the_pinned_versions() -> None:
    text = (ROOT / "pixi.toml").read_text(encoding="utf-8")
    assert text == pixi_text()
    project = tomllib.loads(text)
    assert project["pypi-dependencies"] == {name: f"=={version}" for name, version in locked_versions().items()}
    assert project["dependencies"] == {"python": f"{PYTHON_VERSION}.*"}


def test_both_recipes_make_the_same_image() -> None:
    assert _copied_by_docker() == _copied_by_apptainer()
    assert re.search(r"^FROM (\S+)$", DOCKER, re.MULTILINE)[1] == re.search(r"^From: (\S+)$", APPTAINER, re.MULTILINE)[1]
    assert f"FROM python:{PYTHON_VERSION}-slim\n" in DOCKER
    assert DOCKER.count("pip install") == APPTAINER.count("pip install") == 1
    assert INSTALLS in DOCKER and INSTALLS in APPTAINER


@pytest.mark.parametrize(
    "needed", ["Snakefile", "workflow", "scripts", "rapidstem", "rapidstem_workflow", "config", "resources", "requirements.lock"]
)
def test_the_image_holds_what_a_run_needs(needed: str) -> None:
    assert (ROOT / needed).exists()
    assert _copied_by_docker()[f"{HOME}/{needed}"] == needed


def test_nothing_is_copied_that_is_not_there() -> None:
    assert all((ROOT / source).exists() for source in _copied_by_docker().values())


def test_a_user_without_a_name_has_one_in_the_image() -> None:
    """`docker run --user 1000:1000`: Snakemake writes into its log who runs it, and stops where that has no name."""
    assert re.search(r"^ENV (?:.* )?USER=\w+", DOCKER, re.MULTILINE)


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_the_recipe_passes_its_linter() -> None:
    run = subprocess.run(["hadolint", ROOT / "containers/Dockerfile"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


STAND_IN = """#!/bin/sh
# Apptainer's command line; the command runs outside, in the environment of the tests.
if [ "$1" = "--version" ]; then echo "apptainer version 1.4.0"; exit; fi
while [ "$1" != "exec" ]; do shift; done
for word; do case "$word" in *.sif) echo "$word" >> {used} ;; esac; done
while [ "$1" != "sh" ] && [ "$1" != "bash" ]; do shift; done
exec "$@"
"""


@pytest.fixture
def with_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of Apptainer's name on the path, which writes down the image of every job."""
    used = tmp_path / "used"
    for name in ("apptainer", "singularity"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(STAND_IN.format(used=used), encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    return used


def test_every_job_runs_in_the_image(with_stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = tmp_path / "image.sif"
    image.write_bytes(b"an image")
    monkeypatch.setenv("RAPIDSTEM_IMAGE", str(image))
    write_session(tmp_path / "session")
    run = snakemake(tmp_path / "session", "results/tiny/dcfi/train-a.ome.tif", "--software-deployment-method", "apptainer")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "session/results/tiny/dcfi/train-a.ome.tif").is_file()
    assert with_stand_in.read_text(encoding="utf-8").splitlines() == [str(image)] * 2


def test_an_image_that_is_not_built_is_named(with_stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPIDSTEM_IMAGE", str(tmp_path / "none.sif"))
    write_session(tmp_path)
    run = snakemake(tmp_path, "--dry-run", "--software-deployment-method", "apptainer")
    assert run.returncode != 0 and "none.sif: there is no such image; build it" in run.stdout + run.stderr


def test_without_apptainer_no_image_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPIDSTEM_IMAGE", str(tmp_path / "none.sif"))
    write_session(tmp_path)
    assert planned_jobs(tmp_path)["write_report"] == 1
