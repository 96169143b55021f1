"""Where the field of a tomogram lies in the frames of an in-situ series, and whether it is the same field.

The lines of the tomogram are drawn as the tilt of the series shows them, and correlated with the dark lines of the first frames. As a
measure of chance stands the same drawing mirrored: another field would agree no better.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from rapidstem.dislocations import resampled
from rapidstem.errors import InputError
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.tomography import binarise

# Below half a pixel of 4.56 nm, so that drawn lines have no gaps.
STEP_NM = 2.0
# The zero of the tomogram's tilt is its goniometer's, which reads up to 2 degrees otherwise when the series is taken.
TILTS_DEG = np.arange(-3.0, 3.01, 0.5)
# By judgement, of a side: with a larger shift too little of the field is left to compare.
LARGEST_SHIFT_SHARE = 0.4
# By judgement: three mirrored drawings sample what chance gives; another field would reach about as much as they do.
LEAST_OVER_CHANCE = 1.25


@dataclass(frozen=True)
class TomogramMatch:
    """The view of the tomogram that an in-situ series shows.

    Attributes
    ----------
    view : TiltedView
    correlation : of the drawn lines with those of the frames, over the pixels that the frames have seen
    chance : the largest correlation of the mirrored drawings
    """

    view: TiltedView
    correlation: float
    chance: float


def match_tomogram(
    lines: Sequence[np.ndarray], image: np.ndarray, tilt_deg: float, pixel_size_nm: float, line_width_nm: float
) -> TomogramMatch:
    """Find tilt and shift at which the lines of a tomogram lie on the dark lines of an image.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        Of the tomogram, x, y, z in nm.
    image : np.ndarray, (y, x)
        Mean of the first frames; NaN where they have not seen anything.
    tilt_deg : float
        Of the series, as its goniometer gives it.
    pixel_size_nm : float
    line_width_nm : float
        Full width of the dark lines at half depth.

    Raises
    ------
    InputError
        The image shows another field: it agrees with the tomogram hardly better than with its mirror images.
    """
    valid = np.isfinite(image)
    scale_px = line_width_nm / (2 * pixel_size_nm)
    seen = binarise(np.where(valid, image, np.nanmedian(image))[None], line_scale_px=scale_px)[0] * valid
    start = TiltedView(np.deg2rad(tilt_deg), (0.0, 0.0), pixel_size_nm, image.shape)
    views = [replace(start, tilt_rad=np.deg2rad(tilt_deg + step)) for step in TILTS_DEG]
    found = [_best_shift(_drawn(lines, view, scale_px), seen, valid) for view in views]
    best = int(np.argmax([correlation for correlation, _ in found]))
    correlation, shift = found[best]
    drawing = _drawn(lines, views[best], scale_px)
    chance = max(_best_shift(mirrored, seen, valid)[0] for mirrored in (drawing[::-1], drawing[:, ::-1], drawing[::-1, ::-1]))
    if correlation < LEAST_OVER_CHANCE * chance:
        raise InputError(
            f"the series shows another field than the tomogram: its lines correlate by {correlation:.2f} with those of the frames, and "
            f"mirrored, which is chance, by {chance:.2f}; name the tilt series of this field in the column 'tomogram', or leave it empty"
        )
    return TomogramMatch(replace(views[best], shift_px=shift), correlation, chance)


def _drawn(lines: Sequence[np.ndarray], view: TiltedView, scale_px: float) -> np.ndarray:
    """The lines as a picture (y, x) of profiles as wide as the dark lines are."""
    picture = np.zeros(view.shape)
    for line in lines:
        row, column = np.rint(view.seen_at(resampled(line, STEP_NM))).astype(int).T
        inside = (row >= 0) & (row < view.shape[0]) & (column >= 0) & (column < view.shape[1])
        picture[row[inside], column[inside]] = 1
    return np.minimum(scipy.ndimage.gaussian_filter(picture, scale_px) * np.sqrt(2 * np.pi) * scale_px, 1)


def _best_shift(drawing: np.ndarray, seen: np.ndarray, valid: np.ndarray) -> tuple[float, tuple[float, float]]:
    """The largest correlation coefficient over all shifts (dy, dx) of the drawing, over what both hold, and that shift in pixels."""
    shape = [scipy.fft.next_fast_len(2 * size) for size in drawing.shape]
    whole, ones = scipy.fft.rfft2(valid.astype(float), shape), scipy.fft.rfft2(np.ones(drawing.shape), shape)

    def correlated(image: np.ndarray, transformed: np.ndarray) -> np.ndarray:
        return scipy.fft.irfft2(np.conj(scipy.fft.rfft2(image, shape)) * transformed, shape)

    count = np.maximum(scipy.fft.irfft2(np.conj(ones) * whole, shape), 1.0)
    first, first_squared = correlated(drawing, whole) / count, correlated(drawing**2, whole) / count
    second = scipy.fft.irfft2(np.conj(ones) * scipy.fft.rfft2(seen, shape), shape) / count
    second_squared = scipy.fft.irfft2(np.conj(ones) * scipy.fft.rfft2(seen**2, shape), shape) / count
    product = correlated(drawing, scipy.fft.rfft2(seen, shape)) / count
    spread = np.sqrt(np.maximum((first_squared - first**2) * (second_squared - second**2), 1e-12))
    coefficient = (product - first * second) / spread
    steps = [np.fft.fftfreq(size, 1 / size) for size in shape]
    down, right = (np.abs(step) < LARGEST_SHIFT_SHARE * size for step, size in zip(steps, drawing.shape, strict=True))
    allowed = down[:, None] & right
    coefficient = np.where(allowed, coefficient, -1.0)
    at = np.unravel_index(int(np.argmax(coefficient)), coefficient.shape)
    return float(coefficient[at]), (float(steps[0][at[0]]), float(steps[1][at[1]]))
