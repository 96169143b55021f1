"""Whether the intervals that denoisers state hold the share of a reference's pixels that they promise."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rapidstem.denoising import PredictionIntervals
from rapidstem.scores.frame_references import FieldReferences

INTERVAL_COLUMNS = ["denoiser", "frame", "reference", "stated_percent", "inside_percent", "mean_half_width"]


def score_intervals(
    intervals: Mapping[str, PredictionIntervals], denoised: Mapping[str, np.ndarray], references: FieldReferences, shift_px: np.ndarray
) -> pd.DataFrame:
    """Share of the pixels of each denoiser's own reference that lie within its intervals.

    Answers are moved to the pixels of the reference, which is not interpolated: that would smooth its noise.

    Parameters
    ----------
    intervals
        By name of the denoiser.
    denoised
        Frames (frame, y, x) by name of the denoiser, corrected for the distortion.
    references
        Of the field.
    shift_px : (scored frame, 2)
        Drift (dy, dx) of the first frames, those to be scored.

    Returns
    -------
    DataFrame
        `INTERVAL_COLUMNS`, one row a denoiser and frame; the half width in intensities of the reference, NaN where nothing is stated.
    """
    known, moves = references.recorded(), references.corrected_shift(shift_px)
    rows = []
    for name, stated in intervals.items():
        reference = known[stated.reference]
        for number, shift in enumerate(moves):
            answer, image = reference.beside(denoised[name][number], shift)
            half_width = stated.half_width(answer)
            share = 100 * float(np.mean(np.abs(image - answer) <= half_width)) if stated.spreads is not None else np.nan
            rows.append((name, number, stated.reference, 100 * stated.coverage, share, float(half_width.mean())))
    return pd.DataFrame(rows, columns=INTERVAL_COLUMNS)
