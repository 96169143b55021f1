import subprocess
import sys
from pathlib import Path

MODULE = """
import numpy as np
from rapidstem.compiled_loops import compiled

@compiled()
def doubled(values):
    return 2 * values

print(doubled(np.arange(3))[2], len(doubled.stats.cache_hits))
"""


def run(folder: Path, cache: Path) -> str:
    (folder / "doubling.py").write_text(MODULE, encoding="utf-8")
    environment = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": f"{Path(__file__).parents[2]}:{folder}", "PATH": ""}
    run = subprocess.run([sys.executable, "-c", "import doubling"], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_next_process_finds_what_was_compiled(tmp_path):
    cache = tmp_path / "cache"
    assert run(tmp_path, cache) == "4 0"
    assert run(tmp_path, cache) == "4 1"


def test_another_module_of_the_room_makes_compiled_code_stale(tmp_path):
    cache = tmp_path / "cache"
    run(tmp_path, cache)
    (tmp_path / "neighbour.py").write_text("FACTOR = 3\n", encoding="utf-8")
    assert run(tmp_path, cache) == "4 0"
    assert run(tmp_path, cache) == "4 1"


def test_without_a_place_to_keep_it_each_process_compiles_anew(tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("no folder", encoding="utf-8")
    assert run(tmp_path, occupied) == "4 0"
    assert run(tmp_path, occupied) == "4 0"
