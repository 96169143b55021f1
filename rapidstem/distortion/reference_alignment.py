"""The references of one field, DCFI and slow image, brought into the geometry of its rapid frames."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.distortion.coarse_columns import FARTHEST_SHARE
from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.feature_matching import FEATURE_PX, LONGEST_STEP_WIDTHS, NARROW, SEARCHED, WIDE, Prediction, features, predict
from rapidstem.distortion.image_warping import centre_offset_px, to_rapid_geometry
from rapidstem.distortion.slow_images import prepared_slow_image
from rapidstem.errors import InputError
from rapidstem.frames.integration import valid_area
from rapidstem.numerics import gap_free_rectangle

# Of the steps.
SMOOTHINGS = (WIDE, WIDE, NARROW, NARROW, NARROW)
# Of the features; below it the pair is refused. By judgement; the tests hold that another field lies below and the same one above.
LOWEST_CORRELATION = 0.25


@dataclass(frozen=True)
class AlignedReference:
    """The slow image of one field in rapid geometry; unseen everywhere for a field that has none.

    Attributes
    ----------
    slow : (y, x) float32
        The slow image in the geometry of the DCFI reference; NaN where the slow image has not seen the place.
    slow_shift_px : (2,)
        (dy, dx); what the distortion map expects at (y, x) lies at (y + dy, x + dx) of the slow image with pixels of the rapid image's
        size. Where that has another shape, half of the difference is part of the shift.
    correlation
        Zero-mean normalised cross-correlation of the features of DCFI reference and slow image after alignment.
    rows, columns
        Area of the reference that both references and, where their shifts are given, all frames have seen.
    """

    slow: np.ndarray
    slow_shift_px: np.ndarray
    correlation: float
    rows: slice
    columns: slice

    @classmethod
    def without_slow_image(cls, reference: np.ndarray, frame_shift_px: np.ndarray) -> "AlignedReference":
        """What is known of a field that has a DCFI reference (y, x) alone: the area that its frames, shifted by (frame, 2), have seen.

        Parameters
        ----------
        reference : (y, x)
            DCFI reference in rapid geometry.
        frame_shift_px : (frame, 2)
            (dy, dx) of the frames in use.
        """
        return cls(np.full_like(reference, np.nan), np.full(2, np.nan), np.nan, *valid_area(frame_shift_px, reference.shape))


def align_reference(
    reference: np.ndarray,
    slow_image: np.ndarray,
    column_map: ColumnMap,
    frame_shift_px: np.ndarray | None = None,
    pixel_ratio: float = 1.0,
    feature_px: int = FEATURE_PX,
) -> AlignedReference:
    """Find the field's own shift and resample its slow image, once, into the geometry of the rapid frames.

    Parameters
    ----------
    reference : (y, x)
        DCFI reference in rapid geometry, NaN where unseen.
    slow_image : (y, x)
        Slow image of the same field; it may have other pixels and another shape, and cover more or less.
    column_map
        The scan distortion.
    frame_shift_px : (frame, 2)
        (dy, dx) of the frames in use; the valid area shrinks by them.
    pixel_ratio
        Pixel size of the slow image over that of the rapid frames.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).

    Raises
    ------
    InputError
        where the slow image is constant or incomplete, or the two images correlate too little to show the same field
    """
    slow = prepared_slow_image(slow_image, pixel_ratio)
    shift, correlation = field_shift(reference, slow, column_map, feature_px)
    warped = to_rapid_geometry(slow, column_map, (float(shift[0]), float(shift[1])), (reference.shape[0], reference.shape[1]))
    rows, columns = _common_area(warped, reference, frame_shift_px)
    return AlignedReference(warped, shift, correlation, rows, columns)


def field_shift(
    reference: np.ndarray, slow_image: np.ndarray, column_map: ColumnMap, feature_px: int = FEATURE_PX
) -> tuple[np.ndarray, float]:
    """Find the shift of a slow image with pixels of the rapid image's size.

    Parameters
    ----------
    reference : (y, x)
        DCFI reference in rapid geometry, NaN where unseen.
    slow_image : (y, x)
        With pixels of the rapid image's size.
    column_map
        The scan distortion.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).

    Returns
    -------
    shift_px : (2,), (dy, dx), see `AlignedReference`
    correlation : of the features of both images at this shift

    Raises
    ------
    InputError
        where the two images correlate too little to show the same field
    """
    shift = _search_shift(reference, slow_image, column_map, feature_px)
    for smoothing in SMOOTHINGS:
        step = _shift_step(_compared(reference, slow_image, column_map, shift, smoothing, feature_px))
        shift = shift + np.clip(step, -LONGEST_STEP_WIDTHS * feature_px, LONGEST_STEP_WIDTHS * feature_px)
    correlation = _compared(reference, slow_image, column_map, shift, SMOOTHINGS[-1], feature_px).correlation
    if correlation < LOWEST_CORRELATION:
        raise InputError(
            f"rapid and slow image correlate by {correlation:.2f} only (at least {LOWEST_CORRELATION} is needed): the slow image shows "
            "another field, or the field has too few features. Give the slow image of this field or leave the field out"
        )
    return shift, correlation


def _search_shift(reference: np.ndarray, slow_image: np.ndarray, column_map: ColumnMap, feature_px: int) -> np.ndarray:
    """Shift in steps of a pixel, from centre on centre, with the highest correlation of the features over the common view."""
    seen = np.isfinite(reference)
    rapid = features(np.where(seen, reference, 0), seen, SEARCHED, feature_px)
    offset = centre_offset_px(slow_image.shape, reference.shape)
    warped = to_rapid_geometry(slow_image, column_map, (offset[0], offset[1]), (reference.shape[0], reference.shape[1]))
    shown = np.isfinite(warped)
    slow = features(np.where(shown, warped, 0), shown, SEARCHED, feature_px)
    sizes = [scipy.fft.next_fast_len(2 * side, real=True) for side in reference.shape]
    product, rapid_energy, slow_energy = (
        _cross_correlation(one, other, sizes) for one, other in ((rapid, slow), (rapid**2, shown), (seen, slow**2))
    )
    farthest = [int(FARTHEST_SHARE * side) for side in reference.shape]
    shifts = [np.arange(-limit, limit + 1) for limit in farthest]
    window = np.ix_(shifts[0], shifts[1])
    energy = np.maximum(rapid_energy[window] * slow_energy[window], 1e-6 * (rapid**2).sum() * (slow**2).sum() + 1e-12)
    best = np.unravel_index(np.argmax(product[window] / np.sqrt(energy)), energy.shape)
    return offset + np.array([shifts[0][best[0]], shifts[1][best[1]]])


def _cross_correlation(one: np.ndarray, other: np.ndarray, sizes: list[int]) -> np.ndarray:
    first, second = (scipy.fft.rfft2(np.asarray(image, dtype=float), s=sizes) for image in (one, other))
    return scipy.fft.irfft2(np.conj(first) * second, s=sizes)


def _compared(
    reference: np.ndarray, slow_image: np.ndarray, column_map: ColumnMap, shift: np.ndarray, smoothing: float, feature_px: int
) -> Prediction:
    row_px = np.arange(reference.shape[0]) + shift[0]
    column_px = column_map.to_slow(np.arange(reference.shape[1])) + shift[1]
    return predict(reference, slow_image, row_px, column_px, smoothing, feature_px)


def _shift_step(prediction: Prediction) -> np.ndarray:
    slopes = np.stack([prediction.slope_y.ravel(), prediction.slope_x.ravel()])
    matrix = slopes @ slopes.T
    matrix += (1e-9 * np.trace(matrix) + 1e-12) * np.eye(2)
    return np.asarray(np.linalg.solve(matrix, slopes @ prediction.difference.ravel()))


def _common_area(warped: np.ndarray, reference: np.ndarray, frame_shift_px: np.ndarray | None) -> tuple[slice, slice]:
    """Block of rows and columns, within what all frames have seen, in which neither reference has a gap."""
    shifts = np.zeros((1, 2)) if frame_shift_px is None else frame_shift_px
    rows, columns = valid_area(shifts, (reference.shape[0], reference.shape[1]))
    gaps = ~(np.isfinite(warped) & np.isfinite(reference))[rows, columns]
    inner_rows, inner_columns = gap_free_rectangle(gaps)
    return (
        slice(rows.start + inner_rows.start, rows.start + inner_rows.stop),
        slice(columns.start + inner_columns.start, columns.start + inner_columns.stop),
    )
