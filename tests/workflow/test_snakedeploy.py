"""The folder that snakedeploy makes of a local copy of this repository runs the workflow."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.rerun_cases import WHOLE
from tests.workflow.tiny_session import copied_code, planned_jobs, write_session

pytest.importorskip("snakedeploy", reason="snakedeploy is not installed")


def test_the_deployed_folder_plans_the_whole_chain(tmp_path: Path) -> None:
    clone = copied_code(tmp_path / "rapidstem").parent
    deploy = Path(sys.executable).parent / "snakedeploy"
    session = tmp_path / "session"
    subprocess.run([deploy, "deploy-workflow", str(clone), str(session), "--branch", "main"], check=True)
    assert (session / "config/README.md").is_file() and (session / "config/examples/hard.yaml").is_file()
    shutil.rmtree(session / "config")
    write_session(session)
    # of a local source snakedeploy 0.17 names the file below the clone, and not the clone
    snakefile = session / "workflow/Snakefile"
    text = snakefile.read_text(encoding="utf-8")
    assert text.count('"workflow/Snakefile"') == 1
    snakefile.write_text(text.replace('"workflow/Snakefile"', f'"{clone / "workflow/Snakefile"}"'), encoding="utf-8")
    planned = planned_jobs(session, snakefile=snakefile)
    planned.pop("session", None)
    assert planned == WHOLE
