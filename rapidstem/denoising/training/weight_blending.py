"""Which weights a training from given ones keeps: between those that it started from and those that it ended with."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from rapidstem.denoising.networks.unets import DenoisingNetwork
from rapidstem.denoising.samplers.patch_sampling import PatchBatch
from rapidstem.denoising.training.training_state import TrainingState
from rapidstem.denoising.training.training_steps import batch_loss

# A third point between two ends, for a parabola.
_MIDDLE = 0.5


@dataclass(frozen=True)
class Blend:
    """Weights on the straight line from those that a training started from to those that it ended with.

    Attributes
    ----------
    weights
        By name.
    tuned_share
        Of the way: 0 for the first weights, 1 for the last ones.
    validation_loss
        Of these weights.
    """

    weights: Mapping[str, torch.Tensor]
    tuned_share: float
    validation_loss: float

    def as_dict(self) -> dict[str, float]:
        """For the model card.

        Returns
        -------
        dict
            Share and loss by name.
        """
        return {"tuned_share": self.tuned_share, "validation_loss": self.validation_loss}


def kept_network(
    state: TrainingState, start: Mapping[str, torch.Tensor], validation: PatchBatch | None, precision: str
) -> tuple[DenoisingNetwork, dict[str, float]]:
    """The network that a training ends with: of all that was validated, and of the blends with its start, that of the lowest loss.

    Parameters
    ----------
    state
        After the last step.
    start
        The weights that it started from; empty for fresh ones, which are not blended.
    validation
        Patches that were not learned from; None for none.
    precision
        `bfloat16` or `float32`.

    Returns
    -------
    network : DenoisingNetwork
    blend : dict
        What the card says of the blend, empty where none is kept.
    """
    network = copy.deepcopy(state.average)
    last_loss = state.losses[-1]["validation_loss"]
    blend = best_blend(network, last_loss, start, validation, precision) if start and validation is not None else None
    if blend is None or state.best_loss < blend.validation_loss:
        network.load_state_dict(state.best)
        return network, {}
    network.load_state_dict(blend.weights)
    print(f"kept: {blend.tuned_share:.0%} of the way from the first weights to the last ones, validation loss {blend.validation_loss:.4f}")
    return network, blend.as_dict()


def best_blend(
    network: DenoisingNetwork, last_loss: float, start: Mapping[str, torch.Tensor], validation: PatchBatch, precision: str
) -> Blend:
    """Find the weights of the lowest validation loss between the first and the last ones of a training.

    A few small fields are soon learned by heart: the loss of others rises after some steps, and ends above that of the first weights.
    Between the two lie weights that are better than either. The loss is taken at both ends, in the middle, and where the parabola
    through these three is lowest.

    Parameters
    ----------
    network
        With the last weights; overwritten.
    last_loss
        Validation loss of these.
    start
        The first weights.
    validation
        Patches that were not learned from.
    precision
        `bfloat16` or `float32`.

    Returns
    -------
    Blend
        One of the four.

    References
    ----------
    M. Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022, 7959.
    """
    last = {name: weights.clone() for name, weights in network.state_dict().items()}

    def blend(share: float) -> Blend:
        weights = {name: torch.lerp(start[name], last[name], share) for name in last}
        network.load_state_dict(weights)
        with torch.inference_mode():
            return Blend(weights, share, float(batch_loss(network, validation, precision)))

    tried = [blend(0.0), blend(_MIDDLE), Blend(last, 1.0, last_loss)]
    lowest = _lowest_share(*(each.validation_loss for each in tried))
    if lowest not in {each.tuned_share for each in tried}:
        tried.append(blend(lowest))
    return min(tried, key=lambda each: each.validation_loss)


def _lowest_share(first: float, middle: float, last: float) -> float:
    """Where the parabola through the losses at 0, 1/2 and 1 is lowest between 0 and 1."""
    bend = 2 * (first - 2 * middle + last)
    if bend <= 0:
        return 0.0 if first <= last else 1.0
    return min(max((3 * first - 4 * middle + last) / (2 * bend), 0.0), 1.0)
