"""Series that are being written: what of them is complete.

Followed are an MRC file that grows by whole frames behind its header, and a folder in which TIFF files appear, one a frame, in the order of
the numbers in their names. A Velox file cannot be read while Velox has it open: HDF5 is consistent only when its writer has closed it (or
writes it in the mode "single writer, multiple readers", which Velox does not; https://support.hdfgroup.org, "Introduction to SWMR").
"""

from pathlib import Path
from typing import Protocol

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files import ANGLE_ENDINGS, RAW_ENDINGS, angle_file, in_natural_order, read_angle_file, series_name

_REMEDY = "follow an MRC file that grows, or a folder of TIFF files, or run the finished file as a tilt series of the sheet"
# MRC2014 (Cheng et al., J. Struct. Biol. 192 (2015) 146): length of the header, and the types of its modes that rapid frames come in.
_HEADER_BYTES = 1024
_TYPES: dict[int, np.dtype] = {1: np.dtype("<i2"), 2: np.dtype("<f4"), 6: np.dtype("<u2")}
_LITTLE_ENDIAN_STAMPS = (0x44, 0x11)
_MRC = (".mrc", ".st", ".mrcs")
_TIFF = (".tif", ".tiff")


class GrowingSeries(Protocol):
    """A series of which more and more frames are complete; its pixel size is None where it states none."""

    path: Path
    pixel_size_nm: float | None

    def complete_frames(self) -> int:
        """How many frames are there from the first to the last byte.

        Returns
        -------
        int
        """
        ...

    def read(self, start: int, stop: int) -> np.ndarray:
        """Complete frames from a number up to another.

        Parameters
        ----------
        start, stop
            Numbers of the first frame and of the one after the last.

        Returns
        -------
        (frame, y, x)
        """
        ...


class GrowingStack:
    """An MRC file whose frames are appended; the number of frames in its header does not matter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        columns, rows, _, mode = np.frombuffer(header, "<i4", 4).tolist()
        if len(header) < _HEADER_BYTES or header[212] not in _LITTLE_ENDIAN_STAMPS or mode not in _TYPES or min(columns, rows) < 1:
            raise InputError(f"{path}: is no MRC file of 16-bit integers or floats (little endian); {_REMEDY}")
        self._type, self._shape = _TYPES[mode], (rows, columns)
        self._start = _HEADER_BYTES + int(np.frombuffer(header, "<i4", 1, 92)[0])
        self.pixel_size_nm = _stated_pixel_size_nm(header)
        self._frame_bytes = rows * columns * self._type.itemsize

    def complete_frames(self) -> int:
        """How many frames the file's length holds."""
        return max(self.path.stat().st_size - self._start, 0) // self._frame_bytes

    def read(self, start: int, stop: int) -> np.ndarray:
        """Frames (frame, y, x) as they are stored."""
        pixels = (stop - start) * self._shape[0] * self._shape[1]
        return np.fromfile(self.path, self._type, pixels, offset=self._start + start * self._frame_bytes).reshape(-1, *self._shape)


def _stated_pixel_size_nm(header: bytes) -> float | None:
    """Along x, from the cell and its samples; none where programs write one angstrom, as they do where they know none."""
    cell, samples = float(np.frombuffer(header, "<f4", 1, 40)[0]), int(np.frombuffer(header, "<i4", 1, 28)[0])
    stated = np.isfinite(cell) and cell > 0 and samples > 0 and not np.isclose([cell, cell / samples], 1.0, rtol=1e-6).any()
    return cell / samples / 10 if stated else None


class GrowingFolder:
    """A folder of TIFF files, one a frame. A file is complete when it has not grown since it was last looked at and can be read."""

    pixel_size_nm: float | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sizes: dict[Path, int] = {}
        self._complete: list[Path] = []

    def complete_frames(self) -> int:
        """How many files from the first on are complete."""
        files = in_natural_order(file for file in self.path.iterdir() if file.suffix.lower() in _TIFF)
        sizes = {file: file.stat().st_size for file in files}
        for file in list(sizes)[len(self._complete) :]:
            if sizes[file] == 0 or self._sizes.get(file) != sizes[file] or not _readable(file):
                break
            self._complete.append(file)
        if list(sizes)[: len(self._complete)] != self._complete:
            raise InputError(f"{self.path}: a file has appeared between others, or is gone; number the frames in the order of recording")
        self._sizes = sizes
        return len(self._complete)

    def read(self, start: int, stop: int) -> np.ndarray:
        """Frames (frame, y, x) as they are stored."""
        import tifffile

        images = [np.squeeze(tifffile.imread(file)) for file in self._complete[start:stop]]
        if len({image.shape for image in images}) > 1 or images[0].ndim != 2:
            raise InputError(f"{self.path}: the files are not grey images of one size; {_REMEDY}")
        return np.stack(images)


def _readable(file: Path) -> bool:
    import tifffile

    try:
        tifffile.imread(file)
    except Exception as error:  # each decoder has errors of its own for bytes that are missing
        if "imagecodecs" in str(error):
            raise InputError(f"{file}: its compression cannot be undone here ({error}); save the frames without compression") from error
        return False
    return True


def open_growing(path: Path | str) -> GrowingSeries | None:
    """A series that is being written.

    Parameters
    ----------
    path
        An MRC file or a folder of TIFF files; what is not there yet and has the ending of no raw file will be a folder.

    Returns
    -------
    GrowingSeries or None
        None where there is nothing yet, or no whole header.

    Raises
    ------
    InputError
        if it is of a kind that cannot be followed.
    """
    path = Path(path)
    if path.is_dir():
        return GrowingFolder(path)
    ending = path.suffix.lower()
    if ending not in _MRC and (path.exists() or ending in RAW_ENDINGS):
        raise InputError(f"{path}: a file of this kind cannot be read while it is written; {_REMEDY}")
    return GrowingStack(path) if path.is_file() and path.stat().st_size >= _HEADER_BYTES else None


def planned_tilts(path: Path | str) -> np.ndarray:
    """The tilts of a series, in degrees, from the text file beside it; it may have more than there are frames yet.

    Parameters
    ----------
    path
        Of the series.

    Returns
    -------
    (planned frame,)
        In degrees.

    Raises
    ------
    InputError
        if there is no such file, or a line is no angle.
    """
    path = Path(path)
    file = angle_file(path)
    if file is None:
        name = series_name(path) + ANGLE_ENDINGS[0]
        raise InputError(f"{path}: its tilts are not known; write {name} beside it, one angle in degrees a line, a line a frame")
    return read_angle_file(file)
