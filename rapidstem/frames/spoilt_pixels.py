"""Hot pixels of raw frames, saturated ones among them, found in the frames themselves and filled in from their neighbours.

So are pixels without a value, as in the borders of stacks that other software has aligned; a frame with many of them stays as it is, and
cannot be used. A pixel at the limit of the counts is filled in where it stands out. One among bright neighbours stays: the limit is nearer
to what it would have been than its darker neighbours are (real 8-bit scans have 1 % of them in bright places).
"""

from dataclasses import dataclass, field

import numpy as np
import scipy

from rapidstem.frames.frame_checks import counted_dose
from rapidstem.frames.frame_source import FrameSource
from rapidstem.numerics import evenly_spread, robust_spread
from rapidstem.word_forms import word_form

# In standard deviations of the noise, above all neighbours but one: at 3 electrons a pixel and without lag, where shot noise is most
# skewed, one pixel in a thousand million stands 6 above them. Two neighbours that are hot do not hide each other.
LEAST_EXCESS = 8.0
# In ranges of the 24 pixels around, the highest and the lowest left out: some 3 standard deviations where noise is stronger than elsewhere,
# as on a bright object in the dark; and all of a bright spot as sharp as the probe.
LEAST_STEEPNESS = 2.0
# Of the frames, evenly spread: their median shows pixels that always read too much, and is free from those that are hot once. More would
# fill the memory where frames are large.
FRAMES_COMPARED, FEWEST_COMPARED = 9, 5
# Of the pixels of a frame: shifts of 5 % of both sides leave so many without a value.
LARGEST_EMPTY_SHARE = 0.1
# Pixels over which the level is taken that stands for what has no value: more than a line is wide, which would go on otherwise.
_LEVEL_PX = 12.0
# Whose neighbourhoods are held in the memory at once, some 20 MB: in dark-field frames half of all pixels are candidates.
_PLACES_AT_ONCE = 50_000


@dataclass
class FilledFrames:
    """Frames (frame, y, x) whose hot pixels are filled in when they are read.

    Attributes
    ----------
    source : the raw frames.
    always_hot : (y, x) pixels that read too much in all frames.
    filled : how many pixels of each frame that was read were filled in, by its number.
    empty : how many of them had no value.
    """

    source: FrameSource
    always_hot: np.ndarray
    filled: dict[int, int] = field(default_factory=dict)
    empty: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, source: FrameSource) -> "FilledFrames":
        """Look for pixels that are always hot, in some of the frames.

        Parameters
        ----------
        source : (frame, y, x)
            Raw frames, or what reads them.
        """
        return cls(source, always_hot(source))

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, rows and columns."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype:
        """Stored type of the pixels."""
        return self.source.dtype  # type: ignore[attr-defined, no-any-return]

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, wanted: int | slice | np.ndarray | list[int]) -> np.ndarray:
        """One frame (y, x), or several (frame, y, x); the raw ones where there is nothing to fill in."""
        raw = self.source[wanted]  # type: ignore[index]
        numbers = np.atleast_1d(np.arange(len(self))[wanted])
        frames = raw.reshape(-1, *raw.shape[-2:])
        spoilt = np.array([self._spoilt(frame, int(number)) for frame, number in zip(frames, numbers, strict=True)])
        return filled_frames(frames, spoilt.reshape(frames.shape)).reshape(raw.shape)

    def _spoilt(self, frame: np.ndarray, number: int) -> np.ndarray:
        """Pixels (y, x) of a frame that are filled in; they are counted under its number."""
        spoilt = unmeasured_pixels(frame) | self.always_hot
        self.filled[number] = int(np.count_nonzero(spoilt))
        self.empty[number] = int(np.count_nonzero(spoilt & empty_pixels(frame)))
        return spoilt

    def words(self) -> str:
        """How many pixels were filled in, and in how many frames; empty where none was."""
        empty = list(self.empty.values())
        hot = [self.filled[number] - self.empty[number] for number in self.filled]
        always = int(np.count_nonzero(self.always_hot))
        repeated = f", {always} of them in every frame" if always else ""
        standing_out = f"{sum(hot)} hot {word_form(sum(hot), 'pixel')}"
        said = [f"{standing_out} filled in from their neighbours in {_frames_with(hot)}{repeated}"] if any(hot) else []
        lacking = f"{sum(empty)} {word_form(sum(empty), 'pixel')} without a value"
        said += [f"{lacking} filled in with the level beside them in {_frames_with(empty)}"] if any(empty) else []
        return "; ".join(said)


def _frames_with(counts: list[int]) -> str:
    number = int(np.count_nonzero(counts))
    return f"{number} {word_form(number, 'frame')}"


def always_hot(frames: FrameSource) -> np.ndarray:
    """Pixels that read too much in all frames: they stand out of the median, as what moves with the specimen does not.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw; some of them are read.

    Returns
    -------
    np.ndarray of bool, (y, x)
    """
    numbers = evenly_spread(len(frames), FRAMES_COMPARED).tolist()
    if len(numbers) < FEWEST_COMPARED:
        return np.zeros(frames.shape[1:], bool)
    compared = np.array([frames[number : number + 1][0] for number in numbers])
    if not empty_pixels(compared).any():
        return hot_pixels(np.median(compared, axis=0))
    seen = np.ma.masked_invalid(compared)
    return hot_pixels(np.ma.median(seen, axis=0).filled(np.nan))


