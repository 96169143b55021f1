"""One field of view at rest, drawn once and looked at again and again under small shifts."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.microscope.recording.goniometer import TiltMotion
from rapidstem.microscope.recording.scan_coils import rapid_to_slow
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.specimens import FrameGeometry, Specimen

# Twice as fine as the pixels, by cubic splines: the error of resampling is far below the noise.
STEP_PX = 0.5
DEGREE = 3


@dataclass(frozen=True)
class FieldImage:
    """The clean image of a field as a cubic spline on a grid of half pixels, wider than the field.

    Attributes
    ----------
    coefficients : (row, column) of the spline
    row_knots, column_knots : its knots in slow geometry at shift zero
    """

    coefficients: np.ndarray
    row_knots: np.ndarray
    column_knots: np.ndarray

    @classmethod
    def of(cls, specimen: Specimen, motion: TiltMotion, largest_shift_px: float, settings: MicroscopeSettings) -> "FieldImage":
        """Draw the field of a specimen on a stage at rest, with the surroundings that shifts of up to `largest_shift_px` bring in.

        Parameters
        ----------
        specimen
            What is looked at.
        motion
            Of the stage, which rests.
        largest_shift_px
            How far the frames will be displaced at most.
        settings
            Of the virtual microscope.
        """
        size = settings.size_px
        seen = rapid_to_slow(np.array((0, size - 1)), settings)
        margin = np.ceil(largest_shift_px) + 2
        rows = np.arange(-margin, size - 1 + margin + STEP_PX, STEP_PX)
        columns = np.arange(np.floor(min(seen[0], 0)) - margin, max(seen[1], size - 1) + margin + STEP_PX, STEP_PX)
        image = specimen.image(FrameGeometry(motion, 0.0, 0.0, np.zeros(2), rows, columns))
        down = scipy.interpolate.make_interp_spline(rows, image, k=DEGREE)
        across = scipy.interpolate.make_interp_spline(columns, down.c, k=DEGREE, axis=1)
        return cls(np.ascontiguousarray(across.c.T), down.t, across.t)

    def image(self, shift_px: np.ndarray, row_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        """Give the image (row, column) of the field displaced by `shift_px` (dy, dx), at rows and columns in slow geometry.

        Parameters
        ----------
        shift_px : (2,)
            (dy, dx) by which the frame is displaced.
        row_px : (row,)
            Where the image's rows lie in slow geometry.
        column_px : (column,)
            Where its columns lie.

        Returns
        -------
        (row, column)
            1 on the average background without tilt.
        """
        rows = _basis(self.row_knots, row_px - shift_px[0])
        columns = _basis(self.column_knots, column_px - shift_px[1])
        return (columns @ (rows @ self.coefficients).T).T


def _basis(knots: np.ndarray, at: np.ndarray) -> "scipy.sparse.csr_array":
    """Matrix (at, coefficient) of the spline's basis functions; points beyond the grid take its edge value."""
    return scipy.interpolate.BSpline.design_matrix(np.clip(at, knots[0], knots[-1]), knots, DEGREE)
