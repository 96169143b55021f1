"""Training: it learns, goes on where it stopped, and stops when it must."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from denoising_phantoms import field
from scipy import ndimage

from rapidstem.denoising import training
from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training import split_fields, train_denoiser
from rapidstem.errors import InputError

QUICK = NetworkSettings(
    target="slow",
    width=4,
    depth=1,
    patch_size_px=16,
    batch_size=4,
    steps=12,
    validation_interval=4,
    learning_rate=3e-3,
    precision="float32",
)
FIELDS = [field(seed) for seed in range(3)]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(folder).network.state_dict()


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_it_removes_noise_and_gives_the_targets_intensities(tmp_path: Path) -> None:
    settings = replace(QUICK, width=8, depth=2, patch_size_px=32, batch_size=8, steps=250, validation_interval=125)
    fields = [field(seed, brightness) for seed, brightness in enumerate((1.0, 0.4, 1.0, 0.4, 1.0, 0.4))]
    model = train_denoiser(fields, settings, tmp_path, "dlf-slow")
    for brightness in (1.0, 0.4):
        unseen = field(99, brightness)
        inside = (slice(12, -12), slice(12, -12))
        expected = ndimage.shift(unseen.reference, unseen.shift_px[0], order=3)[inside]
        found = denoise_stack(model, unseen.frames[:1])[0][inside]
        raw = 300 + 2000 * (unseen.frames[0][inside] - 1000.0) / (50 * 30)
        assert np.mean((found - expected) ** 2) < 0.3 * np.mean((raw - expected) ** 2)
        assert np.mean((found - expected) ** 2) < 0.5 * expected.var()
        assert found.mean() == pytest.approx(expected.mean(), rel=0.05)


def test_what_is_written(tmp_path: Path) -> None:
    train_denoiser(FIELDS, QUICK, tmp_path, "dlf-slow")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["losses.csv", "model.json", "weights.safetensors"]
    losses = pd.read_csv(tmp_path / "losses.csv")
    assert losses.columns.tolist() == ["step", "training_loss", "validation_loss", "seconds"]
    assert losses.step.tolist() == [4, 8, 12]
    assert np.isfinite(losses).all().all()
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["settings"]["seed"] == QUICK.seed
    assert card["scores"]["validation_loss"] == pytest.approx(losses.validation_loss.min())
    assert sorted(card["data"]["training"] + card["data"]["validation"]) == ["field-0", "field-1", "field-2"]
    assert len(card["data"]["validation"]) == 1
    assert card["data"]["pixel_size_nm"] == 4.56


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_denoiser(FIELDS, replace(QUICK, seed=seed), tmp_path / name, "dlf-slow")
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def interrupted(monkeypatch: pytest.MonkeyPatch, folder: Path, settings: NetworkSettings) -> None:
    """Train, and be killed right after the second checkpoint."""
    save = training.Checkpoint.save

    def save_and_stop(checkpoint: training.Checkpoint, state: training.TrainingState) -> None:
        save(checkpoint, state)
        if len(state.losses) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training.Checkpoint, "save", save_and_stop)
        train_denoiser(FIELDS, settings, folder, "dlf-slow")


def test_an_interrupted_run_goes_on_to_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    interrupted(monkeypatch, tmp_path / "parts", QUICK)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["checkpoint.safetensors"]
    capsys.readouterr()
    train_denoiser(FIELDS, QUICK, tmp_path / "parts", "dlf-slow")
    assert "step 4 of" not in (told := capsys.readouterr().err) and "step 12 of 12" in told
    train_denoiser(FIELDS, QUICK, tmp_path / "whole", "dlf-slow")
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))
    curves = [pd.read_csv(tmp_path / name / "losses.csv").drop(columns="seconds") for name in ("parts", "whole")]
    pd.testing.assert_frame_equal(*curves)


def test_a_checkpoint_of_other_settings_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(monkeypatch, tmp_path / "changed", QUICK)
    other = replace(QUICK, learning_rate=1e-3)
    train_denoiser(FIELDS, other, tmp_path / "changed", "dlf-slow")
    train_denoiser(FIELDS, other, tmp_path / "fresh", "dlf-slow")
    assert same(weights(tmp_path / "changed"), weights(tmp_path / "fresh"))


def test_a_loss_that_is_no_number_stops_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take, losses = training._loss, []

    def breaks_down(*arguments: object) -> torch.Tensor:
        losses.append(1)
        return take(*arguments) * (math.nan if len(losses) > 6 else 1)

    monkeypatch.setattr(training, "_loss", breaks_down)
    with pytest.raises(
        InputError, match=r"stopped being a number before step 8; the checkpoint of step 4 is kept in .*lower learning_rate"
    ):
        train_denoiser(FIELDS, QUICK, tmp_path, "dlf-slow")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


def test_fields_are_split_never_frames() -> None:
    fields = [field(seed) for seed in range(10)]
    learned, validated = split_fields(fields, 0.2, seed=3)
    assert len(validated) == 2
    assert sorted(each.name for each in learned + validated) == sorted(each.name for each in fields)
    assert [each.name for each in split_fields(fields, 0.2, seed=4)[1]] != [each.name for each in validated]
    assert [len(part) for part in split_fields(fields, 0.0, seed=3)] == [10, 0]
    assert [len(part) for part in split_fields(fields[:2], 0.2, seed=3)] == [1, 1]
    assert [len(part) for part in split_fields(fields[:1], 0.2, seed=3)] == [1, 0]


def test_one_field_is_enough_to_train_on(tmp_path: Path) -> None:
    model = train_denoiser(FIELDS[:1], QUICK, tmp_path, "dlf-slow")
    assert model.card["scores"]["validation_loss"] is None
    assert pd.read_csv(tmp_path / "losses.csv").validation_loss.isna().all()


def test_no_field_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no field of view"):
        train_denoiser([], QUICK, tmp_path, "dlf-slow")


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [training._rate_share(step, 100) for step in range(100)]
    assert shares[0] == pytest.approx(0.2)
    assert max(shares) == pytest.approx(1) and shares.index(max(shares)) in (4, 5)
    assert shares[-1] < 0.01
