"""Series with frames that hold no numbers: every filter refuses them by their numbers, before anything is made of them."""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from rapidstem.denoising import LOSSES, NetworkSettings, TrainedModel, save_model
from rapidstem.denoising.bm3d import write_filter
from rapidstem.denoising.bm3d.block_matching import TunedFilter
from rapidstem.denoising.bm3d.noise_statistics import NoiseStatistics
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling
from rapidstem.denoising.networks.architectures import ARCHITECTURES
from rapidstem.frames import Drift, write_drift

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
SIDE, SPOILT = 32, 5
REFUSED = f"1 frame: holds values that are no numbers ({SPOILT}); take these frames"


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What the job of a script says of a series with a frame that is no number, a network that was trained elsewhere at hand."""
    frames = np.random.default_rng(1).normal(9000, 900, (8, SIDE, SIDE)).astype(np.float32)
    frames[SPOILT] = np.nan
    tifffile.imwrite(tmp_path / "series.tif", frames, photometric="minisblack")
    settings = NetworkSettings(target="slow", width=4, depth=2, precision="float32")
    card = {"denoiser": "theirs", "data": {"pixel_size_nm": 2.0, "dwell_time_s": None}, "adopted_from": "elsewhere"}
    scaling = IntensityScaling(7000.0, 11000.0, 7000.0, 11000.0)
    save_model(tmp_path / "model", TrainedModel(ARCHITECTURES[settings.network](4, 2).eval(), settings, scaling, card))
    (tmp_path / "model" / LOSSES).touch()
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def run(script: str, **inputs: str) -> str:
        given = SimpleNamespace(rapid=str(tmp_path / "series.tif"), map="", drift="", **inputs)
        reading = {"session": {"detector": "BF", "pixel_size_nm": 2.0}, "rows": {}}
        job = SimpleNamespace(
            input=given,
            output=SimpleNamespace(images=str(tmp_path / "denoised.ome.tif")),
            params=SimpleNamespace(reading=reading, frames=None),
            wildcards={},
            log=[str(tmp_path / "job.log")],
            rule=script,
            threads=1,
        )
        with pytest.raises(SystemExit):
            runpy.run_path(str(SCRIPTS / f"{script}.py"), init_globals={"snakemake": job})
        assert not (tmp_path / "denoised.ome.tif").exists()
        return capsys.readouterr().err

    return run


def test_a_network_refuses_a_tilt_series_with_such_frames(tmp_path: Path, refusal: Callable[..., str]) -> None:
    assert REFUSED in refusal("denoise_frames", weights=str(tmp_path / "model/weights.safetensors"))


def test_a_network_refuses_an_in_situ_series_with_such_frames(tmp_path: Path, refusal: Callable[..., str]) -> None:
    used = np.arange(8) != SPOILT
    write_drift(tmp_path / "frames.csv", Drift(np.zeros((8, 2)), np.zeros(8), used, tuple("" if use else "no" for use in used)))
    assert REFUSED in refusal("denoise_in_situ", weights=str(tmp_path / "model/weights.safetensors"), frames=str(tmp_path / "frames.csv"))


def test_bm3d_refuses_a_series_with_such_frames(tmp_path: Path, refusal: Callable[..., str]) -> None:
    (tmp_path / "bm3d").mkdir()
    write_filter(tmp_path / "bm3d", TunedFilter(NoiseStatistics(10.0, 0.0, np.ones((SIDE, SIDE))), "gw", 1.0), [])
    assert REFUSED in refusal("match_blocks", card=str(tmp_path / "bm3d/model.json"))
