"""Patches of clean images with synthetic noise, alone or mixed with real ones."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from rapidstem.denoising.fields.intensity_scaling import Scaling, reference_line
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.samplers.patch_sampling import PatchBatch, PatchSampler, Places
from rapidstem.denoising.samplers.synthetic_noise import ElectronNoise


class Sampler(Protocol):
    """What gives a training its patches."""

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places.

        Parameters
        ----------
        count
            Patches in a batch.
        random
            Source of the random numbers.
        """


class SyntheticSampler(PatchSampler):
    """The target is a clean image (slow, drift-corrected average, simulated), the input the same with synthetic noise.

    The dose is drawn log-uniformly for each patch, and the network is not told (Gambini et al. 2023). Intensities of the noisy image
    are put on the scale of the field's rapid frames by the straight line that fits their mean to the clean image.

    Parameters
    ----------
    noise
        Its bias, read noise and lag; the number of electrons is drawn.
    electrons
        Smallest and largest number of detected electrons of a white pixel.
    others
        See `PatchSampler`.

    References
    ----------
    L. Gambini et al., Mach. Learn.: Sci. Technol. 4 (2023) 015025; A. Williams et al., conference abstract (noise model).
    """

    def __init__(
        self,
        fields: Sequence[TrainingField],
        scaling: Scaling,
        weights: np.ndarray,
        patch_size_px: int,
        device: torch.device,
        noise: ElectronNoise,
        electrons: tuple[float, ...],
    ) -> None:
        super().__init__(fields, scaling, weights, patch_size_px, device)
        self._noise = noise
        self._log_electrons = (math.log(electrons[0]), math.log(electrons[1]))
        self._lines = np.array([reference_line(field) for field in fields], np.float32)

    def pairs(self, places: Places, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Clean patches with noise, on the intensity scale of the rapid frames, and without."""
        clean = self.interpolated(self.references, self.reference_starts[places.field], places)
        generator = torch.Generator(clean.device).manual_seed(int(random.integers(2**62)))
        doses = np.exp(random.uniform(*self._log_electrons, len(clean))).astype(np.float32)
        _, _, low, width = self.scales[torch.from_numpy(places.field).to(clean.device)].T[:, :, None, None]
        noisy = self._noise.applied((clean - low) / width, generator, torch.from_numpy(doses).to(clean.device)) * width + low
        slope, offset = torch.from_numpy(self._lines[places.field].T).to(clean.device)[:, :, None, None]
        return slope * noisy + offset, clean


class MixedSampler:
    """Some patches of a batch from one sampler, the others from another; which of two they are drawn from is a matter of chance.

    Parameters
    ----------
    first, second
        Samplers.
    second_share
        Of the patches.
    """

    def __init__(self, first: Sampler, second: Sampler, second_share: float) -> None:
        self._first, self._second, self._share = first, second, second_share

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places."""
        of_second = int(random.binomial(count, self._share))
        parts = [sampler.draw(n, random) for sampler, n in ((self._first, count - of_second), (self._second, of_second)) if n]
        return parts[0] if len(parts) == 1 else _joined(*parts)


def _joined(first: PatchBatch, second: PatchBatch) -> PatchBatch:
    counted = None
    if first.counted is not None or second.counted is not None:
        counted = torch.cat([torch.ones_like(each.inputs) if each.counted is None else each.counted for each in (first, second)])
    inputs, targets, weights = (torch.cat([getattr(each, name) for each in (first, second)]) for name in ("inputs", "targets", "weights"))
    return PatchBatch(inputs, targets, weights, counted)
