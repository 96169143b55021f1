"""Two networks that learn to denoise a series from its noisy frames alone, written from what their papers say: SUPPORT and UDVD.

Both see a frame beside its neighbours and answer for every pixel without having seen it in the frame: `PIXEL`, as in the papers. Noise
that is correlated along the row, as that of a scan, tells them the pixel from its neighbours; with `ROW` they do not see the pixel's row.
The sides of images are multiples of 8: others are padded by what they show, spots that should be blind among it.
"""

import torch
from torch import nn
from torch.nn import functional

from rapidstem.denoising.networks.unets import DenoisingNetwork, start_as_he

PIXEL, ROW = BLIND = "pixel", "row"
# Kernels of SUPPORT and their dilations, powers of 2 and of 3: what a layer has seen so far always ends before its next hole.
_PATHS = ((3, (1, 2, 4, 8, 16)), (5, (1, 3, 9)))
# Number of times the U-Nets halve an image.
_DEPTH = 3


class Support(DenoisingNetwork):
    """A U-Net sees the neighbours; layers with holes in their kernels see the frame and what the U-Net makes of the neighbours.

    Parameters
    ----------
    width
        Channels of every layer.
    neighbours
        Their number.
    blind
        `pixel` or `row` of the frame that an answer does not see. Neighbours are seen as they are.

    References
    ----------
    M. Eom et al., Statistically unbiased prediction enables accurate denoising of voltage imaging data, Nature Methods 20 (2023) 1581
    """

    def __init__(self, width: int, neighbours: int, blind: str) -> None:
        super().__init__()
        self.depth = _DEPTH
        self.context = FeatureUNet(neighbours, width, causal=False)
        self.paths = nn.ModuleList(_path(width, size, dilations, blind) for size, dilations in _PATHS)
        self.output = _output(width * (1 + sum(len(dilations) for _, dilations in _PATHS)), width)
        self.apply(start_as_he)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What every layer makes of frames and their neighbours (n, 1 + neighbour, y, x)."""
        context = self.context(images[:, 1:])
        found = [context]
        for path in self.paths:
            assert isinstance(path, nn.ModuleList)
            features = torch.cat([images[:, :1], context], 1)
            for layer in path:
                features = functional.relu(layer(features))
                found.append(features)
        return torch.cat(found, 1)

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """The frames without noise, (n, 1, y, x)."""
        return self.output(features)


class HoledConvolution(nn.Conv2d):
    """A convolution that does not see the pixel in its middle, or that pixel's row.

    Parameters
    ----------
    inputs, outputs
        Channels.
    size
        Of the kernel in pixels.
    dilation
        Pixels from one of the kernel's to the next.
    blind
        `pixel` or `row`.
    """

    seen: torch.Tensor

    def __init__(self, inputs: int, outputs: int, size: int, dilation: int, blind: str) -> None:
        super().__init__(inputs, outputs, size, padding="same", dilation=dilation)
        seen = torch.ones(size, size)
        seen[size // 2, size // 2 if blind == PIXEL else slice(None)] = 0
        self.register_buffer("seen", seen)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Channels (n, channel, y, x) to channels."""
        return self._conv_forward(images, self.weight * self.seen, self.bias)


class Udvd(DenoisingNetwork):
    """U-Nets that see the rows above a pixel alone look at the images and at the images turned: together they see all but the pixel.

    Three frames in a row go through one U-Net, the three answers for five frames through a second one. Neighbours are blind in the same
    place. With `row` the images are turned upside down only, so that no branch sees the pixel's row.

    Parameters
    ----------
    width
        Channels of every layer.
    blind
        `pixel` or `row` that an answer does not see.

    References
    ----------
    D. Y. Sheth et al., Unsupervised deep video denoising, ICCV 2021, 1759; S. Laine et al., High-quality self-supervised deep image
    denoising, NeurIPS 2019
    """

    # Of the frame (0) and its neighbours in the order in which they come: one before, one after, two before, two after.
    _TRIPLETS = ((3, 1, 0), (1, 0, 2), (0, 2, 4))

    def __init__(self, width: int, blind: str) -> None:
        super().__init__()
        self.depth = _DEPTH
        self.turns = (0, 1, 2, 3) if blind == PIXEL else (0, 2)
        self.first = FeatureUNet(3, width, causal=True)
        self.second = FeatureUNet(3 * width, width, causal=True)
        self.output = _output(len(self.turns) * width, width)
        self.apply(start_as_he)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What all branches say of frames and their four neighbours (n, 5, y, x)."""
        seen = [torch.rot90(self._above(torch.rot90(images, turn, (2, 3))), -turn, (2, 3)) for turn in self.turns]
        return torch.cat(seen, 1)

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """The frames without noise, (n, 1, y, x)."""
        return self.output(features)

    def _above(self, images: torch.Tensor) -> torch.Tensor:
        """What the rows above each pixel say."""
        firsts = [self.first(images[:, list(triplet)]) for triplet in self._TRIPLETS]
        return _row_down(self.second(torch.cat(firsts, 1)))


class FeatureUNet(nn.Module):
    """A U-Net with as many channels on every level, which answers with channels.

    Parameters
    ----------
    inputs
        Channels of what it sees.
    width
        Channels of every level, and of the answer.
    causal
        Whether an answer sees nothing of the rows below its own.
    """

    def __init__(self, inputs: int, width: int, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.encoders = nn.ModuleList(_convolutions(inputs if level == 0 else width, width, causal) for level in range(_DEPTH + 1))
        self.decoders = nn.ModuleList(_convolutions(2 * width, width, causal) for _ in range(_DEPTH))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Channels (n, inputs, y, x), sides multiples of 8, to channels (n, width, y, x)."""
        kept, features = [], images
        for encoder in self.encoders[:-1]:
            features = encoder(features)
            kept.append(features)
            features = functional.max_pool2d(_row_down(features) if self.causal else features, 2)
        features = self.encoders[-1](features)
        for decoder, upper in zip(self.decoders, reversed(kept), strict=True):
            features = decoder(torch.cat([upper, functional.interpolate(features, scale_factor=2)], 1))
        return features


def _row_down(features: torch.Tensor) -> torch.Tensor:
    return functional.pad(features[:, :, :-1], (0, 0, 1, 0))


def _path(width: int, size: int, dilations: tuple[int, ...], blind: str) -> nn.ModuleList:
    inputs = (width + 1, *[width] * (len(dilations) - 1))
    return nn.ModuleList(HoledConvolution(each, width, size, dilation, blind) for each, dilation in zip(inputs, dilations, strict=True))


def _convolutions(inputs: int, outputs: int, causal: bool) -> nn.Sequential:
    return nn.Sequential(*_convolution(inputs, outputs, causal), *_convolution(outputs, outputs, causal))


def _convolution(inputs: int, outputs: int, causal: bool) -> tuple[nn.Module, ...]:
    return nn.ZeroPad2d((1, 1, 2, 0) if causal else 1), nn.Conv2d(inputs, outputs, 3), nn.ReLU(inplace=True)


def _output(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, 2 * width, 1), nn.ReLU(inplace=True), nn.Conv2d(2 * width, 1, 1))
