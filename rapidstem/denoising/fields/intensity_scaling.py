"""One affine scale for all inputs and one for all targets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.errors import InputError
from rapidstem.numerics import evenly_spread

# What becomes 0 and 1: hot pixels and the outermost 1 % are left out.
_PERCENTILES = (0.5, 99.5)
# Spread over each stack: the percentiles of half a million pixels do not ask for more.
_FRAMES_LOOKED_AT = 8


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


def field_weights(fields: Sequence[TrainingField]) -> np.ndarray:
    """Weight of each field in the loss: the inverse variance of its reference, (field,), with mean 1.

    A highly tilted field is dark and has little contrast; the mean squared error alone would count it for next to nothing.
    With these weights every field's loss is, but for one factor, the share of its reference's variance that is left unexplained.

    Parameters
    ----------
    fields
        Of which the references count.

    Returns
    -------
    (field,)
        Without a unit.
    """
    inverse = np.array([1.0 / field.valid_reference.var(dtype=np.float64) for field in fields])
    return inverse / inverse.mean()


def _spread(frames: np.ndarray) -> np.ndarray:
    chosen = evenly_spread(len(frames), _FRAMES_LOOKED_AT)
    return frames[chosen]


def _outermost(percentiles: Sequence[np.ndarray]) -> tuple[float, float]:
    return float(min(low for low, _ in percentiles)), float(max(high for _, high in percentiles))
