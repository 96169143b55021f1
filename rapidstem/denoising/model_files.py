"""Trained models on disk: the weights as safetensors, and a model card that says what they are."""

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import rapidstem
from rapidstem.denoising.architectures import new_network
from rapidstem.denoising.intensity_scaling import IntensityScaling
from rapidstem.denoising.networks import DenoisingNetwork
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside

WEIGHTS, CARD = "weights.safetensors", "model.json"
_PACKAGES = ("torch", "numpy", "safetensors")


@dataclass(frozen=True)
class TrainedModel:
    """A network with the intensities that it works on.

    Attributes
    ----------
    network : in evaluation mode.
    settings : that it was trained with.
    scaling : of its inputs and outputs.
    card : everything in `model.json`.
    """

    network: DenoisingNetwork
    settings: NetworkSettings
    scaling: IntensityScaling
    card: dict[str, Any]


def save_model(folder: Path | str, model: TrainedModel) -> None:
    """Write `weights.safetensors` and then `model.json` into `folder`; each appears only when it is complete."""
    folder = Path(folder)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.network.state_dict().items()}
    with written_beside(folder / WEIGHTS) as temporary:
        save_file(weights, temporary)
    card = {"settings": asdict(model.settings), "scaling": model.scaling.as_dict(), "versions": _versions(), **model.card}
    with written_beside(folder / CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


def load_model(folder: Path | str) -> TrainedModel:
    """Read a trained model.

    Raises
    ------
    InputError
        if files lack, are damaged, or the weights belong to another network than the card says.
    """
    folder = Path(folder)
    try:
        card = json.loads((folder / CARD).read_text())
        settings, scaling = NetworkSettings(**card["settings"]), IntensityScaling(**card["scaling"])
        weights = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise InputError(f"{error.filename or folder / WEIGHTS}: there is no trained model; train it first") from None
    except (json.JSONDecodeError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(f"{folder}: the model cannot be read ({error}); train it again") from error
    network = new_network(settings)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        expected = f"the network {settings.network} of width {settings.width} and depth {settings.depth}"
        raise InputError(f"{folder / WEIGHTS}: holds no weights of {expected}, which {CARD} names; train it again") from error
    return TrainedModel(network.eval(), settings, scaling, card)


def _versions() -> dict[str, str]:
    return {"rapidstem": rapidstem.__version__, **{name: version(name) for name in _PACKAGES}}
