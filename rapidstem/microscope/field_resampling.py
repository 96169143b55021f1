"""One field of view at rest, drawn once and looked at again and again under small shifts."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline

from rapidstem.microscope.goniometer import TiltMotion
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimens import FrameGeometry, Specimen

STEP_PX = 0.5
LARGEST_SHIFT_PX = 12.0


@dataclass(frozen=True)
class FieldImage:
    """The clean image of a field on a grid of half pixels, wider than the field.

    Attributes
    ----------
    samples : (row, column)
    row_px, column_px : where the samples lie in slow geometry at shift zero
    """

    samples: np.ndarray
    row_px: np.ndarray
    column_px: np.ndarray
    size_px: int

    @classmethod
    def of(cls, specimen: Specimen, motion: TiltMotion, settings: MicroscopeSettings) -> "FieldImage":
        """Draw the field of a specimen on a stage at rest."""
        size = settings.size_px
        extra = size * settings.hysteresis_extra_view + LARGEST_SHIFT_PX
        rows = np.arange(-LARGEST_SHIFT_PX, size - 1 + LARGEST_SHIFT_PX + STEP_PX, STEP_PX)
        columns = np.arange(-np.ceil(extra), size - 1 + np.ceil(extra) + STEP_PX, STEP_PX)
        image = specimen.image(FrameGeometry(motion, 0.0, 0.0, np.zeros(2), rows, columns))
        return cls(image, rows, columns, size)

    def image(self, shift_px: np.ndarray, column_px: np.ndarray) -> np.ndarray:
        """Give the image (row, column) of the field displaced by `shift_px` (dy, dx), its columns at `column_px` in slow geometry."""
        rows = _interpolation(self.row_px, np.arange(self.size_px) - shift_px[0])
        columns = _interpolation(self.column_px, column_px - shift_px[1])
        return rows @ self.samples @ columns.T


def _interpolation(grid: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Matrix (at, grid) of cubic spline interpolation on an even grid; points beyond it take its edge value."""
    return make_interp_spline(grid, np.eye(len(grid)), k=3)(np.clip(at, grid[0], grid[-1]))
