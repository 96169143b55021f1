"""Killed jobs, a power cut and a full disk leave nothing that looks finished, and cost nothing but time."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workflow.interruptions import (
    differing_results,
    killed_rules,
    killing_environment,
    results,
    run_to_the_end,
    was_killed,
)
from tests.workflow.rerun_cases import WHOLE
from tests.workflow.tiny_session import copied_code, write_session

CHECKPOINT = "models/dlf-slow/checkpoint.safetensors"
TOMOGRAMS = "results/tiny/tomograms"
VOLUME = f"{TOMOGRAMS}/series/slow.mrc"


def test_a_session_with_a_job_killed_in_every_stage_ends_with_the_same_bytes(finished_session: Path, tmp_path: Path) -> None:
    session = tmp_path / "session"
    copied_code(session)
    write_session(session)
    environment = killing_environment(tmp_path / "killing")
    undisturbed = finished_session / "results/tiny"
    for _ in WHOLE:
        run = run_to_the_end(session, "--keep-going", environment=environment)
        finished = {name for name in results(session / "results/tiny") if not Path(name).name.startswith(".")} - {CHECKPOINT}
        wrong = differing_results(session / "results/tiny", undisturbed) & finished
        assert wrong == set(), f"what a killed job left looks finished: {wrong}"
        if run.returncode == 0:
            break
    assert run.returncode == 0, run.stdout + run.stderr
    assert killed_rules(tmp_path / "killing") == set(WHOLE)
    assert differing_results(session / "results/tiny", undisturbed) == set()


def test_training_goes_on_after_a_power_cut_to_the_same_weights(session_copy: Path, tmp_path: Path) -> None:
    """With one thread: more become fewer where the machine is busy, which changes the last digits."""
    model = session_copy / "results/tiny/models/dlf-slow"
    weights, intervals = (str((model / name).relative_to(session_copy)) for name in ("weights.safetensors", "intervals.json"))
    _empty(model)
    assert run_to_the_end(session_copy, intervals, cores=1).returncode == 0
    shutil.copytree(model, tmp_path / "whole")
    _empty(model)
    killing = killing_environment(tmp_path / "killing", "train_denoiser")
    assert was_killed(run_to_the_end(session_copy, weights, environment=killing, cores=1))
    assert results(model) >= {"checkpoint.safetensors"} and not (model / "weights.safetensors").exists()
    assert "unlock" in run_to_the_end(session_copy, weights).stderr
    assert run_to_the_end(session_copy, "--unlock").returncode == 0
    run = run_to_the_end(session_copy, intervals, "--profile", str(session_copy / "workflow/profiles/default"), cores=1)
    assert run.returncode == 0, run.stdout + run.stderr
    assert differing_results(model, tmp_path / "whole") == set()


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.fixture
def small_disk(session_copy: Path) -> Path:
    """The session with its tomograms gone and on a file system of their own, with room for a part of one."""
    tomograms = session_copy / TOMOGRAMS
    shutil.rmtree(tomograms)
    tomograms.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tomograms], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("file systems are mounted by root only; the limit of a file's size stands for them in the next test")
    return session_copy


def test_full_disk_is_said_and_leaves_nothing_half_written(small_disk: Path, finished_session: Path) -> None:
    folder = small_disk / TOMOGRAMS
    try:
        run = run_to_the_end(small_disk, VOLUME)
        assert run.returncode != 0
        assert f"{VOLUME}: the disk is full" in run.stdout + run.stderr and "Traceback" not in run.stdout + run.stderr
        assert results(folder) == set()
        subprocess.run(["mount", "-o", "remount,size=50m", folder], check=True)
        run = run_to_the_end(small_disk, VOLUME)
        assert run.returncode == 0, run.stdout + run.stderr
        assert (small_disk / VOLUME).read_bytes() == (finished_session / VOLUME).read_bytes()
    finally:
        subprocess.run(["umount", folder], check=True)


def test_file_beyond_the_quota_is_said_and_leaves_nothing_half_written(session_copy: Path) -> None:
    for path in (session_copy / VOLUME).parent.iterdir():
        path.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limits[1]))
    try:
        run = run_to_the_end(session_copy, VOLUME, environment=dict(os.environ))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert run.returncode != 0
    assert f"{VOLUME}: the disk is full" in run.stdout + run.stderr
    assert results((session_copy / VOLUME).parent) == set()
