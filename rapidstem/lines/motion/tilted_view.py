"""One view of the specimen at a tilt, fixed or turning a little while it is scanned: where points appear in frames without drift."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rapidstem.lines.evidence import FramePlaces

# Each shrinks the error a hundredfold, as the stage turns little while a frame is scanned.
FIXED_POINT_STEPS = 2


@dataclass(frozen=True)
class TiltedView:
    """A view at one tilt.

    Attributes
    ----------
    tilt_rad : in the coordinates of the tomogram, when the middle line of the scan is recorded
    shift_px : (2,) (dy, dx), where the tomogram's origin appears from the centre of the frame
    pixel_size_nm
    shape : rows and columns of a frame
    turn_rad : by how much the stage turns from line to line of the scan
    slow_scan : what is scanned one after the other, rows or columns (`rapidstem.tomography.TiltGeometry`)
    """

    tilt_rad: float
    shift_px: tuple[float, float]
    pixel_size_nm: float
    shape: tuple[int, int]
    turn_rad: float = 0.0
    slow_scan: Literal["rows", "columns"] = "rows"

    @property
    def beam(self) -> np.ndarray:
        """Unit vector (3,) along the beam, in the coordinates of the tomogram."""
        return np.array([0.0, -np.sin(self.tilt_rad), np.cos(self.tilt_rad)])

    @property
    def by_place(self) -> np.ndarray:
        """Change (2, 3) of row and column, in pixels, by x, y, z in nm."""
        return np.array([[0.0, np.cos(self.tilt_rad), np.sin(self.tilt_rad)], [1.0, 0.0, 0.0]]) / self.pixel_size_nm

    def seen_at(self, points_nm: np.ndarray) -> np.ndarray:
        """Rows and columns (..., 2) of points (..., 3).

        Parameters
        ----------
        points_nm : np.ndarray, (..., 3)
            x, y, z from the centre of the tomogram.

        Returns
        -------
        np.ndarray, (..., 2)
            In pixels of the frames without drift, also outside of them.
        """
        places = np.asarray(points_nm, float) @ self.by_place.T
        if self.turn_rad:
            y, z = np.asarray(points_nm, float)[..., 1] / self.pixel_size_nm, np.asarray(points_nm, float)[..., 2] / self.pixel_size_nm
            for _ in range(FIXED_POINT_STEPS):
                tilt = self.tilt_rad + self.turn_rad * (places[..., self._slow_axis] + self.shift_px[self._slow_axis])
                places[..., 0] = y * np.cos(tilt) + z * np.sin(tilt)
        return places + (np.array(self.shape) - 1) / 2 + self.shift_px

    def scan_lines(self, points_nm: np.ndarray) -> np.ndarray:
        """Lines of the scan (...,) on which points (..., 3) lie, from 0 to the last: rows, or columns.

        Parameters
        ----------
        points_nm : np.ndarray, (..., 3)
            x, y, z from the centre of the tomogram.

        Returns
        -------
        np.ndarray, (...,)
            In pixels of the frames without drift, also outside of them.
        """
        return np.asarray(self.seen_at(points_nm)[..., self._slow_axis])

    @property
    def line_count(self) -> int:
        """How many lines of the scan a frame has."""
        return self.shape[self._slow_axis]

    @property
    def _slow_axis(self) -> int:
        return 0 if self.slow_scan == "rows" else 1

    def normals_at(self, points_nm: np.ndarray) -> np.ndarray:
        """Directions across the image of a line.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)
            Of the line, x, y, z from the centre of the tomogram, one after the other.

        Returns
        -------
        np.ndarray, (n, 2)
            Unit vectors at its points, as rows and columns.
        """
        tangent = np.gradient(self.seen_at(points_nm), axis=0)
        return np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)

    def places(self, points_nm: np.ndarray) -> FramePlaces:
        """Points (..., n, 3) as a single frame shows them; `seen` says what lies in the frame.

        Parameters
        ----------
        points_nm : np.ndarray, (..., n, 3)
            x, y, z from the centre of the tomogram.
        """
        row, column = np.moveaxis(self.seen_at(points_nm), -1, 0)
        inside = (row >= 0) & (row <= self.shape[0] - 1) & (column >= 0) & (column <= self.shape[1] - 1)
        return FramePlaces(row[None], column[None], np.full((1, *row.shape), self.tilt_rad), inside[None])
