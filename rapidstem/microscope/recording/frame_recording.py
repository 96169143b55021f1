"""Frames of one file: clean images, what goes wrong while they are scanned, and the detector."""

from collections.abc import Callable
from functools import partial

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.recording.detector import rapid_counts, slow_counts
from rapidstem.microscope.recording.hot_pixels import add_hot_pixels
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.recording.scan_faults import ScanFaults
from rapidstem.microscope.settings import MicroscopeSettings

CleanFrame = Callable[[int, np.ndarray, np.ndarray], np.ndarray]


def rapid_frames(
    name: str, count: int, clean: CleanFrame, faults: ScanFaults, settings: MicroscopeSettings
) -> tuple[np.ndarray, np.ndarray | None]:
    """Record rapid frames.

    Parameters
    ----------
    name
        The acquisition's; it decides the noise.
    count
        Number of frames.
    clean
        Gives the clean image (row, column) of a frame from its number and rows and columns in slow geometry.
    faults
        What goes wrong while they are scanned.
    settings
        Of the virtual microscope.

    Returns
    -------
    frames : (frame, y, x) uint16
    hot : (pixel, 3) hot pixels, or None
    """
    noise = random_stream(settings.seed, name, "rapid")
    frames = np.empty((count, settings.size_px, settings.size_px), np.uint16)
    slow_columns = partial(rapid_to_slow, settings=settings)
    for frame in range(count):
        image = faults.image(frame, partial(clean, frame), slow_columns, settings.size_px)
        frames[frame] = rapid_counts(image, settings, noise)
    hot = random_stream(settings.seed, name, "hot pixels")
    return frames, add_hot_pixels(frames, settings.rapid_offset, settings.rapid_gain, settings, hot)


def slow_frames(
    name: str, count: int, clean: CleanFrame, faults: ScanFaults, settings: MicroscopeSettings, noise: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """Record slow images, as `rapid_frames` does rapid ones.

    Parameters
    ----------
    name
        The acquisition's; it decides the noise.
    count
        Number of images.
    clean
        Gives the clean image (row, column) of an image from its number and rows and columns in slow geometry.
    faults
        What goes wrong while they are scanned.
    settings
        Of the virtual microscope.
    noise
        Source of the detector's noise.

    Returns
    -------
    images : (image, y, x) uint16
    hot : (pixel, 3)
        Hot pixels, or None.
    """
    frames = np.empty((count, settings.size_px, settings.size_px), np.uint16)
    for frame in range(count):
        image = faults.image(frame, partial(clean, frame), lambda columns: columns, settings.size_px)
        frames[frame] = slow_counts(image, settings, noise)
    hot = random_stream(settings.seed, name, "slow hot pixels")
    return frames, add_hot_pixels(frames, settings.slow_offset, settings.slow_gain, settings, hot)
