"""Patches whose targets are other frames of the same field: nothing but rapid frames is needed to learn."""

from collections.abc import Sequence

import numpy as np
import torch

from rapidstem.denoising.fields.frame_shifts import TAPS, aligned_sum
from rapidstem.denoising.fields.intensity_scaling import Scaling
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.samplers.patch_sampling import MARGIN, PatchSampler, Places, interpolated, split
from rapidstem.errors import InputError


class OtherFrameSampler(PatchSampler):
    """The target is one other frame of the field (noise2noise).

    The other frame, not the input, is interpolated: where the specimen stands in the input. Noise of two frames is independent, also
    where it is correlated along the row within each, so the mean of all possible targets is the noise-free frame.

    References
    ----------
    J. Lehtinen et al., ICML 2018, 2965.
    """

    def __init__(
        self, fields: Sequence[TrainingField], scaling: Scaling, weights: np.ndarray, patch_size_px: int, device: torch.device
    ) -> None:
        _require_several_frames(fields)
        super().__init__(fields, scaling, weights, patch_size_px, device)
        self._counts = np.array([len(field.frames) for field in fields])

    def pairs(self, places: Places, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames as recorded, and other frames moved onto them."""
        other = (places.frame + random.integers(1, self._counts[places.field])) % self._counts[places.field]
        position = places.corner - self.shifts(places.field, places.frame) + self.shifts(places.field, other)
        whole, fraction = split(position)
        pixels = self.frame_pixels(places.field, other, whole - MARGIN, self.size + TAPS - 1)
        return self.raw_patches(places), interpolated(pixels, fraction)


class AllFramesSampler(PatchSampler):
    """The target is the mean of all frames of the field, the input's own noise among them (after SDnDTI).

    References
    ----------
    Q. Tian et al., NeuroImage 253 (2022) 119033.
    """

    def __init__(
        self, fields: Sequence[TrainingField], scaling: Scaling, weights: np.ndarray, patch_size_px: int, device: torch.device
    ) -> None:
        _require_several_frames(fields)
        super().__init__(fields, scaling, weights, patch_size_px, device)
        self.counts = np.array([len(field.frames) for field in fields])
        sums = np.concatenate([aligned_sum(field.frames, field.shift_px).ravel() for field in fields])
        self.sums = torch.from_numpy(sums).to(device)

    def pairs(self, places: Places, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames as recorded, and the mean of all moved onto them."""
        total = self.interpolated(self.sums, self.reference_starts[places.field], places)
        return self.raw_patches(places), total / self._of_places(self.counts, places)

    def _of_places(self, values: np.ndarray, places: Places) -> torch.Tensor:
        return torch.from_numpy(values[places.field].astype(np.float32)).to(self.sums.device)[:, None, None]


class OtherFramesSampler(AllFramesSampler):
    """The target is the mean of all other frames of the field: noise2noise with the least noisy target there is.

    What the input gave to the sum of all frames is taken off it exactly, by the interpolation that put it there.
    """

    kernels = 2

    def pairs(self, places: Places, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames as recorded, and the mean of the others moved onto them."""
        shift = self.shifts(places.field, places.frame)
        first, behind = split(places.corner - shift)
        size = self.size + TAPS - 1
        total = self.gathered(self.sums, self.reference_starts[places.field], first - MARGIN, places.field, size)
        whole, fraction = split(shift)
        own = self.frame_pixels(places.field, places.frame, first + whole - 2 * MARGIN, size + TAPS - 1)
        others = (total - interpolated(own, fraction)) / self._of_places(self.counts - 1, places)
        return self.raw_patches(places), interpolated(others, behind)


def _require_several_frames(fields: Sequence[TrainingField]) -> None:
    for field in fields:
        if len(field.frames) < 2:
            raise InputError(f"{field.name}: has a single frame, but is to be compared with its other frames; leave this field out")
