"""What the scripts that denoise with a network share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rapidstem.denoising import TrainedModel, check_fit, load_model
from rapidstem.denoising.networks import best_device, computing_words
from rapidstem.files import OpenStack, say_warnings


def fitting_model(job: Any, stack: OpenStack, looked_at: Iterable[int]) -> TrainedModel:
    """The network of a job, on the job's threads; the log says what it computes on.

    One that was trained elsewhere is held against those frames with the numbers `looked_at` that hold nothing but numbers:
    `rapidstem.denoising.check_fit`.
    """
    torch.set_num_threads(job.threads)
    model = load_model(Path(job.input.weights).parent)
    print(computing_words(model.settings.precision, best_device()))
    if "adopted_from" in model.card:
        frames = [frame for frame in (stack.frames[number] for number in looked_at) if np.isfinite(frame).all()]
        if frames:
            say_warnings(check_fit(model, np.stack(frames), stack.pixel_size_nm, stack.dwell_time_s))
    return model
