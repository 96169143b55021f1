"""A tilt series whose axis stands upright in the images gives the volume of the series that lies."""

import sys
from pathlib import Path

import numpy as np
import pytest

from rapidstem.files.mrc_volumes import read_volume, write_series
from tests.workflow.tiny_session import ROOT, configuration, sheet_text, snakemake, write_session

sys.path.insert(0, str(ROOT / "tests/unit"))
from tomography_phantoms import make_phantom

SLOW = "results/tiny/tomograms/series/slow.mrc"


def tomogram(folder: Path, frames: np.ndarray, angles_deg: np.ndarray, tilt_axis: str) -> np.ndarray:
    config = configuration() | {
        "denoisers": [],
        "distortion": {"method": "none"},
        "tomography": {"denoisers": [], "iterations": 10, "tilt_axis": tilt_axis},
    }
    del config["simulate"]
    write_session(folder, config, sheet_text([("series", "tilt_series", "")]).replace(".emd", ".mrc"))
    (folder / "results/tiny/raw").mkdir(parents=True)
    for name in ("rapid", "slow"):
        write_series(folder / f"results/tiny/raw/series.{name}.mrc", frames, 9.12)
        np.savetxt(folder / f"results/tiny/raw/series.{name}.rawtlt", angles_deg)
    run = snakemake(folder, SLOW)
    assert run.returncode == 0, run.stdout + run.stderr
    return read_volume(folder / SLOW)[0]


def test_upright_series_gives_the_volume_of_the_lying_one(tmp_path: Path) -> None:
    truth = make_phantom(seed=5, size=96, frames=31, pixel_nm=9.12, rapid=False, noise=0.02)
    angles_deg = np.rad2deg(truth.geometry.angle_rad)
    frames = truth.series.astype(np.float32)
    lying = tomogram(tmp_path / "lying", frames, angles_deg, "x")
    upright = tomogram(tmp_path / "upright", np.swapaxes(frames, 1, 2), angles_deg, "y")
    assert lying.max() > 5 * lying.mean()
    assert upright == pytest.approx(lying, abs=1e-3 * float(lying.max()))
