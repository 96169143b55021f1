"""The denoisers that can be named in a configuration, and their settings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from rapidstem.errors import InputError

PRECISIONS = ("auto", "float32", "bfloat16")


def _require(holds: bool, key: str, rule: str) -> None:
    if not holds:
        raise InputError(f"{key} {rule}")


@dataclass(frozen=True)
class NetworkSettings:
    """A U-Net trained on pairs of a rapid frame and a reference of the same field.

    Attributes
    ----------
    target : which reference is learned, `dcfi` or `slow`.
    width : channels of the first level; every level below has twice as many.
    depth : number of times the image is halved.
    patch_size_px : side of the training patches, a multiple of 2**depth.
    batch_size : patches a step.
    steps : optimiser steps.
    learning_rate : of AdamW, at the end of the warm-up; falls to zero as a cosine.
    weight_averaging : decay of the exponential moving average of the weights, 0 for none.
    validation_share : share of the fields (never of the frames) kept for validation.
    validation_interval : steps between two validations; checkpoints are written as often.
    precision : `bfloat16`, `float32` or `auto`: bfloat16 where the processor multiplies matrices in it.
    seed : of the first weights, the split and the patches.
    """

    target: str
    width: int = 24
    depth: int = 3
    patch_size_px: int = 64
    batch_size: int = 16
    steps: int = 2400
    learning_rate: float = 2e-3
    weight_averaging: float = 0.995
    validation_share: float = 0.2
    validation_interval: int = 200
    precision: str = "auto"
    seed: int = 1

    def __post_init__(self) -> None:
        _require(self.target in ("dcfi", "slow"), "target", "must be dcfi or slow")
        _require(self.precision in PRECISIONS, "precision", f"must be one of {', '.join(PRECISIONS)}")
        for name in ("width", "depth", "patch_size_px", "batch_size", "steps", "learning_rate", "validation_interval"):
            _require(getattr(self, name) > 0, name, "must be above zero")
        _require(self.patch_size_px % 2**self.depth == 0, "patch_size_px", f"must be a multiple of 2**depth = {2**self.depth}")
        for name in ("weight_averaging", "validation_share"):
            _require(0 <= getattr(self, name) < 1, name, "must be at least 0 and below 1")


@dataclass(frozen=True)
class BlockMatchingSettings:
    """BM3D for correlated noise, its noise model chosen for the best PSNR on tuning fields.

    Attributes
    ----------
    target : the reference that the choice is made against, `dcfi` or `slow`.
    variance_factors : multiples of the measured variance to try, with white noise and with the measured spectrum.
    tuning_fields : number of training fields to choose on, evenly spread over their list.
    """

    target: str
    variance_factors: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    tuning_fields: int = 3

    def __post_init__(self) -> None:
        _require(self.target in ("dcfi", "slow"), "target", "must be dcfi or slow")
        positive = len(self.variance_factors) > 0 and all(factor > 0 for factor in self.variance_factors)
        _require(positive, "variance_factors", "must be a list of numbers above zero")
        _require(self.tuning_fields > 0, "tuning_fields", "must be above zero")


DenoiserSettings = NetworkSettings | BlockMatchingSettings

DENOISERS: dict[str, DenoiserSettings] = {
    "dlf-dcfi": NetworkSettings(target="dcfi"),
    "dlf-slow": NetworkSettings(target="slow"),
    "bm3d": BlockMatchingSettings(target="slow"),
}


def denoiser_settings(name: str, overrides: Mapping[str, Any]) -> DenoiserSettings:
    """Settings of the denoiser `name`, with the values of `overrides` in the place of its own.

    Raises
    ------
    InputError
        if there is no such denoiser or no such setting, or a value is of the wrong kind or out of range.
    """
    if name not in DENOISERS:
        raise InputError(f"denoiser {name!r} is unknown; known are {', '.join(DENOISERS)}")
    preset = DENOISERS[name]
    known = [field.name for field in fields(preset)]
    unknown = [key for key in overrides if key not in known]
    if unknown:
        raise InputError(f"denoiser {name}: unknown setting {', '.join(map(repr, unknown))}; known are {', '.join(known)}")
    try:
        return replace(preset, **{key: _like(getattr(preset, key), key, value) for key, value in overrides.items()})
    except InputError as error:
        raise InputError(f"denoiser {name}: {error}") from None


def _like(preset: Any, key: str, value: Any) -> Any:
    """`value` in the type of the preset's value, where nothing is lost by it."""
    try:
        converted = tuple(float(each) for each in value) if isinstance(preset, tuple) else type(preset)(value)
    except (TypeError, ValueError):
        converted = None
    same = converted is not None and (isinstance(preset, tuple) or converted == value)
    _require(same and not isinstance(value, bool), key, f"is {value!r}, should be like {preset!r}")
    return converted
