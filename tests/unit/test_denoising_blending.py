"""Which weights are kept where training starts from given ones: never worse ones, and with a single field those that were given."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from denoising_phantoms import field
from safetensors.torch import load_file
from torch import nn

from rapidstem.denoising.model_files import TrainedModel, load_model
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training import weight_blending
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.denoising.training.training_state import Checkpoint, TrainingState
from rapidstem.denoising.training.weight_blending import best_blend, kept_network

SETTINGS = NetworkSettings(
    target="slow",
    width=8,
    depth=1,
    patch_size_px=16,
    batch_size=4,
    steps=60,
    validation_interval=20,
    learning_rate=3e-3,
    precision="float32",
)
FIELDS = [field(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model to start from."""
    folder = tmp_path_factory.mktemp("given")
    train_denoiser([field(seed) for seed in range(10, 18)], SETTINGS, folder, "dlf-slow")
    return folder


def same(first: TrainedModel, second: TrainedModel) -> bool:
    weights = second.network.state_dict()
    return all(torch.equal(tensor, weights[name]) for name, tensor in first.network.state_dict().items())


def from_zero_to_one() -> tuple[nn.Linear, dict[str, torch.Tensor]]:
    """A network whose weights are 1, and first weights of 0."""
    network = nn.Linear(1, 1)
    start = {name: torch.zeros_like(weights) for name, weights in network.state_dict().items()}
    network.load_state_dict({name: torch.ones_like(weights) for name, weights in start.items()})
    return network, start


@pytest.mark.parametrize(("lowest", "found"), [(0.3, 0.3), (-0.4, 0.0), (0.5, 0.5), (1.7, 1.0)])
def test_the_lowest_loss_between_first_and_last_weights_is_found(lowest: float, found: float, monkeypatch: pytest.MonkeyPatch) -> None:
    network, start = from_zero_to_one()
    monkeypatch.setattr(weight_blending, "batch_loss", lambda network, batch, precision: 1 + (network.weight.item() - lowest) ** 2)
    blend = best_blend(network, 1 + (1 - lowest) ** 2, start, None, "float32")  # type: ignore[arg-type]
    assert blend.tuned_share == pytest.approx(found, abs=1e-6)
    assert blend.weights["weight"].item() == pytest.approx(found, abs=1e-6)
    assert blend.validation_loss == pytest.approx(1 + (found - lowest) ** 2, abs=1e-6)


def test_a_loss_that_bulges_between_two_ends_is_lowest_at_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    network, start = from_zero_to_one()
    monkeypatch.setattr(weight_blending, "batch_loss", lambda network, batch, precision: 3 - (network.weight.item() - 0.6) ** 2)
    assert best_blend(network, 3 - 0.4**2, start, None, "float32").tuned_share == 0.0  # type: ignore[arg-type]


@pytest.mark.parametrize(("best_loss", "kept", "said"), [(0.9, 0.25, {}), (1.1, 0.0, {"tuned_share": 0.0, "validation_loss": 1.0})])
def test_weights_on_the_way_are_kept_where_no_blend_is_better(
    best_loss: float, kept: float, said: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, start = from_zero_to_one()
    best = {name: torch.full_like(weights, 0.25) for name, weights in start.items()}
    monkeypatch.setattr(weight_blending, "batch_loss", lambda network, batch, precision: 1 + network.weight.item() ** 2)
    state = TrainingState(network, network, None, best=best, best_loss=best_loss, losses=[{"validation_loss": 2.0}])  # type: ignore[arg-type]
    found, blend = kept_network(state, start, object(), "float32")  # type: ignore[arg-type]
    assert found.weight.item() == kept and blend == said


def test_what_is_learned_by_heart_is_not_kept(given: Path, tmp_path: Path) -> None:
    hasty = replace(SETTINGS, start_from=str(given), learning_rate=0.3, seed=1)
    model = train_denoiser(FIELDS, hasty, tmp_path, "dlf-slow")
    losses, kept = pd.read_csv(tmp_path / "losses.csv"), model.card["scores"]["kept"]
    gentle = train_denoiser(FIELDS, replace(hasty, learning_rate=1e-9), tmp_path / "gentle", "dlf-slow").card["scores"]
    assert losses.validation_loss.min() > gentle["last"]["validation_loss"], "otherwise nothing is tested"
    assert kept["validation_loss"] <= gentle["last"]["validation_loss"] * (1 + 1e-6)
    assert kept["tuned_share"] < 0.5
    assert load_model(tmp_path).card["scores"]["kept"] == kept


def test_what_helps_is_kept(given: Path, tmp_path: Path) -> None:
    other = [field(seed, electrons=8) for seed in range(20, 28)]
    model = train_denoiser(other, replace(SETTINGS, start_from=str(given), learning_rate=1e-3), tmp_path, "dlf-slow")
    assert model.card["scores"]["kept"]["tuned_share"] > 0.5
    assert model.card["scores"]["kept"]["validation_loss"] <= pd.read_csv(tmp_path / "losses.csv").validation_loss.min() * (1 + 1e-6)


def test_fresh_weights_are_not_blended(given: Path) -> None:
    model = load_model(given)
    assert "kept" not in model.card["scores"]
    assert model.card["scores"]["best"]["validation_loss"] == pytest.approx(
        pd.read_csv(given / "losses.csv").validation_loss.min(), rel=1e-6
    )


def test_a_single_field_changes_nothing(given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tuned = replace(SETTINGS, start_from=str(given))
    assert same(train_denoiser(FIELDS[:1], tuned, tmp_path / "one", "dlf-slow"), load_model(given))
    assert "warning: one field leaves none to validate on: the weights to start from are kept" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "one/losses.csv").step.tolist() == [0]
    forced = train_denoiser(FIELDS[:1], replace(tuned, validation_share=0.0), tmp_path / "forced", "dlf-slow")
    assert not same(forced, load_model(given))
    last = load_file(tmp_path / "forced/last.safetensors")
    assert all(torch.equal(weights, last[name]) for name, weights in forced.network.state_dict().items())


def test_a_single_field_changes_nothing_beside_a_checkpoint_of_its_own(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = replace(SETTINGS, start_from=str(given))

    def partly_trained(checkpoint: Checkpoint, state: TrainingState) -> None:
        state.step = 20
        torch.nn.init.ones_(next(state.average.parameters()))

    monkeypatch.setattr(Checkpoint, "load", partly_trained)
    assert same(train_denoiser(FIELDS[:1], tuned, tmp_path, "dlf-slow"), load_model(given))
