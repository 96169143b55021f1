"""The denoised frames of a field of view whose drift is known."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rapidstem.denoising.fields import averaged
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.prediction import denoise_blocks, denoise_stack
from rapidstem.frames import Drift


def denoise_field(model: TrainedModel, frames: Any, drift: Drift, shown: np.ndarray) -> Iterator[np.ndarray]:
    """Denoise some frames of a field, or, where the settings ask for it (`averaged_frames`), the mean of many at their places.

    Parameters
    ----------
    model
        A trained network and the scales of its training.
    frames : (frame, y, x)
        Raw frames; an open file will do.
    drift
        Of all of them.
    shown : (n,)
        Numbers of the frames that are wanted.

    Yields
    ------
    (frame, y, x) float32, in the order of `shown`
    """
    if model.settings.averaged_frames > 1:
        yield _mean_answer(model, frames, drift, shown)
    else:
        yield from denoise_blocks(model, np.stack([frames[number] for number in shown]))


def _mean_answer(model: TrainedModel, frames: Any, drift: Drift, shown: np.ndarray) -> np.ndarray:
    """The mean of the answers to many frames, at the places of those that are shown."""
    chosen = drift.first_used(model.settings.averaged_frames)
    answers = denoise_stack(model, np.stack([frames[number] for number in chosen]))
    return averaged(answers, drift.shift_px[chosen], drift.shift_px[shown])
