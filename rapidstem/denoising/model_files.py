"""Trained models on disk: the weights as safetensors, and a model card that says what they are."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import rapidstem
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling, Scaling, scaling_of
from rapidstem.denoising.model_paths import CARD, WEIGHTS, model_folder, model_format
from rapidstem.denoising.networks.architectures import new_network
from rapidstem.denoising.networks.unets import DenoisingNetwork
from rapidstem.denoising.noise_whitening import DRAWS, rows_share_noise
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.files.scan_format import ScanFormat
from rapidstem.frames import noise_of_frames

# Of the model's range: how far intensities may reach beyond it, and how much of it they must fill; by judgement, wide enough for other
# tilts of one session.
_LARGEST_EXCESS, _LEAST_FILLING = 0.25, 0.05
# Of the electrons a pixel: `noise_of_frames` states none that it knows less well.
_DOSE_ERROR = 0.35
_PACKAGES = ("torch", "numpy", "safetensors")
# What models that were trained before version 0.1.0 call their settings and layers.
_SETTINGS_ONCE = {"lesson": "sampler"}
_LAYERS_ONCE = {"raisers": "upsamplers", "lowerers": "downsamplers"}


@dataclass(frozen=True)
class TrainedModel:
    """A network with the intensities that it works on.

    Attributes
    ----------
    network
        In evaluation mode.
    settings
        That it was trained with.
    scaling
        Of its inputs and outputs.
    card
        Everything in `model.json`.
    """

    network: DenoisingNetwork
    settings: NetworkSettings
    scaling: Scaling
    card: dict[str, Any]

    @property
    def knows_scans_alone(self) -> bool:
        """Whether it has learned from simulated fast scans, whose rows have noise of their own, and from nothing else."""
        return "ranges" in self.card.get("data", {})


def save_model(folder: Path | str, model: TrainedModel) -> None:
    """Write `weights.safetensors` and then `model.json` into `folder`; each appears only when it is complete.

    Parameters
    ----------
    folder
        Where the two files are written.
    model
        The network with its settings, scale and card.
    """
    folder = Path(folder)
    save_weights(folder / WEIGHTS, model.network.state_dict())
    card = {"settings": asdict(model.settings), "scaling": model.scaling.as_dict(), "versions": _versions(), **model.card}
    with written_beside(folder / CARD) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


def save_weights(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write a network's weights as safetensors.

    Parameters
    ----------
    path
        File to write.
    weights
        Tensors by their names.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with written_beside(path) as temporary:
        save_file(ready, temporary)


def load_model(folder: Path | str) -> TrainedModel:
    """Read a trained model.

    Parameters
    ----------
    folder
        Where `save_model` has written.

    Raises
    ------
    InputError
        if files lack, are damaged, or the weights belong to another network than the card says.
    """
    folder = Path(folder)
    try:
        card = json.loads((folder / CARD).read_text())
        settings, scaling = NetworkSettings(**_renamed(card["settings"], _SETTINGS_ONCE)), scaling_of(card["scaling"])
        weights = {_with_present_layers(name): tensor for name, tensor in load_file(folder / WEIGHTS).items()}
    except FileNotFoundError as error:
        raise InputError(f"{error.filename or folder / WEIGHTS}: there is no trained model; train it first") from None
    except (json.JSONDecodeError, KeyError, TypeError, SafetensorError) as error:
        raise InputError(f"{folder}: the model cannot be read ({error}); train it again") from error
    network = new_network(settings)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(
            f"{folder / WEIGHTS}: holds no weights of {_architecture(settings)}, which {CARD} names; train it again"
        ) from error
    return TrainedModel(network.eval(), settings, scaling, card)


def _renamed(settings: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in settings.items()}


def _with_present_layers(name: str) -> str:
    """The name of a weight, its layer called as it is today."""
    layer, _, rest = name.partition(".")
    return f"{_LAYERS_ONCE.get(layer, layer)}.{rest}"


def load_start(settings: NetworkSettings) -> TrainedModel:
    """The model that `settings.start_from` names, for a training that starts from its weights.

    Parameters
    ----------
    settings
        Of the network that is to be trained.

    Raises
    ------
    InputError
        if the model cannot be read, or its network is not that of `settings`.
    """
    model = load_model(model_folder(settings.start_from))
    own, given = _architecture(settings), _architecture(model.settings)
    if own != given:
        raise InputError(f"start_from: {settings.start_from} holds {given}, but the settings say {own}; set network, width and depth alike")
    return model


def check_fit(model: TrainedModel, frames: np.ndarray, pixel_size_nm: float, dwell_time_s: float | None) -> list[str]:
    """See whether frames are what a model was trained for, and say what is outside of it, but does not rule the model out.

    Parameters
    ----------
    model
        Whose card says what it was trained on.
    frames : (frame, y, x)
        Raw frames; a few are enough.
    pixel_size_nm, dwell_time_s
        Of the frames; what is unknown, here or in the model card, is not compared.

    Returns
    -------
    list of str
        Fewer or more electrons a pixel than in all fields that the model has learned from, by more than they can be measured to; and noise
        that neighbouring rows share, which no simulated field has.

    Raises
    ------
    InputError
        naming everything that does not fit: the pixel size by more than 5 %, the dwell time by more than 10 %, or intensities of which
        the middle 99 % reach out of the model's range by more than a quarter of it, or fill less than a twentieth of it. A model that
        works on each frame's own scale takes any intensities.
    """
    misfits = [*model_format(model.card).differences(ScanFormat(None, pixel_size_nm, dwell_time_s), "trained")]
    if isinstance(model.scaling, IntensityScaling):
        misfits += _intensity_misfits(model.scaling, frames)
    if misfits:
        name = model.card["denoiser"]
        raise InputError(f"the model {name} does not fit: {'; '.join(misfits)}; train anew, or from its weights with start_from")
    return [*_unseen_dose(model.card, frames), *_unseen_noise(model, frames)]


def _unseen_dose(card: dict[str, Any], frames: np.ndarray) -> Iterator[str]:
    if "electrons_per_px" not in card["data"].get("ranges", {}):
        return
    electrons = noise_of_frames(frames).electrons_per_px
    low, high = card["data"]["ranges"]["electrons_per_px"]
    if electrons * (1 + _DOSE_ERROR) < low or electrons > high * (1 + _DOSE_ERROR):
        learned = f"the model {card['denoiser']} has learned from {_two_digits(low)} to {_two_digits(high)} electrons a pixel"
        yield f"{learned}, these frames have some {_two_digits(electrons)}; its result is outside of what was tested"


def _two_digits(value: float) -> str:
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")


def _unseen_noise(model: TrainedModel, frames: np.ndarray) -> Iterator[str]:
    if model.knows_scans_alone and rows_share_noise(frames):
        learned = f"the model {model.card['denoiser']} has learned from fast scans, whose rows have noise of their own"
        seen = "rows of these frames share their finest structure, as those of a camera, of filtered frames or of slow scans do"
        done = f"what their noise lacks to be white is added, and {DRAWS} answers to each are averaged"
        yield f"{learned}; {seen}; {done}; it may still draw lines that are none"


def _intensity_misfits(scaling: IntensityScaling, frames: np.ndarray) -> list[str]:
    low, high = np.percentile(frames, (0.5, 99.5))
    width = scaling.input_high - scaling.input_low
    beyond = max(scaling.input_low - low, high - scaling.input_high)
    if beyond <= _LARGEST_EXCESS * width and high - low >= _LEAST_FILLING * width:
        return []
    return [f"intensities from {low:.6g} to {high:.6g} where it knows {scaling.input_low:.6g} to {scaling.input_high:.6g}"]


def _architecture(settings: NetworkSettings) -> str:
    return f"the network {settings.network} of width {settings.width} and depth {settings.depth}"


def _versions() -> dict[str, str]:
    return {"rapidstem": rapidstem.__version__, **{name: version(name) for name in _PACKAGES}}
