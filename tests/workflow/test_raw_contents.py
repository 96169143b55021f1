"""Marks of raw files: the same for the same bytes, another for another measurement."""

import os
from pathlib import Path

import numpy as np
import pytest

from rapidstem_workflow.raw_contents import content_mark, stores_mb
from tests.unit.test_microscope_line_networks import NETWORK
from tests.workflow.tiny_session import SIMULATE, configuration, counted_jobs, snakemake, write_session


def _measured(path: Path, seed: int) -> str:
    path.write_bytes(np.random.default_rng(seed).bytes(1_000_000))
    return str(path)


def test_copied_and_touched_files_keep_their_mark(tmp_path: Path) -> None:
    original, copied = _measured(tmp_path / "a.emd", 1), _measured(tmp_path / "b.emd", 1)
    os.utime(copied, (1, 1))
    assert content_mark(original) == content_mark(copied)


def test_another_measurement_of_the_same_size_has_another_mark(tmp_path: Path) -> None:
    assert content_mark(_measured(tmp_path / "a.emd", 1)) != content_mark(_measured(tmp_path / "b.emd", 2))


def test_a_longer_file_has_another_mark(tmp_path: Path) -> None:
    first, second = tmp_path / "a.emd", tmp_path / "b.emd"
    first.write_bytes(b"")
    second.write_bytes(b"\0")
    assert len({content_mark(str(path)) for path in (first, second, tmp_path / "none.emd")}) == 3


def test_a_hole_of_an_interrupted_copy_is_seen(tmp_path: Path) -> None:
    first, second = Path(_measured(tmp_path / "a.emd", 1)), Path(_measured(tmp_path / "b.emd", 1))
    second.write_bytes(second.read_bytes()[:500_000] + bytes(500_000))
    assert content_mark(str(first)) != content_mark(str(second))


def test_no_file_and_folders_that_are_no_stores_have_no_mark(tmp_path: Path) -> None:
    """An empty cell of the sheet is the working folder to the operating system."""
    _measured(tmp_path / "a.emd", 1)
    assert content_mark("") == content_mark(str(tmp_path)) == ""


@pytest.mark.parametrize("beside", ["a.rawtlt", "a.mrc.tlt", "a.csv"])
def test_other_tilts_beside_a_series_are_another_mark(tmp_path: Path, beside: str) -> None:
    series, marks = _measured(tmp_path / "a.mrc", 1), []
    for text in (None, "-60\n0\n60\n", "60\n0\n-60\n"):
        if text:
            (tmp_path / beside).write_text(text)
        content_mark.cache_clear()
        marks.append(content_mark(series))
    assert len(set(marks)) == 3


def test_what_is_not_read_with_a_file_does_not_count(tmp_path: Path) -> None:
    series = _measured(tmp_path / "a.mrc", 1)
    before = content_mark(series)
    (tmp_path / "a.csv").write_text("time_s,temperature_c\n0,90\n1,120\n")
    _measured(tmp_path / "a_1.ser", 2)
    content_mark.cache_clear()
    assert content_mark(series) == before


@pytest.mark.parametrize(("named", "read_with_it"), [("a.emi", "a_1.ser"), ("a.emi", "a_12.ser"), ("a_1.ser", "a.emi"), ("a.rpl", "a.raw")])
def test_other_parts_of_a_file_are_another_mark(tmp_path: Path, named: str, read_with_it: str) -> None:
    path, marks = _measured(tmp_path / named, 1), []
    for seed in (2, 3):
        _measured(tmp_path / read_with_it, seed)
        content_mark.cache_clear()
        marks.append(content_mark(path))
    assert marks[0] != marks[1]


def _measured_store(folder: Path, seed: int, pieces: int = 12) -> str:
    """A folder of many files, as a zarr store is."""
    (folder / "c/0").mkdir(parents=True)
    for number in range(pieces):
        (folder / f"c/0/{number}").write_bytes(np.random.default_rng((seed, number)).bytes(50_000))
    return str(folder)


def test_copied_stores_keep_their_mark_and_others_have_another(tmp_path: Path) -> None:
    first, copied, other, shorter = (
        _measured_store(tmp_path / name, *arguments)
        for name, arguments in {"a.zarr": (1,), "b.zarr": (1,), "c.zarr": (2,), "d.zarr": (1, 11)}.items()
    )
    assert content_mark(first) == content_mark(copied)
    assert len({content_mark(store) for store in (first, other, shorter)}) == 3


def test_a_store_counts_with_all_its_files_in_the_memory_of_a_job(tmp_path: Path) -> None:
    store = _measured_store(tmp_path / "a.zarr", 1)
    assert stores_mb([store, _measured(tmp_path / "b.emd", 1)]) == 0.6


def test_another_network_as_the_specimen_is_another_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path may name an environment variable."""
    monkeypatch.setenv("NETWORKS", str(tmp_path / "networks"))
    config = configuration() | {"simulate": SIMULATE | {"network_path": "$NETWORKS/some.data"}}
    write_session(tmp_path, config)
    wanted = "results/tiny/raw/calibration.rapid.emd"
    missing = snakemake(tmp_path, wanted, "--dry-run")
    assert missing.returncode != 0 and str(tmp_path / "networks/some.data") in missing.stdout + missing.stderr
    (tmp_path / "networks").mkdir()
    network = tmp_path / "networks/some.data"
    network.write_text(NETWORK)
    run = snakemake(tmp_path, wanted)
    assert run.returncode == 0, run.stdout + run.stderr
    network.touch()
    assert counted_jobs(snakemake(tmp_path, wanted, "--dry-run")) == {}
    network.write_text(f"{NETWORK}\n")
    assert counted_jobs(snakemake(tmp_path, wanted, "--dry-run")) == {"simulate_acquisition": 1}
