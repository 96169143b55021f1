"""Frames that a grabber or an export has written twice, whole or in part: nothing in them is new, and their noise agrees with itself."""

from collections.abc import Iterator, Sequence

import numpy as np

# Whose bytes tell whether a frame is a copy: two recordings of noise never agree in them.
PROBED_ROWS = 64
# Of the standard deviation: a filter's rounding is below, another recording far above.
LARGEST_DIFFERENCE = 1e-3
# Of the standard deviation, at every pixel of a row: what a network makes of half a frame differs by up to 0.6 % from what it makes of the
# same half in another frame (bfloat16, demo), two recordings of fourteen simulated series by 14 % at least.
LARGEST_ROW_DIFFERENCE = 0.01
REPEATS = "repeats an earlier frame"
TORN = "is torn, or its neighbour is"
# Of the rows: as for rows that are constant (`frame_checks`), what is less does little harm.
LEAST_TORN_SHARE = 0.1
# Of the frames: rows that are those of the frame before more often are a caption, a dead part of the camera, or a picture without noise.
MOST_STALE_SHARE = 0.5


class SeenFrames:
    """The frames of a stack that have been seen so far, by hashes of some of their rows, noise and all.

    Parameters
    ----------
    start : number in the stack of the first frame that is looked at
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._first: dict[bytes, int] = {}
        self._rows: dict[int, np.ndarray] = {}

    def starting_at(self, start: int) -> "SeenFrames":
        """The same frames, and the next to be looked at are those from `start` on."""
        continued = SeenFrames(start)
        continued._first, continued._rows = self._first, self._rows
        return continued

    def repetition(self, number: int, frame: np.ndarray) -> str:
        """Say which frame is repeated by a frame (y, x), the number of which counts from `start`; an empty string where none is."""
        rows = frame[:: max(1, len(frame) // PROBED_ROWS)]
        hashes = np.array([hash(row.tobytes()) for row in rows])
        first = self._first.setdefault(hashes.tobytes(), self._start + number)
        if first != self._start + number:
            return f"{REPEATS}: frame {first}"
        self._rows[first] = np.where((rows == rows[:, :1]).all(axis=1), 0, hashes)
        return ""

    def torn(self, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Frames that share rows with the one before or behind them, and how many; numbers count from `start`.

        One of a pair that is looked at alone, the other having been seen before, brings that one with it.

        Parameters
        ----------
        numbers
            Of the frames that are looked at.

        Yields
        ------
        number, words
            Of a frame, and which rows of it are whose.
        """
        known = [self._start + number for number in numbers if {self._start + number, self._start + number - 1} <= self._rows.keys()]
        if not known:
            return
        rows, before = (np.stack([self._rows[number - step] for number in known]) for step in (0, 1))
        for number, other, share in _torn_pairs(np.array(known), rows == before, rows != 0):
            if number >= self._start:
                yield number - self._start, f"{TORN}: {share:.0%} of its rows are those of frame {other}"


def repeated_images(images: np.ndarray) -> np.ndarray:
    """Number of the earlier image, (image,), that each image repeats; its own number where it repeats none.

    What a filter makes of two copies of a frame differs by its rounding alone, and by far less than two recordings of one view do:
    images count as the same where they differ by less than a thousandth of their standard deviation.

    Parameters
    ----------
    images : (image, y, x), of any real dtype

    Returns
    -------
    (image,) of int
        Counted from 0.
    """
    flat = np.asarray(images, np.float32).reshape(len(images), -1)
    spread = flat.std(axis=1)
    first = np.arange(len(flat))
    for number in range(1, len(flat)):
        if spread[number] == 0:
            continue
        probe = slice(None, None, max(1, flat.shape[1] // 4096))
        near = np.abs(flat[:number, probe] - flat[number, probe]).mean(axis=1) < 2 * LARGEST_DIFFERENCE * spread[number]
        same = [other for other in np.flatnonzero(near) if np.std(flat[other] - flat[number]) < LARGEST_DIFFERENCE * spread[number]]
        if same:
            first[number] = first[same[0]]
    return first


def torn_images(images: np.ndarray) -> dict[int, int]:
    """Images of a series that share rows with a neighbour, and the number of that neighbour.

    One of the two holds rows of the other: those that were not yet written over, or were already. Which one it is cannot be told.
    Rows count as shared where they differ by less than a hundredth of the image's standard deviation, as a network rounds; rows without
    any variation, and those that rest over most of the series, do not count.

    Parameters
    ----------
    images : (image, y, x), of any real dtype
        In the order in which they were recorded.

    Returns
    -------
    dict
        Neighbours by image, both counted from 0.
    """
    if len(images) < 2:
        return {}
    rows = images[:, :: max(1, images.shape[1] // PROBED_ROWS)].astype(np.float32)
    most = LARGEST_ROW_DIFFERENCE * images[1:].std(axis=(1, 2))[:, None]
    same = np.abs(rows[1:] - rows[:-1]).max(axis=2) < most
    varied = np.ptp(rows[1:], axis=2) > 10 * most
    return {number: other for number, other, _ in _torn_pairs(np.arange(1, len(images)), same, varied)}


def _torn_pairs(numbers: np.ndarray, same: np.ndarray, varied: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Both frames of each pair that shares rows, each with the other and the share.

    `same` (pair, row) says which rows of the frames of these numbers are those of the frame before, `varied` which hold anything.
    """
    shares = (same & varied & (same.mean(axis=0) <= MOST_STALE_SHARE)).mean(axis=1)
    for number, share in zip(numbers, shares, strict=True):
        if share > LEAST_TORN_SHARE:
            yield int(number) - 1, int(number), float(share)
            yield int(number), int(number) - 1, float(share)
