"""All that training needs to go on where it stopped, in one file without pickled objects."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rapidstem.denoising.networks.unets import DenoisingNetwork
from rapidstem.denoising.training.optimisers import Optimiser
from rapidstem.files.atomic import written_beside

_NETWORK, _AVERAGE, _BEST, _MOMENTS = "network.", "average.", "best.", "moments."
_PROGRESS = ("step", "seconds", "best_loss", "best_step", "losses")


@dataclass
class TrainingState:
    """What changes during training.

    Attributes
    ----------
    network
        The weights that are trained.
    average
        Their exponential moving average, which is what is validated and kept.
    optimiser
        Of the network's weights.
    step
        Optimiser steps taken.
    seconds
        Spent on them.
    best
        Averaged weights of the lowest validation loss, with that loss and their step in `best_loss` and `best_step`.
    losses
        Rows of the loss curve.
    """

    network: DenoisingNetwork
    average: DenoisingNetwork
    optimiser: Optimiser
    step: int = 0
    seconds: float = 0.0
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    best_step: int = 0
    losses: list[dict[str, float]] = field(default_factory=list)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def loss_curve(self) -> pd.DataFrame:
        """Table with `step, training_loss, validation_loss, seconds`."""
        return pd.DataFrame(self.losses, columns=["step", "training_loss", "validation_loss", "seconds"])


@dataclass(frozen=True)
class Checkpoint:
    """A training state on disk.

    Attributes
    ----------
    path
        Of the file.
    fingerprint
        Of the settings and the data, so that training is never continued with others.
    """

    path: Path
    fingerprint: str

    def save(self, state: TrainingState) -> None:
        """Write `state`; the file is replaced only when the new one is complete."""
        tensors = {_NETWORK + name: tensor for name, tensor in state.network.state_dict().items()}
        tensors |= {_AVERAGE + name: tensor for name, tensor in state.average.state_dict().items()}
        tensors |= {_BEST + name: tensor for name, tensor in state.best.items()}
        tensors |= {_MOMENTS + name: tensor for name, tensor in state.optimiser.moments().items()}
        progress = json.dumps({key: getattr(state, key) for key in _PROGRESS})
        with written_beside(self.path) as temporary:
            ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
            save_file(ready, temporary, {"fingerprint": self.fingerprint, "progress": progress})

    def load(self, state: TrainingState) -> None:
        """Bring `state` to what was saved; nothing changes if nothing of this fingerprint was."""
        try:
            with safe_open(self.path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (FileNotFoundError, SafetensorError):
            return
        if metadata.get("fingerprint") != self.fingerprint:
            return
        state.network.load_state_dict(_named(tensors, _NETWORK))
        state.average.load_state_dict(_named(tensors, _AVERAGE))
        state.best = _named(tensors, _BEST)
        progress = json.loads(metadata["progress"])
        for key in _PROGRESS:
            setattr(state, key, progress[key])
        state.optimiser.remember(_named(tensors, _MOMENTS))


def _named(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def weights_digest(weights: Mapping[str, torch.Tensor]) -> str:
    """Tell weights from others: those of one path may be trained anew while a training that starts from them rests.

    Parameters
    ----------
    weights
        Tensors by name; none for a training that starts from nothing.

    Returns
    -------
    str
        SHA-256 of names and values, hexadecimal.
    """
    digest = hashlib.sha256()
    for name, tensor in weights.items():
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
