"""Answers of a trained network beside the references of training and validation fields."""

import numpy as np

from rapidstem.denoising.fields import TrainingField, moved_back
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.prediction_intervals import ComparedField
from rapidstem.numerics import evenly_spread

# What the kernel that moves references reaches from what is unseen, in pixels.
_EDGE_PX = 3


def compared_field(model: TrainedModel, field: TrainingField, most: int) -> ComparedField:
    """Denoise frames of a field, and move its reference to where each shows the specimen.

    Parameters
    ----------
    model
        Trained to give the field's reference.
    field
        With its reference.
    most
        Frames that are taken at most, evenly spread.

    Returns
    -------
    ComparedField
        Of the area in which the reference holds in all frames.
    """
    chosen = evenly_spread(len(field.frames), most)
    shifts = field.shift_px[chosen]
    margins = np.ceil(np.abs(shifts).max(axis=0)).astype(int) + _EDGE_PX
    rows, columns = (
        slice(side.start + margin, side.stop - margin) for side, margin in zip((field.rows, field.columns), margins, strict=True)
    )
    known = np.where(np.isfinite(field.reference), field.reference, np.nanmean(field.reference))
    answers = [answer[rows, columns] for answer in denoise_stack(model, field.frames[chosen])]
    return ComparedField(field.name, answers, [moved_back(known, -shift)[rows, columns] for shift in shifts])
