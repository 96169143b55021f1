"""When and at what tilt every row of a tilt series was scanned, and where the tilt axis lies."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import scipy

from rapidstem.errors import InputError

# Wider than what is reported, as refinement may go beyond.
_LARGEST_TILT_DEG = 110.0


@dataclass(frozen=True)
class TiltGeometry:
    """Tilt angles, shifts and times of the frames of a tilt series; the tilt axis is x.

    A point that the tilt brings to the height h lies in the raw frame at the column x cos(rotation) - h sin(rotation) + dx and the row
    x sin(rotation) + h cos(rotation) + dy, both from the centre of the frame.

    Attributes
    ----------
    angle_rad : np.ndarray, (frame,)
        Tilt at the moment when the middle row (or column, see `slow_scan`) of the raw frame is scanned.
    shift_px : np.ndarray, (frame, 2)
        Where the specimen has moved to in each frame, (dy, dx).
    pixel_size_nm : float
    rows : int
        Rows of a frame.
    time_s : np.ndarray, (frame,), or None
        Start of each frame; None where the stage stood still during each frame (a slow series).
    line_time_s : float or None
        From the start of one line of the scan to the start of the next.
    slow_scan : {"rows", "columns"}
        What is scanned one after the other: rows, or, in frames that were transposed to bring a vertical tilt axis to x, columns.
    columns : int or None
        Columns of a frame; needed where columns are scanned one after the other.
    axis_rotation_rad : float
        Angle in the plane of the image from x to the tilt axis, positive from x towards y.
    used : np.ndarray, (frame,), bool
        False for frames that could not be aligned: they must not be reconstructed, and their angles and shifts are interpolated. The
        default is all.
    """

    angle_rad: np.ndarray
    shift_px: np.ndarray
    pixel_size_nm: float
    rows: int
    time_s: np.ndarray | None = None
    line_time_s: float | None = None
    slow_scan: Literal["rows", "columns"] = "rows"
    columns: int | None = None
    axis_rotation_rad: float = 0.0
    used: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        frames = len(self.angle_rad)
        object.__setattr__(self, "used", np.ones(frames, bool) if self.used is None else np.asarray(self.used, bool))
        if np.shape(self.shift_px) != (frames, 2):
            raise InputError(f"{frames} tilt angles need shifts of shape ({frames}, 2), not {np.shape(self.shift_px)}")
        if not np.all(np.isfinite(self.angle_rad)):
            raise InputError("a tilt angle is missing or not a number: give the angle of every frame")
        if np.any(np.abs(self.angle_rad) > np.deg2rad(_LARGEST_TILT_DEG)):
            raise InputError(f"a tilt angle lies beyond {_LARGEST_TILT_DEG:.0f} degrees: are the angles in the unit that is expected?")
        if (self.time_s is None) != (self.line_time_s is None):
            raise InputError("the tilt of a row needs both the time of each frame and the line time: give both or neither")
        if self.time_s is not None and (len(self.time_s) != frames or np.any(np.diff(self.time_s) <= 0)):
            raise InputError(f"the times of the frames must be {frames} increasing numbers")
        if self.used.shape != (frames,):
            raise InputError(f"{frames} tilt angles need as many marks of used frames, not {self.used.shape}")
        if self.slow_scan not in ("rows", "columns"):
            raise InputError(f"slow_scan is {self.slow_scan!r}: choose 'rows' or 'columns'")
        if self.columns is None and self.slow_scan == "columns":
            raise InputError("frames that are scanned column by column need their number of columns")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.angle_rad)

    @property
    def scan_lines(self) -> int:
        """Lines of a raw frame that were scanned one after the other: its rows, or its columns where it was transposed."""
        return self.rows if self.slow_scan == "rows" or self.columns is None else self.columns

    def row_angles_rad(self, row_px: np.ndarray, column_px: float | np.ndarray | None = None) -> np.ndarray:
        """Tilt at the moment when places of the raw frames are scanned.

        Between the middles of the frames the tilt follows a monotone piecewise cubic in time (Fritsch and Carlson 1980), beyond
        the first and the last a straight line.

        Parameters
        ----------
        row_px : np.ndarray, (n,) or (frame, n)
            Rows of the raw frames, fractions allowed; the same rows for all frames, or each frame's own.
        column_px : float or np.ndarray that fits `row_px`, optional
            Columns; they matter only where columns are scanned one after the other. The default is the middle one.

        Returns
        -------
        np.ndarray, (frame, n), in radians
        """
        shape = (self.frames, np.shape(row_px)[-1])
        if self.time_s is None or self.line_time_s is None or self.frames < 2:
            return np.repeat(np.asarray(self.angle_rad, float)[:, None], shape[1], axis=1)
        line_px = row_px if self.slow_scan == "rows" else self._middle_line if column_px is None else column_px
        return self._tilt_course(self._scanned_s(np.broadcast_to(np.asarray(line_px, float), shape)))

    @property
    def _middle_line(self) -> float:
        return (self.scan_lines - 1) / 2

    @cached_property
    def _tilt_course(self) -> "_SmoothCurve":
        return _SmoothCurve(self._scanned_s(np.full((self.frames, 1), self._middle_line))[:, 0], self.angle_rad)

    def _scanned_s(self, line_px: np.ndarray) -> np.ndarray:
        return np.asarray(self.time_s)[:, None] + (self.line_time_s or 0.0) * line_px

    def per_frame(self) -> "TiltGeometry":
        """The same series with one angle a frame, as if the stage had stood still."""
        return replace(self, time_s=None, line_time_s=None)


class _SmoothCurve:
    """A monotone piecewise cubic between some times, a straight line beyond."""

    def __init__(self, time_s: np.ndarray, angle_rad: np.ndarray) -> None:
        self._ends_s = np.array([time_s[0], time_s[-1]])
        self._curve = scipy.interpolate.PchipInterpolator(time_s, angle_rad)
        self._slope = self._curve.derivative()(self._ends_s)

    def __call__(self, at_s: np.ndarray) -> np.ndarray:
        inside = np.clip(at_s, *self._ends_s)
        return np.asarray(self._curve(inside) + np.where(at_s < self._ends_s[0], *self._slope) * (at_s - inside))


def aligned_row_angles_rad(geometry: TiltGeometry, column: float | None = None) -> np.ndarray:
    """Tilt of every row of the aligned series in one of its columns, (frame, row); the default is the middle column.

    Aligned row r shows what raw row r + dy has scanned. The column matters where columns are scanned one after the other, and, a
    little, where the tilt axis is rotated; without the number of columns in the geometry it is taken for the middle one.

    Parameters
    ----------
    geometry : TiltGeometry
        Of the aligned series.
    column : float, optional
        Which column.

    Returns
    -------
    np.ndarray, (frame, row)
        In radians.
    """
    middle_column = 0.0 if geometry.columns is None else (geometry.columns - 1) / 2
    along = 0.0 if column is None or geometry.columns is None else column - middle_column
    middle_row = (geometry.rows - 1) / 2
    row, raw_column = turned(np.arange(geometry.rows) - middle_row, along, geometry.axis_rotation_rad)
    return geometry.row_angles_rad(middle_row + row + geometry.shift_px[:, :1], middle_column + raw_column + geometry.shift_px[:, 1:])


def turned(row: np.ndarray | float, column: np.ndarray | float, rotation_rad: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, counted from the centre, after the rotation that brings x onto the tilt axis of the raw frames.

    Parameters
    ----------
    row, column : np.ndarray or float
        From the centre of the frames, in any unit.
    rotation_rad : float
        Of the tilt axis.

    Returns
    -------
    row, column : np.ndarray
        In the same unit.
    """
    sine, cosine = np.sin(rotation_rad), np.cos(rotation_rad)
    return np.asarray(column * sine + row * cosine), np.asarray(column * cosine - row * sine)
