"""Scales of intensities: one for all inputs and one for all targets, or every frame's own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from rapidstem.denoising.fields.frame_shifts import aligned_sum
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.errors import InputError
from rapidstem.numerics import evenly_spread, robust_spread

# What becomes 0 and 1: hot pixels and the outermost 1 % are left out.
_PERCENTILES = (0.5, 99.5)
# Spread over each stack: the percentiles of half a million pixels do not ask for more.
_FRAMES_LOOKED_AT = 8
# Of a field in the loss, as a share of the variance of its frames: an image of nothing must not outweigh all others.
_LEAST_VARIANCE = 0.05


@dataclass(frozen=True)
class IntensityScaling:
    """Affine maps between recorded intensities and the network's numbers, which lie near 0 to 1.

    Attributes
    ----------
    input_low, input_high : intensities of the raw frames that become 0 and 1.
    target_low, target_high : intensities of the reference that become 0 and 1.
    """

    input_low: float
    input_high: float
    target_low: float
    target_high: float

    def as_dict(self) -> dict[str, float]:
        """For the model card.

        Returns
        -------
        dict
            The four limits by name, in counts.
        """
        return asdict(self)

    def of_frames(self, frames: np.ndarray) -> np.ndarray:
        """Zero and unit of the inputs, then those of the targets, for each frame.

        Parameters
        ----------
        frames : np.ndarray, (frame, y, x)
            Raw.

        Returns
        -------
        np.ndarray, (frame, 4)
        """
        line = (self.input_low, self.input_high - self.input_low, self.target_low, self.target_high - self.target_low)
        return np.tile(line, (len(frames), 1))


@dataclass(frozen=True)
class OwnScaling:
    """Each frame's own median becomes 0 and its robust spread, without the offsets of its rows, becomes 1.

    A network with this scale needs no statistics of a session, and has seen none. What it answers is brought back to the counts of the
    frame, and from there to those of the reference.

    Attributes
    ----------
    slope, offset : intensities of the reference are `offset + slope * counts of the frame`.
    """

    slope: float = 1.0
    offset: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """For the model card.

        Returns
        -------
        dict
            Slope and offset by name.
        """
        return asdict(self)

    def of_frames(self, frames: np.ndarray) -> np.ndarray:
        """Zero and unit of the inputs, then those of the targets, for each frame.

        Parameters
        ----------
        frames : np.ndarray, (frame, y, x)
            Raw, whole frames.

        Returns
        -------
        np.ndarray, (frame, 4)
        """
        statistics = np.array([_middle_and_spread(frame) for frame in frames])
        return np.hstack([statistics, statistics * self.slope + np.array((self.offset, 0.0))])


Scaling = IntensityScaling | OwnScaling


def scaling_of(values: Mapping[str, float]) -> Scaling:
    """The scaling that a model card describes.

    Parameters
    ----------
    values
        What `as_dict` has given.

    Returns
    -------
    IntensityScaling or OwnScaling

    Raises
    ------
    TypeError
        if it describes none.
    """
    return OwnScaling(**values) if set(values) == {"slope", "offset"} else IntensityScaling(**values)


def fitted_own_scaling(fields: Sequence[TrainingField]) -> OwnScaling:
    """The frames' own scale, with the straight line by least squares from the references' intensities to the fields' mean frames.

    Parameters
    ----------
    fields
        All pixels of their valid areas count alike.

    Returns
    -------
    OwnScaling
    """
    references, means = zip(*[(field.valid_reference, mean_frame(field)) for field in fields], strict=True)
    slope, offset = _line(references, means)
    return OwnScaling(1 / slope, -offset / slope)


def reference_line(field: TrainingField) -> tuple[float, float]:
    """Slope and offset from a reference's intensities to those of its rapid frames, by least squares on their aligned mean.

    Parameters
    ----------
    field
        In the valid area of its reference.

    Returns
    -------
    slope, offset : float
        In counts.
    """
    return _line([field.valid_reference], [mean_frame(field)])


def mean_frame(field: TrainingField) -> np.ndarray:
    """Mean of a field's frames at shift zero, in the valid area of its reference, (y, x)."""
    return aligned_sum(field.frames, field.shift_px)[field.rows, field.columns] / len(field.frames)


