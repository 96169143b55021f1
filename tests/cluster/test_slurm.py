"""The tiny session through sbatch on a real Slurm: the same results, and a job over its memory, over its time, on a node that goes down."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.small_slurm import SmallSlurm
from tests.workflow.interruptions import differing_results
from tests.workflow.tiny_session import ROOT, TRAINING_THREADS, copied_code, write_session

MODEL = "results/tiny/models/dlf-slow"
_PATIENCE_S = 300


def _adapted_profile(folder: Path, **resources: dict[str, Any]) -> Path:
    """The profile as somebody adapts it to a cluster of two small nodes, whose jobs are looked at every other second."""
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    del profile["software-deployment-method"]
    profile["set-threads"] = dict.fromkeys(profile["set-threads"], 2) | TRAINING_THREADS
    profile |= {"slurm-status-command": "squeue", "slurm-init-seconds-before-status-checks": 2, "slurm-no-account": True}
    profile |= {"seconds-between-status-checks": 2, "latency-wait": 10}
    for rule, changed in resources.items():
        profile["set-resources"].setdefault(rule, {}).update(changed)
    (folder / "profile").mkdir()
    (folder / "profile/config.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return folder / "profile"


def _submitted(session: Path, profile: Path, slurm: SmallSlurm, *targets: str) -> subprocess.Popen[str]:
    """Snakemake on the login node; it waits for its jobs."""
    command = [sys.executable, "-m", "snakemake", *targets, "--snakefile", str(session / "Snakefile"), "--directory", str(session)]
    command += ["--configfile", str(session / "config/config.yaml"), "--profile", str(profile)]
    return subprocess.Popen(command, env=slurm.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"waited {_PATIENCE_S} s for a job")


def _slurm_logs(session: Path) -> str:
    """What Slurm says about the jobs that failed."""
    return "\n".join(path.read_text(errors="replace") for path in (session / ".snakemake/slurm_logs").rglob("*.log"))


def _without(session: Path, folder: str) -> None:
    for path in (session / folder).iterdir():
        path.unlink()


def test_whole_session_gives_the_same_results_as_on_a_workstation(finished_session: Path, slurm: SmallSlurm, tmp_path: Path) -> None:
    session = tmp_path / "session"
    copied_code(session)
    write_session(session)
    run = _submitted(session, _adapted_profile(tmp_path), slurm)
    said = run.communicate()[0]
    assert run.returncode == 0, said + _slurm_logs(session)
    assert differing_results(session / "results/tiny", finished_session / "results/tiny") == set()
    assert "SLURM jobid" in said


def _made_with_little_memory(rule: str, target: str, session: Path, slurm: SmallSlurm, folder: Path) -> str:
    """Make a file again by jobs that get 250 MB at first; what Snakemake says."""
    (session / target).unlink()
    run = _submitted(session, _adapted_profile(folder, **{rule: {"mem_mb": "attempt * attempt * 250"}}), slurm, target)
    said = run.communicate()[0]
    assert run.returncode == 0, said + _slurm_logs(session)
    return said


def test_job_over_its_memory_is_tried_again_with_more(session_copy: Path, slurm: SmallSlurm, tmp_path: Path) -> None:
    said = _made_with_little_memory("denoise_frames", "results/tiny/denoised/dlf-slow/series.ome.tif", session_copy, slurm, tmp_path)
    assert "Exceeded job memory limit" in _slurm_logs(session_copy)
    assert "slurm_logs/rule_denoise_frames" in said, "the log of the killed job is not named"


def test_job_that_says_it_needs_more_memory_is_given_it(session_copy: Path, slurm: SmallSlurm, tmp_path: Path) -> None:
    _made_with_little_memory("reconstruct_volume", "results/tiny/tomograms/series/slow.mrc", session_copy, slurm, tmp_path)
    assert "the memory of 250 MB holds no block of slices" in _slurm_logs(session_copy)


def test_training_over_its_time_goes_on_from_its_checkpoint(
    session_copy: Path, finished_session: Path, slurm: SmallSlurm, tmp_path: Path
) -> None:
    _without(session_copy, MODEL)
    profile = _adapted_profile(tmp_path, train_denoiser={"runtime": 1})
    run = _submitted(session_copy, profile, slurm, f"{MODEL}/intervals.json")
    _wait_for((session_copy / MODEL / "checkpoint.safetensors").exists)
    for process in _wait_for(lambda: slurm.processes("train_denoiser.py")):
        os.kill(process, signal.SIGSTOP)
    said = run.communicate()[0]
    assert run.returncode == 0, said + _slurm_logs(session_copy)
    assert "TIMEOUT" in said and "DUE TO TIME LIMIT" in _slurm_logs(session_copy)
    assert differing_results(session_copy / MODEL, finished_session / MODEL) == set()


def test_job_of_a_node_that_goes_down_runs_on_another(
    session_copy: Path, finished_session: Path, slurm: SmallSlurm, tmp_path: Path
) -> None:
    folder = "results/tiny/tomograms/series"
    _without(session_copy, folder)
    targets = [f"{folder}/slow{half}.mrc" for half in ("", ".even", ".odd")]
    run = _submitted(session_copy, _adapted_profile(tmp_path), slurm, *targets)
    try:
        _wait_for(lambda: slurm.processes("reconstruct_volume.py", "small1"))
        slurm.stop("small1")
        said = run.communicate()[0]
    finally:
        if "small1" not in slurm.daemons:
            slurm.start_node("small1")
    assert run.returncode == 0, said + _slurm_logs(session_copy)
    assert "small1" in (slurm.folder / "slurmctld.log").read_text(errors="replace")
    for target in targets:
        assert (session_copy / target).read_bytes() == (finished_session / target).read_bytes()
