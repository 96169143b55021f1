"""Frames that cannot be registered, and why."""

import numpy as np

LARGEST_CLIPPED_SHARE = 0.5
LARGEST_EMPTY_ROW_SHARE = 0.1


def frame_fault(frame: np.ndarray) -> str:
    """Say what makes a frame unusable; an empty string where nothing does.

    Parameters
    ----------
    frame : (y, x), any real dtype
    """
    if frame.dtype.kind == "f" and not np.isfinite(frame).all():
        return "holds values that are no numbers"
    lowest, highest = frame.min(), frame.max()
    if lowest == highest:
        return "is constant"
    if np.count_nonzero(frame == highest) > LARGEST_CLIPPED_SHARE * frame.size:
        return "is saturated"
    constant_rows = np.count_nonzero((frame == frame[:, :1]).all(axis=1))
    if constant_rows > LARGEST_EMPTY_ROW_SHARE * frame.shape[0]:
        return f"is truncated: {constant_rows} rows are constant"
    if np.count_nonzero(frame == lowest) > LARGEST_CLIPPED_SHARE * frame.size:
        return "is clipped at its lowest value"
    return ""
