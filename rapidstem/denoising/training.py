"""Training of a network on pairs of raw frames and references."""

import copy
import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rapidstem.denoising.architectures import new_network
from rapidstem.denoising.compute_precision import autocast, best_device, resolve_precision
from rapidstem.denoising.intensity_scaling import IntensityScaling, measure_scaling
from rapidstem.denoising.lessons import lesson_sampler
from rapidstem.denoising.model_files import TrainedModel, save_model
from rapidstem.denoising.patch_sampling import PatchBatch
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.synthetic_pairs import Sampler
from rapidstem.denoising.training_pairs import TrainingField
from rapidstem.denoising.training_progress import TrainingProgress
from rapidstem.denoising.training_state import Checkpoint, TrainingState
from rapidstem.errors import InputError
from rapidstem.files.tables import write_table

LOSSES, CHECKPOINT = "losses.csv", "checkpoint.safetensors"
_WARM_UP_SHARE, _WEIGHT_DECAY, _LARGEST_GRADIENT = 0.05, 1e-4, 1.0
_VALIDATION_PIXELS = 64 * 64 * 128
_VALIDATION_SEED = 0

Network = Callable[[torch.Tensor], torch.Tensor]


def split_fields(fields: Sequence[TrainingField], share: float, seed: int) -> tuple[list[TrainingField], list[TrainingField]]:
    """Divide fields of view into those to train on and those to validate on.

    Frames of one field share their answer, so whole fields are kept apart: `share` of them, at least one if there are two or more
    and the share is above zero.
    """
    count = min(max(round(share * len(fields)), 1 if share > 0 else 0), len(fields) - 1)
    kept = set(np.random.default_rng(seed).permutation(len(fields))[:count].tolist())
    training = [field for index, field in enumerate(fields) if index not in kept]
    return training, [fields[index] for index in sorted(kept)]


def train_denoiser(
    fields: Sequence[TrainingField], settings: NetworkSettings, folder: Path | str, name: str, threads: int = 1
) -> TrainedModel:
    """Train a network and write `weights.safetensors`, `model.json` and `losses.csv` into `folder`.

    The loss is the mean squared error, each field weighted as `field_weights` says. The learning rate rises linearly and falls as a
    cosine. What is kept are the averaged weights of the lowest validation loss (the last ones where nothing is validated).
    A checkpoint is written at every validation; a run that was interrupted goes on from it to the same result.

    Parameters
    ----------
    fields : all fields of view; the validation fields are split off here.
    settings : of the denoiser.
    folder : for the results and the checkpoint, which goes when training is complete.
    name : of the denoiser, for the progress and the model card.
    threads : of the processor.

    Raises
    ------
    InputError
        if there is no field, a field cannot be used, or the loss stops being a number.
    """
    if not fields:
        raise InputError(f"{name}: no field of view is left to train on")
    torch.set_num_threads(threads)
    folder, device = Path(folder), best_device()
    training_fields, validation_fields = split_fields(fields, settings.validation_share, settings.seed)
    scaling = measure_scaling(fields)
    state = _new_state(settings, device)
    checkpoint = Checkpoint(folder / CHECKPOINT, _fingerprint(fields, settings, scaling))
    checkpoint.load(state)
    training = lesson_sampler(training_fields, scaling, settings, device)
    validation = _validation_batch(validation_fields, scaling, settings, device)
    with TrainingProgress(name, settings.steps, state.step) as progress:
        _train(state, training, validation, settings, checkpoint, progress)
    state.average.load_state_dict(state.best)
    model = TrainedModel(state.average.cpu().eval(), settings, scaling, _card(name, training_fields, validation_fields, state))
    write_table(folder / LOSSES, state.loss_curve())
    save_model(folder, model)
    checkpoint.path.unlink(missing_ok=True)
    return model


def _train(
    state: TrainingState,
    training: Sampler,
    validation: PatchBatch | None,
    settings: NetworkSettings,
    checkpoint: Checkpoint,
    progress: TrainingProgress,
) -> None:
    precision = resolve_precision(settings.precision, _device(state))
    network = torch.compile(state.network) if _device(state).type == "cuda" else state.network
    while state.step < settings.steps:
        training_loss = _train_interval(state, network, training, settings, precision, progress)
        _stop_without_number(training_loss, state, checkpoint)
        _validate(state, validation, training_loss, precision)
        checkpoint.save(state)
        progress.report(state.step, training_loss, state.losses[-1]["validation_loss"])


