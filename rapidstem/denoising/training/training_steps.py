"""Steps of a training: the loss, the learning rate, the weights and their average."""

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from rapidstem.denoising.networks.compute_precision import autocast
from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.denoising.samplers.synthetic_pairs import Sampler
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training.distributed import ProcessGroup
from rapidstem.denoising.training.thread_choice import ThreadChoice
from rapidstem.denoising.training.training_state import TrainingState
from rapidstem.progress import Progress

# Share of the steps in which the learning rate rises, and the norm to which gradients are cut: usual values, not tuned here.
_WARM_UP_SHARE, _LARGEST_GRADIENT = 0.05, 1.0

Network = Callable[[torch.Tensor], torch.Tensor]


class StepTaker:
    """Takes the steps of a training.

    Parameters
    ----------
    network
        The state's network, perhaps compiled or joined with those of other processes.
    sampler
        Of the patches.
    settings
        Of the denoiser.
    precision
        `bfloat16` or `float32`.
    group
        Which shares the batches.
    """

    def __init__(self, network: Network, sampler: Sampler, settings: NetworkSettings, precision: str, group: ProcessGroup) -> None:
        self._network, self._sampler, self._settings = network, sampler, settings
        self._precision, self._group = precision, group
        self._threads = ThreadChoice(torch.get_num_threads())

    def take_until(self, last: int, state: TrainingState, progress: Progress) -> float:
        """Train up to the step `last`; the mean loss on the way, over all processes."""
        start, first = time.monotonic(), state.step
        total = torch.zeros((), device=state.device)
        for _ in range(first, last):
            total += self._take(state) if state.device.type == "cuda" else self._take_watched(state, progress)
            progress.advance()
        state.seconds += time.monotonic() - start
        return float(self._group.mean(total)) / (last - first)

    def _take_watched(self, state: TrainingState, progress: Progress) -> torch.Tensor:
        """A step on the processor, after which the number of threads may change."""
        start, busy = time.monotonic(), time.process_time()
        loss = self._take(state)
        words = self._threads.after_step(time.monotonic() - start, time.process_time() - busy)
        if self._threads.used != torch.get_num_threads():
            torch.set_num_threads(self._threads.used)
        if words:
            progress.tell(words)
        return loss

    def _take(self, state: TrainingState) -> torch.Tensor:
        settings, step = self._settings, state.step
        batch = self._sampler.draw(settings.batch_size, np.random.default_rng((settings.seed, step)))
        loss = batch_loss(self._network, self._group.share(batch), self._precision)
        state.network.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), _LARGEST_GRADIENT)
        state.optimiser.step(settings.learning_rate * rate_share(step, settings.steps))
        average_weights(state, settings.weight_averaging)
        state.step = step + 1
        return loss.detach()


def rate_share(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a linear rise, then half a cosine to zero."""
    warm_up = max(round(_WARM_UP_SHARE * steps), 1)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def batch_loss(network: Network, batch: PatchBatch, precision: str) -> torch.Tensor:
    """The loss of a network on a batch, float32 whatever the layers compute in."""
    inputs = batch.inputs.contiguous(memory_format=torch.channels_last)
    with autocast(precision, inputs.device):
        outputs = network(inputs)
    return batch.loss(outputs.float())


def average_weights(state: TrainingState, decay: float) -> None:
    """Exponential moving average that forgets its first values faster."""
    decay = min(decay, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        torch._foreach_lerp_(list(state.average.parameters()), list(state.network.parameters()), 1 - decay)
