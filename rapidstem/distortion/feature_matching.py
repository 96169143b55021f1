"""Comparison of a rapid reference with a slow image by their features, whatever their brightness, contrast and background."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.distortion.image_warping import inside_view, resample_grid

# Of lines of 13.7 nm at 4.56 nm a pixel, and the least that filters of whole pixels resolve.
FEATURE_PX = 3
# In widths of the features: background and local contrast are taken over a few and over many of them.
BACKGROUND_WIDTHS, CONTRAST_WIDTHS = 10 / 3, 32 / 3
# Smoothing against noise, in widths: wide for a far catch, then narrow, so that lines stay apart; between them where a shift is searched.
WIDE, NARROW, SEARCHED = 5 / 6, 1 / 3, 1 / 2
# In widths: so far a linear step holds.
LONGEST_STEP_WIDTHS = 2 / 3
# Bands of rows, whose scatter gives an error: independent, as they are wider than lines.
ROW_GROUPS = 16
# Of the image's typical contrast: empty places are not blown up to features.
LOWEST_CONTRAST = 0.3
# In widths: smoothing and interpolation reach that far from what is unseen.
MARGIN_WIDTHS = 2 / 3
# From so many pixels on running means come near to a Gaussian, and cost less.
RUNNING_MEANS_PX = 4.0
# Against division by zero.
TINY = 1e-12


@dataclass(frozen=True)
class Prediction:
    """How a slow image, as the rapid scan should show it, differs from the reference that the rapid scan has given.

    Attributes
    ----------
    difference : (y, x)
        Features of the reference less those of the slow image times the gain, by least squares; zero outside the common view.
    slope_y, slope_x : (y, x)
        Change of the slow image's features times the gain for one pixel of shift of its coordinates.
    correlation
        Zero-mean normalised correlation of the two inside the common view.
    """

    difference: np.ndarray
    slope_y: np.ndarray
    slope_x: np.ndarray
    correlation: float


def features(image: np.ndarray, seen: np.ndarray, smoothing: float, feature_px: int) -> np.ndarray:
    """Features of an image: band-passed, divided by the local contrast, zero where it is not seen.

    Means are taken over the pixels that are seen, so that the edge of the view is no feature.

    Parameters
    ----------
    image : (y, x)
        Finite.
    seen : (y, x) bool
    smoothing
        Standard deviation of the smoothing against noise, in widths of the features.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).

    Returns
    -------
    (y, x)
        Without a unit.
    """
    weight = seen.astype(np.float32)
    image = np.asarray(image - image[seen].mean() if seen.any() else image, dtype=np.float32)
    smooth = _local_mean(image, weight, smoothing * feature_px)
    passed = (smooth - _local_mean(image, weight, BACKGROUND_WIDTHS * feature_px)) * weight
    contrast = np.sqrt(np.maximum(_local_mean(passed**2, weight, CONTRAST_WIDTHS * feature_px), 0))
    typical = np.sqrt((passed**2).sum() / max(weight.sum(), 1))
    return (passed / (contrast + LOWEST_CONTRAST * typical + TINY)).astype(float)


def predict(
    reference: np.ndarray, slow_image: np.ndarray, row_px: np.ndarray, column_px: np.ndarray, smoothing: float, feature_px: int
) -> Prediction:
    """Compare a reference with what the slow image shows at the given places.

    Parameters
    ----------
    reference : (y, x)
        In rapid geometry, NaN where unseen.
    slow_image : (y, x)
    row_px, column_px : (y,)
        (x,) rows and columns of the slow image where the pixels of the reference should lie.
    smoothing
        Standard deviation of the smoothing against noise, in widths of the features.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).
    """
    seen = np.isfinite(reference) & np.outer(inside_view(row_px, slow_image.shape[0]), inside_view(column_px, slow_image.shape[1]))
    warped = resample_grid(slow_image, row_px, column_px)
    inside = scipy.ndimage.binary_erosion(seen, iterations=round(MARGIN_WIDTHS * feature_px), border_value=1)
    wanted = features(np.where(seen, reference, 0), seen, smoothing, feature_px) * inside
    shown = features(np.where(seen, warped, 0), seen, smoothing, feature_px)
    slope_y, slope_x = np.gradient(shown, axis=0), np.gradient(shown, axis=1) / np.gradient(column_px)
    shown = shown * inside
    gain = (wanted * shown).sum() / max((shown**2).sum(), 1e-12)
    return Prediction(wanted - gain * shown, gain * slope_y * inside, gain * slope_x * inside, _correlation(wanted, shown, inside))


def _local_mean(image: np.ndarray, weight: np.ndarray, width_px: float) -> np.ndarray:
    return _blurred(image * weight, width_px) / np.maximum(_blurred(weight, width_px), 1e-6)


def _blurred(image: np.ndarray, width_px: float) -> np.ndarray:
    """Gaussian blur; wide ones by three running means of the same variance, whose cost does not grow with the width."""
    if width_px < RUNNING_MEANS_PX:
        return scipy.ndimage.gaussian_filter(image, width_px, mode="constant", truncate=3)
    size = 2 * round((np.sqrt(4 * width_px**2 + 1) - 1) / 2) + 1
    for _ in range(3):
        image = scipy.ndimage.uniform_filter(image, size, mode="constant")
    return image


def _correlation(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> float:
    if inside.sum() < 2:
        return 0.0
    one, other = first[inside] - first[inside].mean(), second[inside] - second[inside].mean()
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum() + 1e-12))
