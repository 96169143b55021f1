"""What a map leaves over, strip by strip: shifts of strips of columns between a reference and its slow image."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.feature_matching import FEATURE_PX, LONGEST_STEP_WIDTHS, NARROW, ROW_GROUPS, WIDE, Prediction, predict

# Of columns; at 256 px each is 16 px wide, some five lines' widths.
STRIPS = 16
# Of the steps, from coarse to fine; as in `reference_alignment`.
SMOOTHINGS = (WIDE, NARROW, NARROW, NARROW)
# In widths of the features: a strip that is worse known than this has none and is left out.
SHAKIEST_STRIP_WIDTHS = 1 / 3
# Of a strip's pixels that both images show; by judgement.
SMALLEST_SHOWN_SHARE = 0.6
# Keeps columns in order where the map is flat.
TINY = 1e-6


def strip_residuals(
    references: Sequence[np.ndarray],
    slow_images: Sequence[np.ndarray],
    column_map: ColumnMap,
    shift_px: np.ndarray,
    feature_px: int = FEATURE_PX,
) -> pd.DataFrame:
    """Measure every strip of every field for itself, without any smoothness between strips.

    Parameters
    ----------
    references
        DCFI references (y, x) of one shape, NaN where unseen.
    slow_images
        Slow images (y, x) of the same fields with pixels of the same size.
    column_map
        The map to be judged.
    shift_px : (field, 2)
        (dy, dx) of each slow image under this map.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).

    Returns
    -------
    strips : one row a field (from 1) and strip that the slow image shows and that has features: `column` of its centre,
        `displacement_px` (slow column less rapid column, the field's own shift removed), `residual_px` (displacement less that of the
        map), `expected_px` (expected error of the displacement)
    """
    columns = references[0].shape[1]
    edges = np.linspace(0, columns, STRIPS + 1).round().astype(int)
    centres = (edges[:-1] + edges[1:] - 1) / 2
    tables = []
    for number, (reference, slow_image, shift) in enumerate(zip(references, slow_images, shift_px, strict=True)):
        left, expected = _field_residuals(reference, slow_image, column_map, shift, edges, feature_px)
        table = pd.DataFrame({"field": number + 1, "column": centres, "displacement_px": column_map.to_slow(centres) - centres + left})
        tables.append(table.assign(residual_px=left, expected_px=expected)[expected < SHAKIEST_STRIP_WIDTHS * feature_px])
    return pd.concat(tables, ignore_index=True)


def _field_residuals(
    reference: np.ndarray, slow_image: np.ndarray, column_map: ColumnMap, shift: np.ndarray, edges: np.ndarray, feature_px: int
) -> tuple[np.ndarray, np.ndarray]:
    """Residual (strip,) of one field, its weighted mean being zero, and the expected error of each."""
    rows, columns = (np.arange(side) for side in reference.shape)
    centres = (edges[:-1] + edges[1:] - 1) / 2
    left, expected = np.zeros(len(centres)), np.full(len(centres), np.inf)
    longest_px = LONGEST_STEP_WIDTHS * feature_px
    for smoothing in SMOOTHINGS:
        column_px = column_map.to_slow(columns) + shift[1] + np.interp(columns, centres, left)
        column_px = np.maximum.accumulate(column_px) + TINY * columns
        prediction = predict(reference, slow_image, rows + shift[0], column_px, smoothing, feature_px)
        step, expected = _strip_steps(prediction, edges)
        left = left + np.clip(step, -longest_px, longest_px)
    weight = np.where(expected < SHAKIEST_STRIP_WIDTHS * feature_px, 1 / np.maximum(expected, 1e-3) ** 2, 0)
    return left - (weight * left).sum() / max(weight.sum(), 1e-12), expected


def _strip_steps(prediction: Prediction, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares shift of each strip along x, and its expected error from the scatter between groups of rows."""
    bands = np.array_split(np.arange(prediction.slope_x.shape[0]), ROW_GROUPS)
    curvature, gradient = (
        np.array([np.add.reduceat(image[band].sum(axis=0), edges[:-1]) for band in bands])
        for image in (prediction.slope_x**2, prediction.slope_x * prediction.difference)
    )
    total = curvature.sum(axis=0)
    shown = np.array([strip.any(axis=0).mean() for strip in np.split(prediction.slope_x, edges[1:-1], axis=1)])
    known = (total > 1e-3 * total.max() + 1e-12) & (shown > SMALLEST_SHOWN_SHARE)
    step = np.where(known, gradient.sum(axis=0) / np.where(known, total, 1), 0)
    scatter = ((gradient - curvature * step) ** 2).sum(axis=0) * ROW_GROUPS / (ROW_GROUPS - 1)
    return step, np.where(known, np.sqrt(scatter) / np.where(known, total, 1), np.inf)
