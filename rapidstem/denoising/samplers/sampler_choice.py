"""The sampler that a denoiser's settings ask for."""

from collections.abc import Sequence

import torch

from rapidstem.denoising.fields.intensity_scaling import Scaling, field_weights
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.samplers.blind_spots import BlindSpotSampler
from rapidstem.denoising.samplers.frame_pairs import AllFramesSampler, OtherFrameSampler, OtherFramesSampler
from rapidstem.denoising.samplers.patch_sampling import PatchSampler
from rapidstem.denoising.samplers.synthetic_noise import ElectronNoise
from rapidstem.denoising.samplers.synthetic_pairs import MixedSampler, Sampler, SyntheticSampler
from rapidstem.denoising.settings import NetworkSettings

_SAMPLERS: dict[str, type[PatchSampler]] = {
    "reference": PatchSampler,
    "other-frame": OtherFrameSampler,
    "other-frames": OtherFramesSampler,
    "all-frames": AllFramesSampler,
}


def new_sampler(fields: Sequence[TrainingField], scaling: Scaling, settings: NetworkSettings, device: torch.device) -> Sampler:
    """Give the sampler of training patches for these settings: real frames, clean images with synthetic noise, or both.

    Parameters
    ----------
    fields
        What is learned from.
    scaling
        Scales of inputs and targets.
    settings
        Of the network: what a patch is compared with, and its size.
    device
        Where the patches are wanted.

    Raises
    ------
    InputError
        if a field is too small for a patch, or has too few frames for the sampler.
    """
    if settings.synthetic_share == 0:
        return _real(fields, scaling, settings, device)
    noise = ElectronNoise(settings.electrons[1], settings.bias, settings.read_noise, settings.lag)
    weights = field_weights(fields, scaling)
    synthetic = SyntheticSampler(fields, scaling, weights, settings.patch_size_px, device, noise, settings.electrons)
    if settings.synthetic_share == 1:
        return synthetic
    return MixedSampler(_real(fields, scaling, settings, device), synthetic, settings.synthetic_share)


def _real(fields: Sequence[TrainingField], scaling: Scaling, settings: NetworkSettings, device: torch.device) -> PatchSampler:
    weights = field_weights(fields, scaling)
    if settings.sampler == "blind-spots":
        return BlindSpotSampler(fields, scaling, weights, settings.patch_size_px, device, settings.mask_px)
    return _SAMPLERS[settings.sampler](fields, scaling, weights, settings.patch_size_px, device)
