"""The frames of a tilt series, each beside its neighbours in tilt, which are moved to where it shows the specimen."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from rapidstem.denoising.fields import OwnScaling
from rapidstem.errors import InputError

# Of the splines that neighbours are moved with; what they smooth is context, never what is learned.
_ORDER = 3


@dataclass(frozen=True)
class SeriesContext:
    """A tilt series and where its frames show the specimen.

    Attributes
    ----------
    frames : (frame, y, x)
        Raw.
    tilt_rad : (frame,)
        As reported.
    shift_px : (frame, 2)
        (dy, dx) of each frame against one of them, about the centre.
    reach
        Frames on either side, in the order of the tilts, that each is seen beside.

    Raises
    ------
    InputError
        if there are fewer frames than one and its neighbours on both sides.
    """

    frames: np.ndarray
    tilt_rad: np.ndarray
    shift_px: np.ndarray
    reach: int

    def __post_init__(self) -> None:
        if len(self.frames) < 2 * self.reach + 1:
            raise InputError(f"{len(self.frames)} frames are too few for {self.reach} neighbours on either side; lower neighbour_frames")

    @cached_property
    def scales(self) -> np.ndarray:
        """Zero and unit of each frame's intensities, (frame, 4), by the frame's own statistics."""
        return OwnScaling().of_frames(self.frames)

    @cached_property
    def scaled(self) -> np.ndarray:
        """The frames on their own scales, (frame, y, x) float32."""
        low, width = self.scales.T[:2, :, None, None]
        return ((self.frames - low) / width).astype(np.float32)

    @cached_property
    def neighbours(self) -> np.ndarray:
        """The neighbours of every frame, moved to it, on their own scales: (frame, neighbour, y, x) float32.

        First the two next to it in tilt, then those behind them. At an end of the series the missing ones are the next on the other side.
        """
        moved = np.empty((len(self.frames), 2 * self.reach, *self.frames.shape[1:]), np.float32)
        for frame, chosen in enumerate(neighbours_in_tilt(self.tilt_rad, self.reach)):
            for number, other in enumerate(chosen):
                moved[frame, number] = self._moved(other, frame)
        return moved

    def _moved(self, other: int, frame: int) -> np.ndarray:
        """A frame at the places of another one: moved by their shifts, stretched along y by the ratio of the cosines of their tilts."""
        ratio = float(np.cos(self.tilt_rad[other]) / np.cos(self.tilt_rad[frame]))
        centre = (self.frames.shape[1] - 1) / 2
        row = centre + self.shift_px[other, 0] - ratio * (centre + self.shift_px[frame, 0])
        column = self.shift_px[other, 1] - self.shift_px[frame, 1]
        return scipy.ndimage.affine_transform(self.scaled[other], np.array([ratio, 1.0]), (row, column), order=_ORDER, mode="nearest")


def neighbours_in_tilt(tilt_rad: np.ndarray, reach: int) -> np.ndarray:
    """The numbers of the neighbours of every frame, (frame, 2 reach): nearest in the order of the tilts, from either side in turn.

    Parameters
    ----------
    tilt_rad : (frame,)
        In any order.
    reach
        Neighbours on either side; at an end of the series the missing ones are the next on the other side.

    Returns
    -------
    (frame, 2 reach) int

    Examples
    --------
    >>> neighbours_in_tilt(np.array([0.0, 0.1, 0.2, 0.3]), 1).tolist()
    [[1, 2], [0, 2], [1, 3], [2, 1]]
    """
    order = np.argsort(tilt_rad, kind="stable")
    chosen = np.empty((len(order), 2 * reach), int)
    for place, frame in enumerate(order):
        sides = [place + side * step for step in range(1, reach + 1) for side in (-1, 1)]
        inside = [each for each in sides if 0 <= each < len(order)]
        further = sorted(set(range(len(order))) - {*inside, place}, key=lambda other: abs(other - place))
        chosen[frame] = order[[*inside, *further][: 2 * reach]]
    return chosen


def levelled_rows(frames: np.ndarray) -> np.ndarray:
    """Frames without the offsets of their rows, on their own scales: what they are registered by.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw.

    Returns
    -------
    (frame, y, x) float
    """
    width = OwnScaling().of_frames(frames)[:, 1, None, None]
    return (frames - np.median(frames, axis=2, keepdims=True)) / width
