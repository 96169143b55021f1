"""Memory that jobs ask for: it holds what they read, whatever a session sets and however it is divided into files."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.workflow.test_in_situ import ASKED
from tests.workflow.tiny_session import ROOT, configuration, write_session

MODEL, SERIES = "models/dlf-slow/intervals.json", "denoised/neighbours/series.ome.tif"
MEGABYTE = 2**20


def _asked_mb(folder: Path, raw_mb: dict[str, int], neighbour_frames: int = 2) -> dict[str, float]:
    """What the jobs of both files ask for where raw files, of which nothing but the sizes count, are so large."""
    neighbours = {"name": "neighbours", "neighbour_frames": neighbour_frames}
    config = configuration()
    write_session(folder, config | {"denoisers": [*config["denoisers"], neighbours]})
    results = folder / "results/tiny"
    made = ["models/dlf-slow/weights.safetensors", "models/dlf-slow/model.json", "distortion/map.csv", "pairs/choice.csv"]
    for name in ("train-a", "train-b", "series"):
        made += [f"raw/{name}.rapid.emd", f"raw/{name}.slow.emd", f"dcfi/{name}.drift.csv", f"pairs/{name}/field.csv"]
    for path in (results / name for name in made):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name, size_mb in raw_mb.items():
        with (results / f"raw/{name}.rapid.emd").open("wb") as file:
            file.truncate(size_mb * MEGABYTE)
    command = [sys.executable, "-c", ASKED, str(ROOT / "Snakefile"), str(folder), f"results/tiny/{MODEL}", f"results/tiny/{SERIES}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(re.search("asked:(.*)", run.stdout)[1])


def test_fields_are_read_in_memory_for_the_largest_and_neighbours_in_memory_for_all_of_them(tmp_path: Path) -> None:
    few = _asked_mb(tmp_path / "a", {"train-a": 300, "train-b": 300, "series": 200})
    one = _asked_mb(tmp_path / "b", {"train-a": 300, "train-b": 0, "series": 200}, neighbour_frames=6)
    assert one["calibrate_intervals"] == few["calibrate_intervals"] > 1607, "measured"
    assert one["train_denoiser"] + 1.1 * 300 == few["train_denoiser"] > 1511, "measured"
    # Of 16 bits: eight more neighbours in 32 bits are sixteen times as large as the series.
    assert one["denoise_by_neighbours"] - few["denoise_by_neighbours"] == 16 * 200
