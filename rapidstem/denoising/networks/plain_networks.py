"""Networks of other papers: a reverse hourglass and an autoencoder."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from rapidstem.denoising.networks.unets import DenoisingNetwork, start_as_he


class ReverseHourglass(DenoisingNetwork):
    """Eight convolutions without pooling that have more filters the nearer they are to the middle, after Williams et al.

    Nothing but "8-layer reverse hourglass" and "increasing feature filters the closer you get to the middle" is public; kernels of
    3x3, the widths (16, 32, 64, 64, 64, 32, 16, 1 by default) and the skip from the input to the output are an interpretation.

    Parameters
    ----------
    width
        Channels of the first layer.
    depth
        How often the number of channels is doubled towards the middle; there are 2 depth + 4 layers.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        rising = [width * 2**level for level in range(depth + 1)]
        channels = [1, *rising, rising[-1], *reversed(rising)]
        self.depth = 0
        self.reach_px = len(channels)
        self.layers = nn.Sequential(*(_convolution(*pair) for pair in pairwise(channels)))
        self.output = nn.Conv2d(width, 1, 3, padding=1)
        self.apply(start_as_he)
        nn.init.zeros_(self.output.weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, 1, y, x) to images of the same shape, float32: the input and what the layers add to it."""
        return images.float() + super().forward(images)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """All layers but the last."""
        return self.layers(images)

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """What is added to the input."""
        return self.output(features)


class Autoencoder(DenoisingNetwork):
    """A convolutional autoencoder without skips, after Gambini et al. (2023), of whom only the abstract was at hand.

    Parameters
    ----------
    width
        Channels of the first level; every level below has twice as many.
    depth
        Number of times the image is halved.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.reach_px = 8 * 2**depth
        self.encoders = nn.ModuleList(_block(*pair) for pair in pairwise([1, *channels]))
        self.upsamplers = nn.ModuleList(nn.ConvTranspose2d(below, above, 2, stride=2) for above, below in pairwise(channels))
        self.decoders = nn.ModuleList(_block(above, above) for above in channels[:-1])
        self.output = nn.Conv2d(width, 1, 3, padding=1)
        self.apply(start_as_he)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Down to the lowest level and up again; nothing of the upper levels is kept on the way."""
        features = self.encoders[0](images)
        for encoder in self.encoders[1:]:
            features = encoder(functional.max_pool2d(features, 2))
        for level in reversed(range(self.depth)):
            features = self.decoders[level](self.upsamplers[level](features))
        return features

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """One channel from the features around each pixel."""
        return self.output(features)


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True))


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs), _convolution(outputs, outputs))
