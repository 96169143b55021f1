"""The denoisers that can be named in a configuration, and their settings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from rapidstem.denoising.setting_values import like_preset, require
from rapidstem.errors import InputError

PRECISIONS = ("auto", "float32", "bfloat16")
TARGETS = ("dcfi", "slow", "none")
NETWORKS = ("unet", "residual-unet", "hourglass", "autoencoder")
OPTIMISERS = ("muon", "adamw")
SAMPLERS = ("reference", "other-frame", "other-frames", "all-frames", "blind-spots")
PRESETS = ("best", "paper")
NOISE_MODELS = ("gw", "g1", "g2", "g3", "g4", "g1w", "g2w", "g3w", "g4w", "measured")


@dataclass(frozen=True)
class NetworkSettings:
    """A network trained on pairs of a rapid frame and what it should look like.

    Attributes
    ----------
    target
        The reference image, `dcfi` or `slow`; `none` where the raw frames themselves teach.
    sampler
        What a frame is compared with: the `reference`; one `other-frame` of the same field, the mean of all `other-frames`, or of
        `all-frames`, each moved to the frame; or the frame itself at `blind-spots`.
    network
        Architecture, see `rapidstem.denoising.networks.unets`.
    most_fields, most_frames
        Of training, 0 for all; the fields with the most frames are taken, and the frames are shared among them.
    synthetic_share
        Share of the patches whose input is the target with synthetic noise, the others being real frames.
    electrons
        Smallest and largest number of detected electrons a white pixel of a synthetic frame has, drawn log-uniformly.
    bias
        Brightness that synthetic noise adds before and takes off after the electrons are drawn, as a share of white.
    read_noise
        Standard deviation of what the detector adds to a synthetic frame, as a share of white.
    lag
        Share of a pixel's signal that a synthetic detector keeps for the next one.
    mask_px
        Half length of a blind spot along the row; 0 for the length over which the noise is correlated.
    averaged_frames
        Frames of a field whose results are averaged, in places of the drift; a tilt series is never averaged.
    width
        Channels of the first level; every level below has twice as many, in the residual U-Net as many more.
    depth
        Number of times the image is halved.
    patch_size_px
        Side of the training patches, a multiple of 2**depth.
    batch_size
        Patches a step.
    steps
        Optimiser steps.
    optimiser
        `muon` or `adamw`, see `rapidstem.denoising.training.optimisers`.
    learning_rate
        At the end of the warm-up; falls to zero as a cosine.
    weight_averaging
        Decay of the exponential moving average of the weights, 0 for none.
    validation_share
        Share of the fields (never of the frames) kept for validation.
    validation_interval
        Steps between two validations; checkpoints are written as often.
    patience_steps
        Training ends when the validation loss has not improved for so many steps; 0 for never.
    precision
        `bfloat16`, `float32` or `auto`: bfloat16 where the processor multiplies matrices in it.
    seed
        Of the first weights, the split and the patches.
    processes
        That share each batch, one a graphics card where there are cards.
    flip_averaging
        Whether the answer is the mean of those to the image and to the image turned upside down.
    start_from
        Folder of a trained model whose weights training starts from; empty for fresh weights.
    model
        Folder of a trained model that is used as it is, without training; empty to train.
    """

    target: str
    sampler: str = "reference"
    network: str = "unet"
    width: int = 24
    depth: int = 3
    patch_size_px: int = 64
    batch_size: int = 16
    steps: int = 2000
    optimiser: str = "muon"
    learning_rate: float = 1.25e-3
    weight_averaging: float = 0.995
    validation_share: float = 0.1
    validation_interval: int = 200
    patience_steps: int = 0
    precision: str = "auto"
    seed: int = 1
    processes: int = 1
    flip_averaging: bool = True
    start_from: str = ""
    model: str = ""
    most_fields: int = 0
    most_frames: int = 0
    synthetic_share: float = 0.0
    electrons: tuple[float, ...] = (5.0, 80.0)
    bias: float = 0.0
    read_noise: float = 0.0
    lag: float = 0.0
    mask_px: int = 0
    averaged_frames: int = 1

    def __post_init__(self) -> None:
        require(self.target in TARGETS, "target", f"must be one of {', '.join(TARGETS)}")
        require(self.optimiser in OPTIMISERS, "optimiser", f"must be one of {', '.join(OPTIMISERS)}")
        require(self.sampler in SAMPLERS, "sampler", f"must be one of {', '.join(SAMPLERS)}")
        require(self.network in NETWORKS, "network", f"must be one of {', '.join(NETWORKS)}")
        learns_reference = self.sampler == "reference" and self.synthetic_share < 1
        require(not (self.target == "none" and learns_reference), "target", "must be dcfi or slow where the sampler is the reference")
        require(self.precision in PRECISIONS, "precision", f"must be one of {', '.join(PRECISIONS)}")
        for name in ("width", "depth", "patch_size_px", "batch_size", "steps", "learning_rate", "validation_interval"):
            require(getattr(self, name) > 0, name, "must be above zero")
        require(self.patch_size_px % 2**self.depth == 0, "patch_size_px", f"must be a multiple of 2**depth = {2**self.depth}")
        for name in ("weight_averaging", "validation_share"):
            require(0 <= getattr(self, name) < 1, name, "must be at least 0 and below 1")
        object.__setattr__(self, "electrons", tuple(self.electrons))
        self._check_training()
        self._check_noise()

    def _check_training(self) -> None:
        require(self.patience_steps >= 0, "patience_steps", "must not be below zero")
        supervised = self.sampler == "reference" and self.validation_share > 0
        rule = "needs validation against a reference: the loss of a sampler without one does not tell when the image is best"
        require(self.patience_steps == 0 or supervised, "patience_steps", rule)
        require(self.processes > 0, "processes", "must be above zero")
        require(self.batch_size % max(self.processes, 1) == 0, "batch_size", f"must be a multiple of processes = {self.processes}")

    def _check_noise(self) -> None:
        require(0 <= self.synthetic_share <= 1, "synthetic_share", "must be from 0 to 1")
        rising = len(self.electrons) == 2 and 0 < self.electrons[0] <= self.electrons[1]
        require(rising, "electrons", "must be two numbers above zero, the smaller one first")
        require(0 <= self.lag < 1, "lag", "must be at least 0 and below 1")
        for name in ("most_fields", "most_frames", "bias", "read_noise", "mask_px"):
            require(getattr(self, name) >= 0, name, "must not be below zero")
        require(self.averaged_frames > 0, "averaged_frames", "must be above zero")


@dataclass(frozen=True)
class BlockMatchingSettings:
    """BM3D for correlated noise, its noise model chosen for the best PSNR on tuning fields.

    Attributes
    ----------
    target
        The reference that the choice is made against, `dcfi` or `slow`.
    noise_models
        To try: `gw` for white noise, `measured` for the measured spectrum, and the correlated kinds of `NOISE_MODELS`.
    variance_factors
        Multiples of the measured variance to try with each of them.
    tuning_fields
        Number of training fields to choose on, evenly spread over their list.
    """

    target: str
    noise_models: tuple[str, ...] = ("gw", "measured")
    variance_factors: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    tuning_fields: int = 3

    def __post_init__(self) -> None:
        require(self.target in ("dcfi", "slow"), "target", "must be dcfi or slow")
        known = len(self.noise_models) > 0 and set(self.noise_models) <= set(NOISE_MODELS)
        require(known, "noise_models", f"must be a list of some of {', '.join(NOISE_MODELS)}")
        positive = len(self.variance_factors) > 0 and all(factor > 0 for factor in self.variance_factors)
        require(positive, "variance_factors", "must be a list of numbers above zero")
        require(self.tuning_fields > 0, "tuning_fields", "must be above zero")


DenoiserSettings = NetworkSettings | BlockMatchingSettings


@dataclass(frozen=True)
class Denoiser:
    """A filter that a configuration can name.

    Attributes
    ----------
    best
        The settings that we found best.
    paper
        Those of the paper that the filter comes from (preset `paper`).
    """

    best: DenoiserSettings
    paper: DenoiserSettings


# Better than the papers' U-Net in the same time (`docs/denoising.md`).
_BEST = NetworkSettings("slow", network="residual-unet", width=48)

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
    "dlf-dcfi": Denoiser(replace(_BEST, target="dcfi"), _PAPER_UNET),
    "dlf-slow": Denoiser(_BEST, _IHARA_UNET),
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
    preset = getattr(DENOISERS[name], chosen)
    known = ["preset", *(field.name for field in fields(preset))]
    unknown = [key for key in overrides if key not in known]
    if unknown:
        raise InputError(f"denoiser {name}: unknown setting {', '.join(map(repr, unknown))}; known are {', '.join(known)}")
    changed = {key: value for key, value in overrides.items() if key != "preset"}
    if changed.get("model") and len(changed) > 1:
        others = ", ".join(key for key in changed if key != "model")
        raise InputError(f"denoiser {name}: a given model is used as it was trained; remove {others}, or train from it with start_from")
    try:
        return replace(preset, **{key: like_preset(getattr(preset, key), key, value) for key, value in changed.items()})
    except InputError as error:
        raise InputError(f"denoiser {name}: {error}") from None
