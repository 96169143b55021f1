"""Noise of a scanned electron beam, drawn anew for clean images."""

from dataclasses import dataclass

import torch
from torch.nn import functional

# Exact by the definition of the ampere (SI, 2019).
ELEMENTARY_CHARGE_C = 1.602176634e-19
# Weights of the lag's tail below this share of the first are left out: less than a thousandth of a count.
_NEGLIGIBLE = 1e-4


@dataclass(frozen=True)
class ElectronNoise:
    """Counting noise of a beam, after Williams et al.

    A pixel of brightness x (0 black, 1 white) receives k ~ Poisson(N (x + b)) electrons and is shown as k / N - b, plus read noise. With
    a lag a, a pixel then shows s[n] = (1 - a) p[n] + a s[n - 1] of its row: the lag acts on the electrons that were counted, which makes
    noise correlated along x as well as blur.

    Attributes
    ----------
    electrons
        N, detected electrons of a white pixel.
    bias
        b, as a share of white. How Williams et al. mean their bias is not public; this is a dark background that is taken off again.
    read_noise
        Standard deviation, as a share of white.
    lag
        a.
    """

    electrons: float
    bias: float = 0.0
    read_noise: float = 0.0
    lag: float = 0.0

    def applied(self, images: torch.Tensor, generator: torch.Generator, electrons: torch.Tensor | None = None) -> torch.Tensor:
        """Noisy versions of clean images (image, y, x); `electrons` (image,) replaces the one number for all."""
        dose = torch.full((len(images), 1, 1), self.electrons, device=images.device) if electrons is None else electrons[:, None, None]
        expected = dose * (images + self.bias).clamp(min=0)
        noisy = torch.poisson(expected, generator=generator) / dose - self.bias
        if self.read_noise:
            noisy = noisy + self.read_noise * torch.randn(noisy.shape, generator=generator, device=noisy.device)
        return _lagging(noisy, self.lag) if self.lag else noisy


def beam_electrons(current_pa: float, dwell_time_s: float, detected: float = 1.0) -> float:
    """Electrons a pixel that a beam of `current_pa` leaves in a detector which sees the share `detected`: 437 for 50 pA and 1.4 us."""
    return current_pa * 1e-12 * dwell_time_s / ELEMENTARY_CHARGE_C * detected


def _lagging(images: torch.Tensor, lag: float) -> torch.Tensor:
    """A detector that keeps the share `lag` of each pixel for the next one of the row; before the row it saw what the first pixel shows."""
    kernel, weight = [], 1 - lag
    while weight > _NEGLIGIBLE * (1 - lag):
        kernel.append(weight)
        weight *= lag
    taps = torch.tensor(kernel[::-1], device=images.device)
    padded = functional.pad(images[:, None], (len(kernel) - 1, 0, 0, 0), mode="replicate")
    return functional.conv2d(padded, (taps / taps.sum())[None, None, None])[:, 0]
