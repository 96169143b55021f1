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
from safetensors.torch import load_file
from scipy import ndimage

from rapidstem.denoising.model_files import load_model, save_weights
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.settings import OPTIMISERS, NetworkSettings
from rapidstem.denoising.training import denoiser_training as training, training_steps
from rapidstem.denoising.training.denoiser_training import split_fields, train_denoiser
from rapidstem.denoising.training.training_state import TrainingState
from rapidstem.errors import InputError

QUICK = NetworkSettings(
    target="slow",
    width=8,
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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.safetensors", "losses.csv", "model.json", "weights.safetensors"]
    losses = pd.read_csv(tmp_path / "losses.csv")
    assert losses.columns.tolist() == ["step", "training_loss", "validation_loss", "seconds"]
    assert losses.step.tolist() == [4, 8, 12]
    assert np.isfinite(losses).all().all()
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["settings"]["seed"] == QUICK.seed
    best = losses.loc[losses.validation_loss.idxmin()]
    for name, row in (("best", best), ("last", losses.iloc[-1])):
        assert card["scores"][name] == pytest.approx(row[["step", "training_loss", "validation_loss"]].to_dict(), rel=1e-6)
    assert sorted(card["data"]["training"] + card["data"]["validation"]) == ["field-0", "field-1", "field-2"]
    assert len(card["data"]["validation"]) == 1
    assert card["data"]["frames"] == 12, "of the two fields that are learned from"
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


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_interrupted_run_goes_on_to_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, optimiser: str
) -> None:
    quick = replace(QUICK, optimiser=optimiser)
    interrupted(monkeypatch, tmp_path / "parts", quick)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["checkpoint.safetensors"]
    capsys.readouterr()
    train_denoiser(FIELDS, quick, tmp_path / "parts", "dlf-slow")
    assert "step 4 of" not in (told := capsys.readouterr().err) and "step 12 of 12" in told
    train_denoiser(FIELDS, quick, tmp_path / "whole", "dlf-slow")
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))
    curves = [pd.read_csv(tmp_path / name / "losses.csv").drop(columns="seconds") for name in ("parts", "whole")]
    pd.testing.assert_frame_equal(*curves)


def test_an_interrupted_run_knows_its_best_weights_and_since_when_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "batch_loss", lambda *_: torch.tensor(0.25))
    patient = replace(QUICK, steps=100, patience_steps=12)
    interrupted(monkeypatch, tmp_path / "parts", patient)
    models = [train_denoiser(FIELDS, patient, tmp_path / name, "dlf-slow") for name in ("parts", "whole")]
    assert [[model.card["scores"][which]["step"] for which in ("best", "last")] for model in models] == [[4, 16]] * 2
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))
    assert pd.read_csv(tmp_path / "parts/losses.csv").seconds.is_monotonic_increasing


