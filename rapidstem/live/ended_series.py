"""Series that have ended: whether what there is of them will do, and how it was recorded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files import FallbackMetadata
from rapidstem.live.growing_series import planned_tilts
from rapidstem.tomography import TiltGeometry, middle_angles_deg, recorded_geometry, slow_scan_along

# Over less, a point is more than five times as long along the beam as across (M. Radermacher, Ultramicroscopy 25 (1988) 259).
LEAST_RANGE_DEG = 40.0


def stated_times(reading: Mapping[str, Any], turning: bool) -> FallbackMetadata:
    """The times of frames and rows, which a file that is being written does not say.

    Parameters
    ----------
    reading
        The section of the configuration.
    turning
        Whether rows have tilts of their own.

    Returns
    -------
    FallbackMetadata

    Raises
    ------
    InputError
        if rows need times and there are none.
    """
    stated = FallbackMetadata(**{name: reading[name] for name in ("line_time_s", "frame_time_s", "frame_interval_s")})
    if turning and None in (stated.frame_interval_s, stated.row_time_s(1)):
        raise InputError(
            "live: a file that is being written does not say when its rows are scanned; give reading.frame_interval_s and "
            "reading.line_time_s (or reading.frame_time_s) in the configuration, or set tomography.geometry to per-frame"
        )
    return stated


def ended_geometry(
    path: Path,
    series: np.ndarray,
    pixel_size_nm: float,
    stated: FallbackMetadata,
    tilt_axis: Literal["x", "y"],
    turning: bool,
    wanted: int | None,
) -> TiltGeometry:
    """How a series was recorded that has ended; what a person should know of its end is printed.

    Parameters
    ----------
    path
        Of the series, beside which its tilts stand.
    series : (frame, y, x)
        The tilt axis along x.
    pixel_size_nm
        Of the series.
    stated
        Times, which the file does not say.
    tilt_axis
        In the raw frames.
    turning
        Whether rows have tilts of their own.
    wanted
        Frames that were to come, if that is known.

    Returns
    -------
    TiltGeometry

    Raises
    ------
    InputError
        if the tilts of the frames are not known, or span too little.
    """
    tilts_deg = planned_tilts(path)
    print(check_ended_series(path, tilts_deg, len(series), wanted))
    rows = series.shape[1 if tilt_axis == "x" else 2]
    times = stated.starts_s(len(series)), stated.row_time_s(rows)
    reported_deg = middle_angles_deg(tilts_deg[: len(series)], *times, rows)
    of_rows = times if turning else (None, None)
    return recorded_geometry(reported_deg, series.shape, pixel_size_nm, *of_rows, slow_scan=slow_scan_along(tilt_axis))


def check_ended_series(path: Path, tilts_deg: np.ndarray, count: int, wanted: int | None) -> str:
    """See whether what there is of a series will do, and say what is missing.

    Parameters
    ----------
    path
        Of the series.
    tilts_deg : (planned frame,)
        In degrees.
    count, wanted
        Frames that have come, and that were to come, if that is known.

    Returns
    -------
    str
        What a person should know; empty where all frames are there.

    Raises
    ------
    InputError
        if the tilts of the frames are not known, or span too little.
    """
    ends = "the series has ended" if wanted is None else f"the series has stopped after {count} of {wanted} frames"
    if len(tilts_deg) < count:
        raise InputError(f"{path}: {count} frames, but {len(tilts_deg)} tilts; write one angle in degrees a line, a line a frame")
    span_deg = float(np.ptp(tilts_deg[:count]))
    if span_deg < LEAST_RANGE_DEG:
        raise InputError(
            f"{path}: {ends}, {count} frames over {span_deg:.0f} degrees; {LEAST_RANGE_DEG:g} degrees are needed: record the rest, or "
            "raise live.patience_s where the microscope pauses"
        )
    missing = wanted is not None and count < wanted
    return f"{path}: {ends}; these are used, over {span_deg:.0f} degrees" if missing else ""
