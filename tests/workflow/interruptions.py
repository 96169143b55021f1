"""Jobs that are killed in the middle of their writing, and results that are compared byte by byte."""

import filecmp
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd

from tests.workflow.tiny_session import TRAINING_OPTION

# What holds times of day or of the processor; the rest of these files is compared where `same_results` says so.
_TIMED = ("model.json", "losses.csv", "losses.png", "losses.svg", "report.html")

# Python runs this at its start. It ends the process, or all processes of the run, just before a written file gets its name: the first
# one of a script, or the second one of the training, whose first one is a checkpoint.
_KILLING = """
import os, pathlib, re, signal, sys

found = re.search(r"[.](\\w+)[.]py$", sys.orig_argv[-1])
marker = pathlib.Path(os.environ["KILLED_RULES"], found[1] if found else "none")
wanted = os.environ.get("KILLED_RULE", marker.name)
seen = 0


def end(event, arguments):
    global seen
    if event == "os.rename" and "results" in str(arguments[1]) and not marker.exists():
        seen += 1
        if seen == (2 if marker.name == "train_denoiser" else 1):
            marker.touch()
            if "KILLED_RULE" in os.environ:
                os.killpg(os.getpgid(0), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)


if found and marker.name == wanted:
    sys.addaudithook(end)
"""


def killing_environment(folder: Path, rule: str | None = None) -> dict[str, str]:
    """Environment in which the first job of every rule is killed, or the whole run in the first job of one rule.

    What was killed is noted in `folder`, one empty file a rule, and not killed again.
    """
    (folder / "killed").mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_KILLING, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder), "KILLED_RULES": str(folder / "killed")}
    return environment if rule is None else environment | {"KILLED_RULE": rule}


def killed_rules(folder: Path) -> set[str]:
    """Rules of which a job was killed."""
    return {path.name for path in (folder / "killed").iterdir()}


def run_to_the_end(
    session: Path, *arguments: str, environment: dict[str, str] | None = None, cores: int = 2
) -> subprocess.CompletedProcess[str]:
    """Run a session in a process group of its own, so that all of it can be killed without the test."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(session / "Snakefile"), "--directory", str(session)]
    command += ["--configfile", str(session / "config/config.yaml"), "--set-threads", *TRAINING_OPTION, "--cores", str(cores)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, start_new_session=True)


def was_killed(run: subprocess.CompletedProcess[str]) -> bool:
    """Whether the whole run was killed."""
    return run.returncode == -signal.SIGKILL


def results(folder: Path) -> set[str]:
    """Names of all results of a folder, hidden files among them; logs and benchmarks are none."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in files if path.parts[0] not in ("logs", "benchmarks")}


def differing_results(first: Path, second: Path) -> set[str]:
    """Results that only one of two folders has, or that are not the same, byte by byte, in both."""
    names = results(first) | results(second)
    return {name for name in names if not _same(first / name, second / name)}


def _same(first: Path, second: Path) -> bool:
    if not (first.is_file() and second.is_file()):
        return False
    if first.name == "losses.csv":
        return pd.read_csv(first).drop(columns="seconds").equals(pd.read_csv(second).drop(columns="seconds"))
    return first.name in _TIMED or filecmp.cmp(first, second, shallow=False)
