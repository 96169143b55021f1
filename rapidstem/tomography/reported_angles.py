"""The goniometer's angles, brought from the start of each frame to its middle."""

import numpy as np


def middle_angles_deg(reported_deg: np.ndarray, time_s: np.ndarray | None, line_time_s: float | None, rows: int) -> np.ndarray:
    """Reported angles at the moments when the middle rows are scanned.

    Between the starts of the frames the angle is taken to follow a straight line, after the last start that of the interval before.

    Parameters
    ----------
    reported_deg : np.ndarray, (frame,)
        At the start of each frame.
    time_s : np.ndarray, (frame,), or None
        Start of each frame; None where the stage stood still, then nothing changes.
    line_time_s : float or None
    rows : int

    Returns
    -------
    np.ndarray, (frame,), degrees
    """
    reported_deg = np.asarray(reported_deg, float)
    if time_s is None or line_time_s is None or len(reported_deg) < 2:
        return reported_deg
    rate = np.diff(reported_deg) / np.diff(time_s)
    return reported_deg + np.append(rate, rate[-1]) * line_time_s * (rows - 1) / 2
