"""Results in the formats of others: asked for in the configuration, made by rules of their own."""

from pathlib import Path

import numpy as np
import pytest

from rapidstem.files import write_volume
from tests.workflow.tiny_session import configuration, planned_jobs, snakemake, write_session

BOTH = {"results": {"volumes": ["mrc", "ome-zarr"], "series": ["ome-tiff", "ome-zarr"]}}


def test_stores_are_planned_where_they_are_asked_for(tmp_path: Path) -> None:
    write_session(tmp_path)
    assert not planned_jobs(tmp_path).keys() & {"export_volume", "export_series"}
    write_session(tmp_path, configuration() | BOTH)
    planned = planned_jobs(tmp_path)
    assert (planned["export_volume"], planned["export_series"]) == (2, 1)


def test_a_volume_is_exported_whole(tmp_path: Path) -> None:
    yaozarrs = pytest.importorskip("yaozarrs", reason="the packages of the group ome-zarr are not installed")
    zarr = pytest.importorskip("zarr", reason="the packages of the group ome-zarr are not installed")
    write_session(tmp_path, configuration() | BOTH)
    volume = np.random.default_rng(0).normal(size=(70, 40, 200)).astype(np.float32)
    write_volume(tmp_path / "results/tiny/tomograms/series/slow.mrc", volume, 4.56)
    store = tmp_path / "results/tiny/tomograms/series/slow.ome.zarr"
    run = snakemake(tmp_path, f"{store.relative_to(tmp_path)}/zarr.json", "--allowed-rules", "export_volume")
    assert run.returncode == 0, run.stdout + run.stderr
    yaozarrs.validate_zarr_store(store)
    np.testing.assert_array_equal(zarr.open_group(store, mode="r")["0"][:], volume)
