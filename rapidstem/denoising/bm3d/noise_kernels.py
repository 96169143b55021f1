"""Power spectra of the correlated kinds of noise that BM3D is usually tuned with."""

import numpy as np

# Shapes of the kernels; Makinen et al. 2020 give pictures of theirs and no numbers, so lengths in pixels and shares are our reading.
_LINE_PX = 16
_ENVELOPE_PX = 10.0
_PINK_SHARE = 0.01


def noise_spectrum(kind: str, shape: tuple[int, int]) -> np.ndarray:
    """Power a pixel of noise of unit variance, (y, x) with the zero frequency at [0, 0]; its mean is 1.

    Parameters
    ----------
    kind
        `gw` white; `g1` lines along x; `g2` rings; `g3` diagonal lines; `g4` pink. With a `w` behind, half of the variance is white.
    shape
        Rows and columns.

    Returns
    -------
    (y, x)
        Power of each wave number, not shifted.

    References
    ----------
    Y. Makinen, L. Azzari, A. Foi, IEEE Trans. Image Process. 29 (2020) 8339, Fig. 3: kinds and names are theirs, the kernels ours.
    """
    if kind == "gw":
        return np.ones(shape)
    power = np.abs(np.fft.fft2(_kernel(kind[:2], shape))) ** 2
    power /= power.mean()
    return (power + 1) / 2 if kind.endswith("w") else power


def _kernel(kind: str, shape: tuple[int, int]) -> np.ndarray:
    """What white noise is convolved with, its middle at [0, 0]."""
    y, x = np.meshgrid(*(np.fft.fftfreq(size, 1 / size) for size in shape), indexing="ij")
    envelope = np.exp(-(x**2 + y**2) / (2 * _ENVELOPE_PX**2))
    if kind == "g1":
        return np.where(y == 0, np.maximum(_LINE_PX - np.abs(x), 0), 0)
    if kind == "g2":
        return np.cos(np.hypot(x, y)) * envelope
    if kind == "g3":
        return np.cos(x + y) * envelope
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(size) for size in shape), indexing="ij"))
    return np.fft.ifft2(_PINK_SHARE / (frequency + _PINK_SHARE)).real
