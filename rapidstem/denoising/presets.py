"""The denoisers that can be named in a configuration, with their presets."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from rapidstem.denoising.model_paths import GENERAL
from rapidstem.denoising.setting_values import like_preset
from rapidstem.denoising.settings import NEIGHBOURS, NOISE_FREE, NOISE_MODELS, BlockMatchingSettings, DenoiserSettings, NetworkSettings
from rapidstem.errors import InputError

PRESETS = ("best", "paper")


@dataclass(frozen=True)
class Denoiser:
    """A filter that a configuration can name.

    Attributes
    ----------
    best
        The settings that we found best.
    paper
        Those of the paper that the filter comes from (preset `paper`).
    tuned
        Those that take the place of `best` where training starts from the general filter, which is the default; None where it does not.
    """

    best: DenoiserSettings
    paper: DenoiserSettings
    tuned: DenoiserSettings | None = None


# Better than the papers' U-Net in the same time (`docs/denoising.md`).
_BEST = NetworkSettings("slow", network="residual-unet", width=48)
# A third of the rate of fresh weights: with 1.25e-3 the scores are the same, but centres are lost at the demo's surfaces (rapid and slow
# 0.48 nm apart in x, 93 % paired; with 4e-4 0.39 nm and 96 %).
_TUNED = replace(_BEST, start_from=GENERAL, steps=300, learning_rate=4e-4)
# Comes with rapidstem, trained on simulated fields of random microscopes (`docs/general-filter.md`).
_GENERAL = replace(_BEST, target=NOISE_FREE, model=GENERAL)
# On the demo's series 0.8 dB better than after 100 steps, and better than `dlf-dcfi` (benchmarks/series_filters.py).
_NEIGHBOURS = replace(_TUNED, target="none", sampler=NEIGHBOURS, validation_share=0.0, validation_interval=50)
# Of the general filter, which decide what a training can start from it.
_ARCHITECTURE = ("network", "width", "depth")

# Zhao et al. 2021 and Ihara et al. 2022: the U-Net of Ronneberger et al., patches of 64 px, learning rate 1e-3, 100 epochs; an epoch is
# taken as one patch of every frame (8750 and 2500 frames), 16 patches a step.
_PAPER_UNET = NetworkSettings(
    "dcfi", width=64, depth=4, optimiser="adamw", learning_rate=1e-3, weight_averaging=0.0, steps=54_688, flip_averaging=False
)
_IHARA_UNET = replace(_PAPER_UNET, target="slow", steps=15_625)

# Papers that do not say how they trained.
_PAPER_PLAIN = NetworkSettings("none", "all-frames", optimiser="adamw", learning_rate=2e-3, flip_averaging=False)


def _single_field(frames: int, learning_rate: float) -> Denoiser:
    """Training on many frames of one field (Ihara et al. 2022, Fig. 6)."""
    best = replace(_BEST, steps=1200, most_fields=1, most_frames=frames)
    steps = frames * 100 // 16
    return Denoiser(best, replace(_IHARA_UNET, most_fields=1, most_frames=frames, steps=steps, learning_rate=learning_rate))


DENOISERS: dict[str, Denoiser] = {
    "dlf-dcfi": Denoiser(replace(_BEST, target="dcfi"), _PAPER_UNET, replace(_TUNED, target="dcfi")),
    "dlf-slow": Denoiser(_BEST, _IHARA_UNET, _TUNED),
    GENERAL: Denoiser(_GENERAL, _GENERAL),
    "dlf-100": _single_field(100, 1e-5),
    "dlf-500": _single_field(500, 1e-5),
    "dlf-1000": _single_field(1000, 1e-5),
    "dlf-2500": _single_field(2500, 5e-6),
    # Lehtinen et al. 2018
    "noise2noise": Denoiser(
        replace(_BEST, target="none", sampler="other-frames"),
        replace(_PAPER_UNET, target="none", sampler="other-frame"),
    ),
    # Krull et al. 2019 and, for noise with a direction, Broaddus et al. 2020
    "noise2void": Denoiser(
        replace(_BEST, target="none", sampler="blind-spots"),
        replace(_PAPER_UNET, target="none", sampler="blind-spots", width=32, depth=2, learning_rate=4e-4, batch_size=128, steps=40_000),
    ),
    # Learns from every tilt series for itself, after Sheth et al. 2021 (video denoising without clean frames).
    NEIGHBOURS: Denoiser(_NEIGHBOURS, _NEIGHBOURS),
    # after Williams et al.: only the number of layers and the shape are public
    "hourglass": Denoiser(
        NetworkSettings("none", "other-frames", network="hourglass", width=16, depth=2),
        replace(_PAPER_PLAIN, sampler="blind-spots", network="hourglass", width=16, depth=2, synthetic_share=0.5, bias=0.2),
    ),
    # after Gambini et al. 2023: Poisson noise over a broad range of doses that the network is not told
    "autoencoder": Denoiser(
        NetworkSettings("dcfi", network="autoencoder", depth=2, synthetic_share=0.5),
        replace(
            _PAPER_PLAIN, target="dcfi", sampler="reference", network="autoencoder", depth=3, synthetic_share=1.0, electrons=(1.0, 1000.0)
        ),
    ),
    # after Tian et al. 2022, repetitions being the frames of a field
    "sdndti": Denoiser(
        replace(_BEST, target="none", sampler="all-frames"),
        replace(_PAPER_PLAIN, averaged_frames=1_000_000),
    ),
    "bm3d": Denoiser(
        BlockMatchingSettings("slow"),
        BlockMatchingSettings("slow", NOISE_MODELS[:-1], (0.25, 0.5, 1.0, 2.0, 4.0, 9.0)),
    ),
}


def denoiser_settings(name: str, overrides: Mapping[str, Any]) -> DenoiserSettings:
    """Settings of the denoiser `name`, with the values of `overrides` in the place of its own.

    The key `preset` of `overrides` chooses what they start from: `best` (where it is left out) or `paper`.

    Parameters
    ----------
    name
        A key of `DENOISERS`.
    overrides
        Settings by name, as the configuration has them.

    Raises
    ------
    InputError
        if there is no such denoiser, preset or setting, or a value is of the wrong kind or out of range.

    Examples
    --------
    >>> denoiser_settings("dlf-slow", {"steps": 900}).steps
    900
    """
    if name not in DENOISERS:
        raise InputError(f"denoiser {name!r} is unknown; known are {', '.join(DENOISERS)}")
    chosen = overrides.get("preset", PRESETS[0])
    if chosen not in PRESETS:
        raise InputError(f"denoiser {name}: preset is {chosen!r}, must be one of {', '.join(PRESETS)}")
    preset = _preset(DENOISERS[name], chosen, overrides)
    known = ["preset", *(field.name for field in fields(preset))]
    unknown = [key for key in overrides if key not in known]
    if unknown:
        raise InputError(f"denoiser {name}: unknown setting {', '.join(map(repr, unknown))}; known are {', '.join(known)}")
    changed = {key: value for key, value in overrides.items() if key != "preset"}
    others = ", ".join(key for key in changed if key != "model")
    if others and changed.get("model", getattr(preset, "model", "")):
        raise InputError(f"denoiser {name}: a given model is used as it was trained; remove {others}, or train from it with start_from")
    try:
        return replace(preset, **{key: like_preset(getattr(preset, key), key, value) for key, value in changed.items()})
    except InputError as error:
        raise InputError(f"denoiser {name}: {error}") from None


def _preset(denoiser: Denoiser, chosen: str, overrides: Mapping[str, Any]) -> DenoiserSettings:
    """The settings that overrides change: those for a start from the general filter, unless another start or network is asked for."""
    start = overrides.get("start_from", "" if any(key in overrides for key in _ARCHITECTURE) else GENERAL)
    if chosen == "best" and denoiser.tuned is not None and start == GENERAL and not overrides.get("model"):
        return denoiser.tuned
    return denoiser.paper if chosen == "paper" else denoiser.best
