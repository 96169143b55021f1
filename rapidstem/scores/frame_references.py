"""References moved to where a single frame shows the specimen: the reference is resampled, never the frame."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.distortion.column_map import ColumnMap
from rapidstem.distortion.drift_correction import corrected_shift
from rapidstem.distortion.image_warping import at_reference_pixels, inside_view, resample_grid, to_slow_geometry
from rapidstem.distortion.reference_alignment import AlignedReference
from rapidstem.scores.image_quality import Area

# What the spline's kernel reaches from what is unseen.
_EDGE_PX = 3


@dataclass(frozen=True)
class FrameReference:
    """A reference image (y, x) without NaN, and the rows and columns in which it holds."""

    image: np.ndarray
    area: Area

    def moved(self, shift_px: tuple[float, float]) -> "FrameReference":
        """The reference as a frame shows it whose specimen has moved by `(dy, dx)`; the area loses what came from outside."""
        image = scipy.ndimage.shift(self.image, shift_px, order=3, mode="nearest")
        rows, columns = (
            slice(area.start + int(np.ceil(max(shift, 0))), area.stop - int(np.ceil(max(-shift, 0))))
            for area, shift in zip(self.area, shift_px, strict=True)
        )
        return FrameReference(image, (rows, columns))


@dataclass(frozen=True)
class PlacedReference:
    """A reference (y, x) in pixels of its own, and where a corrected frame at shift zero shows its rows and columns.

    Attributes
    ----------
    image : (y, x)
    place_px : (2,)
        Of its first pixel (row, column).
    area
        In which it holds, in pixels of the corrected frames.
    """

    image: np.ndarray
    place_px: np.ndarray
    area: Area

    def beside(self, frame: np.ndarray, shift_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A corrected frame at the pixels of the reference, and the reference there, where both hold.

        Parameters
        ----------
        frame : (y, x)
            Without noise, which the resampling would smooth.
        shift_px : (2,)
            Of the frame, (dy, dx) in pixels of the corrected grid.

        Returns
        -------
        frame, reference : (row, column)
        """
        rows, columns = (np.arange(side) + place for side, place in zip(self.image.shape, self.place_px, strict=True))
        return at_reference_pixels(frame, self.image, (rows, columns), self.area, shift_px)


@dataclass(frozen=True)
class FieldReferences:
    """The references of one field of view.

    Attributes
    ----------
    dcfi : (y, x)
        In the geometry of the rapid frames at shift zero; NaN where unseen.
    aligned
        The slow image in the same geometry, how it was brought there, and where both references hold.
    slow : (y, x)
        The slow image as recorded, in pixels of the rapid frames' size.
    column_map
        The scan distortion.
    """

    dcfi: np.ndarray
    aligned: AlignedReference
    slow: np.ndarray
    column_map: ColumnMap

    def in_rapid_geometry(self) -> dict[str, FrameReference]:
        """The references for frames as recorded, at shift zero.

        Returns
        -------
        dict of FrameReference
            By the names `dcfi` and `slow`.
        """
        images = {"dcfi": self.dcfi, "slow": self.aligned.slow}
        return {name: FrameReference(without_gaps(image), (self.aligned.rows, self.aligned.columns)) for name, image in images.items()}

    def in_slow_geometry(self) -> dict[str, FrameReference]:
        """The references for frames that were corrected for the distortion, at shift zero.

        Returns
        -------
        dict of FrameReference
            By the names `dcfi` and `slow`.
        """
        rows, columns = (np.arange(length) for length in self.dcfi.shape)
        slow_columns = columns + self.aligned.slow_shift_px[1]
        slow = resample_grid(self.slow, rows + self.aligned.slow_shift_px[0], slow_columns)
        rapid_px = self.column_map.to_rapid(columns)
        valid = (rapid_px >= self.aligned.columns.start) & (rapid_px <= self.aligned.columns.stop - 1)
        seen = inside_view(slow_columns, self.slow.shape[1]) & valid
        first, last = np.flatnonzero(seen)[[0, -1]]
        area = (self.aligned.rows, slice(int(first) + _EDGE_PX, int(last) + 1 - _EDGE_PX))
        dcfi = to_slow_geometry(without_gaps(self.dcfi), self.column_map)
        return {"dcfi": FrameReference(dcfi, area), "slow": FrameReference(slow, area)}

    def recorded(self) -> dict[str, PlacedReference]:
        """The references for frames that were corrected for the distortion, the slow image in pixels of its own.

        Returns
        -------
        dict of PlacedReference
            By the names `dcfi` and `slow`.
        """
        corrected = self.in_slow_geometry()
        area = corrected["slow"].area
        return {
            "dcfi": PlacedReference(corrected["dcfi"].image, np.zeros(2), area),
            "slow": PlacedReference(self.slow, -np.asarray(self.aligned.slow_shift_px), area),
        }

    def corrected_shift(self, shift_px: np.ndarray) -> np.ndarray:
        """Shifts (..., 2) of rapid frames in pixels of the corrected grid: along x by the mean magnification of the map.

        Parameters
        ----------
        shift_px : (..., 2)
            (dy, dx) in pixels of the rapid frames.

        Returns
        -------
        (..., 2)
            (dy, dx) in pixels of the corrected grid.
        """
        return corrected_shift(shift_px, self.column_map)


def without_gaps(image: np.ndarray) -> np.ndarray:
    """An image whose unseen pixels have the value of the nearest seen one.

    Parameters
    ----------
    image : (y, x)
        NaN where unseen, but not everywhere.

    Returns
    -------
    (y, x)
        Finite.
    """
    nearest = scipy.ndimage.distance_transform_edt(~np.isfinite(image), return_distances=False, return_indices=True)
    return image[tuple(nearest)]
