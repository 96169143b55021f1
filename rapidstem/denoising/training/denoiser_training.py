"""Training of a network on pairs of raw frames and references."""

import copy
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from rapidstem.denoising.fields.intensity_scaling import OwnScaling, Scaling, fitted_own_scaling, measure_scaling
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.model_files import TrainedModel, load_start, save_model, save_weights
from rapidstem.denoising.model_paths import LAST_WEIGHTS, LOSSES
from rapidstem.denoising.networks.architectures import new_network
from rapidstem.denoising.networks.compute_precision import computing_words, resolve_precision
from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.denoising.samplers.sampler_choice import new_sampler
from rapidstem.denoising.samplers.synthetic_pairs import Sampler
from rapidstem.denoising.settings import NOISE_FREE, NetworkSettings
from rapidstem.denoising.training.distributed import ProcessGroup, process_group
from rapidstem.denoising.training.optimisers import Optimiser
from rapidstem.denoising.training.training_card import training_card
from rapidstem.denoising.training.training_state import Checkpoint, TrainingState, weights_digest
from rapidstem.denoising.training.training_steps import StepTaker, batch_loss
from rapidstem.denoising.training.weight_blending import kept_network
from rapidstem.errors import InputError, ResourceError
from rapidstem.files.job_logs import say_warnings
from rapidstem.files.tables import write_table
from rapidstem.progress import Progress

CHECKPOINT = "checkpoint.safetensors"
# 128 patches of 64 x 64 px, the same ones at every validation, so that losses can be compared.
_VALIDATION_PIXELS = 64 * 64 * 128
_VALIDATION_SEED = 0
_NOTHING_ELSE: Mapping[str, Any] = MappingProxyType({})


def split_fields(fields: Sequence[TrainingField], share: float, seed: int) -> tuple[list[TrainingField], list[TrainingField]]:
    """Divide fields of view into those to train on and those to validate on.

    Frames of one field share their answer, so whole fields are kept apart: `share` of them, at least one if there are two or more
    and the share is above zero.

    Parameters
    ----------
    fields
        All fields of view.
    share
        Of the fields that are validated on, 0 to 1.
    seed
        Of the choice.

    Returns
    -------
    training, validation : lists of TrainingField
        Both in the order of `fields`.
    """
    count = min(max(round(share * len(fields)), 1 if share > 0 else 0), len(fields) - 1)
    kept = set(np.random.default_rng(seed).permutation(len(fields))[:count].tolist())
    training = [field for index, field in enumerate(fields) if index not in kept]
    return training, [fields[index] for index in sorted(kept)]


