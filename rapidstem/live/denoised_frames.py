"""Frames that are denoised as they come, those with late hot pixels once more when the series has ended."""

from collections.abc import Callable, Iterator

import numpy as np

from rapidstem.live.filled_frames import FilledAsTheyCome
from rapidstem.tomography.alignment import SingleFrames

Denoise = Callable[[FilledAsTheyCome | np.ndarray], Iterator[np.ndarray]]


def denoised_as_they_come(frames: FilledAsTheyCome, denoise: Denoise, known: SingleFrames, wanted: int | None) -> np.ndarray:
    """Denoise a series block by block, and work out what the alignment asks of its frames meanwhile.

    Parameters
    ----------
    frames
        That are waited for.
    denoise
        Gives frames denoised, in blocks (frame, y, x), the tilt axis along x.
    known
        Is told all denoised frames.
    wanted
        How many frames are to come; None where that is not known.

    Returns
    -------
    (frame, y, x)
        All frames, denoised.
    """
    blocks: list[np.ndarray] = []
    for block in denoise(frames):
        blocks.append(block)
        known.put(sum(map(len, blocks[:-1])), block)
        print(f"{sum(map(len, blocks))} of {wanted or 'an unknown number of'} frames denoised", flush=True)
    print(f"{frames.hot_pixels} hot pixels filled in from their neighbours as the frames came")
    for number, again in frames.filled_again():
        blocks[number] = np.concatenate(list(denoise(again)))
        known.put(sum(map(len, blocks[:number])), blocks[number])
    return np.concatenate(blocks)
