"""Random training patches, gathered from raw frames that lie in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rapidstem.denoising.fields.frame_shifts import TAPS, interpolation_taps
from rapidstem.denoising.fields.intensity_scaling import Scaling, field_scales
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.errors import InputError

# Pixels that the kernel reads before the first of a patch.
MARGIN = TAPS // 2 - 1


@dataclass(frozen=True)
class PatchBatch:
    """Patches for one step.

    Attributes
    ----------
    inputs, targets : (patch, 1, y, x) float32
        In the network's numbers.
    weights : (patch,)
        Of each patch in the loss.
    counted : (patch, 1, y, x)
        1 for the pixels that count, 0 for the others; all count where there is none.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    counted: torch.Tensor | None = None

    def loss(self, outputs: torch.Tensor) -> torch.Tensor:
        """Weighted mean squared error of the network's answers (patch, 1, y, x), float32.

        Parameters
        ----------
        outputs : (patch, 1, y, x)
            What the network makes of `inputs`.

        Returns
        -------
        scalar
            float32.
        """
        errors = (outputs - self.targets).square()
        if self.counted is not None:
            errors = errors * self.counted / self.counted.mean(dim=(1, 2, 3), keepdim=True)
        return (errors.mean(dim=(1, 2, 3)) * self.weights).mean()


@dataclass(frozen=True)
class Places:
    """Where the patches lie: field, frame, top-left pixel in the raw frame, and whether they are turned upside down; each (patch,)."""

    field: np.ndarray
    frame: np.ndarray
    corner: np.ndarray
    flipped: np.ndarray


