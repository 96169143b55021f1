"""Random training patches, gathered from raw frames that lie in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rapidstem.denoising.intensity_scaling import IntensityScaling
from rapidstem.denoising.training_pairs import TrainingField
from rapidstem.errors import InputError

TAPS = 6


@dataclass(frozen=True)
class PatchBatch:
    """Raw patches and their targets in the network's numbers, each (patch, 1, y, x) float32, and the weight of each patch (patch,)."""

    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor


@dataclass(frozen=True)
class _Places:
    """Where the patches lie: field, frame, top-left pixel in the raw frame, and whether they are turned upside down; each (patch,)."""

    field: np.ndarray
    frame: np.ndarray
    corner: np.ndarray
    flipped: np.ndarray


class PatchSampler:
    """Draws patches: every field counts alike, in it every frame, in it every place whose whole target lies in the valid area.

    The raw pixels are taken as recorded. The reference is interpolated at the frame's sub-pixel shift from six pixels in
    each direction. Half of the patches are turned upside down; nothing else, for lag and streaks have a direction in x.

    Parameters
    ----------
    fields : to draw from; may differ in size.
    scaling, weights : of the intensities, and of each field in the loss.
    patch_size_px : side of the patches.
    device : where the pixels are kept and the patches gathered.

    Raises
    ------
    InputError
        if a field is too small for one patch.
    """

    def __init__(
        self, fields: Sequence[TrainingField], scaling: IntensityScaling, weights: np.ndarray, patch_size_px: int, device: torch.device
    ) -> None:
        self._scaling = scaling
        self._size = patch_size_px
        self._weights = torch.as_tensor(weights, dtype=torch.float32, device=device)
        self._shifts = [field.shift_px for field in fields]
        self._corners = [_corner_range(field, patch_size_px) for field in fields]
        self._widths = np.array([field.reference.shape[1] for field in fields])
        self._frame_sizes = np.array([field.reference.size for field in fields])
        self._frame_starts = _starts([field.frames.size for field in fields])
        self._reference_starts = _starts([field.reference.size for field in fields])
        self._frames = _flat_frames(fields).to(device)
        references = np.concatenate([np.nan_to_num(field.reference).ravel() for field in fields])
        self._references = torch.from_numpy(references.astype(np.float32, copy=False)).to(device)

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places."""
        places = self._random_places(count, random)
        inputs, targets = self._raw_patches(places), self._target_patches(places)
        flipped = torch.from_numpy(places.flipped).to(inputs.device)[:, None, None]
        inputs = torch.where(flipped, inputs.flip(1), inputs)
        targets = torch.where(flipped, targets.flip(1), targets)
        scaling = self._scaling
        inputs = (inputs - scaling.input_low) / (scaling.input_high - scaling.input_low)
        targets = (targets - scaling.target_low) / (scaling.target_high - scaling.target_low)
        field = torch.from_numpy(places.field).to(inputs.device)
        return PatchBatch(inputs[:, None], targets[:, None], self._weights[field])

    def _random_places(self, count: int, random: np.random.Generator) -> _Places:
        field = random.integers(len(self._corners), size=count)
        frame = random.integers([len(self._shifts[each]) for each in field])
        ranges = np.stack([self._corners[f][i] for f, i in zip(field, frame, strict=True)])
        corner = random.integers(ranges[:, 0], ranges[:, 1] + 1)
        return _Places(field, frame, corner, random.random(count) < 0.5)

    def _raw_patches(self, places: _Places) -> torch.Tensor:
        origin = self._frame_starts[places.field] + places.frame * self._frame_sizes[places.field]
        pixels = self._gather(self._frames, origin, places.corner, places.field, self._size)
        return pixels.to(torch.int32).bitwise_and(0xFFFF).float() if pixels.dtype == torch.int16 else pixels

    def _target_patches(self, places: _Places) -> torch.Tensor:
        shift = np.stack([self._shifts[f][i] for f, i in zip(places.field, places.frame, strict=True)])
        position = places.corner - shift
        whole = np.floor(position).astype(np.int64)
        first = whole - (TAPS // 2 - 1)
        pixels = self._gather(self._references, self._reference_starts[places.field], first, places.field, self._size + TAPS - 1)
        kernels = torch.from_numpy(interpolation_taps(position - whole)).to(pixels)
        along_y = torch.einsum("nyxk,nk->nyx", pixels.unfold(1, TAPS, 1), kernels[:, 0])
        return torch.einsum("nyxk,nk->nyx", along_y.unfold(2, TAPS, 1), kernels[:, 1])

    def _gather(self, pixels: torch.Tensor, origin: np.ndarray, corner: np.ndarray, field: np.ndarray, size: int) -> torch.Tensor:
        widths = self._widths[field]
        first = torch.from_numpy(origin + corner[:, 0] * widths + corner[:, 1]).to(pixels.device)
        step = torch.arange(size, device=pixels.device)
        rows = torch.from_numpy(widths).to(pixels.device)[:, None] * step
        return pixels[first[:, None, None] + rows[:, :, None] + step]


def interpolation_taps(fraction: np.ndarray) -> np.ndarray:
    """Weights of six pixels in a row for the place `fraction` (0 to 1) behind the third one: Lagrange's interpolation of fifth order.

    It moves polynomials exactly and blurs less than cubic interpolation.

    Parameters
    ----------
    fraction : any shape

    Returns
    -------
    weights, float32, with one more axis of length 6; their sum is 1
    """
    nodes = np.arange(TAPS) - (TAPS // 2 - 1)
    apart = np.asarray(fraction, float)[..., None] - nodes
    taps = [np.prod(np.delete(apart, k, -1), -1) / np.prod(nodes[k] - np.delete(nodes, k)) for k in range(TAPS)]
    return np.stack(taps, axis=-1).astype(np.float32)


def _corner_range(field: TrainingField, size: int) -> np.ndarray:
    """First and last top-left pixel of a patch in each frame, (frame, 2, 2): [first or last][row or column]."""
    before, after = TAPS // 2 - 1, TAPS // 2
    start = np.array([field.rows.start, field.columns.start])
    stop = np.array([field.rows.stop, field.columns.stop])
    first = np.ceil(start + before + field.shift_px)
    last = np.floor(stop - size - after + field.shift_px)
    first = np.maximum(first, 0)
    last = np.minimum(last, np.array(field.reference.shape) - size)
    if (first > last).any():
        raise InputError(f"{field.name}: the valid area {field.valid_reference.shape} is too small for patches of {size} px")
    return np.stack([first, last], axis=1).astype(np.int64)


def _starts(sizes: Sequence[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)


def _flat_frames(fields: Sequence[TrainingField]) -> torch.Tensor:
    """All frames behind each other; 16 bits each where all fields allow it, as signed numbers (few torch functions know unsigned ones)."""
    if all(field.frames.dtype == np.uint16 for field in fields):
        return torch.from_numpy(np.concatenate([field.frames.ravel() for field in fields]).view(np.int16))
    return torch.from_numpy(np.concatenate([field.frames.ravel().astype(np.float32) for field in fields]))
