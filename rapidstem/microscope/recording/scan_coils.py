"""The rapid scan's distortion along x: hysteresis of the scan coils.

At the start of a line the beam lags behind where it should be. The rapid image shows more of the specimen there, squeezed in x;
the effect decays along the line, and a little extra view remains at its end.
"""

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings


def rapid_to_slow(rapid_px: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Give the column of the undistorted slow image that shows what columns of a rapid frame show.

    Parameters
    ----------
    rapid_px
        Columns of the rapid frame, fractions allowed, of any shape.
    settings
        Of the virtual microscope.

    Returns
    -------
    np.ndarray
        Columns of the slow image, strictly increasing with `rapid_px`.
    """
    last = settings.size_px - 1
    position = np.asarray(rapid_px, float) / last
    start, end = _extra_view(position, settings)
    return last * (position - start + end)


def _extra_view(position: np.ndarray, settings: MicroscopeSettings) -> tuple[np.ndarray, np.ndarray]:
    """What is seen beyond the slow image's start and end, in shares of the line, at places 0 to 1 of it."""
    start = settings.hysteresis_extra_view * np.exp(-position / settings.hysteresis_decay)
    return start, settings.hysteresis_end_view * np.exp((position - 1) / settings.hysteresis_decay)


def slow_to_rapid(slow_px: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Invert `rapid_to_slow` by Newton's method, to rounding error."""
    target = np.asarray(slow_px, float)
    rapid = target.copy()
    for _ in range(60):
        step = (rapid_to_slow(rapid, settings) - target) / _stretch(rapid, settings)
        rapid = rapid - np.clip(step, -0.1 * settings.size_px, 0.1 * settings.size_px)
        if np.max(np.abs(step), initial=0) < 1e-12 * settings.size_px:
            break
    return rapid


def _stretch(rapid_px: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Derivative of `rapid_to_slow`: slow pixels for each rapid pixel, larger than 1 where the image is squeezed."""
    start, end = _extra_view(rapid_px / (settings.size_px - 1), settings)
    return 1 + (start + end) / settings.hysteresis_decay
