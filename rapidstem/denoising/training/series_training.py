"""Training on a tilt series alone: hidden rows of its frames are predicted from other rows and from the neighbours in tilt."""

import copy
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rapidstem.denoising.fields import OwnScaling
from rapidstem.denoising.model_files import TrainedModel, load_start, save_model
from rapidstem.denoising.model_paths import LOSSES
from rapidstem.denoising.neighbours import HiddenRowSampler, SeriesContext
from rapidstem.denoising.networks import DenoisingNetwork, best_device, new_network
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training.denoiser_training import CHECKPOINT, take_all_steps
from rapidstem.denoising.training.distributed import ProcessGroup
from rapidstem.denoising.training.optimisers import Optimiser
from rapidstem.denoising.training.training_state import Checkpoint, TrainingState, weights_digest
from rapidstem.errors import InputError
from rapidstem.files import write_table
from rapidstem.progress import Progress


def train_on_series(series: SeriesContext, settings: NetworkSettings, folder: Path, name: str) -> TrainedModel:
    """Train a network to predict hidden rows of a series, and write its weights, card and losses into `folder`.

    A training that was interrupted goes on from its last checkpoint.

    Parameters
    ----------
    series
        Nothing else is learned from, but for the weights that `settings.start_from` names.
    settings
        With the sampler `neighbours`.
    folder
        Of the model.
    name
        Of the series.

    Raises
    ------
    InputError
        if frames are smaller than a patch, weights to start from belong to another network, or the loss stops being a number.
    """
    size = settings.patch_size_px
    if min(series.frames.shape[1:]) < size:
        raise InputError(f"{name}: frames of {series.frames.shape[1:]} px are smaller than a patch of {size} px; lower patch_size_px")
    device = best_device()
    state = _first_state(settings, device)
    first = state.average.state_dict() if settings.start_from else {}
    checkpoint = Checkpoint(folder / CHECKPOINT, _fingerprint(series, settings, first))
    checkpoint.load(state)
    sampler = HiddenRowSampler(series, size, device)
    with Progress(f"neighbours of {name}", settings.steps, "step", state.step) as progress:
        take_all_steps(state, sampler, None, settings, checkpoint, progress, ProcessGroup())
    card = {"denoiser": "neighbours", "data": {"pixel_size_nm": None, "dwell_time_s": None, "training": [name], "validation": []}}
    model = TrainedModel(state.average.cpu().eval(), settings, OwnScaling(), card)
    write_table(folder / LOSSES, state.loss_curve())
    save_model(folder, model)
    checkpoint.path.unlink(missing_ok=True)
    return model


def _first_state(settings: NetworkSettings, device: torch.device) -> TrainingState:
    torch.manual_seed(settings.seed)
    network = new_network(settings)
    if settings.start_from:
        network.load_state_dict(_with_more_inputs(load_start(settings).network, network))
    network = network.train().on(device)
    return TrainingState(network, copy.deepcopy(network).requires_grad_(False), Optimiser(network, settings.optimiser))


def _with_more_inputs(given: DenoisingNetwork, wanted: nn.Module) -> dict[str, torch.Tensor]:
    """Weights of a network, for one that sees more images: what it has not seen begins without any weight."""
    weights, wider = given.state_dict(), wanted.state_dict()["input.weight"]
    known = weights["input.weight"]
    return weights | {"input.weight": torch.cat([known, torch.zeros_like(wider[:, known.shape[1] :])], 1)}


def _fingerprint(series: SeriesContext, settings: NetworkSettings, first: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(json.dumps([asdict(settings), weights_digest(first)]).encode())
    for values in (series.frames, series.tilt_rad, series.shift_px):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
