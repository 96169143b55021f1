"""What an alignment asks of single frames, which can be answered before the last one has come."""

import numpy as np

from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography.binarisation import check_intensities, faint_line_image, line_image
from rapidstem.tomography.frame_ridges import NO_RIDGES, RidgePoints, line_curvature, ridges_of, subtract_background
from rapidstem.tomography.vacuum import FOIL, FrameLevels, frame_levels, vacuum_places

FrameLines = tuple[np.ndarray, RidgePoints]


class SingleFrames:
    """The lines of the frames of a series, those of a series that is still being recorded worked out as they come.

    Whether a frame shows vacuum is known when all frames are there; the lines of those that do are sought again without it.

    Parameters
    ----------
    line_scale_px : float
        Half of the full width of the lines at half depth.
    """

    def __init__(self, line_scale_px: float) -> None:
        self._line_scale_px = line_scale_px
        self._levels: dict[int, FrameLevels] = {}
        self._lines: dict[int, FrameLines] = {}

    def put(self, first: int, frames: np.ndarray) -> None:
        """Work out what can be known of single frames, in the place of what was known of those of the same numbers.

        Parameters
        ----------
        first : int
            Number of the first of them.
        frames : np.ndarray, (frame, y, x)
            As they will be aligned.
        """
        for number, frame in enumerate(frames, first):
            self._levels[number] = frame_levels(frame, self._line_scale_px)
            self._lines[number] = self._lines_of(frame, np.zeros(frame.shape, bool))

    def places(self, series: np.ndarray) -> np.ndarray:
        """Where the frames show vacuum.

        Parameters
        ----------
        series : np.ndarray, (frame, y, x)
            All frames.

        Returns
        -------
        np.ndarray, (frame, y, x), uint8
            As `vacuum_places` gives it.
        """
        levels = [self._levels.get(number) or frame_levels(frame, self._line_scale_px) for number, frame in enumerate(series)]
        return vacuum_places(series, self._line_scale_px, levels)

    def lines(
        self, series: np.ndarray, places: np.ndarray, used: np.ndarray, threads: int, faint: bool = False
    ) -> tuple[np.ndarray, list[RidgePoints]]:
        """Line images, as `binarise` gives them, and dark lines of all frames, none of those that are not used and none in vacuum.

        Parameters
        ----------
        series : np.ndarray, (frame, y, x)
            All frames.
        places : np.ndarray, (frame, y, x)
            From `places`.
        used : np.ndarray, (frame,), bool
            Frames whose dark lines are wanted.
        threads : int
            Frames that are worked on at once.
        faint : bool
            Whether the images hold faint lines too, as `faint_line_image` gives them; these are worked out anew.

        Returns
        -------
        np.ndarray, (frame, y, x), float32
        list of RidgePoints

        Raises
        ------
        InputError
            If a frame shows nothing.
        """
        check_intensities(series)
        hidden = places != FOIL
        images = np.empty(series.shape, np.float32)

        def fill(number: int) -> RidgePoints:
            known = None if faint or hidden[number].any() else self._lines.get(number)
            images[number], ridges = known or self._lines_of(series[number], hidden[number], faint)
            return ridges if used[number] else NO_RIDGES

        return images, mapped_by_threads(fill, threads, range(len(series)))

    def _lines_of(self, frame: np.ndarray, hidden: np.ndarray, faint: bool = False) -> FrameLines:
        curvature = line_curvature(subtract_background(frame, self._line_scale_px, hidden), self._line_scale_px)
        image = (faint_line_image if faint else line_image)(curvature.strength, self._line_scale_px, hidden=hidden)
        return image, ridges_of(curvature, self._line_scale_px, hidden=hidden)
