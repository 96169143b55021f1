"""Denoising of whole stacks with a trained network."""

from collections.abc import Iterator

import numpy as np
import torch

from rapidstem.denoising.compute_precision import autocast, best_device, resolve_precision
from rapidstem.denoising.model_files import TrainedModel
from rapidstem.denoising.networks import DenoisingNetwork
from rapidstem.errors import InputError

PIXELS_AT_ONCE = 2**21
_PIXELS_THAT_STAY_IN_CACHE = 2**17


def denoise_stack(model: TrainedModel, frames: np.ndarray, pixels_at_once: int = PIXELS_AT_ONCE) -> np.ndarray:
    """Denoise frames; intensities are on the scale of the reference that the network was trained on.

    Frames are taken in blocks. A frame of more than `pixels_at_once` is cut into tiles that overlap by the network's reach, so
    that the answer is that of the whole frame.

    Parameters
    ----------
    model : trained, see `rapidstem.denoising.model_files.load_model`.
    frames : (frame, y, x) raw frames.
    pixels_at_once : that the network sees together at most; with a width of 24 it takes some 0.7 kB a pixel, 0.4 kB in bfloat16.

    Returns
    -------
    (frame, y, x) float32

    Raises
    ------
    InputError
        if the frames are no stack.
    """
    if frames.ndim != 3:
        raise InputError(f"frames of shape {frames.shape} are no stack (frame, y, x)")
    device = best_device()
    network = model.network.on(device).eval()
    precision = resolve_precision(model.settings.precision, device)
    denoised = np.empty(frames.shape, np.float32)
    frames_at_once = max(min(pixels_at_once, _PIXELS_THAT_STAY_IN_CACHE) // (frames.shape[1] * frames.shape[2]), 1)
    for first in range(0, len(frames), frames_at_once):
        block = slice(first, first + frames_at_once)
        for seen, kept, within in _tiles(frames.shape[1:], network, pixels_at_once):
            tile = _apply(network, model, frames[(block, *seen)], precision, device)
            denoised[(block, *kept)] = tile[(slice(None), *within)]
    return denoised


def _apply(network: DenoisingNetwork, model: TrainedModel, frames: np.ndarray, precision: str, device: torch.device) -> np.ndarray:
    scaling = model.scaling
    images = torch.from_numpy(np.ascontiguousarray(frames, np.float32)).to(device)[:, None]
    images = (images - scaling.input_low) / (scaling.input_high - scaling.input_low)
    with torch.inference_mode(), autocast(precision, device):
        images = network(images.contiguous(memory_format=torch.channels_last))
    images = images[:, 0].float() * (scaling.target_high - scaling.target_low) + scaling.target_low
    return images.cpu().numpy()


Area = tuple[slice, slice]


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
