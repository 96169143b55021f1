"""The geometry of a tilt series as the microscope has recorded it: the goniometer's angles, the times, no shifts."""

from typing import Literal

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files import fault_of_tilts
from rapidstem.tomography.tilt_geometry import TiltGeometry

# Stages turn by less; more are other units or another column.
_LARGEST_ANGLE_DEG = 100.0


def recorded_geometry(
    reported_deg: np.ndarray | None,
    shape: tuple[int, ...],
    pixel_size_nm: float,
    time_s: np.ndarray | None = None,
    line_time_s: float | None = None,
    slow_scan: Literal["rows", "columns"] = "rows",
) -> TiltGeometry:
    """Geometry of a series before its alignment.

    Parameters
    ----------
    reported_deg : np.ndarray, (frame,), or None
        Angles of the goniometer; of a turning stage those at the middle of each frame (`middle_angles_deg`).
    shape : tuple of int
        Frames, rows and columns of the series, its tilt axis along x.
    pixel_size_nm : float
    time_s, line_time_s, slow_scan
        As in `TiltGeometry`; the times are given where the stage turned during the frames.

    Raises
    ------
    InputError
        If angles are missing, of another number than the frames, not in degrees, or no tilt series.
    """
    angle_rad = _checked_angles_rad(shape, reported_deg)
    frames, rows, columns = shape
    return TiltGeometry(angle_rad, np.zeros((frames, 2)), pixel_size_nm, rows, time_s, line_time_s, slow_scan, columns)


def middle_angles_deg(
    reported_deg: np.ndarray | None, time_s: np.ndarray | None, line_time_s: float | None, rows: int
) -> np.ndarray | None:
    """Reported angles at the moments when the middle rows are scanned.

    Between the starts of the frames the angle is taken to follow a straight line, after the last start that of the interval before.

    Parameters
    ----------
    reported_deg : np.ndarray, (frame,), or None
        At the start of each frame; None where nothing is reported.
    time_s : np.ndarray, (frame,), or None
        Start of each frame; None where the stage stood still, then nothing changes.
    line_time_s : float or None
    rows : int

    Returns
    -------
    np.ndarray, (frame,), or None
        In degrees.

    Examples
    --------
    >>> middle_angles_deg(np.array([0.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0]), line_time_s=0.1, rows=5).tolist()
    [0.4, 2.4, 4.4]
    """
    if reported_deg is None:
        return None
    reported_deg = np.asarray(reported_deg, float)
    if time_s is None or line_time_s is None or len(reported_deg) < 2:
        return reported_deg
    rate = np.diff(reported_deg) / np.diff(time_s)
    return reported_deg + np.append(rate, rate[-1]) * line_time_s * (rows - 1) / 2


def _checked_angles_rad(shape: tuple[int, ...], reported_deg: np.ndarray | None) -> np.ndarray:
    """The reported angles in radians, if they can be those of the series."""
    if reported_deg is None:
        raise InputError(
            "the tilt series has no tilt angles: put a text file with one angle in degrees a line beside it, of the same name "
            "with the ending .rawtlt, .tlt, .csv or .txt"
        )
    reported_deg = np.asarray(reported_deg, float)
    if len(shape) != 3 or reported_deg.shape != shape[:1]:
        raise InputError(f"a series of {shape[0]} frames needs as many reported angles, not {reported_deg.size}")
    if not np.all(np.isfinite(reported_deg)):
        missing = ", ".join(str(frame) for frame in np.flatnonzero(~np.isfinite(reported_deg))[:8])
        raise InputError(f"the reported angles of frames {missing} (counted from 0) are missing: give the angle of every frame")
    if np.abs(reported_deg).max() > _LARGEST_ANGLE_DEG:
        raise InputError(f"a reported angle is {np.abs(reported_deg).max():.4g} degrees: give tilts between -90 and 90 degrees, in degrees")
    if fault := fault_of_tilts(reported_deg):
        raise InputError(fault)
    return np.deg2rad(reported_deg)
