"""The series that a network makes which has learned from its frames."""

from collections.abc import Sequence

import numpy as np
import torch

from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.neighbours.hidden_rows import PERIOD, hidden_rows, network_inputs
from rapidstem.denoising.neighbours.series_context import SeriesContext
from rapidstem.denoising.networks import DenoisingNetwork, autocast, best_device, resolve_precision


def denoise_series(model: TrainedModel, series: SeriesContext, chosen: Sequence[int] | None = None) -> np.ndarray:
    """Denoise the frames of a series: each row is predicted from all other rows that are not hidden with it, and from the neighbours.

    Parameters
    ----------
    model
        Trained on the series.
    series
        To denoise.
    chosen
        Numbers of the frames that are wanted; all where none are given.

    Returns
    -------
    (frame, y, x) float32
        In counts of the frames.
    """
    device = best_device()
    network = model.network.on(device)
    precision = resolve_precision(model.settings.precision, device)
    numbers = range(len(series.frames)) if chosen is None else chosen
    denoised = np.empty((len(numbers), *series.frames.shape[1:]), np.float32)
    for place, number in enumerate(numbers):
        _, _, low, width = series.scales[number]
        frame = torch.from_numpy(series.scaled[number : number + 1]).to(device)
        neighbours = torch.from_numpy(series.neighbours[number : number + 1]).to(device)
        answer = _filled_in(network, frame, neighbours, precision)
        if model.settings.flip_averaging:
            answer = (answer + _filled_in(network, frame.flip(1), neighbours.flip(2), precision).flip(1)) / 2
        denoised[place] = (answer[0] * width + low).cpu().numpy()
    return denoised


def _filled_in(network: DenoisingNetwork, frame: torch.Tensor, neighbours: torch.Tensor, precision: str) -> torch.Tensor:
    """Every row of a frame (1, y, x) as it is predicted where it is hidden."""
    answer = torch.empty_like(frame)
    for first in range(PERIOD):
        hidden = hidden_rows(frame.shape[1], first).to(frame.device)
        inputs = network_inputs(frame, neighbours, hidden).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), autocast(precision, frame.device):
            answer[:, hidden] = network(inputs).float()[:, 0, hidden]
    return answer
