"""Steps of a training: what each of them sees, what is judged, and how weights are averaged."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from denoising_phantoms import field

from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training import denoiser_training as training, training_steps
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.denoising.training.training_state import TrainingState

SETTINGS = NetworkSettings("slow", width=8, depth=1, patch_size_px=16, batch_size=4, steps=10, validation_interval=4, precision="float32")


def test_each_step_has_patches_of_its_own_and_all_validations_the_same_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learned, judged, trainable = [], [], []

    def loss(network: torch.nn.Module, batch: PatchBatch, precision: str) -> torch.Tensor:
        learned.append(batch.inputs)
        return 0 * sum(weights.sum() for weights in network.parameters()) + len(learned)

    def judge(network: torch.nn.Module, batch: PatchBatch, precision: str) -> torch.Tensor:
        judged.append(batch.inputs)
        trainable.extend(each.requires_grad for each in network.parameters())
        return torch.tensor(1.0)

    monkeypatch.setattr(training_steps, "batch_loss", loss)
    monkeypatch.setattr(training, "batch_loss", judge)
    train_denoiser([field(seed) for seed in range(3)], SETTINGS, tmp_path, "dlf-slow")
    losses = pd.read_csv(tmp_path / "losses.csv")
    assert losses.step.tolist() == [4, 8, 10] and losses.training_loss.tolist() == [2.5, 6.5, 9.5]
    assert not torch.equal(learned[0], learned[1])
    assert len(judged) == 3 and all(torch.equal(batch, judged[0]) for batch in judged)
    assert not any(trainable), "the averaged weights are judged"


@pytest.mark.parametrize(("step", "kept"), [(0, 0.1), (17, 2 / 3), (500, 0.9)])
def test_the_average_forgets_its_first_values_faster(step: int, kept: float) -> None:
    network, average = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight), torch.nn.init.ones_(average.weight)
    training_steps.average_weights(TrainingState(network, average, None, step=step), 0.9)  # type: ignore[arg-type]
    assert average.weight.item() == pytest.approx(kept)
