"""A session so small that the whole chain takes about a minute, and the command that runs it."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CODE = ["Snakefile", "config", "envs", "rapidstem", "rapidstem_workflow", "resources", "scripts", "workflow"]
# Two threads compute other last digits than one, and a training takes fewer on a busy machine: with one, sessions can be compared by bytes.
TRAINING_THREADS = {"train_denoiser": 1}
TRAINING_OPTION = [f"{rule}={threads}" for rule, threads in TRAINING_THREADS.items()]
SIMULATE = {"seed": 3, "size_px": 128, "frames_per_field": 8, "tilt_frames": 31}
FIELDS = [
    ("calibration", "calibration", "0"),
    ("train-a", "training", "0"),
    ("train-b", "training", "60"),
    ("test-a", "test", "0"),
    ("series", "tilt_series", ""),
]


def sheet_text(fields: list[tuple[str, str, str]], session: str = "tiny") -> str:
    """The acquisition sheet of a simulated session that lies in `config/`."""
    raw = f"../results/{session}/raw"
    rows = [f"{name}\t{kind}\t{tilt}\t{raw}/{name}.rapid.emd\t{raw}/{name}.slow.emd" for name, kind, tilt in fields]
    return "\n".join(["acquisition\tkind\ttilt\trapid\tslow", *rows]) + "\n"


def configuration() -> dict[str, Any]:
    """The configuration of the tiny session."""
    return {
        "session": "tiny",
        "acquisitions": "config/acquisitions.tsv",
        "simulate": dict(SIMULATE),
        "denoisers": [{"name": "dlf-slow", "steps": 60, "width": 8, "validation_interval": 20}],
        "tomography": {"denoisers": ["dlf-slow"], "iterations": 20},
        "evaluation": {"frames": 2},
    }


def write_session(folder: Path, config: dict[str, Any] | None = None, sheet: str | None = None) -> None:
    """Write the configuration and the sheet of a session into a folder."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "config/acquisitions.tsv").write_text(sheet_text(FIELDS) if sheet is None else sheet, encoding="utf-8")
    (folder / "config/config.yaml").write_text(yaml.safe_dump(configuration() if config is None else config), encoding="utf-8")


def copied_code(folder: Path) -> Path:
    """A copy of the code in a folder, as a clone of the repository has it; the path of its Snakefile."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CODE:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignore) if source.is_dir() else shutil.copy(source, folder / name)
    return folder / "Snakefile"


def finished_folder(shared: Path, code: Path = ROOT) -> Path:
    """Where the finished session of some code lies: the name holds a mark of all its files, and of what the session is."""
    files = [path for name in CODE for path in sorted([code / name, *(code / name).rglob("*")]) if path.is_file()]
    mark = hashlib.sha256(Path(__file__).read_bytes())
    for path in files:
        if "__pycache__" not in path.parts:
            mark.update(f"{path.relative_to(code).as_posix()} {path.stat().st_size} ".encode() + path.read_bytes())
    return shared / f"finished-session-{mark.hexdigest()[:16]}"


def snakemake(
    folder: Path, *arguments: str, snakefile: Path = ROOT / "Snakefile", config: Path | list[Path] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the workflow in a folder, on two cores, a training on one.

    The configuration is that of the folder where none is given, or several laid over each other.
    """
    configs = config if isinstance(config, list) else [config or folder / "config/config.yaml"]
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(snakefile), "--directory", str(folder)]
    command += ["--configfile", *map(str, configs), "--set-threads", *TRAINING_OPTION, "--cores", "2"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def planned_jobs(folder: Path, snakefile: Path = ROOT / "Snakefile") -> dict[str, int]:
    """How many jobs of each rule a run would start, by a dry run; the target rule is left out."""
    return counted_jobs(snakemake(folder, "--dry-run", snakefile=snakefile))


def counted_jobs(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """How many jobs of each rule a dry run has listed; the target rule is left out."""
    assert run.returncode == 0, run.stdout + run.stderr
    counts = dict(re.findall(r"^(\w+) +(\d+)$", run.stdout + run.stderr, flags=re.MULTILINE))
    return {rule: int(count) for rule, count in counts.items() if rule not in ("total", "all")}
