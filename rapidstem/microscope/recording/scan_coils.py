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
    start = settings.hysteresis_extra_view * np.exp(-position / settings.hysteresis_decay)
    end = settings.hysteresis_end_view * np.exp((position - 1) / settings.hysteresis_decay)
    return last * (position - start + end)
