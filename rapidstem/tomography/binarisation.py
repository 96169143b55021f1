"""From bright-field tilt series to lines: the step that makes a series a projection of something."""

from typing import Literal

import numpy as np
from scipy import ndimage

from rapidstem.errors import InputError
from rapidstem.tomography.ridge_points import line_curvature, subtract_background

_DIP_PERCENTILE = 99.0
_THRESHOLD_OF_DIP = 0.35
_THRESHOLD_SPREADS = 3.0
_STEEPNESS = 6.0


def line_probability(frame: np.ndarray, line_scale_px: float = 1.5, background_px: float = 12.0) -> np.ndarray:
    """How surely each pixel lies on a dark line, 0 to 1; one half where the hard binarisation has its edge.

    The curvature at the scale of the lines is compared with what the frame itself holds: the middle is the larger of 0.35 of the
    frame's strong lines (its 99th percentile) and 3 robust spreads of the whole frame, so that neither the absolute intensity nor the
    weaker contrast at high tilt matters.

    Parameters
    ----------
    frame : np.ndarray, (y, x)
        Bright-field frame.
    line_scale_px : float
        Half of the full width of the lines at half depth.
    background_px : float
        Standard deviation of the Gaussian mean that stands for the background.

    Returns
    -------
    np.ndarray, (y, x), float32
    """
    strength = line_curvature(subtract_background(frame, background_px), line_scale_px).strength
    spread = 1.4826 * np.median(np.abs(strength - np.median(strength)))
    middle = max(_THRESHOLD_OF_DIP * np.percentile(strength, _DIP_PERCENTILE), _THRESHOLD_SPREADS * spread, 1e-9)
    return (1 / (1 + np.exp(-_STEEPNESS * (strength / middle - 1)))).astype(np.float32)


def binarise(
    series: np.ndarray,
    method: Literal["hard", "soft"] = "hard",
    line_scale_px: float = 1.5,
    background_px: float = 12.0,
    smallest_line_px: int = 20,
) -> np.ndarray:
    """Dark lines of a tilt series, with the same settings in all frames.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Bright-field frames.
    method : {"hard", "soft"}
        1 on lines and 0 elsewhere, or the line probability.
    line_scale_px, background_px : float
        See `line_probability`.
    smallest_line_px : int
        Connected specks of fewer pixels are removed.

    Returns
    -------
    np.ndarray, (frame, y, x), float32

    Raises
    ------
    InputError
        If the method is unknown or the frames hold no intensity.

    References
    ----------
    X. Zhao et al., rapid STEM tomography of dislocations, Supplement G.
    """
    if method not in ("hard", "soft"):
        raise InputError(f"binarisation {method!r} is unknown: choose 'hard' or 'soft'")
    if not np.all(np.isfinite(series)) or np.min(np.mean(series, axis=(1, 2))) <= 0:
        raise InputError("a frame of the tilt series holds no positive intensity or values that are no numbers")
    lines = np.stack([line_probability(frame, line_scale_px, background_px) for frame in series])
    for frame in lines:
        frame[_specks(frame > 0.5, smallest_line_px)] = 0
    return (lines > 0.5).astype(np.float32) if method == "hard" else lines


def _specks(lines: np.ndarray, smallest_line_px: int) -> np.ndarray:
    """Everything that is not on a large enough connected line or within its blurred edge."""
    labels, count = ndimage.label(lines, structure=np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    large = sizes >= smallest_line_px
    large[0] = False
    return ~ndimage.binary_dilation(large[labels], iterations=2)
