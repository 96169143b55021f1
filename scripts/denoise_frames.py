"""Denoise the frames of one acquisition with a trained network, then correct them for the scan distortion."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from denoising_support import fitting_model
from script_support import logged, open_raw

from rapidstem.denoising import TrainedModel, denoise_blocks, denoise_stack
from rapidstem.denoising.fields import averaged
from rapidstem.distortion import read_map, to_slow_geometry
from rapidstem.files import write_frames
from rapidstem.frames import Drift, checked_blocks, read_drift
from rapidstem.numerics import evenly_spread
from rapidstem.progress import tracked

_FRAMES_LOOKED_AT = 8


def mean_answer(model: TrainedModel, frames: Any, drift: Drift, shown: np.ndarray) -> np.ndarray:
    """The mean of the answers to many frames, at the places of those that are shown."""
    chosen = drift.first_used(model.settings.averaged_frames)
    answers = denoise_stack(model, np.stack([frames[number] for number in chosen]))
    return averaged(answers, drift.shift_px[chosen], drift.shift_px[shown])


def field_answers(model: TrainedModel, frames: Any, drift: Drift, shown: np.ndarray) -> Iterator[np.ndarray]:
    """The denoised frames of a field, of those that are shown."""
    if model.settings.averaged_frames > 1:
        yield mean_answer(model, frames, drift, shown)
    else:
        yield from denoise_blocks(model, np.stack([frames[number] for number in shown]))


with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    model = fitting_model(snakemake, stack, evenly_spread(len(stack.frames), _FRAMES_LOOKED_AT))
    column_map = read_map(snakemake.input.map)
    if snakemake.input.drift:
        drift = read_drift(snakemake.input.drift)
        shown = drift.first_used(snakemake.params.frames)
        answers, count = field_answers(model, stack.frames, drift, shown), len(shown)
    else:
        answers, count = checked_blocks(denoise_blocks(model, stack.frames)), len(stack.frames)
    denoised = tracked(answers, "denoising", count, "frame", size=len)
    blocks = (to_slow_geometry(block, column_map) for block in denoised)
    write_frames(snakemake.output.images, blocks, (count, *stack.shape[1:]), stack.pixel_size_nm)
    print(f"{count} frames denoised")