def _line(intensities: Sequence[np.ndarray], counts: Sequence[np.ndarray]) -> tuple[float, float]:
    """Slope and offset by least squares over all pixels of these images, image by image."""
    pixels = sum(image.size for image in intensities)
    middle, height = (sum(float(image.sum(dtype=float)) for image in images) / pixels for images in (intensities, counts))
    moments = np.zeros(2)
    for intensity, count in zip(intensities, counts, strict=True):
        apart = intensity.astype(float) - middle
        moments += np.sum(apart**2), np.sum(apart * (count - height))
    slope = float(moments[1] / moments[0])
    return slope, height - slope * middle


def field_scales(fields: Sequence[TrainingField], scaling: Scaling) -> np.ndarray:
    """What `of_frames` gives for the frames of each field on average.

    Parameters
    ----------
    fields
        Some frames of each are looked at.
    scaling
        Of a model.

    Returns
    -------
    np.ndarray, (field, 4)
    """
    return np.array([scaling.of_frames(_spread(field.frames)).mean(axis=0) for field in fields])


def _middle_and_spread(frame: np.ndarray) -> tuple[float, float]:
    """Median of a frame, and its spread: that of an image without contrast is 1, so that it can be divided by."""
    level = np.asarray(frame, float) - np.median(frame, axis=1, keepdims=True)
    return float(np.median(frame)), robust_spread(level) or float(level.std()) or 1.0


def measure_scaling(fields: Sequence[TrainingField]) -> IntensityScaling:
    """The 0.5th and 99.5th percentiles of all raw frames and of all references in their valid areas; every field counts alike.

    One scale for all fields, not one an image: the brightness that falls with the tilt stays visible, a prediction needs no
    statistics of the image that it is made for, and the result has the target's absolute intensities.

    Parameters
    ----------
    fields
        Frames and references of all fields.

    Raises
    ------
    InputError
        if the raw frames of all fields are one constant.
    """
    raw = [np.percentile(_spread(field.frames), _PERCENTILES) for field in fields]
    targets = [np.percentile(field.valid_reference, _PERCENTILES) for field in fields]
    input_low, input_high = _outermost(raw)
    target_low, target_high = _outermost(targets)
    if input_low == input_high:
        raise InputError(f"the raw frames of {', '.join(field.name for field in fields)} are constant; there is nothing to learn")
    return IntensityScaling(input_low, input_high, target_low, target_high)


def field_weights(fields: Sequence[TrainingField], scaling: Scaling) -> np.ndarray:
    """Weight of each field in the loss: the inverse variance of its reference, (field,), with mean 1.

    A highly tilted field is dark and has little contrast; the mean squared error alone would count it for next to nothing.
    With these weights every field's loss is, but for one factor, the share of its reference's variance that is left unexplained.

    Parameters
    ----------
    fields
        Of which the references count.
    scaling
        With frames on their own scale no field counts more than twenty times as much as one full of contrast.

    Returns
    -------
    (field,)
        Without a unit.
    """
    variance = np.array([field.valid_reference.var(dtype=np.float64) for field in fields])
    if isinstance(scaling, OwnScaling):
        variance = variance / field_scales(fields, scaling)[:, 3] ** 2 + _LEAST_VARIANCE
    return (1 / variance) / (1 / variance).mean()


def _spread(frames: np.ndarray) -> np.ndarray:
    chosen = evenly_spread(len(frames), _FRAMES_LOOKED_AT)
    return frames[chosen]


def _outermost(percentiles: Sequence[np.ndarray]) -> tuple[float, float]:
    return float(min(low for low, _ in percentiles)), float(max(high for _, high in percentiles))
