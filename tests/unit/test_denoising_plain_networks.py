"""Networks of other papers: their shapes, and how far a pixel is seen."""

import pytest
import torch
from torch import nn

from rapidstem.denoising.networks.architectures import ARCHITECTURES, new_network
from rapidstem.denoising.networks.plain_networks import Autoencoder, ReverseHourglass
from rapidstem.denoising.presets import DENOISERS
from rapidstem.denoising.settings import NETWORKS, NetworkSettings


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def test_every_name_of_the_settings_is_a_network() -> None:
    assert set(ARCHITECTURES) == set(NETWORKS)


def test_the_hourglass_has_eight_layers_and_most_filters_in_the_middle() -> None:
    layers = convolutions(ReverseHourglass(16, 2))
    assert [layer.out_channels for layer in layers] == [16, 32, 64, 64, 64, 32, 16, 1]
    assert sum(parameter.numel() for parameter in ReverseHourglass(16, 2).parameters()) == pytest.approx(0.12e6, rel=0.05)


def test_the_untrained_hourglass_changes_nothing() -> None:
    images = torch.rand(2, 1, 20, 31)
    assert torch.equal(ReverseHourglass(4, 1)(images), images)


@pytest.mark.parametrize("network", [ReverseHourglass(3, 1), Autoencoder(3, 2)])
def test_images_of_any_size_keep_it(network: nn.Module) -> None:
    assert network(torch.rand(1, 1, 33, 50)).shape == (1, 1, 33, 50)


@pytest.mark.parametrize("network", [ReverseHourglass(3, 1), Autoencoder(3, 2)])
def test_no_pixel_is_seen_beyond_the_reach(network: nn.Module) -> None:
    for weights in network.parameters():
        nn.init.constant_(weights, 0.1)
    image = torch.rand(1, 1, 128, 128, requires_grad=True)
    network(image)[0, 0, 64, 64].backward()
    rows, columns = torch.nonzero(image.grad[0, 0], as_tuple=True)
    farthest = max((rows - 64).abs().max(), (columns - 64).abs().max())
    assert network.reach_px / 2 < farthest <= network.reach_px


@pytest.mark.parametrize("preset", ["best", "paper"])
def test_every_denoiser_has_a_network_that_works(preset: str) -> None:
    for denoiser in DENOISERS.values():
        settings = getattr(denoiser, preset)
        if isinstance(settings, NetworkSettings) and settings.width < 64:
            assert new_network(settings)(torch.rand(1, settings.inputs, 16, 16)).shape == (1, 1, 16, 16)
