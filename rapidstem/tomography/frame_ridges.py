"""Dark lines in images, with sub-pixel accuracy."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.numerics import robust_spread

# Wide against a line (two scales), narrow against thickness and bend contours.
_BACKGROUND_SCALES = 8
# Share of pixels that noise brings below zero where zero is no intensity: a background of some three standard deviations has fewer.
_NOISE_BELOW_ZERO = 0.01
# Of the neighbourhood that is kept: with less, its mean is that of a few pixels.
_LEAST_WEIGHT = 0.05
# Of the strength that a line must reach somewhere: the least strength of a point.
_RIDGE_SHARE = 0.7


@dataclass(frozen=True)
class RidgePoints:
    """Points on the centre lines of dark lines.

    Attributes
    ----------
    position_px : np.ndarray, (n, 2)
        Row and column, sub-pixel.
    normal : np.ndarray, (n, 2)
        Unit vector across the line, (row, column); its sign has no meaning.
    strength : np.ndarray, (n,)
        Second derivative across the line, times the square of the scale: the depth of the line, in units of the image.
    """

    position_px: np.ndarray
    normal: np.ndarray
    strength: np.ndarray


NO_RIDGES = RidgePoints(np.empty((0, 2)), np.empty((0, 2)), np.empty(0))


@dataclass(frozen=True)
class LineCurvature:
    """Curvature of an image at the scale of its lines.

    Attributes
    ----------
    strength : np.ndarray, (y, x)
        Largest second derivative, times the square of the scale; positive on dark lines.
    normal : np.ndarray, (y, x, 2)
        Direction of that derivative, (row, column).
    gradient : np.ndarray, (y, x, 2)
    """

    strength: np.ndarray
    normal: np.ndarray
    gradient: np.ndarray


def subtract_background(image: np.ndarray, scale_px: float, hidden: np.ndarray | None = None) -> np.ndarray:
    """The image relative to its slowly varying background, I / background - 1, free of the absolute intensity.

    The background is a Gaussian mean of eight times the scale of the lines, taken a second time without what is clearly darker than the
    first. Where more than noise lies below zero, as in signed integers, the lowest intensity is taken for none. Far inside a shadow, where
    the background holds no intensity itself, the result is -1, as at its edge.

    Parameters
    ----------
    image : np.ndarray, (y, x)
    scale_px : float
        Half of the full width of the lines at half depth.
    hidden : np.ndarray, (y, x), bool, optional
        Places that are no part of the background; they are 0 in the result.

    Returns
    -------
    np.ndarray, (y, x), float32
    """
    width_px = _BACKGROUND_SCALES * scale_px
    image = np.asarray(image, np.float32)
    if np.mean(image < 0) > _NOISE_BELOW_ZERO:
        image = image - image.min()
    shown = np.ones(image.shape, bool) if hidden is None else ~hidden
    first = scipy.ndimage.gaussian_filter(image, width_px, mode="nearest") if shown.all() else _mean_of(image, shown, width_px, image)
    lit = shown & (first > 0)
    if not lit.any():
        return np.zeros_like(image)
    relative = _relative_to(first, image)
    kept = lit & (relative > -1.5 * robust_spread(relative[lit]))
    background = _mean_of(image, kept, width_px, first)
    return np.where(shown, _relative_to(background, image), np.float32(0))


def _relative_to(background: np.ndarray, image: np.ndarray) -> np.ndarray:
    """I / background - 1, and -1 where the background is none."""
    return np.divide(image, background, out=np.zeros_like(image), where=background > 0) - 1


def _mean_of(image: np.ndarray, kept: np.ndarray, width_px: float, elsewhere: np.ndarray) -> np.ndarray:
    """Gaussian mean of the kept pixels; other values where hardly any are near."""
    weight = scipy.ndimage.gaussian_filter(kept.astype(np.float32), width_px, mode="nearest")
    mean = scipy.ndimage.gaussian_filter(image * kept, width_px, mode="nearest") / np.maximum(weight, 1e-3)
    return np.where(weight > _LEAST_WEIGHT, mean, elsewhere)


def line_curvature(image: np.ndarray, scale_px: float) -> LineCurvature:
    """Curvature of the image at the scale of its lines.

    Parameters
    ----------
    image : np.ndarray, (y, x)
    scale_px : float
        Standard deviation of the Gaussian whose derivatives are taken; about half the full width of the lines at half depth.

    References
    ----------
    C. Steger, IEEE Trans. Pattern Anal. Mach. Intell. 20 (1998) 113.
    """
    image = np.asarray(image, np.float32)
    derivative = {
        order: scipy.ndimage.gaussian_filter(image, scale_px, order=order, mode="nearest")
        for order in [(0, 1), (1, 0), (0, 2), (1, 1), (2, 0)]
    }
    half_difference = (derivative[2, 0] - derivative[0, 2]) / 2
    root = np.hypot(half_difference, derivative[1, 1])
    largest = (derivative[2, 0] + derivative[0, 2]) / 2 + root
    direction = np.arctan2(derivative[1, 1], half_difference) / 2
    normal = np.stack([np.cos(direction), np.sin(direction)], axis=-1)
    gradient = np.stack([derivative[1, 0], derivative[0, 1]], axis=-1)
    return LineCurvature(largest * scale_px**2, normal, gradient)


def line_threshold(strength: np.ndarray) -> float:
    """Least strength of a line, from what the frame itself holds; infinite where nothing is given.

    The larger of 0.35 of the frame's strong lines (the 99th percentile of the strength) and 3 robust spreads of the whole frame.

    Parameters
    ----------
    strength : np.ndarray, (y, x)
        Curvature across the lines of a frame.

    Returns
    -------
    float
        In the unit of the strength.
    """
    if not strength.size:
        return np.inf
    return max(0.35 * float(np.percentile(strength, 99)), 3 * robust_spread(strength), 1e-9)


def ridges_of(curvature: LineCurvature, scale_px: float, hidden: np.ndarray | None = None) -> RidgePoints:
    """Points on the dark lines of a background-corrected image.

    In every pixel the zero of the first derivative along the normal is sought; it counts where it lies within the pixel, and where the
    strength is seven tenths of that of lines (`line_threshold`) at least.

    Parameters
    ----------
    curvature : LineCurvature
        Of the image, dark lines negative (`line_curvature`).
    scale_px : float
        At which it was taken.
    hidden : np.ndarray, (y, x), bool, optional
        Places without points.

    Returns
    -------
    RidgePoints

    References
    ----------
    C. Steger, IEEE Trans. Pattern Anal. Mach. Intell. 20 (1998) 113, sections 3 and 4.
    """
    slope = np.sum(curvature.gradient * curvature.normal, axis=-1)
    second = np.maximum(curvature.strength / scale_px**2, 1e-12)
    offset = (-slope / second)[..., None] * curvature.normal
    shown = np.ones(curvature.strength.shape, bool) if hidden is None else ~hidden
    strong = shown & (curvature.strength > _RIDGE_SHARE * line_threshold(curvature.strength[shown]))
    on_line = strong & np.all(np.abs(offset) <= 0.6, axis=-1)
    position = np.argwhere(on_line) + offset[on_line]
    return RidgePoints(position, curvature.normal[on_line], curvature.strength[on_line])