def test_a_half_written_checkpoint_is_not_continued(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/checkpoint.safetensors").write_bytes(b"half written")
    for name in ("parts", "whole"):
        train_denoiser(FIELDS, replace(QUICK, steps=2), tmp_path / name, "dlf-slow")
    assert same(weights(tmp_path / "parts"), weights(tmp_path / "whole"))


def test_a_checkpoint_of_other_settings_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(monkeypatch, tmp_path / "changed", QUICK)
    other = replace(QUICK, learning_rate=1e-3)
    train_denoiser(FIELDS, other, tmp_path / "changed", "dlf-slow")
    train_denoiser(FIELDS, other, tmp_path / "fresh", "dlf-slow")
    assert same(weights(tmp_path / "changed"), weights(tmp_path / "fresh"))


def test_a_checkpoint_of_other_start_weights_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = tmp_path / "start"
    train_denoiser(FIELDS, QUICK, start, "dlf-slow")
    from_start = replace(QUICK, start_from=str(start))
    interrupted(monkeypatch, tmp_path / "changed", from_start)
    train_denoiser(FIELDS, replace(QUICK, seed=QUICK.seed + 1), start, "dlf-slow")
    for name in ("changed", "fresh"):
        train_denoiser(FIELDS, from_start, tmp_path / name, "dlf-slow")
    assert same(*(load_file(tmp_path / name / "last.safetensors") for name in ("changed", "fresh")))


def test_a_loss_that_is_no_number_stops_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take, losses = training_steps.batch_loss, []

    def breaks_down(*arguments: object) -> torch.Tensor:
        losses.append(1)
        return take(*arguments) * (math.nan if len(losses) > 6 else 1)

    monkeypatch.setattr(training_steps, "batch_loss", breaks_down)
    with pytest.raises(
        InputError, match=r"stopped being a number before step 8; the checkpoint of step 4 is kept in .*lower learning_rate"
    ):
        train_denoiser(FIELDS, QUICK, tmp_path, "dlf-slow")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


def test_weights_that_are_no_numbers_are_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    average = training_steps.average_weights

    def break_the_last_step_before_a_checkpoint(state: TrainingState, decay: float) -> None:
        average(state, decay)
        if state.step == 7:
            next(state.network.parameters()).data.fill_(math.inf)

    monkeypatch.setattr(training_steps, "average_weights", break_the_last_step_before_a_checkpoint)
    with pytest.raises(InputError, match=r"before step 8; the checkpoint of step 4 is kept"):
        train_denoiser(FIELDS, QUICK, tmp_path, "dlf-slow")
    kept = load_file(tmp_path / "checkpoint.safetensors")
    assert all(bool(torch.isfinite(tensor).all()) for tensor in kept.values())


def without_gain_after(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation losses that fall up to a step and are the same from there on."""
    monkeypatch.setattr(training, "batch_loss", lambda network, batch, precision: torch.tensor(1.0 / min(step, next(validations))))
    validations = iter(range(4, 1000, 4))


def test_training_ends_when_nothing_is_gained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    without_gain_after(8, monkeypatch)
    settings = replace(QUICK, steps=100, patience_steps=12)
    model = train_denoiser(FIELDS, settings, tmp_path, "dlf-slow")
    assert pd.read_csv(tmp_path / "losses.csv").step.tolist() == [4, 8, 12, 16, 20]
    assert (model.card["scores"]["best"]["step"], model.card["scores"]["last"]["step"]) == (8, 20)
    assert "ends at step 20: no better validation loss for 12 steps" in capsys.readouterr().err
    last = load_file(tmp_path / "last.safetensors")
    assert not same(weights(tmp_path), last)


def test_training_without_patience_takes_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_gain_after(4, monkeypatch)
    train_denoiser(FIELDS, replace(QUICK, steps=40), tmp_path, "dlf-slow")
    assert pd.read_csv(tmp_path / "losses.csv").step.max() == 40


def test_training_starts_from_given_weights(tmp_path: Path) -> None:
    train_denoiser(FIELDS, replace(QUICK, steps=60, validation_interval=20), tmp_path / "first", "dlf-slow")
    other = [field(seed, electrons=15) for seed in range(3)]
    quick = replace(QUICK, learning_rate=1e-6)
    curves = {}
    for name, start in (("fresh", ""), ("again", str(tmp_path / "first"))):
        train_denoiser(other, replace(quick, start_from=start), tmp_path / name, "dlf-slow")
        curves[name] = pd.read_csv(tmp_path / name / "losses.csv").validation_loss
    assert curves["again"].max() < 0.5 * curves["fresh"].min()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    train_denoiser(FIELDS, QUICK, tmp_path / "first", "dlf-slow")
    start = str(tmp_path / "first")
    with pytest.raises(InputError, match=r"holds the network .* of width 8 and depth 1, but the settings say .* width 6 .*; set network"):
        train_denoiser(FIELDS, replace(QUICK, width=6, start_from=start), tmp_path, "dlf-slow")
    with pytest.raises(InputError, match=r"nowhere holds no trained model .*give the folder"):
        train_denoiser(FIELDS, replace(QUICK, start_from="nowhere"), tmp_path, "dlf-slow")
    other = load_model(tmp_path / "first").network.state_dict()
    save_weights(tmp_path / "first/weights.safetensors", dict(list(other.items())[1:]))
    with pytest.raises(InputError, match="holds no weights of the network"):
        train_denoiser(FIELDS, replace(QUICK, start_from=start), tmp_path, "dlf-slow")


def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    for processes in (1, 2):
        train_denoiser(FIELDS, replace(QUICK, processes=processes), tmp_path / str(processes), "dlf-slow", threads=2)
    curves = [pd.read_csv(tmp_path / name / "losses.csv").drop(columns="seconds") for name in ("1", "2")]
    pd.testing.assert_frame_equal(*curves, rtol=1e-4)
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == sorted(path.name for path in (tmp_path / "2").iterdir())


def test_what_is_wrong_with_the_data_ends_all_processes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too small for patches"):
        train_denoiser(FIELDS, replace(QUICK, processes=2, patch_size_px=512), tmp_path, "dlf-slow")


def test_a_graphics_card_that_is_too_small_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*arguments: object) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(training_steps, "batch_loss", no_memory)
    with pytest.raises(InputError, match=r"a step with 4 patches of 16 px; lower batch_size, patch_size_px or width"):
        train_denoiser(FIELDS, QUICK, tmp_path, "dlf-slow")


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
    assert model.card["scores"]["best"] == model.card["scores"]["last"]
    assert model.card["scores"]["last"]["validation_loss"] is None
    assert pd.read_csv(tmp_path / "losses.csv").validation_loss.isna().all()


def test_no_field_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no field of view"):
        train_denoiser([], QUICK, tmp_path, "dlf-slow")


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [training_steps.rate_share(step, 100) for step in range(100)]
    assert shares[0] == pytest.approx(0.2)
    assert max(shares) == pytest.approx(1) and shares.index(max(shares)) in (4, 5)
    assert shares[-1] < 0.01
    assert training_steps.rate_share(10, 15) == pytest.approx(0.5 * (1 + math.cos(math.pi * 9 / 14)))


def test_the_card_says_what_is_told_of_the_fields_from_the_first_writing_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(training, "save_model", lambda folder, model: written.append(model.card["data"]))
    train_denoiser(FIELDS, replace(QUICK, steps=4), tmp_path, "dlf-slow", data={"training": [], "simulated_fields": 3})
    assert [(data["training"], data["simulated_fields"], data["frames"]) for data in written] == [([], 3, written[0]["frames"])]
    assert written[0]["frames"] > 0 and written[0]["pixel_size_nm"] == 4.56
