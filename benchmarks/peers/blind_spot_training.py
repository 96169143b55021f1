"""Training of SUPPORT and UDVD on one tilt series, with the patches, the optimiser and the neighbours that `neighbours` has."""

import copy
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers.blind_spot_networks import PIXEL, Support, Udvd
from rapidstem.denoising.neighbours import HiddenRowSampler, SeriesContext
from rapidstem.denoising.networks.compute_precision import best_device
from rapidstem.denoising.networks.unets import DenoisingNetwork
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.denoising.settings import FRESH, NEIGHBOURS, NetworkSettings
from rapidstem.denoising.training.denoiser_training import CHECKPOINT, take_all_steps
from rapidstem.denoising.training.distributed import ProcessGroup
from rapidstem.denoising.training.optimisers import Optimiser
from rapidstem.denoising.training.training_state import Checkpoint, TrainingState
from rapidstem.progress import Progress

PEERS = ("support", "udvd")
# Operations (10^12) of the 300 steps of `neighbours` (benchmarks/network_operations.py); every peer takes as many.
BUDGET_TFLOP = 11.7
# Channels and patches a step with which a peer that is blind in single pixels takes nearly 300 steps, too. The papers' networks are wider
# (48 and 64 channels) and learn for days of a graphics card.
_WIDTHS, _BATCHES = {"support": 24, "udvd": 16}, {"support": 16, "udvd": 8}
# Of fresh weights, as for `neighbours`.
_LEARNING_RATE = 1.25e-3


class BlindSpotSampler(HiddenRowSampler):
    """Patches of which every pixel counts: what must not be seen, the networks hide themselves."""

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places."""
        frames, neighbours = self.patches(count, random)
        return PatchBatch(_images(frames, neighbours), frames[:, None], torch.ones(count, device=frames.device))


def peer_network(name: str, blind: str = PIXEL) -> DenoisingNetwork:
    """An untrained network for a frame and the two neighbours on either side."""
    return Support(_WIDTHS[name], 4, blind) if name == "support" else Udvd(_WIDTHS[name], blind)


def peer_settings(network: DenoisingNetwork, name: str, budget_tflop: float) -> NetworkSettings:
    """Of its training: the steps that the budget allows."""
    settings = denoiser_settings(NEIGHBOURS, {"start_from": FRESH, "learning_rate": _LEARNING_RATE, "batch_size": _BATCHES[name]})
    assert isinstance(settings, NetworkSettings)
    patches = torch.rand(settings.batch_size, 5, settings.patch_size_px, settings.patch_size_px)
    with FlopCounterMode(display=False) as counter:
        network(patches).mean().backward()
    steps = max(1, round(budget_tflop * 1e12 / counter.get_total_flops()))
    return replace(settings, steps=steps, validation_interval=min(steps, settings.validation_interval))


def train_peer(network: DenoisingNetwork, series: SeriesContext, settings: NetworkSettings, name: str) -> DenoisingNetwork:
    """The average of its weights after training on all frames of a series."""
    device = best_device()
    network = network.train().on(device)
    average = copy.deepcopy(network).requires_grad_(False)
    state = TrainingState(network, average, Optimiser(network, settings.optimiser))
    sampler = BlindSpotSampler(series, settings.patch_size_px, device)
    with tempfile.TemporaryDirectory() as folder, Progress(name, settings.steps, "step") as progress:
        take_all_steps(state, sampler, None, settings, Checkpoint(Path(folder, CHECKPOINT), name), progress, ProcessGroup())
    return state.average.eval()


def answers(network: DenoisingNetwork, series: SeriesContext, chosen: Sequence[int]) -> np.ndarray:
    """The chosen frames without noise, in their counts: mean of the answers to them and to them turned upside down."""
    frames, neighbours = (torch.from_numpy(images[list(chosen)]) for images in (series.scaled, series.neighbours))
    found = []
    with torch.inference_mode():
        for frame, others in zip(frames, neighbours, strict=True):
            images = _images(frame[None], others[None])
            found.append(((network(images) + network(images.flip(2)).flip(2)) / 2)[0, 0].numpy())
    _, _, low, width = series.scales[list(chosen)].T[..., None, None]
    return np.stack(found) * width + low


def denoised_by_peer(name: str, series: SeriesContext, chosen: Sequence[int], blind: str, budget_tflop: float) -> np.ndarray:
    """The chosen frames as a peer gives them that has learned from all of the series."""
    torch.manual_seed(1)
    network = peer_network(name, blind)
    settings = peer_settings(network, name, budget_tflop)
    return answers(train_peer(network, series, settings, name), series, chosen)


def _images(frames: torch.Tensor, neighbours: torch.Tensor) -> torch.Tensor:
    return torch.cat([frames[:, None], neighbours], 1)
