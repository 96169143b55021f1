"""Motion within a frame: mains vibration, a stage that shakes and jumps while it turns, and drift while a slow image is scanned.

Every row shows the specimen where it is when the row is scanned: each displacement is a function of time, read at the rows' times.
"""

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

# Frequencies of a shaking stage, drawn evenly on a logarithmic scale, and how many at once; plausible, no measurement is public.
SHAKE_HZ = (4.0, 40.0)
SHAKES = 5


def mains_vibration(row_time_s: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw vibration at the mains frequency and its harmonics; the phases differ from frame to frame and between y and x.

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
    np.ndarray
        (frame, row, 2) displacement (dy, dx) in nm; the component at `vibration_hz[0]` has the amplitude `vibration_nm`.
    """
    phase = rng.uniform(0, 2 * np.pi, (len(row_time_s), 1, 2, len(settings.vibration_hz)))
    turned = 2 * np.pi * (row_time_s - row_time_s[:, :1])[:, :, None, None] * np.asarray(settings.vibration_hz)
    return settings.vibration_nm * np.sin(turned + phase) @ np.asarray(settings.vibration_share)


def stage_shake(row_time_s: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw the shaking of a stage that turns: resonances between 4 and 40 Hz, (frame, row, 2) in nm, `stage_shake_nm` rms in y and x."""
    lowest, highest = SHAKE_HZ
    frequency = lowest * (highest / lowest) ** rng.uniform(size=(2, SHAKES))
    phase = rng.uniform(0, 2 * np.pi, (2, SHAKES))
    waves = np.sin(2 * np.pi * row_time_s[:, :, None, None] * frequency + phase)
    return settings.stage_shake_nm * np.sqrt(2 / SHAKES) * waves.sum(axis=-1)


def stage_jumps(row_time_s: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw jumps of the stage at random times of the series, each for good: (frame, row, 2) in nm, zero on average."""
    moment = rng.uniform(row_time_s.min(), row_time_s.max(), settings.stage_jumps)
    way = rng.normal(0, settings.stage_jump_nm, (settings.stage_jumps, 2))
    moved = (row_time_s[:, :, None] > moment) @ way
    return moved - moved.mean(axis=(0, 1))


def steady_drift(row_time_s: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Draw drift in one direction while each slow image is scanned: (frame, row, 2) in nm, zero at the middle of every frame."""
    angle = rng.uniform(0, 2 * np.pi)
    since_middle = row_time_s - row_time_s.mean(axis=1, keepdims=True)
    speed = settings.slow_drift_px_per_s * settings.pixel_size_nm
    return speed * since_middle[:, :, None] * np.array((np.sin(angle), np.cos(angle)))
