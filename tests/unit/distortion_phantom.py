"""A field of view whose intensity is known everywhere, scanned with and without a distortion."""

import numpy as np
from scipy import signal

SIDE = 160


def intensity(y, x, seed=0):
    """Dark line pieces and soft discs on a slowly varying background, at any coordinates."""
    rng = np.random.default_rng(seed)
    image = 1 + 0.1 * np.sin(x / 50 + seed) * np.cos(y / 60)
    for _ in range(60):
        centre = rng.uniform(-30, SIDE + 30, 2)
        angle, width, half_length = rng.uniform(0, np.pi), rng.uniform(1.3, 2.2), rng.uniform(6, 30)
        along = (x - centre[1]) * np.cos(angle) + (y - centre[0]) * np.sin(angle)
        across = (x - centre[1]) * np.sin(angle) - (y - centre[0]) * np.cos(angle)
        image = image * (1 - 0.4 * np.exp(-(across**2) / (2 * width**2) - (along / half_length) ** 4))
    return image


def true_map(side=SIDE):
    """Squeezed by extra view at the line start, relaxing along the line."""
    column = np.arange(side)
    return column - 0.06 * side * np.exp(-column / (0.22 * side))


def bowed_map(side=SIDE):
    """A distortion that no exponential describes: a bow over the whole width, and extra view that fades as a power."""
    share = np.arange(side) / (side - 1)
    return (side - 1) * (share - 0.05 / (1 + 6 * share) ** 2 + 0.008 * np.sin(2 * np.pi * share))


def rapid_reference(seed=0, slow_px=None, electrons=1000.0, lag=0.0):
    """Mean of many rapid frames, in counts, the detector lagging along x."""
    columns = true_map() if slow_px is None else slow_px
    y, x = np.meshgrid(np.arange(SIDE, dtype=float), columns, indexing="ij")
    counts = np.random.default_rng(seed + 100).poisson(electrons * intensity(y, x, seed)) / electrons
    start = lag * counts[:, :1]
    return 6000 + 7000 * signal.lfilter([1 - lag], [1, -lag], counts, axis=1, zi=start)[0]


def slow_image(seed=0, shift=(0.0, 0.0), electrons=1000.0, pixel_ratio=1.0, side=SIDE, places=None):
    """Slow image, moved by (dy, dx), with a detector response and a background of its own.

    It shows the whole field with pixels `pixel_ratio` times as large, or the rows and columns of `places`.
    """
    count = int((side - 1) / pixel_ratio) + 1
    place = (side - 1) / 2 + (np.arange(count) - (count - 1) / 2) * pixel_ratio
    rows, columns = (place, place) if places is None else places
    y, x = np.meshgrid(rows - shift[0], columns - shift[1], indexing="ij")
    counts = np.random.default_rng(seed + 200).poisson(electrons * intensity(y, x, seed)) / electrons
    return 300 + 40 * counts**0.8 * (1 + 0.2 * y / side)