class PatchSampler:
    """Draws patches: every field counts alike, in it every frame, in it every place whose whole target lies in the valid area.

    The raw pixels are taken as recorded. The reference is interpolated at the frame's sub-pixel shift from six pixels in
    each direction. Half of the patches are turned upside down; nothing else, for lag and streaks have a direction in x.

    Other samplers than the reference's are subclasses that replace `pairs`.

    Parameters
    ----------
    fields
        To draw from; may differ in size.
    scaling, weights
        Of the intensities, and of each field in the loss.
    patch_size_px
        Side of the patches.
    device
        Where the pixels are kept and the patches gathered.

    Raises
    ------
    InputError
        if a field is too small for one patch.
    """

    kernels = 1  # how often the target is interpolated, each time from pixels that must lie in the valid area too

    def __init__(
        self, fields: Sequence[TrainingField], scaling: Scaling, weights: np.ndarray, patch_size_px: int, device: torch.device
    ) -> None:
        self.scales = torch.as_tensor(field_scales(fields, scaling), dtype=torch.float32, device=device)
        self.size = patch_size_px
        self._weights = torch.as_tensor(weights, dtype=torch.float32, device=device)
        self._shifts = [field.shift_px for field in fields]
        self._corners = [_corner_range(field, patch_size_px, self.kernels) for field in fields]
        self._widths = np.array([field.reference.shape[1] for field in fields])
        self._frame_sizes = np.array([field.reference.size for field in fields])
        self.reference_starts = _starts([field.reference.size for field in fields])
        pixels, self._frame_starts = _flat_frames(fields)
        self._frames = pixels.to(device)
        references = np.concatenate([np.nan_to_num(field.reference).ravel() for field in fields])
        self.references = torch.from_numpy(references.astype(np.float32, copy=False)).to(device)

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places."""
        places = self.random_places(count, random)
        inputs, targets = self.pairs(places, random)
        flipped = torch.from_numpy(places.flipped).to(inputs.device)[:, None, None]
        inputs = torch.where(flipped, inputs.flip(1), inputs)
        targets = torch.where(flipped, targets.flip(1), targets)
        field = torch.from_numpy(places.field).to(inputs.device)
        input_low, input_width, target_low, target_width = self.scales[field].T[:, :, None, None]
        inputs, targets = (inputs - input_low) / input_width, (targets - target_low) / target_width
        return PatchBatch(inputs[:, None], targets[:, None], self._weights[field])

    def pairs(self, places: Places, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets at these places, each (patch, y, x) in recorded intensities."""
        return self.raw_patches(places), self.interpolated(self.references, self.reference_starts[places.field], places)

    def random_places(self, count: int, random: np.random.Generator) -> Places:
        """Where `count` patches lie."""
        field = random.integers(len(self._corners), size=count)
        frame = random.integers([len(self._shifts[each]) for each in field])
        ranges = np.stack([self._corners[f][i] for f, i in zip(field, frame, strict=True)])
        corner = random.integers(ranges[:, 0], ranges[:, 1] + 1)
        return Places(field, frame, corner, random.random(count) < 0.5)

    def raw_patches(self, places: Places) -> torch.Tensor:
        """The pixels of the frames as recorded, (patch, y, x)."""
        return self.frame_pixels(places.field, places.frame, places.corner, self.size)

    def frame_pixels(self, field: np.ndarray, frame: np.ndarray, corner: np.ndarray, size: int) -> torch.Tensor:
        """Squares of `size` pixels with their top-left pixels at `corner` (patch, 2), float32.

        Parameters
        ----------
        field : (patch,)
            Number of the field of each patch.
        frame : (patch,)
            Number of its frame in the field.
        corner : (patch, 2)
            Row and column of its top-left pixel.
        size
            Edge of a patch in pixels.

        Returns
        -------
        (patch, y, x) float32
            In counts.
        """
        pixels = self.gathered(self._frames, self._frame_starts[field] + frame * self._frame_sizes[field], corner, field, size)
        return pixels.to(torch.int32).bitwise_and(0xFFFF).float() if pixels.dtype == torch.int16 else pixels

    def shifts(self, field: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Shifts (patch, 2) of frames."""
        return np.stack([self._shifts[f][i] for f, i in zip(field, frame, strict=True)])

    def interpolated(self, images: torch.Tensor, origin: np.ndarray, places: Places) -> torch.Tensor:
        """Patches of images that lie at shift zero (flat, each from its `origin` on) as the frames at these places show them."""
        whole, fraction = split(places.corner - self.shifts(places.field, places.frame))
        pixels = self.gathered(images, origin, whole - MARGIN, places.field, self.size + TAPS - 1)
        return interpolated(pixels, fraction)

    def gathered(self, pixels: torch.Tensor, origin: np.ndarray, corner: np.ndarray, field: np.ndarray, size: int) -> torch.Tensor:
        """Squares of `size` pixels of images that lie flat behind each other, from their top-left pixels on: (patch, y, x).

        Parameters
        ----------
        pixels : (pixel,)
            All images, one behind the other.
        origin : (patch,)
            Where the image of each patch begins.
        corner : (patch, 2)
            Row and column of its top-left pixel.
        field : (patch,)
            Number of its field, whose width counts.
        size
            Edge of a patch in pixels.

        Returns
        -------
        (patch, y, x)
            In the type of `pixels`.
        """
        widths = self._widths[field]
        first = torch.from_numpy(origin + corner[:, 0] * widths + corner[:, 1]).to(pixels.device)
        step = torch.arange(size, device=pixels.device)
        rows = torch.from_numpy(widths).to(pixels.device)[:, None] * step
        return pixels[first[:, None, None] + rows[:, :, None] + step]


def interpolated(pixels: torch.Tensor, fraction: np.ndarray) -> torch.Tensor:
    """Patches (patch, y + 5, x + 5) at places that lie by `fraction` (patch, 2) behind their third pixels: (patch, y, x)."""
    kernels = torch.from_numpy(interpolation_taps(fraction)).to(pixels)
    along_y = torch.einsum("nyxk,nk->nyx", pixels.unfold(1, TAPS, 1), kernels[:, 0])
    return torch.einsum("nyxk,nk->nyx", along_y.unfold(2, TAPS, 1), kernels[:, 1])


def split(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole pixels and what lies behind them."""
    whole = np.floor(position).astype(np.int64)
    return whole, position - whole


def _corner_range(field: TrainingField, size: int, kernels: int) -> np.ndarray:
    """First and last top-left pixel of a patch in each frame, (frame, 2, 2): [first or last][row or column]."""
    before, after = MARGIN * kernels, (TAPS - 1 - MARGIN) * kernels
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


def _flat_frames(fields: Sequence[TrainingField]) -> tuple[torch.Tensor, np.ndarray]:
    """All frames behind each other, and where each field's begin.

    They have 16 bits each where all fields allow it, as signed numbers (few torch functions know unsigned ones).
    """
    common = np.uint16 if all(field.frames.dtype == np.uint16 for field in fields) else np.float32
    whole = fields[0].frames.base
    if isinstance(whole, np.ndarray) and whole.dtype == common and all(_lies_in(whole, field.frames) for field in fields):
        addresses = np.array([field.frames.ctypes.data for field in fields])
        pixels, starts = whole.ravel(), (addresses - whole.ctypes.data) // whole.itemsize
    else:
        pixels = np.concatenate([field.frames.ravel().astype(common, copy=False) for field in fields])
        starts = _starts([field.frames.size for field in fields])
    return torch.from_numpy(pixels.view(np.int16) if common == np.uint16 else pixels), starts


def _lies_in(whole: np.ndarray, frames: np.ndarray) -> bool:
    """Whether frames are pixels of an array that follow each other in it."""
    return frames.base is whole and whole.flags.c_contiguous and frames.flags.c_contiguous
