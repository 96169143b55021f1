"""Snakemake's scheduler: the fault of the pinned version, and that it is gone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.tiny_session import ROOT

JOBS = 30
SNAKEFILE = """
import sys
import threading

sys.path.insert(0, {root!r})
from rapidstem_workflow.scheduler_timers import keep_one_timer

if {mended}:
    keep_one_timer()


rule all:
    input:
        expand("{{number}}.done", number=range({jobs})),


rule wait:
    output:
        "{{number}}.done",
    shell:
        "sleep 0.05; touch {{output}}"


onsuccess:
    timers = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    print("timers:", len(timers))
    if not {mended}:
        for timer in timers:
            timer.cancel()
"""


def _timers(folder: Path, *arguments: str, mended: bool) -> int:
    """Timers that run when the last of many small jobs has ended."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(root=str(ROOT), jobs=JOBS, mended=mended), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", str(folder), "--snakefile", str(folder / "Snakefile")]
    run = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return int(re.search(r"timers: (\d+)", run.stdout)[1])


def test_pinned_snakemake_leaves_a_timer_for_each_job_that_has_ended(tmp_path: Path) -> None:
    """They would keep the run from ending for an hour.

    If this fails, Snakemake has mended it: `rapidstem_workflow/scheduler_timers.py` and `docs/upstream/` can go.
    """
    assert _timers(tmp_path, "--max-jobs-per-timespan", "1000000/1h", mended=False) > JOBS // 2


@pytest.mark.parametrize("profile", ["default", "slurm"])
def test_one_timer_remains_and_does_not_keep_the_run_from_ending(tmp_path: Path, profile: str) -> None:
    """With the time spans of the profiles, of an hour and of a minute."""
    settings = yaml.safe_load((ROOT / f"workflow/profiles/{profile}/config.yaml").read_text(encoding="utf-8"))
    assert _timers(tmp_path, "--max-jobs-per-timespan", settings["max-jobs-per-timespan"], mended=True) <= 1
