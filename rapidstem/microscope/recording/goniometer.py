"""The goniometer: how the stage really turns, and what it reports.

During a rapid series the stage starts from rest, turns with a speed that ripples, and stops; the speed that it is asked for is only
an average. Reported angles carry a common offset, an error that wanders slowly and noise.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

# Frequencies and shares of the speed's ripple; plausible, no measurement of a goniometer that turns so fast is public.
RIPPLE_HZ = np.array((0.33, 0.83, 2.9))
RIPPLE_SHARE = np.array((0.5, 0.3, 0.2))


@dataclass(frozen=True)
class TiltMotion:
    """The true tilt as a function of time, interpolated between close samples; the stage rests before and after.

    Attributes
    ----------
    time_s : (n,)
    angle_rad : (n,)
    """

    time_s: np.ndarray
    angle_rad: np.ndarray

    def at(self, time_s: float | np.ndarray) -> np.ndarray:
        """Give the true tilt in radians at times of any shape.

        Parameters
        ----------
        time_s
            Of any shape.

        Returns
        -------
        ndarray
            Of the same shape, in radians.
        """
        return np.interp(time_s, self.time_s, self.angle_rad)


def resting_stage(tilt_deg: float) -> TiltMotion:
    """Give the motion of a stage that stands still."""
    return TiltMotion(np.array((0.0, 1.0)), np.full(2, np.deg2rad(tilt_deg)))


def tilting_stage(settings: MicroscopeSettings, rng: np.random.Generator) -> TiltMotion:
    """Draw the motion of a continuous tilt series, from the first row of its first frame to the last row of its last."""
    duration = (settings.tilt_frames - 1) * settings.frame_period_s + settings.frame_time_s
    time = np.linspace(0, duration, max(2, round(duration / 1e-3)) + 1)
    phase = rng.uniform(0, 2 * np.pi, 3)
    ripple = np.sqrt(2) * settings.tilt_ripple * np.sin(2 * np.pi * time[:, None] * RIPPLE_HZ + phase) @ RIPPLE_SHARE
    ramp = np.minimum(1, np.minimum(time + 1e-3, duration - time + 1e-3) / max(settings.tilt_ramp_s, 1e-3))
    speed = ramp * (1 + ripple)
    travelled = np.concatenate(([0], np.cumsum((speed[1:] + speed[:-1]) / 2)))
    span = np.deg2rad(settings.tilt_stop_deg - settings.tilt_start_deg)
    return TiltMotion(time, np.deg2rad(settings.tilt_start_deg) + span * travelled / travelled[-1])


def reported_angles_rad(true_rad: np.ndarray, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Give what the turning goniometer reports for the true tilts (frame,) at the start of the frames.

    Parameters
    ----------
    true_rad : (frame,)
        At the start of the frames.
    settings
        Of the virtual microscope.
    rng
        Source of the random numbers.

    Returns
    -------
    np.ndarray
        (frame,) radians: a common offset, a wandering error of `reading_wander_deg` at its largest, noise.
    """
    position = np.linspace(0, 2 * np.pi, len(true_rad))
    phase = rng.uniform(0, 2 * np.pi, 2)
    wander = np.sin(position + phase[0]) + 0.5 * np.sin(2 * position + phase[1])
    wander *= settings.reading_wander_deg / max(np.max(np.abs(wander)), 1e-9)
    noise = rng.normal(0, settings.reading_noise_deg, len(true_rad))
    return true_rad + np.deg2rad(settings.reading_offset_deg + wander + noise)
