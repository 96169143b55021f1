"""Beam current that fluctuates, as that of a cold field emitter does: noise whose power falls as one over the frequency."""

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

# From ten seconds, longer than a series takes, to below a millisecond, shorter than a row.
SLOWEST_HZ = 0.1
OCTAVES = 14
WAVES_PER_OCTAVE = 2


def beam_current(row_time_s: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray | None:
    """Draw the current during each row (frame, row), 1 on average over time; None where it is steady.

    Parameters
    ----------
    row_time_s : (frame, row)
        When the rows are scanned.
    settings
        Of the virtual microscope.
    rng
        Source of the random numbers.

    Returns
    -------
    (frame, row) or None
        Without a unit.

    Notes
    -----
    Waves from 0.1 Hz to 1.2 kHz, evenly spaced on a logarithmic scale and of equal strength, have equal power in every octave: 1/f noise.
    """
    if not settings.beam_fluctuation:
        return None
    count = OCTAVES * WAVES_PER_OCTAVE
    frequency = SLOWEST_HZ * 2 ** (np.arange(count) / WAVES_PER_OCTAVE)
    phase = rng.uniform(0, 2 * np.pi, count)
    noise = np.zeros(row_time_s.shape)
    for each, start in zip(frequency, phase, strict=True):
        noise += np.sin(2 * np.pi * each * row_time_s + start)
    return np.exp(settings.beam_fluctuation * np.sqrt(2 / count) * noise)
