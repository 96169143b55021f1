"""Fields of random microscopes, each with the noise-free image that its frames should look like."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy

from rapidstem.files.noise_free_fields import CONDITIONS, NoiseFreeFields
from rapidstem.microscope.random_conditions import GRATING_SHARE, dark_field, grating_pixel_nm, random_settings, random_tilt_deg
from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.detector import detector_lag
from rapidstem.microscope.recording.field_resampling import FieldImage
from rapidstem.microscope.recording.frame_recording import rapid_frames
from rapidstem.microscope.recording.goniometer import resting_stage
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.recording.scan_faults import rapid_faults
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.specimens import GratingSpecimen, Specimen, foil_at
from rapidstem.numerics import parabola_vertex

# Lags of `random_conditions` delay by 4 px at most.
LARGEST_DELAY_PX = 6
# Steps a pixel in which the correlation is sampled; a parabola finds the rest.
FINER = 8


@dataclass(frozen=True)
class RandomField:
    """A field and the microscope that it was drawn with.

    Attributes
    ----------
    frames : (frame, y, x) uint16
        That differ in nothing but the noise.
    noise_free : (y, x) float32
        In the counts and the geometry of the frames, without lag, where the frames show it.
    settings
        Of microscope and specimen.
    tilt_deg
        Of the specimen.
    """

    frames: np.ndarray
    noise_free: np.ndarray
    settings: MicroscopeSettings
    tilt_deg: float


def random_field(seed: int, number: int, size_px: int, frames: int) -> RandomField:
    """Draw one field; the same seed and number give the same field on every machine.

    Parameters
    ----------
    seed, number
        Decide everything.
    size_px
        Side of the frames.
    frames
        Their number.

    Returns
    -------
    RandomField
    """
    name = f"field-{number}"
    rng = random_stream(seed, name, "conditions")
    settings, tilt_deg = random_settings(size_px, rng), random_tilt_deg(rng)
    specimen: Specimen
    if rng.uniform() < GRATING_SHARE:
        settings = replace(settings, pixel_size_nm=grating_pixel_nm(rng))
        specimen = GratingSpecimen(name, settings, [])
    else:
        specimen = foil_at(name, tilt_deg, settings)
    field = FieldImage.of(specimen, resting_stage(tilt_deg), 0.0, settings)
    rows = np.arange(size_px, dtype=float)
    noise_free = dark_field(field.image(np.zeros(2), rows, rapid_to_slow(rows, settings)), rng)
    faults = rapid_faults(name, np.arange(frames) * settings.frame_period_s, False, settings)
    recorded, _ = rapid_frames(name, frames, lambda *_: noise_free, faults, settings)
    target = settings.rapid_offset + settings.rapid_gain * delayed(noise_free, settings)
    return RandomField(recorded, target.astype(np.float32), settings, tilt_deg)


def delayed(noise_free: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Move a noise-free image along x to where frames that lag show it.

    References that are aligned with frames lie there, too: a pixel or so behind where the beam was.

    Parameters
    ----------
    noise_free : np.ndarray, (y, x)
        Without lag.
    settings
        Which tell the lag.

    Returns
    -------
    np.ndarray, (y, x)
        Moved by where the correlation of the two images along x is highest.
    """
    lagged = detector_lag(noise_free, settings.lag_decay, settings.lag_weight)
    size = noise_free.shape[1]
    taper = np.hanning(size)
    ahead, behind = (np.fft.rfft((image - image.mean(axis=1, keepdims=True)) * taper, axis=1) for image in (noise_free, lagged))
    correlation = np.fft.irfft((behind * ahead.conj()).sum(axis=0), size * FINER)
    peak = int(correlation[: LARGEST_DELAY_PX * FINER].argmax())
    delay_px = (peak + parabola_vertex(*correlation[[peak - 1, peak, peak + 1]])) / FINER
    return scipy.ndimage.shift(noise_free, (0, float(delay_px)), order=5, mode="nearest")


def simulate_fields(seed: int, numbers: Sequence[int], size_px: int, frames: int) -> NoiseFreeFields:
    """Draw the fields of these numbers, with the conditions that they were drawn with.

    Parameters
    ----------
    seed, numbers, size_px, frames
        As `random_field` takes them.

    Returns
    -------
    NoiseFreeFields
    """
    recorded = np.empty((len(numbers), frames, size_px, size_px), np.uint16)
    noise_free = np.empty((len(numbers), size_px, size_px), np.float32)
    conditions = []
    for place, number in enumerate(numbers):
        field = random_field(seed, number, size_px, frames)
        recorded[place], noise_free[place] = field.frames, field.noise_free
        conditions.append({name: getattr(field.settings, name, field.tilt_deg) for name in CONDITIONS})
    return NoiseFreeFields(recorded, noise_free, pd.DataFrame(conditions))