def _new_state(settings: NetworkSettings, device: torch.device) -> TrainingState:
    torch.manual_seed(settings.seed)
    network = new_network(settings).on(device)
    average = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=_WEIGHT_DECAY)
    return TrainingState(network, average, optimiser)


def _validation_batch(
    fields: Sequence[TrainingField], scaling: IntensityScaling, settings: NetworkSettings, device: torch.device
) -> PatchBatch | None:
    if not fields:
        return None
    count = max(_VALIDATION_PIXELS // settings.patch_size_px**2, 1)
    return lesson_sampler(fields, scaling, settings, device).draw(count, np.random.default_rng(_VALIDATION_SEED))


def _train_interval(
    state: TrainingState,
    network: Network,
    sampler: Sampler,
    settings: NetworkSettings,
    precision: str,
    progress: TrainingProgress,
) -> float:
    """Train up to the next validation; the mean loss on the way."""
    start, first = time.monotonic(), state.step
    total = torch.zeros((), device=_device(state))
    last = min((first // settings.validation_interval + 1) * settings.validation_interval, settings.steps)
    for step in range(first, last):
        for group in state.optimiser.param_groups:
            group["lr"] = settings.learning_rate * _rate_share(step, settings.steps)
        batch = sampler.draw(settings.batch_size, np.random.default_rng((settings.seed, step)))
        loss = _loss(network, batch, precision)
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), _LARGEST_GRADIENT)
        state.optimiser.step()
        _average_weights(state, settings.weight_averaging, step)
        total += loss.detach()
        state.step = step + 1
        progress.advance()
    state.seconds += time.monotonic() - start
    return float(total) / (last - first)


def _rate_share(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a linear rise, then half a cosine to zero."""
    warm_up = max(round(_WARM_UP_SHARE * steps), 1)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def _loss(network: Network, batch: PatchBatch, precision: str) -> torch.Tensor:
    inputs = batch.inputs.contiguous(memory_format=torch.channels_last)
    with autocast(precision, inputs.device):
        outputs = network(inputs)
    return batch.loss(outputs.float())


def _average_weights(state: TrainingState, decay: float, step: int) -> None:
    """Exponential moving average that forgets its first values faster."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(state.average.parameters()), list(state.network.parameters()), 1 - decay)


def _stop_without_number(training_loss: float, state: TrainingState, checkpoint: Checkpoint) -> None:
    if not math.isfinite(training_loss):
        kept = (
            f"the checkpoint of step {int(state.losses[-1]['step'])} is kept in {checkpoint.path.parent}"
            if state.losses
            else "no checkpoint exists yet"
        )
        raise InputError(f"the training loss stopped being a number before step {state.step}; {kept}; lower learning_rate")


def _validate(state: TrainingState, batch: PatchBatch | None, training_loss: float, precision: str) -> None:
    validation_loss = math.nan
    if batch is not None:
        with torch.inference_mode():
            validation_loss = float(_loss(state.average, batch, precision))
    if batch is None or validation_loss < state.best_loss:
        state.best = {name: tensor.detach().clone() for name, tensor in state.average.state_dict().items()}
        state.best_loss = validation_loss
    row = {"step": state.step, "training_loss": training_loss, "validation_loss": validation_loss, "seconds": state.seconds}
    state.losses.append(row)


def _fingerprint(fields: Sequence[TrainingField], settings: NetworkSettings, scaling: IntensityScaling) -> str:
    data = [(field.name, field.frames.shape, field.shift_px.tolist(), float(np.nansum(field.reference))) for field in fields]
    text = json.dumps([data, asdict(settings), scaling.as_dict()])
    return hashlib.sha256(text.encode()).hexdigest()


def _card(name: str, training: Sequence[TrainingField], validation: Sequence[TrainingField], state: TrainingState) -> dict[str, Any]:
    """What the model card says beside settings, scaling and versions."""
    finite_loss = state.best_loss if math.isfinite(state.best_loss) else None
    return {
        "denoiser": name,
        "data": {
            "pixel_size_nm": training[0].pixel_size_nm,
            "dwell_time_s": training[0].dwell_time_s,
            "training": [field.name for field in training],
            "validation": [field.name for field in validation],
            "frames": sum(len(field.frames) for field in training),
        },
        "scores": {"validation_loss": finite_loss, "training_loss": state.losses[-1]["training_loss"]},
        "computing": {"seconds": round(state.seconds, 1), "device": _device(state).type},
    }


def _device(state: TrainingState) -> torch.device:
    return next(state.network.parameters()).device
