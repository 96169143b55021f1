"""A session whose raw frames lie in a zarr store: followed as one thing, read by the jobs."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rapidstem.files import read_images
from tests.workflow.tiny_session import planned_jobs, snakemake, write_session

zarr = pytest.importorskip("zarr", minversion="3", reason="the packages of the group ome-zarr are not installed")

CONFIG = {
    "session": "mine",
    "acquisitions": "config/acquisitions.tsv",
    "reading": {"pixel_size_nm": 4.56},
    "denoisers": [],
    "tomography": {"denoisers": []},
    "distortion": {"method": "none"},
}
SHEET = "acquisition\tkind\ttilt\trapid\tslow\nfield\ttest\t0\t../raw/field.zarr\t\n"
DCFI = "results/mine/dcfi/field.ome.tif"


def write_frames(path: Path, seed: int) -> np.ndarray:
    """Frames of blurred spots that do not move, with noise, as a plain store."""
    random = np.random.default_rng(seed)
    spots = np.fft.rfft2(random.random((96, 96)) > 0.99)
    frequency = np.hypot(np.fft.fftfreq(96)[:, np.newaxis], np.fft.rfftfreq(96))
    image = 1000 + 8000 * np.fft.irfft2(spots * np.exp(-((8 * frequency) ** 2)), (96, 96))
    frames = random.poisson(np.clip(image, 1, None), (6, 96, 96)).astype(np.uint16)
    zarr.create_array(path, data=frames, chunks=(1, 96, 96), overwrite=True)
    return frames


def test_a_store_is_one_raw_file(tmp_path: Path) -> None:
    write_session(tmp_path, CONFIG, SHEET)
    frames = write_frames(tmp_path / "raw/field.zarr", 1)
    run = snakemake(tmp_path, DCFI)
    assert run.returncode == 0, run.stdout + run.stderr
    image, pixel_size_nm = read_images(tmp_path / DCFI)
    inside = (slice(8, -8), slice(8, -8))
    assert pixel_size_nm == pytest.approx(4.56)
    assert np.corrcoef(np.squeeze(image)[inside].ravel(), frames.mean(axis=0)[inside].ravel())[0, 1] > 0.9

    copied = shutil.copytree(tmp_path / "raw/field.zarr", tmp_path / "raw/copied.zarr", copy_function=shutil.copy)
    shutil.rmtree(tmp_path / "raw/field.zarr")
    copied.rename(tmp_path / "raw/field.zarr")
    assert "integrate_frames" not in planned_jobs(tmp_path)
    write_frames(tmp_path / "raw/field.zarr", 2)
    assert planned_jobs(tmp_path)["integrate_frames"] == 1


def test_a_half_written_store_is_refused_before_any_job(tmp_path: Path) -> None:
    write_session(tmp_path, CONFIG, SHEET)
    write_frames(tmp_path / "raw/field.zarr", 1)
    (tmp_path / "raw/field.zarr/c/3/0/0").unlink()
    run = snakemake(tmp_path, DCFI)
    assert run.returncode != 0 and "field.zarr: is half-written: 1 of the 6 pieces" in run.stdout + run.stderr
