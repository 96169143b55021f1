"""Networks that turn a rapid frame into what the reference looks like."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

# Squares of 2 x 2 pixels become channels, so that the first layers work on a quarter of the pixels.
_FOLD = 2
# Residual blocks at each depth, and how much of its first weights the last kernel of a block keeps, so that blocks begin near the identity;
# by judgement, the whole network was compared with others (docs/denoising.md).
_BLOCKS = 2
_FIRST_RESIDUE = 0.1


class DenoisingNetwork(nn.Module):
    """What every network is: single-channel images (n, 1, y, x) of any size go in, images of the same shape come out in float32.

    There is no skip from the input to the output: the answer is drawn anew, so streaks need not be subtracted. The last layer works
    in float32 whatever the precision of the others is, so that intensities are not quantised.

    Attributes
    ----------
    depth
        Number of times the image is halved; images are padded to a multiple of 2**depth.
    reach_px
        At least the largest distance of an input pixel that can change an output pixel; a multiple of 2**depth.
    """

    depth: int
    reach_px: int

    def on(self, device: torch.device) -> "DenoisingNetwork":
        """The network on a device, its weights laid out for channels that lie together in memory.

        Parameters
        ----------
        device
            Where the network is to compute.
        """
        return self.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, 1, y, x) to images of the same shape, float32.

        Parameters
        ----------
        images : (n, 1, y, x)
            Scaled intensities.

        Returns
        -------
        (n, 1, y, x) float32
            Scaled as the targets.
        """
        rows, columns = images.shape[-2:]
        step = 2**self.depth
        features = self.features(functional.pad(images, (0, -columns % step, 0, -rows % step), mode="reflect"))
        with torch.autocast(features.device.type, enabled=False):
            return self.answer(features.float())[..., :rows, :columns]

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """All layers but the last.

        Parameters
        ----------
        images : (n, 1, y, x)
            Scaled intensities, their sides whole multiples of what the network folds or pools.

        Returns
        -------
        (n, channel, y, x)
            What the last layer works on.

        Raises
        ------
        NotImplementedError
            where an architecture does not say what its layers are
        """
        raise NotImplementedError

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """The last layer.

        Parameters
        ----------
        features : (n, channel, y, x)
            What `features` gives, in float32.

        Returns
        -------
        (n, 1, y, x) float32
            Scaled as the targets.

        Raises
        ------
        NotImplementedError
            where an architecture does not say what its last layer is
        """
        raise NotImplementedError


class UNet(DenoisingNetwork):
    """U-Net after Ronneberger, Fischer and Brox (2015).

    Changed against the paper: padded convolutions, one output channel without activation, first weights after He et al. (2015),
    no dropout.

    Parameters
    ----------
    width
        Channels of the first level, doubled at every level below.
    depth
        Number of times the image is halved.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.reach_px = _reach(2**depth, convolutions=2 * (2 * (2**depth - 1) + 2**depth))
        self.encoders = nn.ModuleList(_convolutions(*pair) for pair in pairwise([1, *channels]))
        self.upsamplers = nn.ModuleList(nn.ConvTranspose2d(below, above, 2, stride=2) for above, below in pairwise(channels))
        self.decoders = nn.ModuleList(_convolutions(2 * above, above) for above in channels[:-1])
        self.output = nn.Conv2d(width, 1, 1)
        self.apply(start_as_he)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Down to the lowest level and up again, joining what each level saw on the way down."""
        kept, features = [], images
        for encoder in self.encoders[:-1]:
            features = encoder(features)
            kept.append(features)
            features = functional.max_pool2d(features, 2)
        features = self.encoders[-1](features)
        for level in reversed(range(self.depth)):
            features = self.decoders[level](torch.cat([kept[level], self.upsamplers[level](features)], 1))
        return features

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """One channel from the features of each pixel."""
        return self.output(features)


class ResidualUNet(DenoisingNetwork):
    """U-Net of residual blocks on folded images.

    Four neighbouring pixels become four channels (Shi et al. 2016, as in the FFDNet of Zhang et al. 2018), so that a quarter of the
    places carries more channels, which processors multiply faster. Levels are residual blocks (He et al. 2016) without normalisation, whose
    last weights start small; levels are joined by strided and transposed convolutions and by sums, as in the DRUNet of Zhang et al. 2022.

    Parameters
    ----------
    width
        Channels of the first level; each level below has as many more.
    depth
        Number of times the image is halved, the folding being the first.
    inputs
        Images that it sees at once; it answers for the first one.
    """

    def __init__(self, width: int, depth: int, inputs: int = 1) -> None:
        super().__init__()
        channels = [width * (level + 1) for level in range(depth)]
        self.depth = depth
        self.reach_px = _reach(2**depth, convolutions=2 * _FOLD + 2 * _BLOCKS * (2 * (2**depth - _FOLD) + 2**depth))
        self.input = nn.Conv2d(inputs * _FOLD**2, width, 3, padding=1)
        self.encoders = nn.ModuleList(_residual_blocks(each) for each in channels)
        self.downsamplers = nn.ModuleList(nn.Conv2d(above, below, 2, stride=2) for above, below in pairwise(channels))
        self.upsamplers = nn.ModuleList(nn.ConvTranspose2d(below, above, 2, stride=2) for above, below in pairwise(channels))
        self.decoders = nn.ModuleList(_residual_blocks(each) for each in channels[:-1])
        self.output = nn.Conv2d(width, _FOLD**2, 3, padding=1)
        self.apply(_start_small)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Fold, down to the lowest level and up again, adding what each level saw on the way down."""
        kept = []
        folded = functional.pixel_unshuffle(images, _FOLD).contiguous(memory_format=torch.channels_last)
        features = self.input(folded)
        for encoder, downsampler in zip(self.encoders, self.downsamplers, strict=False):
            features = encoder(features)
            kept.append(features)
            features = downsampler(features)
        features = self.encoders[-1](features)
        for level in reversed(range(len(kept))):
            features = self.decoders[level](self.upsamplers[level](features) + kept[level])
        return features

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """Four channels, unfolded to four pixels."""
        return functional.pixel_shuffle(self.output(features), _FOLD)


class ResidualBlock(nn.Module):
    """Two convolutions whose result is added to what they were given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features (n, channel, y, x) to features of the same shape."""
        return features + self.last(functional.relu(self.first(features)))


def _convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
    )


def _residual_blocks(channels: int) -> nn.Sequential:
    return nn.Sequential(*[ResidualBlock(channels) for _ in range(_BLOCKS)])


def _reach(step: int, convolutions: int) -> int:
    """What the convolutions of all levels reach together, and one place of the lowest level, rounded up to whole such places."""
    return -(-(convolutions + step) // step) * step


def start_as_he(module: nn.Module) -> None:
    """First weights of a convolution after He et al. (Proc. ICCV (2015) 1026), without bias; other modules are left alone."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _start_small(module: nn.Module) -> None:
    """First weights after He et al. (2015) in the residual blocks, their last layer nearly silent; torch's own elsewhere."""
    if isinstance(module, ResidualBlock):
        start_as_he(module.first)
        start_as_he(module.last)
        with torch.no_grad():
            module.last.weight.mul_(_FIRST_RESIDUE)
