"""Sessions that use, or start from, a network that was trained earlier."""

from pathlib import Path

import pandas as pd
import pytest
import torch

from rapidstem.denoising.fields.intensity_scaling import IntensityScaling
from rapidstem.denoising.model_files import TrainedModel, load_model, save_model
from rapidstem.denoising.networks.architectures import new_network
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError
from rapidstem_workflow.session_opening import open_session
from tests.workflow.tiny_session import FIELDS, configuration, counted_jobs, planned_jobs, sheet_text, snakemake, write_session

SETTINGS = NetworkSettings("slow", network="residual-unet", width=8)
UNTRAINED_FIELDS = [field for field in FIELDS if field[1] != "training"]


def written_model(folder: Path, pixel_size_nm: float = 4.56) -> Path:
    """An untrained network in the files of a trained one, whose conditions are those of the tiny session."""
    torch.manual_seed(0)
    card = {"denoiser": "dlf-slow", "data": {"pixel_size_nm": pixel_size_nm, "dwell_time_s": 114e-9}}
    save_model(folder, TrainedModel(new_network(SETTINGS), SETTINGS, IntensityScaling(6000, 17000, 7000, 18000), card))
    pd.DataFrame({"step": [1], "training_loss": [1.0], "validation_loss": [1.0], "seconds": [1.0]}).to_csv(
        folder / "losses.csv", index=False
    )
    return folder


def with_denoiser(**settings: object) -> dict:
    return configuration() | {"denoisers": [{"name": "dlf-slow", **settings}]}


def test_a_given_model_needs_no_training_fields(tmp_path: Path) -> None:
    model = written_model(tmp_path / "model")
    write_session(tmp_path, with_denoiser(model=str(model)), sheet_text(UNTRAINED_FIELDS))
    planned = planned_jobs(tmp_path)
    assert planned["adopt_model"] == 1
    assert "train_denoiser" not in planned and "choose_fields" not in planned


def test_a_given_model_denoises_what_it_fits(tmp_path: Path) -> None:
    written_model(tmp_path / "fits")
    written_model(tmp_path / "fits-not", pixel_size_nm=2.1)
    sheet = sheet_text([field for field in UNTRAINED_FIELDS if field[0] != "series"])
    target = "results/tiny/denoised/dlf-slow/test-a.ome.tif"
    config = with_denoiser(model="fits-not") | {"tomography": {"denoisers": []}}
    write_session(tmp_path, config, sheet)
    run = snakemake(tmp_path, target)
    assert run.returncode != 0
    assert "pixels of 4.56 nm where it was trained with 2.1 nm" in run.stdout + run.stderr
    assert not (tmp_path / target).exists()
    config["denoisers"][0]["model"] = "fits"
    write_session(tmp_path, config, sheet)
    run = snakemake(tmp_path, target)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / target).exists()
    assert load_model(tmp_path / "results/tiny/models/dlf-slow").card["adopted_from"] == "fits"


@pytest.mark.parametrize("setting", ["model", "start_from"])
def test_the_place_of_the_model_that_comes_with_the_code_is_no_matter_of_a_session(tmp_path: Path, setting: str) -> None:
    write_session(tmp_path, with_denoiser(**{setting: "general"}))
    run = snakemake(tmp_path, "--dry-run")
    assert counted_jobs(run)["adopt_model" if setting == "model" else "train_denoiser"] == 1
    assert "resources/models" not in run.stdout + run.stderr


def test_training_waits_for_the_weights_that_it_starts_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = written_model(tmp_path / "model")
    write_session(tmp_path, with_denoiser(start_from=str(model), network="residual-unet", width=8))
    planned = planned_jobs(tmp_path)
    assert planned["train_denoiser"] == 1
    assert "adopt_model" not in planned


@pytest.mark.parametrize("setting", ["model", "start_from"])
def test_a_model_that_is_not_there_is_named_before_any_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    write_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"denoisers: dlf-slow: {setting}': nowhere holds no trained model \(model.json"):
        open_session(with_denoiser(**{setting: "nowhere"}))
