"""The network that a denoiser's settings name."""

from rapidstem.denoising.networks.plain_networks import Autoencoder, ReverseHourglass
from rapidstem.denoising.networks.unets import DenoisingNetwork, ResidualUNet, UNet
from rapidstem.denoising.settings import NetworkSettings

ARCHITECTURES = {"unet": UNet, "residual-unet": ResidualUNet, "hourglass": ReverseHourglass, "autoencoder": Autoencoder}


def new_network(settings: NetworkSettings) -> DenoisingNetwork:
    """Give an untrained network of these settings.

    Parameters
    ----------
    settings
        Of which `network`, `width` and `depth` count, and how many images the network sees.
    """
    if settings.inputs > 1:
        return ResidualUNet(settings.width, settings.depth, settings.inputs)
    return ARCHITECTURES[settings.network](settings.width, settings.depth)
