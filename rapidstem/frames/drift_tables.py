"""The drift of a stack as a table: written and read here alone."""

from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.files.tables import read_table, write_table
from rapidstem.frames.registration import Drift

DRIFT_COLUMNS = ["frame", "dy_px", "dx_px", "residual_px", "used", "reason"]


def drift_table(drift: Drift) -> pd.DataFrame:
    """One row a frame with the columns `DRIFT_COLUMNS`.

    Parameters
    ----------
    drift
        Of all frames.

    Returns
    -------
    DataFrame
        Shifts and residuals in pixels.
    """
    dy, dx = drift.shift_px.T
    columns = (np.arange(len(drift.used)), dy, dx, drift.residual_px, drift.used, drift.reason)
    return pd.DataFrame(dict(zip(DRIFT_COLUMNS, columns, strict=True)))


def write_drift(path: Path | str, drift: Drift) -> None:
    """Write `<acquisition>.drift.csv`.

    Parameters
    ----------
    path
        File to write.
    drift
        Of all frames.
    """
    write_table(path, drift_table(drift))


def read_drift(path: Path | str) -> Drift:
    """Read what `write_drift` wrote, or another table that has its columns.

    Parameters
    ----------
    path
        File to read.

    Raises
    ------
    InputError
        If the file or a column is missing.
    """
    table = read_table(path, DRIFT_COLUMNS)
    return Drift(
        shift_px=table[["dy_px", "dx_px"]].to_numpy(float),
        residual_px=table["residual_px"].to_numpy(float),
        used=table["used"].to_numpy(bool),
        reason=tuple(np.where(table["reason"].isna(), "", table["reason"].astype(str))),
    )
