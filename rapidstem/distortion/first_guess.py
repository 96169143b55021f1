"""The map that the column windows of all fields agree on: where the finer methods start, or why a field is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.distortion.coarse_columns import ColumnMatches, match_columns
from rapidstem.distortion.feature_matching import FEATURE_PX
from rapidstem.distortion.image_warping import centre_offset_px
from rapidstem.distortion.random_curve import spline_basis, straightening_operator
from rapidstem.errors import InputError
from rapidstem.numerics import robust_spread

# Weight of the smoothness of the first curve; the finer methods choose theirs from the data.
ROUGHNESS = 1e-2
# Of a field's columns: with fewer found, the slow image shows another field.
SMALLEST_MATCHED_SHARE = 0.5
# Passes of reweighting, after which weights no longer change.
ROBUST_PASSES = 6
# No window is found again to better than a tenth of the features' width, by judgement.
LEAST_SPREADS_A_WIDTH = 10


@dataclass(frozen=True)
class FirstGuess:
    """A map to a pixel or so, and where each slow image lies.

    Attributes
    ----------
    slow_px : (column,)
        Column of a slow image with the shape and the mean shift of the fields, for each column of a rapid frame.
    shift_px : (field, 2)
        (dy, dx); what the map expects at (y, x) lies at (y + dy, x + dx) of the slow image.
    feature_px
        Full width of the fields' features, at whose scale the finer methods go on.
    """

    slow_px: np.ndarray
    shift_px: np.ndarray
    feature_px: int


def first_guess(references: Sequence[np.ndarray], slow_images: Sequence[np.ndarray], feature_px: int = FEATURE_PX) -> FirstGuess:
    """Match windows of columns of every field and draw one smooth curve through all of them.

    Parameters
    ----------
    references
        DCFI references (y, x) of one shape, NaN where unseen.
    slow_images
        Slow images (y, x) of the same fields with pixels of the same size.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).

    Raises
    ------
    InputError
        where fewer than half of the columns of a field are found in its slow image; names the field
    """
    pairs = enumerate(zip(references, slow_images, strict=True))
    matches = [_checked_matches(number, *pair, feature_px) for number, pair in pairs]
    basis = spline_basis(references[0].shape[1])
    offsets = np.array([centre_offset_px(slow.shape, references[0].shape) for slow in slow_images])
    maps = np.array([basis @ _robust_spline(found, basis, feature_px) for found in matches]) - offsets[:, 1:]
    column_shift = np.median(maps - maps[0], axis=1)
    column_shift -= column_shift.mean()
    common = np.median(maps - column_shift[:, None], axis=0)
    row_shift = [found.row_shift_px for found in matches]
    return FirstGuess(common, np.column_stack([row_shift, column_shift + offsets[:, 1]]), feature_px)


def _checked_matches(number: int, reference: np.ndarray, slow_image: np.ndarray, feature_px: int) -> ColumnMatches:
    found = match_columns(reference, slow_image, feature_px)
    share = found.reliable.mean()
    if share < SMALLEST_MATCHED_SHARE:
        raise InputError(
            f"calibration field {number + 1}: only {share:.0%} of the columns of the rapid image are found in the slow image; the field "
            "has too few features, or the slow image shows another field, or too little of this one. Give another pair"
        )
    return found


def _robust_spline(found: ColumnMatches, basis: np.ndarray, feature_px: int) -> np.ndarray:
    good = found.reliable
    rows = np.stack([np.interp(found.rapid_px[good], np.arange(len(basis)), column) for column in basis.T], axis=1)
    weight = found.score[good]
    operator = straightening_operator(basis.shape[1])
    penalty = ROUGHNESS * weight.sum() * operator.T @ operator
    coefficients = np.zeros(basis.shape[1])
    for _ in range(ROBUST_PASSES):
        coefficients = np.linalg.solve(rows.T @ (weight[:, None] * rows) + penalty, rows.T @ (weight * found.slow_px[good]))
        error = found.slow_px[good] - rows @ coefficients
        spread = robust_spread(error, 0.0) + feature_px / LEAST_SPREADS_A_WIDTH
        weight = found.score[good] / (1 + (error / (2 * spread)) ** 2)
    return coefficients
