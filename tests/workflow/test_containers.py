"""One environment in every form: pixi and the two container recipes hold the pinned versions and all that a run needs."""

import re
import shutil
import subprocess
import tomllib

import pytest

from envs.write_environments import PYTHON_VERSION, locked_versions, pixi_text
from tests.workflow.tiny_session import ROOT

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


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_the_recipe_passes_its_linter() -> None:
    run = subprocess.run(["hadolint", ROOT / "containers/Dockerfile"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
