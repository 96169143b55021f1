"""The bright-field detector and its electronics: electrons, lag, streaks, response, 16-bit counts.

The lag acts after the electrons have arrived, so that shot noise and image are blurred together, along +x and never backwards.
"""

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

# Of 16 bits.
MAXIMUM_COUNT = 65535


def rapid_counts(intensity: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Detect a rapid frame.

    Parameters
    ----------
    intensity : (y, x)
        Noise-free image in the rapid scan's geometry; 1 stands for `electrons_per_px`.
    settings
        Of the virtual microscope.
    rng
        Source of the random numbers.

    Returns
    -------
    np.ndarray
        (y, x) uint16
    """
    electrons = rng.poisson(intensity * settings.electrons_per_px) / settings.electrons_per_px
    signal = detector_lag(electrons, settings.lag_decay, settings.lag_weight)
    signal += streaks(intensity.shape, settings, rng)
    return to_counts(saturated(signal, settings), settings.rapid_offset, settings.rapid_gain)


def slow_counts(intensity: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Detect a slow image: more electrons, no lag, streaks averaged away with the dose, a response that bends a little."""
    dose = settings.electrons_per_px * settings.slow_dose_factor
    signal = rng.poisson(intensity * dose) / dose
    signal = slow_response(signal, settings) + streaks(intensity.shape, settings, rng) / np.sqrt(settings.slow_dose_factor)
    return to_counts(saturated(signal, settings), settings.slow_offset, settings.slow_gain)


def slow_response(signal: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Give the slow scan's monotone non-linear response, which leaves 0 and 1 where they are."""
    return signal * (1 + settings.slow_nonlinearity * (1 - signal))


def detector_lag(signal: np.ndarray, decay: tuple[float, ...], weight: tuple[float, ...]) -> np.ndarray:
    """Blur each row causally along +x: a sum of recursive filters `s[n] = (1 - a) p[n] + a s[n - 1]`.

    Parameters
    ----------
    signal : (..., x)
    decay
        `a` of each component, in each pixel.
    weight
        Share of each component; normalised to a sum of one.

    Returns
    -------
    np.ndarray
        The shape of `signal`; every row starts in the state of its own first pixel.
    """
    shares = np.asarray(weight) / np.sum(weight)
    first = signal[..., :1]
    lagged = [_recursion((1 - a) * signal, a, first) * share for a, share in zip(decay, shares, strict=True)]
    return np.sum(lagged, axis=0)


def _recursion(driving: np.ndarray, decay: float, before: np.ndarray) -> np.ndarray:
    """What each pixel keeps of the one before it, and the driving signal: y[n] = decay y[n - 1] + driving[n], along the last axis.

    As `scipy.signal.lfilter`, whose package takes longer to import than all frames of a field to be filtered.
    """
    columns = np.ascontiguousarray(np.moveaxis(driving, -1, 0), float)
    state = before[..., 0].astype(float)
    for column in columns:
        column += decay * state
        state = column
    return np.moveaxis(columns, 0, -1)


def streaks(shape: tuple[int, int], settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw additive noise (y, x) that is correlated along x, equally strong in all columns, white along y, plus an offset of each row."""
    decay = np.exp(-1 / settings.streak_length_px)
    white = rng.normal(0, settings.streak_strength, shape)
    driving = np.sqrt(1 - decay**2) * white
    driving[:, 0] = white[:, 0]
    along = _recursion(driving, decay, np.zeros((shape[0], 1)))
    return along + rng.normal(0, settings.row_offset_strength, (shape[0], 1))


def saturated(signal: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Cut a signal off where the amplifier saturates; a saturation intensity of 0 stands for none."""
    return np.minimum(signal, settings.saturation_intensity) if settings.saturation_intensity else signal


def to_counts(signal: np.ndarray, offset: float, gain: float) -> np.ndarray:
    """Convert a signal to 16-bit counts, clipped to the range."""
    return np.clip(np.rint(offset + gain * signal), 0, MAXIMUM_COUNT).astype(np.uint16)
