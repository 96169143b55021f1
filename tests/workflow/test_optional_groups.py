"""The tests of the optional groups, each in an environment of its own that has the group's packages in front of the default ones."""

import re
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.workflow.tiny_session import ROOT

# The programs that judge what was exported. bioimageio.core 0.11.0 asks for an older bioimageio.spec, which fails with pydantic 2.14.
JUDGES = ["bioimageio.core==0.11.0", "onnxruntime==1.32.0", "xarray==2026.9.0", "imagecodecs==2026.3.6", "flatbuffers==25.12.19"]
# What is installed, and which tests run with it. ome-zarr-py is the peer that writes stores in the tests.
GROUPS = {
    "ome-zarr": (
        ["--requirement", "envs/ome-zarr.lock", "ome-zarr==0.18.0"],
        ["unit/test_files_ome_zarr.py", "unit/test_files_zarr_stores.py"],
    ),
    "model-zoo": (["--no-deps", "--requirement", "envs/model-zoo.lock", *JUDGES], ["unit/test_denoising_exchange.py"]),
    "provenance": (["rocrate==0.16.0"], ["workflow/test_run_crate.py"]),
    "snakedeploy": (["snakedeploy==0.17.1"], ["workflow/test_snakedeploy.py"]),
}


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("group", GROUPS)
def test_the_group_does_what_it_promises(group: str, tmp_path: Path) -> None:
    """Nothing may be skipped for want of a package."""
    packages, files = GROUPS[group]
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True, cwd=ROOT)
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True
    )
    (Path(own.stdout.strip()) / "behind.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [python, "-m", "pytest", "-n", "0", "-rs", "-m", "not network", *(f"tests/{file}" for file in files)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert not re.search(r"SKIPPED.*not installed|could not import", run.stdout), run.stdout
