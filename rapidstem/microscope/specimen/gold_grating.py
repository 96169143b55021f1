"""The calibration specimen: a cross-grating replica with gold particles, dark on a bright carbon film."""

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.settings import MicroscopeSettings

# A cross grating of 2160 lines a millimetre, as sold for calibration.
PERIOD_NM = 463.0
# Number, radii and transmission of the gold particles; plausible for such replicas, not measured on one.
PARTICLES_PER_UM2 = 900.0
RADIUS_NM = (5.0, 11.0)
TRANSMISSION = 0.45


def grating_image(name: str, row_px: np.ndarray, column_px: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Give the clean image (row, column) of a cross grating, 1 on the carbon film.

    Gold particles of some 10 nm lie everywhere, more of them between the grooves than in them; the grooves run along x and y with
    2160 lines in a millimetre.

    Parameters
    ----------
    name
        Chooses the piece of the grating.
    row_px, column_px
        Where the image's rows and columns lie in slow geometry, increasing.
    settings
        Of the virtual microscope.

    Returns
    -------
    (row, column)
        Without noise.
    """
    rng = random_stream(settings.seed, name, "gold grating")
    half = settings.field_nm
    count = rng.poisson(PARTICLES_PER_UM2 * (2 * half * 1e-3) ** 2)
    position = rng.uniform(-half, half, (count, 2))
    grooves = np.cos(2 * np.pi * (position + rng.uniform(0, PERIOD_NM, 2)) / PERIOD_NM).max(axis=1)
    kept = rng.uniform(size=count) < 0.15 + 0.85 / (1 + np.exp(12 * (grooves - 0.8)))
    radius = rng.uniform(*RADIUS_NM, count)[kept]
    opacity = rng.uniform(0.4, 1.0, count)[kept] * -np.log(TRANSMISSION)
    middle = (settings.size_px - 1) / 2
    centre = position[kept] / settings.pixel_size_nm + middle
    return np.exp(-_disks(centre, radius / settings.pixel_size_nm, opacity, row_px, column_px))


def _disks(centre: np.ndarray, radius: np.ndarray, opacity: np.ndarray, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
    """Add up disks with edges one pixel wide."""
    image = np.zeros((len(row_px), len(column_px)))
    for (row, column), size, value in zip(centre, radius, opacity, strict=True):
        rows = slice(*np.searchsorted(row_px, (row - size - 1, row + size + 1)))
        columns = slice(*np.searchsorted(column_px, (column - size - 1, column + size + 1)))
        away = np.hypot(row_px[rows, None] - row, column_px[None, columns] - column)
        image[rows, columns] += value * np.clip(size - away + 0.5, 0, 1)
    return image
