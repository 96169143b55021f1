"""Hot pixels of frames that are still coming: filled in as they come, and once more where only the whole series shows them."""

from collections.abc import Iterator

import numpy as np

from rapidstem.frames import always_hot, filled_frames, unmeasured_pixels
from rapidstem.live.waiting_frames import WaitingFrames


class FilledAsTheyCome:
    """Frames (frame, y, x) that are waited for, with their hot pixels filled in as in a run on the finished file.

    Pixels that stand out of their frame are filled in at once. Those that stand out of the median of frames from the whole series are known
    when it has ended; frames that such pixels are left in are given once more.

    Parameters
    ----------
    source
        The raw frames.
    """

    def __init__(self, source: WaitingFrames) -> None:
        self._source = source
        self._blocks: list[np.ndarray] = []
        self._spoilt: list[np.ndarray] = []

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, rows and columns, as far as they are known."""
        return self._source.shape

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, wanted: slice) -> np.ndarray:
        """The frames of a slice, when they are there."""
        raw = self._source[wanted]
        spoilt = np.array([unmeasured_pixels(frame) for frame in raw]).reshape(raw.shape)
        self._blocks.append(raw)
        self._spoilt.append(spoilt)
        return filled_frames(raw, spoilt)

    @property
    def hot_pixels(self) -> int:
        """How many pixels of frames that have come stand out of their frame."""
        return sum(int(np.count_nonzero(spoilt)) for spoilt in self._spoilt)

    def filled_again(self) -> Iterator[tuple[int, np.ndarray]]:
        """Slices with pixels that only the whole series shows to be hot, by the number in which they were given, filled in.

        Yields
        ------
        number : int
        frames : (frame, y, x)
        """
        hot = always_hot(np.concatenate(self._blocks))
        for number, (raw, spoilt) in enumerate(zip(self._blocks, self._spoilt, strict=True)):
            if (hot & ~spoilt).any():
                yield number, filled_frames(raw, spoilt | hot)
