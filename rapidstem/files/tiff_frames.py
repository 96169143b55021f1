"""Frames of a TIFF, page by page: RosettaSciIO reads a TIFF at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rapidstem.files.sliced_frames import SlicedFrames


@contextmanager
def open_tiff(path: Path, shape: tuple[int, int, int], dtype: np.dtype) -> Iterator[SlicedFrames | None]:
    """Open the only series of a TIFF.

    Parameters
    ----------
    path : the file.
    shape, dtype : (frame, y, x) and type of the pixels, as read by RosettaSciIO.

    Yields
    ------
    frames : None where neither the pages nor the bytes of the file are the frames in their order.
    """
    import tifffile

    with tifffile.TiffFile(path) as file:
        pages = file.pages
        series = file.series[0]
        if len(pages) == shape[0] and all(page.shape == shape[1:] and page.dtype == dtype for page in (pages[0], pages[-1])):
            yield SlicedFrames(path, shape, dtype, lambda start, stop: file.asarray(key=slice(start, stop)).reshape(-1, *shape[1:]))
        elif series.dataoffset is not None and series.size == np.prod(shape) and series.dtype == dtype:
            pixels = tifffile.memmap(path, mode="r").reshape(shape)
            yield SlicedFrames(path, shape, dtype, lambda start, stop: np.array(pixels[start:stop]))
        else:
            yield None
