"""From bright-field tilt series to lines: the step that makes a series a projection of something."""

from typing import Literal

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.frames import check_numbers, count_faults
from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography.frame_ridges import line_curvature, line_threshold, subtract_background
from rapidstem.tomography.vacuum import FOIL, vacuum_places

# Hysteresis: a line goes on down to three quarters of the strength that it must reach somewhere (Canny 1986).
_SMALLEST_SHARE = 0.75
# In scales of the lines (half of their full width at half depth): the core of a line, and the area of the smallest speck that is one.
_CORE_SCALES, _SMALLEST_SQUARE_SCALES = 4 / 3, 40 / 3
# Specks of so many pixels are noise, and a core is so wide, however narrow the lines are.
_LARGEST_NOISE_PX, _NARROWEST_CORE_PX = 30, 2


def binarise(
    series: np.ndarray,
    method: Literal["hard", "soft"] = "soft",
    line_scale_px: float = 1.5,
    threads: int = 1,
) -> np.ndarray:
    """Dark lines of a tilt series, with the same settings in all frames.

    The curvature at the scale of the lines, on the background-corrected frame, is compared with what the frame itself holds
    (`line_threshold`), so that neither the absolute intensity nor the weaker contrast at high tilt matters. Lines are connected regions
    above three quarters of the threshold that reach the threshold, of some three line widths squared at least. Vacuum and its rim hold none
    (`vacuum_places`).

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Bright-field frames.
    method : {"hard", "soft"}
        1 on lines and 0 elsewhere; or on lines the curvature relative to its maximum across the line, which keeps the place of a
        line within the pixel.
    line_scale_px : float
        Half of the full width of the lines at half depth.
    threads : int
        Frames that are worked on at once.

    Returns
    -------
    np.ndarray, (frame, y, x), float32

    Raises
    ------
    InputError
        If the method is unknown, or a frame holds no intensity.

    References
    ----------
    Y. Zhao et al., Sci. Rep. 11 (2021) 20720, Supplement G.
    """
    if method not in ("hard", "soft"):
        raise InputError(f"binarisation {method!r} is unknown: choose 'hard' or 'soft'")
    check_intensities(series)
    hidden = vacuum_places(series, line_scale_px) != FOIL
    lines = np.empty(series.shape, np.float32)

    def fill(number: int) -> None:
        unseen = hidden[number]
        strength = line_curvature(subtract_background(series[number], line_scale_px, unseen), line_scale_px).strength
        lines[number] = line_image(strength, line_scale_px, unseen, method)

    mapped_by_threads(fill, threads, range(len(series)))
    return lines


def check_intensities(series: np.ndarray) -> None:
    """Refuse a series with frames that show nothing.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Bright-field frames.

    Raises
    ------
    InputError
        If a frame is zero everywhere, or holds values that are no numbers; names the frames.
    """
    check_numbers(series)
    blank = count_faults(["" if np.any(frame) else "holds no intensity" for frame in series])
    if blank:
        raise InputError(f"the tilt series cannot be used: {blank}; take these frames and their tilts out of the file")


def line_image(
    strength: np.ndarray,
    line_scale_px: float,
    hidden: np.ndarray,
    method: Literal["hard", "soft"] = "soft",
) -> np.ndarray:
    """Dark lines of a frame whose curvature is known.

    Parameters
    ----------
    strength : np.ndarray, (y, x)
        Of `line_curvature`.
    line_scale_px, method
        As of `binarise`.
    hidden : np.ndarray, (y, x), bool
        Where there are no lines.

    Returns
    -------
    np.ndarray, (y, x), float32
    """
    smallest_line_px = max(round(_SMALLEST_SQUARE_SCALES * line_scale_px**2), _LARGEST_NOISE_PX)
    low = _SMALLEST_SHARE * line_threshold(strength[~hidden])
    seen = np.where(hidden, np.float32(0), strength)
    kept = _large_regions(seen, low, smallest_line_px)
    if method == "hard":
        return kept.astype(np.float32)
    on_lines = scipy.ndimage.binary_dilation(kept, iterations=_core_px(line_scale_px))
    return (_soft_profile(seen, _core_strength(seen, line_scale_px), low) * on_lines).astype(np.float32)


def faint_line_image(strength: np.ndarray, line_scale_px: float, hidden: np.ndarray) -> np.ndarray:
    """Soft lines of a frame whose curvature is known, with those that are too faint to be told from noise one by one.

    For correlation, which sums over the frame: in steep frames of dense foils hardly a line stands out for itself, and together they
    say where the frame lies. What is fainter than a line must be counts by the square of its strength, as evidence does.

    Parameters
    ----------
    strength : np.ndarray, (y, x)
        Of `line_curvature`.
    line_scale_px : float
        Half of the full width of the lines at half depth.
    hidden : np.ndarray, (y, x), bool
        Where there are no lines.

    Returns
    -------
    np.ndarray, (y, x), float32
        From 0 to 1.
    """
    low = _SMALLEST_SHARE * line_threshold(strength[~hidden])
    seen = np.where(hidden, np.float32(0), strength)
    core = _core_strength(seen, line_scale_px)
    return (_soft_profile(seen, core, low) * np.clip(core / low, 0, 1)).astype(np.float32)


def _core_px(line_scale_px: float) -> int:
    return max(round(_CORE_SCALES * line_scale_px), _NARROWEST_CORE_PX)


def _core_strength(strength: np.ndarray, line_scale_px: float) -> np.ndarray:
    return scipy.ndimage.maximum_filter(strength, size=2 * _core_px(line_scale_px) + 1)


def _soft_profile(strength: np.ndarray, core: np.ndarray, low: float) -> np.ndarray:
    """The strength relative to its maximum across the line, or to `low` where that is less."""
    return np.clip(strength / np.maximum(core, low), 0, 1)


def _large_regions(strength: np.ndarray, low: float, smallest_line_px: int) -> np.ndarray:
    """Connected regions above `low` that are large enough and reach the threshold itself."""
    labels, count = scipy.ndimage.label(strength > low, structure=np.ones((3, 3)))
    kept = np.bincount(labels.ravel(), minlength=count + 1) >= smallest_line_px
    kept &= scipy.ndimage.maximum(strength, labels, np.arange(count + 1)) > low / _SMALLEST_SHARE
    kept[0] = False
    return kept[labels]
