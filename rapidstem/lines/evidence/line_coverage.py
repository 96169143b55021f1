"""What every line alone explains: evidence in pixels that no other line covers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rapidstem.dislocations import resampled
from rapidstem.lines.evidence.frame_curvature import FrameCurvature, curvature_across
from rapidstem.lines.evidence.frame_projection import FramePlaces, project
from rapidstem.lines.evidence.line_likelihood import LineLikelihood
from rapidstem.tomography import TiltGeometry

# In line widths: a line hides what lies beside it as far as its own dark image reaches (chosen on the simulated seeds 22 and 26).
COVERED_WIDTHS = 0.67
STEP_WIDTHS = 1 / 3


class SeriesEvidence:
    """The frames of one series, ready to be asked what they say for a curve.

    Lines are sampled at `step_nm`, a third of their width, whatever the size of the pixels; they cover what lies within `covered_px`.

    Parameters
    ----------
    curvature : FrameCurvature
    likelihood : LineLikelihood
    geometry : TiltGeometry
    threads : int
        Lines that are asked for at once.
    """

    def __init__(self, curvature: FrameCurvature, likelihood: LineLikelihood, geometry: TiltGeometry, threads: int = 1) -> None:
        self.threads = threads
        self.curvature, self.likelihood, self.geometry = curvature, likelihood, geometry
        self.shape = curvature.second.shape[:3]
        self.step_nm = STEP_WIDTHS * 2 * curvature.scale_px * geometry.pixel_size_nm
        self.covered_px = max(1, round(COVERED_WIDTHS * 2 * curvature.scale_px))

    def places(self, points_nm: np.ndarray) -> FramePlaces:
        """Where points (n, 3), or stretches of points (k, n, 3), appear; frames that are not used see nothing.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3) or (k, n, 3)
            x, y, z from the centre of the volume.

        Returns
        -------
        FramePlaces
            (frame, n) or (frame, k, n).
        """
        points = np.asarray(points_nm, float)
        found = project(points.reshape(-1, 3), self.geometry, self.shape[2])
        shape = (self.shape[0], *points.shape[:-1])
        row, column, tilt, seen = (each.reshape(shape) for each in (found.row, found.column, found.tilt_rad, found.seen))
        return FramePlaces(row, column, tilt, seen & self.geometry.used.reshape(-1, *[1] * (seen.ndim - 1)))

    def ratio(self, places: FramePlaces) -> np.ndarray:
        """Log likelihood ratio of a line at projected points that follow each other, (frame, ..., point); 0 where nothing is seen.

        Parameters
        ----------
        places : FramePlaces
            Of points that follow each other.

        Returns
        -------
        np.ndarray, (frame, ..., point)
        """
        return np.where(places.seen, self.likelihood(curvature_across(self.curvature, places)), 0.0)

    def total(self, points_nm: np.ndarray) -> np.ndarray:
        """Log likelihood ratio (n,) of a line through points that follow each other, summed over the frames.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)
            x, y, z from the centre of the volume.

        Returns
        -------
        np.ndarray, (n,)
        """
        return self.ratio(self.places(points_nm)).sum(axis=0)

    def pixels(self, places: FramePlaces) -> np.ndarray:
        """Flat indices of the nearest pixels, (frame, ..., point); the nearest one within the frame for places outside.

        Parameters
        ----------
        places : FramePlaces

        Returns
        -------
        np.ndarray, (frame, ..., point), int
        """
        frames, rows, columns = self.shape
        row = np.clip(np.rint(places.row).astype(int), 0, rows - 1)
        column = np.clip(np.rint(places.column).astype(int), 0, columns - 1)
        return (np.arange(frames).reshape(-1, *[1] * (row.ndim - 1)) * rows + row) * columns + column

    def footprint(self, places: FramePlaces) -> np.ndarray:
        """All pixels (flat indices, each once, in rising order) within `covered_px` of places, those just outside of the frames included.

        Parameters
        ----------
        places : FramePlaces
            (frame, point).

        Returns
        -------
        np.ndarray, (pixel,), int
        """
        frames, rows, columns = self.shape
        margin = self.covered_px
        row, column = np.rint(places.row).astype(int), np.rint(places.column).astype(int)
        near = (row >= -margin) & (row < rows + margin) & (column >= -margin) & (column < columns + margin)
        frame = np.broadcast_to(np.arange(frames)[:, None], row.shape)
        wide = (frames, rows + 2 * margin, columns + 2 * margin)
        centres = _each_once(np.ravel_multi_index((frame[near], row[near] + margin, column[near] + margin), wide), int(np.prod(wide)))
        frame, row, column = np.unravel_index(centres, wide)
        step = np.arange(-margin, margin + 1)
        down, right = (each.ravel() for each in np.meshgrid(step, step, indexing="ij"))
        disc = down**2 + right**2 <= margin**2
        row, column = row[:, None] - margin + down[disc], column[:, None] - margin + right[disc]
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return _each_once(((frame[:, None] * rows + row) * columns + column)[inside], frames * rows * columns)


def _each_once(numbers: np.ndarray, count: int) -> np.ndarray:
    """Numbers below a count, each once and in rising order; so many marks are faster than sorting."""
    marked = np.zeros(count, bool)
    marked[numbers] = True
    return np.flatnonzero(marked)


def _among(pixels: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """Whether each pixel belongs to a footprint, in whose rising order it is looked up."""
    if not len(footprint):
        return np.zeros(pixels.shape, bool)
    return footprint[np.minimum(np.searchsorted(footprint, pixels), len(footprint) - 1)] == pixels


class LineSamples(NamedTuple):
    """Points of a line in the frames, (frame, point): log likelihood ratios, flat indices of the nearest pixels, whether they are seen."""

    ratio: np.ndarray
    pixels: np.ndarray
    seen: np.ndarray


class CoveredFrames:
    """How many of a set of lines cover each pixel of the frames."""

    def __init__(self, evidence: SeriesEvidence, lines: Sequence[np.ndarray]) -> None:
        self.evidence = evidence
        self.counts = np.zeros(int(np.prod(evidence.shape)), np.uint16)
        self.samples: list[LineSamples] = []
        self.footprints: list[np.ndarray] = []
        for line in lines:
            self.add(line)

    def add(self, points_nm: np.ndarray) -> None:
        """Lay one more line over the frames.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)
            x, y, z from the centre of the volume.
        """
        places = self.evidence.places(resampled(points_nm, self.evidence.step_nm))
        self.samples.append(LineSamples(self.evidence.ratio(places), self.evidence.pixels(places), places.seen))
        self.footprints.append(self.evidence.footprint(places))
        self.counts[self.footprints[-1]] += 1

    def remove(self, number: int) -> set[int]:
        """Take a line away; gives the numbers of those that shared pixels with it.

        Parameters
        ----------
        number : int
            Of the line, in the order in which they were added.

        Returns
        -------
        set of int
        """
        gone = np.zeros(self.counts.shape, bool)
        gone[self.footprints[number]] = True
        self.counts[self.footprints[number]] -= 1
        return {other for other, line in enumerate(self.samples) if other != number and gone[line.pixels].any()}

    def covering(self, number: int) -> np.ndarray:
        """How many places of a line that the frames show each of the lines covers, (line,); none for the line itself.

        Parameters
        ----------
        number : int
            Of the line, in the order in which they were added.

        Returns
        -------
        np.ndarray, (line,), int
        """
        pixels = self.samples[number].pixels[self.samples[number].seen]
        counts = np.zeros(len(self.footprints), int)
        for other, footprint in enumerate(self.footprints):
            counts[other] = np.count_nonzero(_among(pixels, footprint)) if other != number else 0
        return counts

    def own(self, number: int) -> np.ndarray:
        """Evidence (point,) that a line has in pixels which no other covers, summed over the frames.

        Parameters
        ----------
        number : int
            Of the line, in the order in which they were added.

        Returns
        -------
        np.ndarray, (point,)
        """
        line = self.samples[number]
        return np.where(self.counts[line.pixels] == 1, line.ratio, 0).sum(axis=0)

    def whole(self, number: int) -> np.ndarray:
        """Evidence (point,) that a line has in all of its pixels, summed over the frames.

        Parameters
        ----------
        number : int
            Of the line, in the order in which they were added.

        Returns
        -------
        np.ndarray, (point,)
        """
        return self.samples[number].ratio.sum(axis=0)

    def alone(self, number: int | None, places: FramePlaces) -> np.ndarray:
        """Where places that belong to a line, or to none of them, lie in pixels that no other covers, (frame, ..., point), bool.

        Parameters
        ----------
        number : int or None
            Of the line to which the places belong; None for none of them.
        places : FramePlaces

        Returns
        -------
        np.ndarray, (frame, ..., point), bool
        """
        pixels = self.evidence.pixels(places)
        if number is None:
            return self.counts[pixels] == 0
        return self.counts[pixels] == _among(pixels, self.footprints[number])

    def asked(self, points_nm: np.ndarray, number: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """What the frames say for points (..., n, 3) that would lengthen a line, or be a new one, where no other line covers them.

        Parameters
        ----------
        points_nm : np.ndarray, (..., n, 3)
            x, y, z from the centre of the volume.
        number : int or None
            Of the line that is lengthened; None for a new one.

        Returns
        -------
        np.ndarray, (frame, ..., n)
            Log likelihood ratios.
        np.ndarray, (frame, ..., n), bool
            Where a point is seen and not covered.
        """
        places = self.evidence.places(points_nm)
        speaking = places.seen & self.alone(number, places)
        return np.where(speaking, self.evidence.ratio(places), 0), speaking

    def own_of(self, points_nm: np.ndarray, number: int | None = None) -> np.ndarray:
        """The same evidence, summed over the frames, (..., n).

        Parameters
        ----------
        points_nm : np.ndarray, (..., n, 3)
            x, y, z from the centre of the volume.
        number : int or None
            Of the line that is lengthened; None for a new one.

        Returns
        -------
        np.ndarray, (..., n)
        """
        return self.asked(points_nm, number)[0].sum(axis=0)
