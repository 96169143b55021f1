"""Hot pixels: single pixels that read far too much, as from an X-ray or a cosmic ray in the detector; each frame has its own."""

import numpy as np

from rapidstem.microscope.recording.detector import saturated, to_counts
from rapidstem.microscope.settings import MicroscopeSettings


def add_hot_pixels(
    frames: np.ndarray, offset: float, gain: float, settings: MicroscopeSettings, rng: np.random.Generator
) -> np.ndarray | None:
    """Make some pixels of frames (frame, y, x) hot, in place.

    Parameters
    ----------
    frames : (frame, y, x)
        Counts, changed in place.
    offset, gain
        Counts are `offset + gain * intensity`.
    settings
        Of the virtual microscope.
    rng
        Source of the random numbers.

    Returns
    -------
    np.ndarray or None
        (pixel, 3) frame, row and column of the hot pixels; None where the settings ask for none.
    """
    if not settings.hot_pixel_share:
        return None
    places = np.argwhere(rng.uniform(size=frames.shape) < settings.hot_pixel_share)
    intensity = saturated(np.array(settings.hot_pixel_intensity), settings)
    frames[tuple(places.T)] = to_counts(intensity, offset, gain)
    return places
