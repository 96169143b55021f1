"""Where points of the specimen appear in the frames of an aligned tilt series, each at the tilt of the row it falls on."""

from dataclasses import dataclass

import numpy as np

from rapidstem.tomography import TiltGeometry, turned

# Each shrinks the error a hundredfold, as the stage turns little while a frame is scanned.
FIXED_POINT_STEPS = 2


@dataclass(frozen=True)
class FramePlaces:
    """Points as the frames of an aligned series show them.

    Attributes
    ----------
    row, column : np.ndarray, (frame, point)
        Pixels of the aligned frames, counted from their first.
    tilt_rad : np.ndarray, (frame, point)
        Tilt at the moment when the point's row is scanned.
    seen : np.ndarray, (frame, point), bool
        Whether the place lies within the raw frame.
    """

    row: np.ndarray
    column: np.ndarray
    tilt_rad: np.ndarray
    seen: np.ndarray


def project(points_nm: np.ndarray, geometry: TiltGeometry, columns: int) -> FramePlaces:
    """Project points into every frame of the aligned series: row = y cos(tilt) + z sin(tilt), column = x.

    The tilt is that of the moment when the row is scanned, found by a fixed-point iteration, which contracts because the stage turns
    little while a frame is scanned.

    Parameters
    ----------
    points_nm : np.ndarray, (point, 3)
        x, y, z from the centre of the volume.
    geometry : TiltGeometry
    columns : int
        Columns of a frame.
    """
    x, y, z = np.asarray(points_nm, float).T / geometry.pixel_size_nm
    across = np.broadcast_to(x, (geometry.frames, len(x)))
    tilt = np.asarray(geometry.angle_rad)[:, None]
    steps = 0 if geometry.time_s is None else FIXED_POINT_STEPS
    for _ in range(steps):
        tilt = geometry.row_angles_rad(*_raw_place(y * np.cos(tilt) + z * np.sin(tilt), across, geometry, columns))
    height = y * np.cos(tilt) + z * np.sin(tilt)
    tilt = np.broadcast_to(tilt, across.shape)
    raw_row, raw_column = _raw_place(height, across, geometry, columns)
    row, column = height + (geometry.rows - 1) / 2, across + (columns - 1) / 2
    seen = _inside(raw_row, raw_column, geometry, columns) & _inside(row, column, geometry, columns)
    return FramePlaces(row, column, tilt, seen)


def _inside(row: np.ndarray, column: np.ndarray, geometry: TiltGeometry, columns: int) -> np.ndarray:
    return (row >= 0) & (row <= geometry.rows - 1) & (column >= 0) & (column <= columns - 1)


def _raw_place(height: np.ndarray, across: np.ndarray, geometry: TiltGeometry, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the raw frames (frame, ...), for places counted from the centre of the aligned ones."""
    row, column = turned(height, across, geometry.axis_rotation_rad)
    shift_row, shift_column = geometry.shift_px.T.reshape(2, -1, *[1] * (row.ndim - 1))
    raw_row = row + (geometry.rows - 1) / 2 + shift_row
    raw_column = column + (columns - 1) / 2 + shift_column
    return np.clip(raw_row, -geometry.rows, 2 * geometry.rows), np.clip(raw_column, -columns, 2 * columns)
