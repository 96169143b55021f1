"""Frames that a grabber or an export has written twice: they hold nothing new, and their noise agrees with itself."""

import hashlib

import numpy as np

# Whose bytes tell whether a frame is a copy: two recordings of noise never agree in them.
PROBED_ROWS = 64
# Of the standard deviation: a filter's rounding is below, another recording far above.
LARGEST_DIFFERENCE = 1e-3
REPEATS = "repeats an earlier frame"


class SeenFrames:
    """The frames of a stack that have been seen so far, by a digest of some of their rows, noise and all.

    Parameters
    ----------
    start : number in the stack of the first frame that is looked at
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._first: dict[bytes, int] = {}

    def starting_at(self, start: int) -> "SeenFrames":
        """The same frames, and the next to be looked at are those from `start` on."""
        continued = SeenFrames(start)
        continued._first = self._first
        return continued

    def repetition(self, number: int, frame: np.ndarray) -> str:
        """Say which frame is repeated by a frame (y, x), the number of which counts from `start`; an empty string where none is."""
        rows = np.ascontiguousarray(frame[:: max(1, len(frame) // PROBED_ROWS)])
        digest = hashlib.blake2b(rows.tobytes(), digest_size=16).digest()
        first = self._first.setdefault(digest, self._start + number)
        return "" if first == self._start + number else f"{REPEATS}: frame {first}"


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
