"""Denoising of whole stacks with a trained network."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.networks.compute_precision import autocast, best_device, resolve_precision
from rapidstem.denoising.networks.unets import DenoisingNetwork
from rapidstem.denoising.noise_whitening import DRAWS, rows_share_noise, whitened
from rapidstem.errors import InputError, ResourceError
from rapidstem.files.sliced_frames import SlicedFrames

# On a graphics card: eight frames of 512 x 512 px.
PIXELS_AT_ONCE = 2**21
# On a processor: a few frames at once are twice as fast as many, as their features stay in its cache (two frames of 256 x 256 px).
_PIXELS_THAT_STAY_IN_CACHE = 2**17
# A tile below 256 x 256 px is mostly margin: with less memory the card is refused.
_FEWEST_PIXELS = 2**16


class FrameBlocks(Protocol):
    """Frames (frame, y, x) that are read a slice at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, rows and columns."""

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: slice) -> np.ndarray: ...


Frames = np.ndarray | SlicedFrames | FrameBlocks
Area = tuple[slice, slice]


def denoise_stack(model: TrainedModel, frames: Frames, pixels_at_once: int = PIXELS_AT_ONCE) -> np.ndarray:
    """Denoise frames; intensities are on the scale of the reference that the network was trained on.

    Parameters
    ----------
    model
        Trained, see `rapidstem.denoising.model_files.load_model`.
    frames : (frame, y, x)
        Raw frames.
    pixels_at_once
        That the network sees together at most.

    Returns
    -------
    (frame, y, x) float32

    Raises
    ------
    InputError
        if the frames are no stack, or the graphics card has no memory even for small tiles.
    """
    denoised = np.empty(frames.shape, np.float32)
    first = 0
    for block in denoise_blocks(model, frames, pixels_at_once):
        denoised[first : first + len(block)] = block
        first += len(block)
    return denoised


def denoise_blocks(model: TrainedModel, frames: Frames, pixels_at_once: int = PIXELS_AT_ONCE) -> Iterator[np.ndarray]:
    """Denoise frames block by block, so that no more than a block is in memory.

    A frame of more than `pixels_at_once` is cut into tiles that overlap by the network's reach, so that the answer is that of the
    whole frame. When a graphics card has too little memory, smaller tiles are taken from there on, and a line says so.
    Parameters and errors are those of `denoise_stack`, but frames may be in an open file.

    Parameters
    ----------
    model
        A trained network and the scales of its training.
    frames : (frame, y, x)
        Raw frames; an open file will do.
    pixels_at_once
        How many pixels the network is given at once.

    Yields
    ------
    (frame, y, x) float32, in the order of the frames

    Raises
    ------
    InputError
        as of `denoise_stack`
    """
    if len(frames.shape) != 3:
        raise InputError(f"frames of shape {frames.shape} are no stack (frame, y, x)")
    applied = _AppliedModel.on_best_device(model)
    first = 0
    while first < len(frames):
        together = min(pixels_at_once, _PIXELS_THAT_STAY_IN_CACHE) if applied.device.type == "cpu" else pixels_at_once
        last = first + max(together // (frames.shape[1] * frames.shape[2]), 1)
        try:
            block = _denoised_block(applied, frames[first:last], pixels_at_once)
        except torch.OutOfMemoryError:
            pixels_at_once = _fewer_pixels(pixels_at_once)
            continue
        yield block
        first = last


def _fewer_pixels(pixels: int) -> int:
    pixels //= 4
    if pixels < _FEWEST_PIXELS:
        raise ResourceError("the graphics card has no memory for small tiles either; end what else runs on it")
    print(f"the graphics card's memory is full; going on with tiles of {pixels} pixels", file=sys.stderr)
    torch.cuda.empty_cache()
    return pixels


@dataclass(frozen=True)
class _AppliedModel:
    """A model on a device."""

    model: TrainedModel
    network: DenoisingNetwork
    device: torch.device
    precision: str

    @classmethod
    def on_best_device(cls, model: TrainedModel) -> "_AppliedModel":
        device = best_device()
        return cls(model, model.network.on(device).eval(), device, resolve_precision(model.settings.precision, device))

    def __call__(self, frames: np.ndarray, scales: np.ndarray) -> np.ndarray:
        """Denoise frames (frame, y, x) that the network sees whole, with the scales (frame, 4) of the frames that they are parts of."""
        rows, columns = frames.shape[1:]
        lines = torch.as_tensor(scales, dtype=torch.float32, device=self.device)
        input_low, input_width, target_low, target_width = lines.T[:, :, None, None, None]
        step = 2**self.network.depth
        images = torch.from_numpy(np.ascontiguousarray(frames, np.float32)).to(self.device)[:, None]
        images = (images - input_low) / input_width
        images = functional.pad(images, (0, -columns % step, 0, -rows % step), mode="reflect")
        answers = self._answers(images)
        if self.model.settings.flip_averaging:
            answers = (answers + self._answers(images.flip(2)).flip(2)) / 2
        return (answers * target_width + target_low)[:, 0, :rows, :columns].cpu().numpy()

    def _answers(self, images: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(), autocast(self.precision, self.device):
            return self.network(images.contiguous(memory_format=torch.channels_last)).float()


def _denoised_block(applied: _AppliedModel, frames: np.ndarray, pixels: int) -> np.ndarray:
    """Denoise frames; those with noise that the network does not know with white noise in its place, several times."""
    foreign = np.array([applied.model.knows_scans_alone and rows_share_noise(frame[None]) for frame in frames], bool)
    denoised = np.empty(frames.shape, np.float32)
    if not foreign.all():
        denoised[~foreign] = _denoised_tiles(applied, frames[~foreign], pixels)
    for number in np.flatnonzero(foreign):
        answers = [_denoised_tiles(applied, whitened(frames[number], draw)[None], pixels)[0] for draw in range(DRAWS)]
        denoised[number] = np.mean(answers, axis=0)
    return denoised


def _denoised_tiles(applied: _AppliedModel, frames: np.ndarray, pixels: int) -> np.ndarray:
    denoised = np.empty(frames.shape, np.float32)
    scales = applied.model.scaling.of_frames(frames)
    for seen, kept, within in _tiles(frames.shape[1:], applied.network, pixels):
        denoised[(slice(None), *kept)] = applied(frames[(slice(None), *seen)], scales)[(slice(None), *within)]
    return denoised


def _tiles(shape: tuple[int, ...], network: DenoisingNetwork, pixels: int) -> Iterator[tuple[Area, Area, Area]]:
    """Areas that are seen, those of them that are kept, and where these lie in the tile."""
    if shape[0] * shape[1] <= pixels:
        whole = (slice(0, shape[0]), slice(0, shape[1]))
        yield whole, whole, whole
        return
    step, reach = 2**network.depth, network.reach_px
    side = max(int(pixels**0.5) // step * step - 2 * reach, step)
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            kept = (slice(top, min(top + side, shape[0])), slice(left, min(left + side, shape[1])))
            seen = tuple(slice(max(k.start - reach, 0), min(k.stop + reach, n)) for k, n in zip(kept, shape, strict=True))
            within = tuple(slice(k.start - s.start, k.stop - s.start) for k, s in zip(kept, seen, strict=True))
            yield (seen[0], seen[1]), kept, (within[0], within[1])
