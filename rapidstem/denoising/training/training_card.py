"""What a model card says of its training, beside settings, scaling and versions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.training.training_state import TrainingState


def training_card(
    name: str,
    training: Sequence[TrainingField],
    validation: Sequence[TrainingField],
    state: TrainingState,
    blend: Mapping[str, float],
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """Fields, losses and costs of a training.

    Parameters
    ----------
    name
        Of the denoiser.
    training, validation
        Fields that were learned from and validated on.
    state
        After the last step.
    blend
        Of first and last weights, as `kept_network` gives it.
    data
        What is said beside or in place of the fields' names and numbers.

    Returns
    -------
    dict
        `denoiser`, `data`, `scores` (of the best and the last step, and of a blend that is kept) and `computing`.
    """
    seen = {
        "pixel_size_nm": training[0].pixel_size_nm,
        "dwell_time_s": training[0].dwell_time_s,
        "training": [field.name for field in training],
        "validation": [field.name for field in validation],
        "frames": sum(len(field.frames) for field in training),
    }
    scores = {"best": _scores(state, state.best_step), "last": _scores(state, state.step)}
    return {
        "denoiser": name,
        "data": seen | dict(data),
        "scores": scores | ({"kept": dict(blend)} if blend else {}),
        "computing": {"seconds": round(state.seconds, 1), "device": state.device.type},
    }


def _scores(state: TrainingState, step: int) -> dict[str, float | None]:
    row = next(row for row in state.losses if row["step"] == step)
    return {name: row[name] if math.isfinite(row[name]) else None for name in ("step", "training_loss", "validation_loss")}
