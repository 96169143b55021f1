"""Frames that cannot be registered, and why."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rapidstem.errors import InputError
from rapidstem.word_forms import word_form

# Of the pixels at one limit of the counts, and of the rows without any variation: a frame with more is clipped or cut short.
LARGEST_CLIPPED_SHARE = 0.5
LARGEST_EMPTY_ROW_SHARE = 0.1
# A few rows and columns are looked at first, as nearly all frames are sound.
PROBED_ROWS = 16
PROBED_COLUMNS = 4
# More levels than counted electrons have are found among few pixels, where there are more at all.
PROBED_PIXELS = 64
# a frame of counted electrons has few levels, evenly spaced, and at most so many electrons a pixel
MOST_COUNTED_LEVELS = 16
LARGEST_COUNTED_DOSE = 2.0
LEAST_COUNTED_DOSE = 0.02
# rows of so many electrons are not empty by chance
SURELY_HIT = 10.0
NO_NUMBERS = "holds values that are no numbers"
_REMEDY = "take these frames and their tilts out of the file, or cut off the borders that other software has left without values"


def frame_fault(frame: np.ndarray) -> str:
    """Say what makes a frame unusable; an empty string where nothing does.

    Parameters
    ----------
    frame : (y, x), any real dtype
    """
    if not _has_numbers(frame):
        return NO_NUMBERS
    lowest, highest = frame.min(), frame.max()
    if lowest == highest:
        return "is constant"
    dose = counted_dose(frame)
    if dose is not None:
        return _counting_fault(frame, dose)
    if _mostly(frame, highest):
        return "is saturated"
    constant_rows = _constant_rows(frame)
    if constant_rows > LARGEST_EMPTY_ROW_SHARE * frame.shape[0]:
        return f"is truncated: {constant_rows} rows are constant"
    if _mostly(frame, lowest):
        return "is clipped at its lowest value"
    return ""


def check_numbers(frames: np.ndarray, numbers: Sequence[int] | np.ndarray | None = None) -> None:
    """Refuse frames of a series that hold values which are no numbers: no later step can leave them out.

    Parameters
    ----------
    frames : (frame, y, x)
        Raw, with single pixels filled in, or denoised.
    numbers : (frame,)
        Of these frames in the series; None where they are all of it.

    Raises
    ------
    InputError
        Naming the frames and the remedy.
    """
    listed = range(len(frames)) if numbers is None else [int(number) for number in numbers]
    without = {number for number, frame in zip(listed, frames, strict=True) if not _has_numbers(frame)}
    if without:
        faults = [NO_NUMBERS if number in without else "" for number in range(max(without) + 1)]
        raise InputError(f"{count_faults(faults)}; {_REMEDY}")


def checked_blocks(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Blocks of frames as they come, each looked at by `check_numbers`.

    Parameters
    ----------
    blocks
        Consecutive frames of a series, (frame, y, x) each.

    Yields
    ------
    (frame, y, x)
        The same blocks.
    """
    first = 0
    for block in blocks:
        check_numbers(block, range(first, first + len(block)))
        first += len(block)
        yield block


def _has_numbers(frame: np.ndarray) -> bool:
    return frame.dtype.kind != "f" or bool(np.isfinite(frame).all())


def counted_dose(frame: np.ndarray) -> float | None:
    """Electrons a pixel in a frame of a detector that counts them; None for a frame of another kind, or of many electrons.

    Such a frame has few levels, multiples of one step above the lowest: most of its pixels may well be at the lowest, since
    at 0.5 electrons a pixel 61 % of them have none.

    Parameters
    ----------
    frame : (y, x)
        Raw counts.

    Returns
    -------
    float or None
        Electrons a pixel.
    """
    if len(np.unique(frame[len(frame) // 2, :PROBED_PIXELS])) > MOST_COUNTED_LEVELS:
        return None
    levels = np.unique(frame[:: max(1, frame.shape[0] // PROBED_ROWS)]).astype(float)
    if not 2 <= len(levels) <= MOST_COUNTED_LEVELS:
        return None
    counts = (levels - levels[0]) / np.diff(levels).min()
    dose = float((frame.mean(dtype=float) - levels[0]) / np.diff(levels).min())
    return dose if np.allclose(counts, np.round(counts), atol=0.01) and 0 <= dose <= LARGEST_COUNTED_DOSE else None


def _counting_fault(frame: np.ndarray, dose: float) -> str:
    if dose < LEAST_COUNTED_DOSE:
        return f"has too few electrons: {dose:.2g} a pixel"
    if _share(frame, frame.max()) > 1 - LARGEST_EMPTY_ROW_SHARE:
        return "is saturated"
    constant_rows = _constant_rows(frame) if dose * frame.shape[1] > SURELY_HIT else 0
    return f"is truncated: {constant_rows} rows are constant" if constant_rows > LARGEST_EMPTY_ROW_SHARE * frame.shape[0] else ""


def _share(frame: np.ndarray, value: np.generic) -> float:
    return np.count_nonzero(frame == value) / frame.size


def count_faults(faults: Sequence[str]) -> str:
    """Count frames by their fault, as in `2 frames: is constant (0, 3)`.

    Parameters
    ----------
    faults
        Of each frame, empty for a good one.
    """
    frames = defaultdict(list)
    for number, fault in enumerate(faults):
        if fault:
            frames[fault.split(":")[0]].append(number)
    return "; ".join(
        f"{len(numbers)} {word_form(len(numbers), 'frame')}: {fault} ({_listed(numbers)})" for fault, numbers in frames.items()
    )


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")


def _mostly(frame: np.ndarray, value: np.generic) -> bool:
    """Whether most pixels have the value; all pixels are looked at only where many of some rows have it."""
    probe = frame[:: max(1, frame.shape[0] // PROBED_ROWS)]
    if np.count_nonzero(probe == value) <= LARGEST_CLIPPED_SHARE / 4 * probe.size:
        return False
    return bool(_share(frame, value) > LARGEST_CLIPPED_SHARE)


def _constant_rows(frame: np.ndarray) -> int:
    probe = frame[:, :: max(1, frame.shape[1] // PROBED_COLUMNS)]
    suspects = frame[(probe == probe[:, :1]).all(axis=1)]
    return int(np.count_nonzero((suspects == suspects[:, :1]).all(axis=1)))
