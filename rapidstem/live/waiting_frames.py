"""Frames that are waited for."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files import SlicedFrames, angle_file
from rapidstem.live.growing_series import GrowingSeries, open_growing, planned_tilts

# Between two looks at the file: short against the time of a frame.
POLL_S = 0.2
# Of a series whose number of frames is not given; more than any has.
_MOST_FRAMES = 100_000


class WaitingFrames(SlicedFrames):
    """Frames (frame, y, x) of a series that is being written: a slice is given when all of it is there, or when the series has ended.

    A series ends with the number of frames that it was to have, or when none has come for some time. Then it is as long as it is. Its
    length waits, too, until there is more than has been given.

    Parameters
    ----------
    path
        An MRC file or a folder of TIFF files, see `open_growing`; it need not be there yet.
    wanted
        How many frames it will have; None where that is not known.
    patience_s
        How long a frame is waited for.
    sleep, clock
        For tests.

    Raises
    ------
    InputError
        if nothing appears in time, it cannot be followed, or becomes shorter again; or tilts that stand beside it already are no tilts.
    """

    def __init__(
        self,
        path: Path | str,
        wanted: int | None,
        patience_s: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted, self._patience_s, self._sleep, self._clock = wanted, patience_s, sleep, clock
        self._count = self._given = 0
        self.ended = False
        self.last_frame_at = clock()
        if angle_file(Path(path)):
            planned_tilts(path)
        self._series = self._appeared(Path(path))
        self.last_frame_at = clock()
        self._wait_for(1)
        if self._count == 0:
            raise InputError(f"{path}: no frame has come within {patience_s:g} s; start the series, or raise live.patience_s")
        self.pixel_size_nm = self._series.pixel_size_nm
        first = self._series.read(0, 1)
        super().__init__(Path(path), (wanted or _MOST_FRAMES, *first.shape[1:]), first.dtype, self._series.read)

    def __len__(self) -> int:
        self._wait_for(self._given + 1)
        return self._count if self.ended else self.shape[0]

    def __getitem__(self, wanted: int | slice | np.ndarray) -> np.ndarray:  # type: ignore[override]
        """The frames of a slice, as many of them as there are when the series has ended."""
        if not isinstance(wanted, slice) or wanted.step not in (None, 1):
            raise IndexError("frames that are waited for are given in slices without a step")
        self._wait_for(wanted.stop)
        self._given = min(wanted.stop, self._count)
        return self._checked(wanted.start, self._given)

    @property
    def count(self) -> int:
        """Frames that have come."""
        return self._count

    def _appeared(self, path: Path) -> GrowingSeries:
        start = self._clock()
        while (series := open_growing(path)) is None:
            if self._clock() - start > self._patience_s:
                raise InputError(f"{path}: has not appeared within {self._patience_s:g} s; start the series, or correct live.source")
            self._sleep(POLL_S)
        return series

    def _wait_for(self, number: int) -> None:
        """Wait until so many frames are there, or the series has ended."""
        while not self.ended:
            count = self._series.complete_frames()
            if count < self._count:
                raise InputError(f"{self._series.path}: had {self._count} frames, and has {count} now; follow a series that only grows")
            if count > self._count:
                self._count, self.last_frame_at = count, self._clock()
            if self._wanted is not None and count >= self._wanted:
                self._count, self.ended = self._wanted, True
            elif count >= number:
                return
            elif self._clock() - self.last_frame_at > self._patience_s:
                self.ended = True
            else:
                self._sleep(POLL_S)
