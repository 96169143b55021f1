"""The calibration of the time-lag artefact that Zhao et al. (2021) propose for tilt series with one angle a frame."""

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.scores.difference_fit import AXIS_PLANE, QuadraticFit, quadratic_fit

# Of cross-validation: four fifths of the lines calibrate the rest.
_FOLDS = 5


def calibrate_time_lag(pairs: pd.DataFrame) -> QuadraticFit:
    """Measure the artefact: the difference in z as a quadratic of y (Zhao et al. 2021, Fig. 7a).

    While a frame is scanned the stage goes on turning, so with one angle a frame the reconstruction curls about the tilt axis. That is the
    same for every series of the same scan and tilt speed: measured on one, it can be taken off others.

    Parameters
    ----------
    pairs : DataFrame
        Of a rapid tomogram and its slow reference, as `rapidstem.scores.positional_error.position_pairs` gives them.

    Raises
    ------
    InputError
        If the pairs of the yz sections lie at fewer than three places.
    """
    lag = quadratic_fit(pairs, "y", "z")
    if not np.isfinite(lag.curvature_nm_per_um2):
        raise InputError("too few paired centres in yz sections to calibrate the time lag: at least three values of y are needed")
    return lag


def cross_calibrated(pairs: pd.DataFrame) -> pd.DataFrame:
    """Take off every fifth of the lines the time lag that the other lines show, so that no line calibrates itself.

    Parameters
    ----------
    pairs : DataFrame
        As `rapidstem.scores.positional_error.position_pairs` gives them.

    Returns
    -------
    DataFrame
        The same pairs; `dz_nm` of the yz sections is what the calibration leaves. Unchanged if there are not two lines, or too few pairs on
        the others to calibrate one.
    """
    in_yz = (pairs["plane"] == AXIS_PLANE["z"]).to_numpy()
    lines, number = np.unique(pairs["line"].to_numpy()[in_yz], return_inverse=True)
    folds = min(_FOLDS, len(lines))
    if folds < 2:
        return pairs
    rows = pairs[in_yz]
    left = rows["dz_nm"].to_numpy(float).copy()
    for held in (number % folds == fold for fold in range(folds)):
        try:
            left[held] -= calibrate_time_lag(rows[~held]).at(rows["y_nm"].to_numpy(float)[held])
        except InputError:
            return pairs
    differences = pairs["dz_nm"].to_numpy(float).copy()
    differences[in_yz] = left
    return pairs.assign(dz_nm=differences)
