"""The geometry of a tilt series as a table that people can read and plot: written and read here alone."""

from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.files.tables import read_table
from rapidstem.tomography.tilt_geometry import TiltGeometry

ANGLE_COLUMNS = ["frame", "reported_deg", "angle_deg", "sigma_deg", "dy_px", "dx_px"]
_UNCERTAINTIES = ["dy_sigma_px", "dx_sigma_px"]
_OF_THE_SERIES = ["axis_rotation_deg", "pixel_size_nm", "rows", "columns", "line_time_s", "slow_scan"]
GEOMETRY_COLUMNS = [*ANGLE_COLUMNS, "used", *_UNCERTAINTIES, "time_s", *_OF_THE_SERIES]
_ROUNDED = ["reported_deg", "angle_deg", "sigma_deg", "dy_px", "dx_px", *_UNCERTAINTIES, "axis_rotation_deg"]


def write_geometry(
    path: Path | str, geometry: TiltGeometry, reported_deg: np.ndarray, sigma_deg: np.ndarray, shift_sigma_px: np.ndarray
) -> None:
    """Write `<variant>.angles.csv`: one line a frame with the reported and the found angle, the shift, its time, and what all frames share.

    Parameters
    ----------
    path : Path or str
    geometry : TiltGeometry
    reported_deg, sigma_deg : np.ndarray, (frame,)
        Angles of the goniometer, and the standard deviations of those found.
    shift_sigma_px : np.ndarray, (frame, 2)
        Standard deviations of dy and dx; NaN where they are not known.
    """
    table = pd.DataFrame(
        {
            "frame": np.arange(geometry.frames),
            "reported_deg": reported_deg,
            "angle_deg": np.rad2deg(geometry.angle_rad),
            "sigma_deg": sigma_deg,
            "dy_px": geometry.shift_px[:, 0],
            "dx_px": geometry.shift_px[:, 1],
            "used": geometry.used.astype(int),
            "dy_sigma_px": shift_sigma_px[:, 0],
            "dx_sigma_px": shift_sigma_px[:, 1],
            "time_s": np.nan if geometry.time_s is None else geometry.time_s,
            "axis_rotation_deg": np.rad2deg(geometry.axis_rotation_rad),
            "pixel_size_nm": geometry.pixel_size_nm,
            "rows": geometry.rows,
            "columns": geometry.columns,
            "line_time_s": geometry.line_time_s,
            "slow_scan": geometry.slow_scan,
        }
    )
    table[_ROUNDED] = table[_ROUNDED].astype(float).map("{:.6f}".format).replace("nan", "")
    with written_beside(path) as temporary:
        table[GEOMETRY_COLUMNS].to_csv(temporary, index=False)


def read_geometry(path: Path | str) -> TiltGeometry:
    """Read the geometry of a series that `write_geometry` wrote.

    Parameters
    ----------
    path : path
        File to read.

    Raises
    ------
    InputError
        If a column is missing, or an angle or a shift is no number.
    """
    table = read_angles(path)
    shared = table.iloc[0]
    turning = bool(table["time_s"].notna().all())
    return TiltGeometry(
        angle_rad=np.deg2rad(table["angle_deg"].to_numpy(float)),
        shift_px=table[["dy_px", "dx_px"]].to_numpy(float),
        pixel_size_nm=float(shared["pixel_size_nm"]),
        rows=int(shared["rows"]),
        time_s=table["time_s"].to_numpy(float) if turning else None,
        line_time_s=float(shared["line_time_s"]) if turning else None,
        slow_scan=shared["slow_scan"],
        columns=None if pd.isna(shared["columns"]) else int(shared["columns"]),
        axis_rotation_rad=float(np.deg2rad(shared["axis_rotation_deg"])),
        used=table["used"].to_numpy(bool),
    )


def read_angles(path: Path | str) -> pd.DataFrame:
    """Read the table itself, with the reported angles and the uncertainties (`GEOMETRY_COLUMNS`).

    Parameters
    ----------
    path : path
        File to read.

    Returns
    -------
    DataFrame
        One row a frame; angles in degrees, shifts in pixels.

    Raises
    ------
    InputError
        If the file or a column is missing, or an angle or a shift is no number.
    """
    table = read_table(path, GEOMETRY_COLUMNS)
    if len(table) == 0 or not np.all(np.isfinite(table[["angle_deg", "dy_px", "dx_px", "axis_rotation_deg"]].to_numpy(float))):
        raise InputError(f"{path}: an angle or a shift is missing; every frame needs numbers")
    return table[GEOMETRY_COLUMNS]
