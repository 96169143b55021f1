"""The aligned references of a field on disk: its DCFI and slow image in the geometry of the rapid frames, and where both hold."""

from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.distortion.reference_alignment import AlignedReference
from rapidstem.files.ome_tiff import read_images, write_images
from rapidstem.files.tables import read_table, write_table

REFERENCES = ("dcfi", "slow")
_IMAGES, _FIELD = "references.ome.tif", "field.csv"
_FIELD_COLUMNS = ("slow_dy_px", "slow_dx_px", "correlation", "row_start", "row_stop", "column_start", "column_stop")


def write_pair(folder: Path | str, dcfi: np.ndarray, aligned: AlignedReference, pixel_size_nm: float) -> None:
    """Write `references.ome.tif` and `field.csv` of one field of view.

    Parameters
    ----------
    folder : Path or str
        Of this field; made if it is missing.
    dcfi : np.ndarray, (y, x)
        In the rapid image's geometry at the frame shift (0, 0), NaN where unseen.
    aligned : AlignedReference
        The slow image in the same geometry, and how it was brought there.
    pixel_size_nm : float
    """
    folder = Path(folder)
    write_images(folder / _IMAGES, np.stack([dcfi, aligned.slow]).astype(np.float32), pixel_size_nm, channel_names=REFERENCES)
    bounds = (aligned.rows.start, aligned.rows.stop, aligned.columns.start, aligned.columns.stop)
    row = dict(zip(_FIELD_COLUMNS, (*aligned.slow_shift_px, aligned.correlation, *bounds), strict=True))
    write_table(folder / _FIELD, pd.DataFrame([row]))


def read_pair(folder: Path | str) -> tuple[np.ndarray, AlignedReference, float]:
    """Read what `write_pair` wrote.

    Parameters
    ----------
    folder
        Where `write_pair` has written.

    Returns
    -------
    np.ndarray, (y, x)
        The DCFI reference.
    AlignedReference
    float
        Pixel size in nm.

    Raises
    ------
    InputError
        If a file or a column is missing.
    """
    folder = Path(folder)
    (dcfi, slow), pixel_size_nm = read_images(folder / _IMAGES)
    field = read_table(folder / _FIELD, _FIELD_COLUMNS).iloc[0]
    rows, columns = (slice(int(field[f"{axis}_start"]), int(field[f"{axis}_stop"])) for axis in ("row", "column"))
    shift_px = field[["slow_dy_px", "slow_dx_px"]].to_numpy(float)
    return dcfi, AlignedReference(slow, shift_px, float(field["correlation"]), rows, columns), pixel_size_nm