def unmeasured_pixels(frame: np.ndarray) -> np.ndarray:
    """Pixels (y, x) of one raw frame that hold no measurement.

    Parameters
    ----------
    frame : (y, x)
        Raw counts; of a detector that counts electrons no pixel is called hot. Where more than `LARGEST_EMPTY_SHARE` of the pixels have no
        value, nothing is marked.

    Returns
    -------
    np.ndarray of bool, (y, x)
    """
    empty = empty_pixels(frame)
    if min(frame.shape) < 3 or empty.mean() > LARGEST_EMPTY_SHARE:
        return np.zeros(frame.shape, bool)
    counts = np.where(empty, frame[~empty].min(), frame) if empty.any() else frame
    return empty if counted_dose(counts) is not None else hot_pixels(frame) | empty


def empty_pixels(frames: np.ndarray) -> np.ndarray:
    """Pixels that are no number, or infinite.

    Parameters
    ----------
    frames
        Of any shape and type.

    Returns
    -------
    np.ndarray of bool
        Of the same shape.
    """
    return ~np.isfinite(frames) if frames.dtype.kind == "f" else np.zeros(frames.shape, bool)


def hot_pixels(image: np.ndarray) -> np.ndarray:
    """Pixels that stand far above their neighbours, with nothing that leads up to them.

    Parameters
    ----------
    image : (y, x)
        A raw frame, or a mean or median of raw frames; pixels without a value are none.

    Returns
    -------
    np.ndarray of bool, (y, x)
    """
    values = np.asarray(image, np.float32)
    hot = np.zeros(values.shape, bool)
    if empty_pixels(values).any():
        values = _levelled(values)
    noise = robust_spread(np.diff(values, axis=0)) / np.sqrt(2)
    if not noise > 0:
        return hot
    beside = np.maximum(np.minimum(*_shifted_pair(values, 0)), np.minimum(*_shifted_pair(values, 1)))
    places = np.argwhere(values - beside > LEAST_EXCESS * noise)
    excess = values[tuple(places.T)] - _second_highest(values, places, 1)
    above = excess > LEAST_EXCESS * noise
    places, excess = places[above], excess[above]
    span = _second_highest(values, places, 2) + _second_highest(-values, places, 2)
    hot[tuple(places[excess > LEAST_STEEPNESS * span].T)] = True
    return hot


def filled_frame(frame: np.ndarray, spoilt: np.ndarray) -> np.ndarray:
    """A copy of a frame in which marked pixels are the median of their unmarked neighbours.

    Parameters
    ----------
    frame : (y, x)
        Of any type, which is kept.
    spoilt : np.ndarray of bool, (y, x)
        Marks; a marked pixel without unmarked neighbours stays, or gets the level beside it where it has no value.

    Returns
    -------
    np.ndarray, (y, x)
    """
    filled = frame.copy()
    for row, column in np.argwhere(spoilt & scipy.ndimage.binary_dilation(~spoilt, np.ones((3, 3), bool))):
        around = _around(frame, row, column)[~_around(spoilt, row, column)]
        if around.size:
            median = np.median(around)
            filled[row, column] = np.rint(median) if frame.dtype.kind in "iu" else median
    left = spoilt & empty_pixels(filled)
    return np.where(left, _levelled(filled), filled) if left.any() else filled


def filled_frames(frames: np.ndarray, spoilt: np.ndarray) -> np.ndarray:
    """Frames whose spoilt pixels are filled in by `filled_frame`; the raw ones themselves where there are none.

    Parameters
    ----------
    frames : (frame, y, x)
    spoilt : (frame, y, x) of bool

    Returns
    -------
    np.ndarray, (frame, y, x)
    """
    if not spoilt.any():
        return frames
    return np.stack([filled_frame(frame, marked) if marked.any() else frame for frame, marked in zip(frames, spoilt, strict=True)])


def _levelled(image: np.ndarray) -> np.ndarray:
    """An image whose pixels without a value have the level of the nearest that have one, without its noise, its lines and their course."""
    empty = empty_pixels(image)
    if empty.all():
        return image
    shares = scipy.ndimage.gaussian_filter((~empty).astype(np.float32), _LEVEL_PX)
    level = scipy.ndimage.gaussian_filter(np.where(empty, 0, image).astype(np.float32), _LEVEL_PX)
    rows, columns = scipy.ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    return np.where(empty, (level / np.maximum(shares, np.finfo(np.float32).tiny))[rows, columns], image).astype(image.dtype)


def _around(image: np.ndarray, row: int, column: int) -> np.ndarray:
    """The neighbours of a pixel, those across its corners, too, within the image."""
    top, left = max(row - 1, 0), max(column - 1, 0)
    window = image[top : row + 2, left : column + 2]
    return np.delete(window.ravel(), (row - top) * window.shape[1] + column - left)


def _second_highest(image: np.ndarray, places: np.ndarray, reach: int) -> np.ndarray:
    """Of the pixels around each of some places (place, 2), no farther than `reach` in either direction, within the image; (place,)."""
    padded = np.pad(image, reach, constant_values=-np.inf)
    offsets = np.delete(np.indices((2 * reach + 1, 2 * reach + 1)).reshape(2, -1), 2 * reach * (reach + 1), axis=1)
    found = []
    for part in np.array_split(places, 1 + len(places) // _PLACES_AT_ONCE):
        rows, columns = part.T[:, :, np.newaxis] + offsets[:, np.newaxis]
        found.append(np.partition(padded[rows, columns], -2, axis=1)[:, -2])
    return np.concatenate(found)


def _shifted_pair(image: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of every pixel before and after it along an axis; at the border the only one counts twice."""
    before, after = np.roll(image, 1, axis), np.roll(image, -1, axis)
    first, last = [slice(None)] * 2, [slice(None)] * 2
    first[axis], last[axis] = slice(0, 1), slice(-1, None)
    before[tuple(first)], after[tuple(last)] = after[tuple(first)], before[tuple(last)]
    return before, after
