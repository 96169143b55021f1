"""Drift of long series whose content changes slowly: every frame is registered to the mean of its neighbours in time.

The series is cut into windows that overlap by half. Within a window most of the content rests, so that its frames are registered to
their common mean as those of a field are; neighbouring windows are joined by the frames that they share. The working memory holds one
window.
"""

import numpy as np

from rapidstem.errors import InputError
from rapidstem.frames.frame_source import FrameSource
from rapidstem.frames.registration import Drift, register_frames
from rapidstem.frames.repeated_frames import SeenFrames

# Neighbours in time, three seconds at 30 ms a frame: enough for a mean without noise, few enough for what changes.
WINDOW_FRAMES = 100
# Frames that two windows share: fewer cannot lay one on the other when one of them is an outlier.
FEWEST_SHARED = 3


def register_series(frames: FrameSource, window_frames: int = WINDOW_FRAMES) -> Drift:
    """Register a series whose content changes slowly.

    Parameters
    ----------
    frames : (frame, y, x)
        Any real dtype; read window by window with slices.
    window_frames
        How many frames are registered to their common mean; in that time most of the content should rest.

    Returns
    -------
    Drift
        As of `rapidstem.frames.registration.register_frames`; the mean over the used frames is zero.

    Raises
    ------
    InputError
        where the frames of a window cannot be registered, or two windows share fewer than three usable frames
    """
    joined, seen = _JoinedWindows(len(frames)), SeenFrames()
    for start, stop in _windows(len(frames), window_frames):
        try:
            found = register_frames(frames[start:stop], seen.starting_at(start))
        except InputError as error:
            raise InputError(f"frames {start} to {stop - 1} of the series: {error}") from error
        joined.add(start, stop, found)
    return joined.drift()


def filled_shifts(drift: Drift) -> np.ndarray:
    """Shifts (frame, 2) with those of unused frames interpolated in time, so that no frame is without one.

    Parameters
    ----------
    drift
        Of all frames, at least one of them used.

    Returns
    -------
    (frame, 2)
        (dy, dx) in pixels.
    """
    number = np.arange(len(drift.used))
    return np.column_stack([np.interp(number, number[drift.used], drift.shift_px[drift.used, axis]) for axis in (0, 1)])


def _windows(count: int, window_frames: int) -> list[tuple[int, int]]:
    """First frame of each window and the one after its last; all of equal length, each overlaps the next by half or more."""
    length = min(window_frames, count)
    steps = -(-2 * (count - length) // length)
    starts = np.linspace(0, count - length, steps + 1).round().astype(int)
    return [(start, start + length) for start in starts.tolist()]


class _JoinedWindows:
    """Shifts of the windows so far, brought to one origin; where windows overlap, their mean weighted by the distance from their ends."""

    def __init__(self, count: int) -> None:
        self._shift = np.zeros((count, 2))
        self._residual = np.zeros(count)
        self._weight = np.zeros(count)
        self._reason = [""] * count

    def add(self, start: int, stop: int, found: Drift) -> None:
        """Put the window of the frames from `start` to `stop` behind those that are there."""
        here = np.arange(start, stop)
        shared = found.used & (self._weight[here] > 0)
        offset = np.zeros(2)
        if start > 0:
            if shared.sum() < FEWEST_SHARED:
                raise InputError(
                    f"frames {start} to {stop - 1} of the series share {shared.sum()} usable frames with those before; "
                    f"{FEWEST_SHARED} are needed. Cut the series where frames are missing or blank"
                )
            before = self._shift[here[shared]] / self._weight[here[shared], None]
            offset = np.median(before - found.shift_px[shared], axis=0)
        used = here[found.used]
        weight = 1.0 + np.minimum(used - start, stop - 1 - used)
        self._shift[used] += weight[:, None] * (found.shift_px[found.used] + offset)
        self._residual[used] += weight * found.residual_px[found.used]
        self._weight[used] += weight
        for number in here[~found.used]:
            self._reason[number] = found.reason[number - start]

    def drift(self) -> Drift:
        """The drift of all frames."""
        used = self._weight > 0
        weight = np.where(used, self._weight, np.nan)
        shift = self._shift / weight[:, None]
        shift -= shift[used].mean(axis=0)
        reason = tuple("" if use else why for use, why in zip(used, self._reason, strict=True))
        return Drift(shift, self._residual / weight, used, reason)
