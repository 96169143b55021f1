"""Results in the formats of others: asked for in the configuration, made by rules of their own."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from rapidstem.errors import ResourceError
from rapidstem.files import write_volume, write_zarr_volume
from rapidstem_workflow.session_checks import check_optional_packages
from rapidstem_workflow.session_opening import open_session
from tests.workflow.tiny_session import FIELDS, configuration, counted_jobs, planned_jobs, sheet_text, snakemake, write_session

BOTH = {"results": {"volumes": ["mrc", "ome-zarr"], "series": ["ome-tiff", "ome-zarr"]}}
NEEDED = r"OME-Zarr needs the packages of the group ome-zarr; install them \(pip install \.\[ome-zarr\]\)"


def test_stores_are_planned_where_they_are_asked_for(tmp_path: Path) -> None:
    write_session(tmp_path)
    assert not planned_jobs(tmp_path).keys() & {"export_volume", "export_series"}
    write_session(tmp_path, configuration() | BOTH)
    planned = counted_jobs(snakemake(tmp_path, "--dry-run", "--software-deployment-method", "env-modules"))
    assert (planned["export_volume"], planned["export_series"]) == (2, 1)


def test_missing_packages_are_said_before_any_job_and_are_no_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_session(tmp_path, configuration() | BOTH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rapidstem.files.ome_zarr.find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=rf"Configuration key 'results': {NEEDED}"):
        check_optional_packages(open_session(configuration() | BOTH))
    check_optional_packages(open_session(configuration()))
    with pytest.raises(ResourceError, match=rf"a\.ome\.zarr: {NEEDED}"):
        write_zarr_volume(tmp_path / "a.ome.zarr", np.zeros((2, 2, 2), np.float32), 1)
    write_session(tmp_path, configuration() | BOTH, sheet_text([field for field in FIELDS if field[0] != "series"]))
    check_optional_packages(open_session(configuration() | BOTH))


@pytest.mark.skipif(all(map(find_spec, ("zarr", "yaozarrs"))), reason="the packages of the group ome-zarr are installed")
def test_a_run_without_the_packages_ends_before_its_first_job(tmp_path: Path) -> None:
    write_session(tmp_path, configuration() | BOTH)
    run = snakemake(tmp_path)
    assert run.returncode != 0 and re.search(f"Configuration key 'results': {NEEDED}", run.stdout + run.stderr)
    assert not (tmp_path / "results").exists(), "a job has started"


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
