"""Measurement of the scan distortion on calibration fields, by one of three methods."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.distortion.coarse_columns import LEAST_WINDOW_WIDTHS
from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.feature_matching import FEATURE_PX, ROW_GROUPS
from rapidstem.distortion.first_guess import FirstGuess, first_guess
from rapidstem.distortion.local_correlation import correlate_locally, searched_area_px
from rapidstem.distortion.map_estimate import MapEstimate, expected_error_px
from rapidstem.distortion.reference_alignment import field_shift
from rapidstem.distortion.residual_strips import strip_residuals
from rapidstem.distortion.slow_images import prepared_slow_image
from rapidstem.distortion.spline_fit import fit_spline
from rapidstem.distortion.strip_matching import match_strips
from rapidstem.errors import InputError

# In widths of the features. Inside the outer eighths: with more the correction may do harm, by judgement; what the methods reach is
# measured (docs/registration-and-distortion.md).
LARGEST_UNCERTAINTY_WIDTHS = 1 / 6
# From the first guess, which is good to half a width: farther off the fit has gone astray.
LARGEST_DISAGREEMENT_WIDTHS = 1.0

Method = Callable[[Sequence[np.ndarray], Sequence[np.ndarray], FirstGuess], MapEstimate]
METHODS: dict[str, Method] = {"spline": fit_spline, "ihara": match_strips, "local-correlation": correlate_locally}


@dataclass(frozen=True)
class DistortionMeasurement:
    """A measured map and how far it is to be trusted.

    Attributes
    ----------
    column_map
        One row for each column of a rapid frame.
    method
        Name of the method.
    fields
        Number of calibration fields.
    residual_px
        Expected error of the map along x, rms over all columns, those that no slow image shows included; the constant that the alignment
        of each field takes up is left out. Estimated from the images alone.
    uncertainty_px : (column,)
        Expected error of each column.
    strips
        What the map leaves over, one row a field and strip (`rapidstem.distortion.residual_strips.strip_residuals`).
    strip_widths
        For Ihara's procedure the strip widths tried and the PSNR of the corrected image with each, `width_px, psnr_db`, mean over the
        fields; otherwise None.
    """

    column_map: ColumnMap
    method: str
    fields: int
    residual_px: float
    uncertainty_px: np.ndarray
    strips: pd.DataFrame
    strip_widths: pd.DataFrame | None

    @property
    def strip_width_px(self) -> int | None:
        """The width of the strips with the best PSNR; None for methods without strips."""
        if self.strip_widths is None:
            return None
        return int(self.strip_widths.loc[self.strip_widths["psnr_db"].idxmax(), "width_px"])


def measure_map(
    references: Sequence[np.ndarray],
    slow_images: Sequence[np.ndarray],
    pixel_ratio: float | Sequence[float] = 1.0,
    method: str = "spline",
    feature_px: int = FEATURE_PX,
) -> DistortionMeasurement:
    """Measure the map from columns of rapid frames to columns of the slow image.

    Brightness, contrast and background of the images do not matter to `spline` and `local-correlation`; `ihara` compares intensities.
    The mean displacement by the detector's lag and the mean shift of the fields in x are part of the map.

    Parameters
    ----------
    references
        DCFI references (y, x) in rapid geometry, all of one shape, NaN where unseen.
    slow_images
        Slow images (y, x) of the same fields, in the same order. They may cover more or less than the rapid frames; where the shapes
        differ the centres are taken as the same place at first.
    pixel_ratio
        Pixel size of the slow images over that of the rapid frames; one for all or one for each field.
    method
        `spline` (one curve through all rows and fields at once), `ihara` (strips, one after the other: Ihara et al., Sci. Rep. 12 (2022)
        13462) or `local-correlation` (Zhao et al., Sci. Rep. 11 (2021) 20720).
    feature_px
        Full width of the lines or particles that the fields show (`rapidstem.numerics.whole_pixels`).

    Raises
    ------
    InputError
        where the method is unknown, the references are too small for features of this width, a slow image is constant or incomplete,
        a field has too few features, or its slow image shows another field
    """
    if method not in METHODS:
        raise InputError(f"there is no method {method!r} to measure the distortion; choose one of {', '.join(METHODS)}")
    _check_pairs(references, slow_images)
    _check_size(np.shape(references[0]), method, feature_px)
    references = [np.asarray(reference, dtype=float) for reference in references]
    slow = _prepared(slow_images, np.broadcast_to(pixel_ratio, len(references)))
    guess = first_guess(references, slow, feature_px)
    estimate = METHODS[method](references, slow, guess)
    column_map = estimate.column_map()
    _check_agreement(column_map.slow_px, guess, method, LARGEST_DISAGREEMENT_WIDTHS * feature_px)
    pairs = enumerate(zip(references, slow, strict=True))
    shift_px = np.array([_checked_shift(number, *pair, column_map, feature_px) for number, pair in pairs])
    strips = strip_residuals(references, slow, column_map, shift_px, feature_px)
    uncertainty = estimate.uncertainty_px
    if uncertainty is None:
        uncertainty = expected_error_px(column_map, strips)
    else:
        _check_uncertainty(uncertainty, LARGEST_UNCERTAINTY_WIDTHS * feature_px)
    residual_px = float(np.sqrt((uncertainty**2).mean()))
    return DistortionMeasurement(column_map, method, len(references), residual_px, uncertainty, strips, estimate.strip_widths)


def _check_pairs(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray]) -> None:
    if len(references) == 0 or len(references) != len(slow_images):
        raise InputError(f"{len(references)} rapid references and {len(slow_images)} slow images: give one slow image for each reference")
    shapes = {np.shape(reference) for reference in references}
    if len(shapes) > 1:
        named = " and ".join(" x ".join(str(side) for side in shape) for shape in sorted(shapes))
        raise InputError(f"the rapid references have different shapes, {named}: give calibration fields of one shape")


def _check_size(shape: tuple[int, ...], method: str, feature_px: int) -> None:
    rows, columns = ROW_GROUPS, LEAST_WINDOW_WIDTHS * feature_px
    if METHODS[method] is correlate_locally:
        rows, columns = searched_area_px(feature_px)
    if shape[0] < rows or shape[1] < columns:
        raise InputError(
            f"frames of {shape[0]} x {shape[1]} pixels are too small for the method {method}: with features as wide as {feature_px} pixels "
            f"{rows} x {columns} are the least. Lower distortion.feature_width_nm where the lines are narrower, take another method, or "
            "give fields that show more"
        )


def _prepared(slow_images: Sequence[np.ndarray], pixel_ratios: np.ndarray) -> list[np.ndarray]:
    prepared = []
    for number, (image, ratio) in enumerate(zip(slow_images, pixel_ratios, strict=True)):
        try:
            prepared.append(prepared_slow_image(image, float(ratio)))
        except InputError as error:
            raise InputError(f"calibration field {number + 1}: {error}") from error
    return prepared


def _checked_shift(number: int, reference: np.ndarray, slow_image: np.ndarray, column_map: ColumnMap, feature_px: int) -> np.ndarray:
    try:
        return field_shift(reference, slow_image, column_map, feature_px)[0]
    except InputError as error:
        raise InputError(f"calibration field {number + 1}: {error}") from error


def _check_agreement(slow_px: np.ndarray, guess: FirstGuess, method: str, largest_px: float) -> None:
    """Refuse a map that has lost its way: it must stay near the places where whole windows of columns are found."""
    inner = slice(len(slow_px) // 8, -len(slow_px) // 8)
    apart = float(np.sqrt(np.mean((slow_px - guess.slow_px)[inner] ** 2)))
    if apart > largest_px:
        raise InputError(
            f"the map by the method {method} lies {apart:.1f} px from where the columns of the rapid image are found in the slow image: "
            "the calibration fields have too few features for this method. Take another method, or give other fields"
        )


def _check_uncertainty(uncertainty_px: np.ndarray, largest_px: float) -> None:
    inner = uncertainty_px[len(uncertainty_px) // 8 : -len(uncertainty_px) // 8]
    if inner.max() > largest_px:
        column = int(np.argmax(inner)) + len(uncertainty_px) // 8
        raise InputError(
            f"the calibration fields have too few features around column {column}: the map would be uncertain by {inner.max():.1f} px "
            "there. Add a calibration field with features at these columns"
        )
