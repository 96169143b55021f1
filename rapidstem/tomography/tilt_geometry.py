"""When and at what tilt every row of a tilt series was scanned."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside

ANGLE_COLUMNS = ["frame", "reported_deg", "angle_deg", "sigma_deg", "dy_px", "dx_px"]


@dataclass(frozen=True)
class TiltGeometry:
    """Tilt angles, shifts and times of the frames of a tilt series; the tilt axis is x.

    Attributes
    ----------
    angle_rad : np.ndarray, (frame,)
        Tilt at the moment when the middle row of the raw frame is scanned.
    shift_px : np.ndarray, (frame, 2)
        Where the specimen has moved to in each frame, (dy, dx).
    pixel_size_nm : float
    rows : int
        Rows of a frame.
    time_s : np.ndarray, (frame,), or None
        Start of each frame; None where the stage stood still during each frame (a slow series).
    line_time_s : float or None
        From the start of one row to the start of the next.
    """

    angle_rad: np.ndarray
    shift_px: np.ndarray
    pixel_size_nm: float
    rows: int
    time_s: np.ndarray | None = None
    line_time_s: float | None = None

    def __post_init__(self) -> None:
        frames = len(self.angle_rad)
        if np.shape(self.shift_px) != (frames, 2):
            raise InputError(f"{frames} tilt angles need shifts of shape ({frames}, 2), not {np.shape(self.shift_px)}")
        if not np.all(np.isfinite(self.angle_rad)):
            raise InputError("a tilt angle is missing or not a number: give the angle of every frame")
        if np.any(np.abs(self.angle_rad) > np.pi / 2):
            raise InputError("a tilt angle lies beyond 90 degrees: are the angles in the unit that is expected?")
        if (self.time_s is None) != (self.line_time_s is None):
            raise InputError("the tilt of a row needs both the time of each frame and the line time: give both or neither")
        if self.time_s is not None and (len(self.time_s) != frames or np.any(np.diff(self.time_s) <= 0)):
            raise InputError(f"the times of the frames must be {frames} increasing numbers")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.angle_rad)

    def row_angles_rad(self, row_px: np.ndarray) -> np.ndarray:
        """Tilt at the moment when a row of the raw frames is scanned.

        Between the middles of the frames the tilt follows a monotone piecewise cubic in time (Fritsch and Carlson 1980), beyond
        the first and the last a straight line.

        Parameters
        ----------
        row_px : np.ndarray, (n,) or (frame, n)
            Rows of the raw frames, fractions allowed; the same rows for all frames, or each frame's own.

        Returns
        -------
        np.ndarray, (frame, n), in radians
        """
        row_px = np.broadcast_to(np.asarray(row_px, float), (self.frames, np.shape(row_px)[-1]))
        if self.time_s is None or self.line_time_s is None or self.frames < 2:
            return np.repeat(np.asarray(self.angle_rad, float)[:, None], row_px.shape[1], axis=1)
        middle_s = self.time_s + self.line_time_s * (self.rows - 1) / 2
        return _smooth_curve(middle_s, self.angle_rad, self.time_s[:, None] + self.line_time_s * row_px)

    def per_frame(self) -> "TiltGeometry":
        """The same series with one angle a frame, as if the stage had stood still."""
        return replace(self, time_s=None, line_time_s=None)


def _smooth_curve(time_s: np.ndarray, angle_rad: np.ndarray, at_s: np.ndarray) -> np.ndarray:
    curve = PchipInterpolator(time_s, angle_rad)
    inside = np.clip(at_s, time_s[0], time_s[-1])
    slope = curve.derivative()(np.array([time_s[0], time_s[-1]]))
    return curve(inside) + np.where(at_s < time_s[0], slope[0], slope[1]) * (at_s - inside)


def aligned_row_angles_rad(geometry: TiltGeometry) -> np.ndarray:
    """Tilt of every row of the aligned series, (frame, row): aligned row r shows what raw row r + dy has scanned."""
    rows = np.arange(geometry.rows) + geometry.shift_px[:, :1]
    return geometry.row_angles_rad(rows)


def write_angles(path: Path | str, geometry: TiltGeometry, reported_deg: np.ndarray, sigma_deg: np.ndarray) -> None:
    """Write `<variant>.angles.csv`: one line a frame with the reported and the found angle and the shift."""
    table = pd.DataFrame(
        {
            "frame": np.arange(geometry.frames),
            "reported_deg": reported_deg,
            "angle_deg": np.rad2deg(geometry.angle_rad),
            "sigma_deg": sigma_deg,
            "dy_px": geometry.shift_px[:, 0],
            "dx_px": geometry.shift_px[:, 1],
        }
    )
    with written_beside(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")


def read_angles(path: Path | str) -> pd.DataFrame:
    """Read what `write_angles` wrote.

    Raises
    ------
    InputError
        If a column is missing or holds no numbers.
    """
    table = pd.read_csv(path)
    missing = [name for name in ANGLE_COLUMNS if name not in table]
    if missing:
        raise InputError(f"{path}: column {', '.join(missing)} is missing; a table of angles has the columns {', '.join(ANGLE_COLUMNS)}")
    if not np.all(np.isfinite(table[["angle_deg", "dy_px", "dx_px"]].to_numpy(float))):
        raise InputError(f"{path}: an angle or a shift is missing; every frame needs numbers")
    return table[ANGLE_COLUMNS]


def geometry_from_table(
    table: pd.DataFrame, pixel_size_nm: float, rows: int, time_s: np.ndarray | None = None, line_time_s: float | None = None
) -> TiltGeometry:
    """Geometry of a series from its table of angles, with the times of its frames where the stage turned during a frame."""
    return TiltGeometry(
        angle_rad=np.deg2rad(table["angle_deg"].to_numpy(float)),
        shift_px=table[["dy_px", "dx_px"]].to_numpy(float),
        pixel_size_nm=pixel_size_nm,
        rows=rows,
        time_s=time_s,
        line_time_s=line_time_s,
    )
