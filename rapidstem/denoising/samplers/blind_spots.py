"""Patches that a network has to fill in itself: blind spots as long as the noise is correlated along the row."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy
import torch

from rapidstem.denoising.fields.intensity_scaling import Scaling
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.samplers.patch_sampling import PatchBatch, PatchSampler, Places
from rapidstem.numerics import evenly_spread

# Of the pixels of a patch that lie in blind spots; by judgement, the more the faster it learns, the fewer the more a spot sees of its
# surroundings.
_HIDDEN_SHARE = 0.2
# Noise that is correlated by less than a tenth hardly tells a pixel; beyond 8 px only offsets of whole rows are left, which the plateau
# takes away.
_CORRELATED = 0.1
_LONGEST_SPOT_PX = 8
# Spread over the stack; by judgement.
_FRAMES_LOOKED_AT = 8
# A hidden pixel gets the value of a pixel one or two rows above or below, whose noise is independent of its own.
_ROWS_AWAY = (1, 2)


class BlindSpotSampler(PatchSampler):
    """The target is the frame itself at pixels that the input does not show (noise2void with a structured mask).

    A blind spot is a pixel and its neighbours in the row, up to the distance at which the noise still resembles the pixel's own. Each
    is replaced by a pixel of a row nearby, whose noise is another. Only the middle of a spot counts. Lag and streaks run along x, and so
    does the mask; the lag itself cannot be removed in this way.

    Parameters
    ----------
    mask_px
        Half length of a spot; 0 for the measured length.
    others
        See `PatchSampler`; the references serve the scaling alone.

    References
    ----------
    A. Krull, T.-O. Buchholz, F. Jug, CVPR 2019, 2129; C. Broaddus et al., ISBI 2020, 159 (structured masks).
    """

    def __init__(
        self,
        fields: Sequence[TrainingField],
        scaling: Scaling,
        weights: np.ndarray,
        patch_size_px: int,
        device: torch.device,
        mask_px: int = 0,
    ) -> None:
        super().__init__(fields, scaling, weights, patch_size_px, device)
        self.mask_px = mask_px or max(correlated_length(field.frames) for field in fields)

    def pairs(self, places: Places, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The frames as recorded, twice."""
        pixels = self.raw_patches(places)
        return pixels, pixels

    def draw(self, count: int, random: np.random.Generator) -> PatchBatch:
        """`count` patches at random places with blind spots."""
        batch = super().draw(count, random)
        spots = max(round(_HIDDEN_SHARE * self.size**2 / (2 * self.mask_px + 1)), 1)
        chosen = np.stack([random.choice(self.size**2, spots, replace=False) for _ in range(count)])
        middles = np.zeros((count, self.size, self.size), bool)
        np.put_along_axis(middles.reshape(count, -1), chosen, True, axis=1)
        hidden = scipy.ndimage.binary_dilation(middles, np.ones((1, 1, 2 * self.mask_px + 1), bool))
        away = random.choice([*_ROWS_AWAY, *(-row for row in _ROWS_AWAY)], middles.shape)
        rows = np.arange(self.size)[:, None] + away
        rows = np.where((rows < 0) | (rows >= self.size), rows - 2 * away, rows)
        rows = torch.from_numpy(rows).to(batch.inputs.device)
        elsewhere = torch.gather(batch.inputs[:, 0], 1, rows)
        inputs = torch.where(torch.from_numpy(hidden).to(elsewhere.device), elsewhere, batch.inputs[:, 0])
        counted = torch.from_numpy(middles.astype(np.float32)).to(elsewhere.device)
        return replace(batch, inputs=inputs[:, None], counted=counted[:, None])


def correlated_length(frames: np.ndarray) -> int:
    """Distance in pixels along the row up to which the noise of frames (frame, y, x) is correlated by more than 0.1; at least 1.

    Measured on second differences along y, which keep noise that is white along y and take smooth structure away, and without the
    correlation at long distances, which offsets of whole rows leave. At most 8.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw frames of one field.

    Returns
    -------
    int
        In pixels.
    """
    chosen = evenly_spread(len(frames), _FRAMES_LOOKED_AT)
    noise = np.diff(frames[chosen].astype(np.float64), 2, axis=1)
    noise -= noise.mean(axis=2, keepdims=True)
    lags = range(2 * _LONGEST_SPOT_PX + 1)
    covariance = np.array([np.mean(noise[..., : noise.shape[2] - lag] * noise[..., lag:]) for lag in lags])
    plateau = covariance[_LONGEST_SPOT_PX + 1 :].mean()
    correlation = (covariance - plateau) / max(covariance[0] - plateau, np.finfo(float).tiny)
    alike = np.flatnonzero(correlation[: _LONGEST_SPOT_PX + 1] > _CORRELATED)
    return max(int(alike.max(initial=0)), 1)
