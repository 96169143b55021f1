"""Other ways through the 300 steps from the general filter, on the fields that `benchmarks.fine_tuning` judges.

    python -m benchmarks.fine_tuning_ways results/demo as-it-is adamw averaged whitened smooth-loss slow-depths

All learn from patches of 128 px, four a step, at the rate of fresh weights: the best that settings give. `adamw` changes all weights by
AdamW; `averaged` keeps the rate after its rise and takes the mean weights of the last third of the steps; `whitened` learns from frames
whose noise is filled up to white noise, and answers for two such frames each; `smooth-loss` compares means over 3 x 3 pixels, and single
pixels for a sixteenth; `slow-depths` gives the second level half and the third a quarter of twice the rate.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch.nn import functional
from torch.optim import swa_utils

from benchmarks.denoisers import field_of
from benchmarks.fine_tuning import STEPS, TARGET, tilt_table, unseen_fields
from benchmarks.measured_tables import record_table
from rapidstem.denoising import TrainedModel, denoise_stack
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.noise_whitening import DRAWS, whitened
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training import training_steps
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.denoising.training.optimisers import Optimiser
from rapidstem.denoising.training.training_state import TrainingState

SETTINGS = {"patch_size_px": 128, "batch_size": 4, "learning_rate": 1.25e-3, "steps": STEPS, "validation_interval": STEPS}
ADAMW = {"optimiser": "adamw", "learning_rate": 1e-3}
AVERAGED_SHARE, SINGLE_PIXELS = 1 / 3, 0.25
# Of twice the rate, by the name of the layers.
DEPTH_RATES = {"encoders.1": 0.5, "decoders.1": 0.5, "encoders.2": 0.25}


@contextmanager
def averaged() -> Iterator[None]:
    """A rate that stays, and the mean of the weights of the last steps (stochastic weight averaging, Izmailov et al. 2018)."""
    mean = swa_utils.get_swa_multi_avg_fn()
    first = round(STEPS * (1 - AVERAGED_SHARE))

    def average(state: TrainingState, decay: float) -> None:
        mean(list(state.average.parameters()), list(state.network.parameters()), torch.tensor(max(state.step - first, 0)))

    with patch.object(training_steps, "average_weights", average), patch.object(training_steps, "rate_share", risen_rate):
        yield


def risen_rate(step: int, steps: int) -> float:
    """Share of the rate at a step: a linear rise, and no fall."""
    return min(20 * (step + 1) / steps, 1.0)


def smooth_loss(batch: PatchBatch, outputs: torch.Tensor) -> torch.Tensor:
    """The loss of the errors' means over 3 x 3 pixels, and with less weight of the errors themselves."""
    errors = outputs - batch.targets
    mixed = SINGLE_PIXELS * errors + (1 - SINGLE_PIXELS) * functional.avg_pool2d(errors, 3, 1, 1)
    return (mixed.square().mean(dim=(1, 2, 3)) * batch.weights).mean()


class DepthOptimiser(Optimiser):
    """Steps at twice the rate, which is less for the layers of the lower levels."""

    def __init__(self, network: torch.nn.Module, kind: str) -> None:
        super().__init__(network, kind)
        self._rates = [(weights, depth_rate(name)) for name, weights in network.named_parameters()]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Change all weights by their gradients."""
        before = [weights.clone() for weights, _ in self._rates]
        super().step(2 * learning_rate)
        for (weights, rate), old in zip(self._rates, before, strict=True):
            weights.copy_(torch.lerp(old, weights, rate))


def depth_rate(name: str) -> float:
    """Share of the rate that the layer `name` gets."""
    return next((rate for layers, rate in DEPTH_RATES.items() if name.startswith(layers)), 1.0)


def white_frames(frames: Iterable[np.ndarray], draw: int) -> np.ndarray:
    """Frames whose noise is filled up, (frame, y, x)."""
    return np.stack([whitened(frame, draw) for frame in frames])


def white_answers(model: TrainedModel, frames: np.ndarray) -> np.ndarray:
    """The mean of the answers to frames with other added noise, (frame, y, x)."""
    return np.mean([denoise_stack(model, white_frames(frames, draw)) for draw in range(DRAWS)], axis=0)


WAYS: dict[str, Callable] = {
    "as-it-is": nullcontext,
    "adamw": nullcontext,
    "averaged": averaged,
    "whitened": nullcontext,
    "smooth-loss": lambda: patch.object(PatchBatch, "loss", smooth_loss),
    "slow-depths": lambda: patch("rapidstem.denoising.training.denoiser_training.Optimiser", DepthOptimiser),
}


def trained(fields: list[TrainingField], way: str) -> TrainedModel:
    """A network that has gone that way through its steps."""
    settings = denoiser_settings("dlf-slow", SETTINGS | (ADAMW if way == "adamw" else {}))
    assert isinstance(settings, NetworkSettings)
    if way == "whitened":
        fields = [replace(field, frames=white_frames(field.frames, 0)) for field in fields]
    with tempfile.TemporaryDirectory() as folder, WAYS[way]():
        return train_denoiser(fields, settings, folder, way)


def main() -> None:
    """Print the table of each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("ways", nargs="*", default=[*WAYS], help=f"of {', '.join(WAYS)}; all where none is named")
    parser.add_argument("--seeds", type=int, nargs="+", default=[301, 302], help="of the fields that are judged")
    parser.add_argument("--frames", type=int, default=4, help="judged, of each field")
    arguments = parser.parse_args()
    if unknown := set(arguments.ways) - WAYS.keys():
        parser.error(f"there is no way {', '.join(unknown)}")
    torch.set_num_threads(1)
    judged = unseen_fields(arguments.session, arguments.seeds)
    learned = [field_of(arguments.session, path.name, TARGET) for path in sorted(arguments.session.glob("pairs/train*"))]
    for way in arguments.ways:
        model = trained(learned, way)
        answer = white_answers if way == "whitened" else denoise_stack
        images = {name: answer(model, field.frames[: arguments.frames]) for name, (_, field) in judged.items()}
        seconds = round(model.card["computing"]["seconds"])
        table = tilt_table(judged, images).assign(denoiser=f"dlf-slow:{way}", session=arguments.session.name, seconds=seconds)
        record_table("fine_tuning_ways", table, ["session", "denoiser", "tilt_deg"])


if __name__ == "__main__":
    main()
