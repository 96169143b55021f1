"""What a job on another node is given: the processors that it was submitted with; and the profiles as they are shipped."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.tiny_session import ROOT, configuration, planned_jobs, snakemake, write_session

VOLUME = "results/tiny/tomograms/series/slow.mrc"
RESULT = "results/tiny/dcfi/train-a.ome.tif"
PROFILES = ["default", "slurm"]


def _threads(session: Path, *arguments: str, **environment: str) -> int:
    """Threads of the rules that use all processors."""
    (session / "Snakefile").write_text(f'include: "{ROOT}/Snakefile"\n\nprint("all cores:", ALL_CORES)\n', encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", VOLUME, "--dry-run", *arguments, "--snakefile", str(session / "Snakefile")]
    command += ["--directory", str(session), "--configfile", str(session / "config/config.yaml")]
    run = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return int(re.search(r"all cores: (\d+)", run.stdout + run.stderr)[1])


def test_processors_of_the_submission_count_on_the_node(tmp_path: Path) -> None:
    """The node has 64; the main process was started with four, or another one before it in the same shell with 8."""
    write_session(tmp_path)
    assert _threads(tmp_path, "--mode", "remote", "--cores", "64", RAPIDSTEM_CORES="8") == 8
    assert _threads(tmp_path, "--cores", "4", RAPIDSTEM_CORES="8") == 4


def test_number_is_handed_to_the_job_of_a_generic_cluster(tmp_path: Path) -> None:
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    write_session(tmp_path)
    submit = tmp_path / "submit.sh"
    submit.write_text(f"#!/bin/sh\ncp \"$1\" '{tmp_path}/job.sh'\nexit 1\n", encoding="utf-8")
    submit.chmod(0o755)
    command = [sys.executable, "-m", "snakemake", "results/tiny/raw/series.slow.emd", "--jobs", "2", "--executor", "cluster-generic"]
    command += ["--cluster-generic-submit-cmd", str(submit), "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)]
    run = subprocess.run([*command, "--configfile", str(tmp_path / "config/config.yaml")], capture_output=True, text=True, check=False)
    assert (tmp_path / "job.sh").is_file(), run.stdout + run.stderr
    assert "export RAPIDSTEM_CORES='8'" in (tmp_path / "job.sh").read_text(encoding="utf-8")


def _rules() -> dict[str, str]:
    """The text of each rule by its name."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")]
    return {
        name: body for text in texts for name, body in re.findall(r"^ *rule (\w+):(.*?)(?=^ *rule |\Z)", text, re.MULTILINE | re.DOTALL)
    }


def test_profile_of_the_cluster_names_the_rules_that_use_many_processors_or_a_card() -> None:
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    rules = _rules()
    # A model that is given is copied: no network answers.
    networks = {name for name, body in rules.items() if re.search(r"envs/(learning|live)\.yaml", body)} - {"adopt_model"}
    assert {name for name, asked in profile["set-resources"].items() if "gres" in asked} == networks
    assert profile["set-threads"].keys() == {name for name, body in rules.items() if "threads: ALL_CORES" in body}


@pytest.mark.parametrize("profile", PROFILES)
def test_files_of_a_run_that_was_killed_are_made_again(session_copy: Path, profile: str) -> None:
    """With the profile as it is shipped, but for conda, which need not be here; Snakemake has noted which files a job was to write."""
    notes = session_copy / ".snakemake/incomplete"
    notes.mkdir(exist_ok=True)
    (notes / base64.b64encode(RESULT.encode()).decode()).touch()
    without = snakemake(session_copy, "--dry-run", snakefile=session_copy / "Snakefile")
    assert without.returncode != 0 and "IncompleteFilesException" in without.stdout + without.stderr
    arguments = ["--dry-run", "--profile", str(ROOT / f"workflow/profiles/{profile}"), "--software-deployment-method", "env-modules"]
    run = snakemake(session_copy, *arguments, snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^integrate_frames +1$", run.stdout + run.stderr, re.MULTILINE)


def test_values_of_the_command_line_are_read_as_the_schema_says(session_copy: Path) -> None:
    run = snakemake(session_copy, "--dry-run", "--config", "tomography={iterations: 10}", snakefile=session_copy / "Snakefile")
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^reconstruct_volume +6$", run.stdout + run.stderr, re.MULTILINE)
    assert "align_series" not in run.stdout


def test_a_name_of_digits_stays_as_it_was_written(tmp_path: Path) -> None:
    write_session(tmp_path, configuration() | {"session": "007"})
    (tmp_path / "config/acquisitions.tsv").write_text(
        (tmp_path / "config/acquisitions.tsv").read_text(encoding="utf-8").replace("/tiny/", "/007/"), encoding="utf-8"
    )
    assert planned_jobs(tmp_path)["write_report"] == 1
    run = snakemake(tmp_path, "--dry-run", "--config", "session=007")
    assert "results/007/report.html" in run.stdout + run.stderr
