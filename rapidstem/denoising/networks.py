"""Networks that turn a rapid frame into what the reference looks like."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


class UNet(nn.Module):
    """U-Net after Ronneberger, Fischer and Brox (2015) for single-channel images of any size.

    Changed against the paper: padded convolutions, one output channel without activation, first weights after He et al. (2015),
    no dropout. There is no skip from the input to the output: the answer is drawn anew, so streaks need not be subtracted.
    The last layer works in float32 whatever the precision of the others is, so that intensities are not quantised.

    Parameters
    ----------
    width : channels of the first level.
    depth : number of times the image is halved.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.encoders = nn.ModuleList(_convolutions(*pair) for pair in pairwise([1, *channels]))
        self.raisers = nn.ModuleList(nn.ConvTranspose2d(below, above, 2, stride=2) for above, below in pairwise(channels))
        self.decoders = nn.ModuleList(_convolutions(2 * above, above) for above in channels[:-1])
        self.output = nn.Conv2d(width, 1, 1)
        self.apply(_initialise)

    @property
    def reach_px(self) -> int:
        """Largest distance of an input pixel that can change an output pixel, rounded up to whole pixels of the lowest level."""
        step = 2**self.depth
        convolutions = 2 * (2 * (step - 1) + step)
        return -(-(convolutions + step) // step) * step

    def on(self, device: torch.device) -> "UNet":
        """This network on a device, its weights laid out for channels that lie together in memory."""
        return self.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, 1, y, x) to images of the same shape, float32."""
        rows, columns = images.shape[-2:]
        step = 2**self.depth
        bottom, right = -rows % step, -columns % step
        features = functional.pad(images, (0, right, 0, bottom), mode="reflect")
        features = self._features(features)[..., :rows, :columns]
        with torch.autocast(features.device.type, enabled=False):
            return self.output(features.float())

    def _features(self, features: torch.Tensor) -> torch.Tensor:
        kept = []
        for encoder in self.encoders[:-1]:
            features = encoder(features)
            kept.append(features)
            features = functional.max_pool2d(features, 2)
        features = self.encoders[-1](features)
        for level in reversed(range(self.depth)):
            features = self.decoders[level](torch.cat([kept[level], self.raisers[level](features)], 1))
        return features


def _convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
    )


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
