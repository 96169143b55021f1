"""Frames that stay in their file until a slice of them is asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError, ResourceError


@contextmanager
def naming_unread(path: Path, pixels: str) -> Iterator[None]:
    """Say which pixels of a file cannot be read, and whose fault it is.

    Parameters
    ----------
    path
        The file.
    pixels
        Which of its pixels are read, as `the frames 2 to 4`.

    Yields
    ------
    None
        While they are read.

    Raises
    ------
    InputError
        where the file is damaged; one that is raised while reading stays as it is
    ResourceError
        where the memory does not hold the pixels
    """
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise ResourceError(f"{path}: the memory does not hold {pixels} ({error}); give the job more") from error
    except Exception as error:
        raise InputError(f"{path}: {pixels} cannot be read ({error}); copy it from the microscope again") from error


class SlicedFrames:
    """Frames (frame, y, x) of an open file; `frames[start:stop]` and `frames[numbers]` read those, `frames[number]` one, nothing is kept.

    As of an array, truth values (frame,) choose frames, too.

    Parameters
    ----------
    path
        The file, for messages.
    shape : (frame, y, x)
    dtype
        Stored type of the pixels.
    read
        Gives the frames from a number up to another, (frame, y, x).
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: np.dtype, read: Callable[[int, int], np.ndarray]) -> None:
        self.shape = shape
        self.dtype = dtype
        self._path = path
        self._read = read

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, wanted: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        """Read one frame (y, x), or consecutive or chosen frames (frame, y, x).

        Raises
        ------
        IndexError
            for frames out of range, or slices with a step.
        InputError
            where the file is damaged.
        ResourceError
            where the memory does not hold the frames.
        """
        if isinstance(wanted, slice):
            start, stop, step = wanted.indices(len(self))
            if step != 1:
                raise IndexError("frames in a file are read in slices without a step")
            return self._checked(start, max(start, stop))
        if not isinstance(wanted, int | np.integer):
            chosen = np.asarray(wanted)
            return self._chosen(np.arange(len(self))[chosen] if chosen.dtype == bool else chosen.astype(int))
        number = wanted + len(self) if wanted < 0 else wanted
        if not 0 <= number < len(self):
            raise IndexError(f"frame {wanted} of {len(self)}")
        return self._checked(number, number + 1)[0]

    def _chosen(self, numbers: np.ndarray) -> np.ndarray:
        """The frames of these numbers; those that follow each other are read together."""
        runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1) if numbers.size else []
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"frames {numbers.min()} to {numbers.max()} of {len(self)}")
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *(self._checked(run[0], run[-1] + 1) for run in runs)])

    def _checked(self, start: int, stop: int) -> np.ndarray:
        if start == stop:
            return np.empty((0, *self.shape[1:]), self.dtype)
        with naming_unread(self._path, f"the frames {start} to {stop - 1}"):
            frames = self._read(start, stop)
        return frames
