"""Answers of a trained network beside the references of training and validation fields."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.denoising.fields import TrainingField
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.prediction_intervals import ComparedField
from rapidstem.distortion import ColumnMap, at_reference_pixels
from rapidstem.numerics import evenly_spread

# What the spline's kernel reaches from what is unseen, in pixels.
_EDGE_PX = 3
# The spread has four parameters, which two dozen frames fix; its multiple is a quantile over fields, half a million pixels of each where
# there are few of them.
_FIELDS_LEARNT_ON = 24
_FRAMES_CALIBRATED_ON, _FRAMES_OF_A_FIELD = 48, 8


@dataclass(frozen=True)
class RecordedReference:
    """A reference in pixels of its own: an image that is interpolated has less noise, the less the nearer to the middle between pixels.

    Attributes
    ----------
    image : (y, x)
        NaN where unseen.
    row_px, column_px : (y,) and (x,)
        Where a rapid frame at shift zero shows its rows and columns.
    """

    image: np.ndarray
    row_px: np.ndarray
    column_px: np.ndarray

    @classmethod
    def of_slow_image(cls, image: np.ndarray, slow_shift_px: np.ndarray, column_map: ColumnMap) -> "RecordedReference":
        """A slow image as recorded, in pixels of the rapid frames' size.

        Parameters
        ----------
        image : (y, x)
            Of the whole view.
        slow_shift_px : (2,)
            Of the image, as in `AlignedReference`.
        column_map
            The scan distortion.

        Returns
        -------
        RecordedReference
        """
        rows, columns = (np.arange(side) - shift for side, shift in zip(image.shape, slow_shift_px, strict=True))
        return cls(np.asarray(image, float), rows, column_map.to_rapid(columns))

    @classmethod
    def of_mean(cls, image: np.ndarray) -> "RecordedReference":
        """A DCFI image in the geometry of the rapid frames.

        Parameters
        ----------
        image : (y, x)
            At shift zero.

        Returns
        -------
        RecordedReference
        """
        return cls(image, *(np.arange(side, dtype=float) for side in image.shape))


def frames_to_compare(training: Sequence[str], validation: Sequence[str]) -> dict[str, int]:
    """How many frames of which fields intervals are learnt and calibrated on: enough for both, however many fields there are.

    Parameters
    ----------
    training, validation
        Names of the fields that the network has learnt from, and of those that it has not seen.

    Returns
    -------
    dict
        Frames by the name of the field: one of two dozen training fields at most, and up to eight of every validation field.

    Examples
    --------
    >>> frames_to_compare(["a", "b"], ["c"])
    {'a': 1, 'b': 1, 'c': 8}
    """
    learnt = [training[index] for index in evenly_spread(len(training), _FIELDS_LEARNT_ON)]
    each = min(max(_FRAMES_CALIBRATED_ON // max(len(validation), 1), 1), _FRAMES_OF_A_FIELD)
    return dict.fromkeys(learnt, 1) | dict.fromkeys(validation, each)


def compared_field(model: TrainedModel, field: TrainingField, reference: RecordedReference, most: int) -> ComparedField:
    """Denoise frames of a field, and move each answer to the pixels of the reference; an answer has no noise that this would smooth.

    Parameters
    ----------
    model
        Trained to give the field's reference.
    field
        Frames, their shifts, and the area in which references hold.
    reference
        Of the same field and kind.
    most
        Frames that are taken at most, evenly spread.

    Returns
    -------
    ComparedField
        Of what the reference, all frames and the frame at hand have seen.
    """
    chosen = evenly_spread(len(field.frames), most)
    answers, references = [], []
    places, area = (reference.row_px, reference.column_px), (field.rows, field.columns)
    for answer, shift in zip(denoise_stack(model, field.frames[chosen]), field.shift_px[chosen], strict=True):
        moved, image = at_reference_pixels(answer, reference.image, places, area, shift, _EDGE_PX)
        answers.append(moved)
        references.append(image)
    return ComparedField(field.name, answers, references)
