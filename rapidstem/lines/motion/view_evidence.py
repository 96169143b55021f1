"""What one frame of a series says for lines, by a likelihood of `rapidstem.lines`.

At fixed tilt all frames share one, learnt from the first of them; in a sweep every frame has its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from rapidstem.lines.evidence import (
    COVERED_WIDTHS,
    FrameCurvature,
    FramePlaces,
    LineLikelihood,
    curvature_across,
    curvature_of_frames,
    likelihood_of,
)
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.tomography import TiltGeometry


@dataclass(frozen=True)
class FrameLines:
    """One frame, ready to be asked.

    Attributes
    ----------
    curvature : FrameCurvature
        Of this frame alone.
    likelihood : LineLikelihood
        Of one row: of the whole series at fixed tilt, of this frame in a sweep.
    valid : (y, x) bool
        Pixels that the frame has seen, away from the rim of those that it has not.
    inner : (y, x) bool
        Those of them from which the border of the frame, and what it has not seen, are a line's width away or more.
    covered : (y, x) bool
        Pixels that lines hold which are found already.
    """

    curvature: FrameCurvature
    likelihood: LineLikelihood
    valid: np.ndarray
    inner: np.ndarray
    covered: np.ndarray

    def asked(self, points_nm: np.ndarray, view: TiltedView) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ask for curves (..., n, 3), whose points follow each other.

        Parameters
        ----------
        points_nm : np.ndarray, (..., n, 3)
            x, y, z from the centre of the tomogram.
        view : TiltedView
            Of the series.

        Returns
        -------
        curvature : (..., n)
            Second derivative across the projected line.
        support : (..., n)
            Log likelihood ratio of a line; 0 where nothing is said.
        speaking : (..., n) bool
            Seen, and not covered by another line.
        """
        places = view.places(points_nm)
        curvature = curvature_across(self.curvature, places)
        row, column = _nearest_pixels(places, view.shape)
        speaking = places.seen[0] & self.valid[row, column] & ~self.covered[row, column]
        return curvature[0], np.where(speaking, self.likelihood(curvature)[0], 0.0), speaking

    def seen(self, points_nm: np.ndarray, view: TiltedView) -> np.ndarray:
        """Which points (..., n, 3) lie within `inner`, covered or not."""
        places = view.places(points_nm)
        row, column = _nearest_pixels(places, view.shape)
        return np.asarray(places.seen[0] & self.inner[row, column])

    def footprint(self, points_nm: np.ndarray, view: TiltedView) -> np.ndarray:
        """Which pixels (y, x) a line (n, 3) holds."""
        places = view.places(points_nm)
        inside = places.seen[0]
        reach = max(1, round(COVERED_WIDTHS * 2 * self.curvature.scale_px))
        down, right = (each.ravel() for each in np.mgrid[-reach : reach + 1, -reach : reach + 1])
        disc = down**2 + right**2 <= reach**2
        row = np.rint(places.row[0][inside]).astype(int)[:, None] + down[disc]
        column = np.rint(places.column[0][inside]).astype(int)[:, None] + right[disc]
        within = (row >= 0) & (row < view.shape[0]) & (column >= 0) & (column < view.shape[1])
        mask = np.zeros(view.shape, bool)
        mask[row[within], column[within]] = True
        return mask

    def cover(self, points_nm: np.ndarray, view: TiltedView) -> None:
        """Mark what a line (n, 3) hides."""
        self.covered[:] |= self.footprint(points_nm, view)

    def without(self, barred: np.ndarray) -> "FrameLines":
        """The same frame, in which pixels (y, x) that are barred say nothing either."""
        return replace(self, covered=self.covered | barred)


def _nearest_pixels(places: FramePlaces, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the pixels next to places in the one frame that there is; at the border for those outside."""
    row, column = (
        np.clip(np.rint(each[0]).astype(int), 0, size - 1) for each, size in zip((places.row, places.column), shape, strict=True)
    )
    return row, column


def frame_lines(image: np.ndarray, likelihood: LineLikelihood, scale_px: float) -> FrameLines:
    """Prepare a frame (y, x); pixels that it has not seen are NaN."""
    filled, valid = _filled(image, scale_px)
    width = round(2 * scale_px)
    inner = scipy.ndimage.binary_erosion(valid, np.ones((2 * width + 1,) * 2))
    return FrameLines(curvature_of_frames(filled[None], scale_px), likelihood, valid, inner, np.zeros(image.shape, bool))


def learnt_from(images: np.ndarray, lines: Sequence[np.ndarray], view: TiltedView, scale_px: float) -> LineLikelihood:
    """Learn from frames (frame, y, x) and lines (n, 3) of the tomogram, as the view shows them, what dark lines say.

    Frames of one tilt share what they have learnt, so that one row of the likelihood stands for all.

    Parameters
    ----------
    images : np.ndarray, (frame, y, x)
        Without drift; NaN where a frame has not seen the place.
    lines : sequence of np.ndarray, (n, 3)
        In nm from the centre of the tomogram.
    view : TiltedView
        Of the series.
    scale_px : float
        Half of the full width of the lines at half depth.
    """
    curvature = curvature_of_frames(np.stack([_filled(image, scale_px)[0] for image in images]), scale_px)
    frames = len(images)
    geometry = TiltGeometry(np.full(frames, view.tilt_rad), np.zeros((frames, 2)), view.pixel_size_nm, view.shape[0])
    down = view.shift_px[0] * view.pixel_size_nm
    moved = np.array([view.shift_px[1] * view.pixel_size_nm, down * np.cos(view.tilt_rad), down * np.sin(view.tilt_rad)])
    learnt = likelihood_of([line + moved for line in lines], curvature, geometry)
    middle = slice(frames // 2, frames // 2 + 1)
    return LineLikelihood(learnt.edges[middle], learnt.ratio[middle])


def _filled(image: np.ndarray, scale_px: float) -> tuple[np.ndarray, np.ndarray]:
    """The frame with what it has not seen filled by its median, and which pixels lie away from that."""
    finite = np.isfinite(image)
    reach = int(np.ceil(3 * scale_px))
    valid = finite if finite.all() else scipy.ndimage.binary_erosion(finite, np.ones((2 * reach + 1,) * 2), border_value=1)
    return np.where(finite, image, np.nanmedian(image)).astype(np.float32), valid