def train_denoiser(
    fields: Sequence[TrainingField],
    settings: NetworkSettings,
    folder: Path | str,
    name: str,
    threads: int = 1,
    data: Mapping[str, Any] = _NOTHING_ELSE,
) -> TrainedModel:
    """Train a network and write `weights.safetensors`, `last.safetensors`, `model.json` and `losses.csv` into `folder`.

    The loss is the mean squared error, each field weighted as `field_weights` says. The learning rate rises linearly and falls as a
    cosine. The model is the averaged weights of the lowest validation loss (the last ones where nothing is validated); the last ones
    are kept beside them, and the card has the losses of both. Where training starts from given weights, these and the blends of them
    with the last ones (`best_blend`) take part; one field alone, which leaves none to validate on, then changes nothing.
    A checkpoint is written at every validation; a run that was interrupted goes on from it to the same result.

    Parameters
    ----------
    fields
        All fields of view; the validation fields are split off here.
    settings
        Of the denoiser. Several `processes` are started and ended here.
    folder
        For the results and the checkpoint, which goes when training is complete.
    name
        Of the denoiser, for the progress and the model card.
    threads
        Of the processor, shared among the processes.
    data
        What the model card says of the fields beside or in place of their names and numbers.

    Raises
    ------
    InputError
        if there is no field, a field cannot be used, the weights to start from belong to another network, the loss stops being a
        number, or the graphics card has too little memory.
    ResourceError
        if the graphics card has too little memory
    """
    if not fields:
        raise InputError(f"{name}: no field of view is left to train on")
    job = (list(fields), settings, Path(folder), name, max(threads // settings.processes, 1))
    with process_group(settings.processes, job) as group:
        try:
            return train_in_group(group, *job, data)
        except torch.OutOfMemoryError:
            batch = f"{settings.batch_size // settings.processes} patches of {settings.patch_size_px} px"
            raise ResourceError(
                f"{name}: the graphics card's memory does not hold a step with {batch}; lower batch_size, patch_size_px or width"
            ) from None


def train_in_group(
    group: ProcessGroup,
    fields: Sequence[TrainingField],
    settings: NetworkSettings,
    folder: Path,
    name: str,
    threads: int,
    data: Mapping[str, Any] = _NOTHING_ELSE,
) -> TrainedModel:
    """One process's part of `train_denoiser`, which has the other parameters; only the first process writes anything.

    Parameters
    ----------
    group
        The processes that train together.
    fields, settings, folder, name, threads, data
        As for `train_denoiser`.
    """
    torch.set_num_threads(threads)
    device = group.device()
    if group.is_first:
        print(computing_words(settings.precision, device))
    training_fields, validation_fields = split_fields(fields, settings.validation_share, settings.seed)
    start = load_start(settings) if settings.start_from else None
    scaling = _scaling_for(fields, settings, start)
    state = _new_state(settings, start, device)
    first = {} if start is None else copy.deepcopy(state.average.state_dict())
    checkpoint = Checkpoint(folder / CHECKPOINT, _fingerprint(fields, settings, scaling, first))
    learns = start is None or bool(validation_fields) or not settings.validation_share
    if learns:
        checkpoint.load(state)
    sampler = new_sampler(training_fields, scaling, settings, device)
    validation = _validation_batch(validation_fields, scaling, settings, device) if group.is_first else None
    with Progress(name, settings.steps, "step", state.step, silent=not group.is_first) as progress:
        if learns:
            take_all_steps(state, sampler, validation, settings, checkpoint, progress, group)
        else:
            _keep_start(state, group)
    network, blend = kept_network(state, first, validation, resolve_precision(settings.precision, device))
    card = training_card(name, training_fields, validation_fields, state, blend, data)
    model = TrainedModel(network.cpu().eval(), settings, scaling, card)
    if group.is_first:
        write_table(folder / LOSSES, state.loss_curve())
        save_weights(folder / LAST_WEIGHTS, state.average.state_dict())
        save_model(folder, model)
        checkpoint.path.unlink(missing_ok=True)
    return model


def take_all_steps(
    state: TrainingState,
    sampler: Sampler,
    validation: PatchBatch | None,
    settings: NetworkSettings,
    checkpoint: Checkpoint,
    progress: Progress,
    group: ProcessGroup,
) -> None:
    """Take the steps of a training that are left, with a checkpoint after every interval.

    Parameters
    ----------
    state
        Changed in place.
    sampler
        Of the patches.
    validation
        What the average network is judged by; None for nothing.
    settings
        Of the training.
    checkpoint
        Written by the first process.
    progress
        Told of every step.
    group
        The processes of the training.

    Raises
    ------
    InputError
        if the loss or a weight stops being a number.
    """
    precision = resolve_precision(settings.precision, state.device)
    joined = group.joined(state.network)
    steps = StepTaker(torch.compile(joined) if state.device.type == "cuda" else joined, sampler, settings, precision, group)
    while state.step < settings.steps and not _out_of_patience(state, settings, progress):
        last = min((state.step // settings.validation_interval + 1) * settings.validation_interval, settings.steps)
        training_loss = steps.take_until(last, state, progress)
        _stop_without_number(training_loss, state, checkpoint)
        _validate(state, validation, training_loss, precision, group)
        if group.is_first:
            checkpoint.save(state)
        progress.report(f"loss {training_loss:.4f}, validation {state.losses[-1]['validation_loss']:.4f}")


def _scaling_for(fields: Sequence[TrainingField], settings: NetworkSettings, start: TrainedModel | None) -> Scaling:
    """The frames' own scale where references are in counts of the frames, or where the weights to start from know it; else one for all."""
    if settings.target == NOISE_FREE:
        return OwnScaling()
    own = start is not None and isinstance(start.scaling, OwnScaling)
    return fitted_own_scaling(fields) if own else measure_scaling(fields)


def _new_state(settings: NetworkSettings, start: TrainedModel | None, device: torch.device) -> TrainingState:
    torch.manual_seed(settings.seed)
    network = new_network(settings).on(device) if start is None else start.network.train().on(device)
    average = copy.deepcopy(network).requires_grad_(False)
    return TrainingState(network, average, Optimiser(network, settings.optimiser))


def _validation_batch(
    fields: Sequence[TrainingField], scaling: Scaling, settings: NetworkSettings, device: torch.device
) -> PatchBatch | None:
    if not fields:
        return None
    count = max(_VALIDATION_PIXELS // settings.patch_size_px**2, 1)
    return new_sampler(fields, scaling, settings, device).draw(count, np.random.default_rng(_VALIDATION_SEED))


def _keep_start(state: TrainingState, group: ProcessGroup) -> None:
    """Take no step: with nothing to validate on, nobody sees when a single field has been learned by heart."""
    if group.is_first:
        kept = "one field leaves none to validate on: the weights to start from are kept; with validation_share: 0 it is learned from"
        say_warnings([kept])
    state.best = state.average.state_dict()
    state.losses.append({"step": 0, "training_loss": math.nan, "validation_loss": math.nan, "seconds": 0.0})


def _out_of_patience(state: TrainingState, settings: NetworkSettings, progress: Progress) -> bool:
    waited = state.step - state.best_step
    ends = 0 < settings.patience_steps <= waited
    if ends:
        progress.tell(f"ends at step {state.step}: no better validation loss for {waited} steps")
    return ends


def _stop_without_number(training_loss: float, state: TrainingState, checkpoint: Checkpoint) -> None:
    """End when the loss or a weight is no finite number any more, before that state is validated or written."""
    if math.isfinite(training_loss) and all(bool(torch.isfinite(weights).all()) for weights in state.network.parameters()):
        return
    kept = (
        f"the checkpoint of step {int(state.losses[-1]['step'])} is kept in {checkpoint.path.parent}"
        if state.losses
        else "no checkpoint exists yet"
    )
    raise InputError(f"the training loss stopped being a number before step {state.step}; {kept}; lower learning_rate")


def _validate(state: TrainingState, batch: PatchBatch | None, training_loss: float, precision: str, group: ProcessGroup) -> None:
    validation_loss = math.nan
    if batch is not None:
        with torch.inference_mode():
            validation_loss = float(batch_loss(state.average, batch, precision))
    validation_loss = group.from_first(validation_loss, state.device)
    if math.isnan(validation_loss) or validation_loss < state.best_loss:
        state.best = {name: tensor.detach().clone() for name, tensor in state.average.state_dict().items()}
        state.best_loss, state.best_step = validation_loss, state.step
    row = {"step": state.step, "training_loss": training_loss, "validation_loss": validation_loss, "seconds": state.seconds}
    state.losses.append(row)


def _fingerprint(fields: Sequence[TrainingField], settings: NetworkSettings, scaling: Scaling, first: Mapping[str, torch.Tensor]) -> str:
    """Of all that decides the weights; how many processes work on them does not."""
    data = [(field.name, field.frames.shape, field.shift_px.tolist(), float(np.nansum(field.reference))) for field in fields]
    text = json.dumps([data, asdict(settings) | {"processes": 1}, scaling.as_dict(), weights_digest(first)])
    return hashlib.sha256(text.encode()).hexdigest()
