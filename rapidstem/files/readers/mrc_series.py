"""Image series in MRC files: what the header says, and nothing that it does not say.

The format is that of Cheng et al., J. Struct. Biol. 192 (2015) 146 (MRC2014), with IMOD's bytes and the tilts in the extended headers of
FEI and SerialEM (https://bio3d.colorado.edu/imod/doc/mrc_format.txt).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.readers.file_endings import MRC_ENDINGS, SHARED_MRC_ENDINGS
from rapidstem.files.readers.recorded_series import RecordedSeries
from rapidstem.files.sliced_frames import SlicedFrames

_NO_MRC = "it is damaged or no MRC file, copy it from the microscope again"
# MRC2014 (Cheng et al., J. Struct. Biol. 192 (2015) 146): length of the header, and the word MAP in it.
_HEADER_BYTES = 1024
_MAP_WORD = slice(208, 211)
# IMOD's stamp in the header and its flag for signed bytes; SerialEM's and FEI's records for each frame (IMOD, "MRC file format").
_IMOD_STAMP, _IMOD_SIGNED = 1146047817, 1
_KINDS = {3: "complex numbers", 4: "complex numbers", 16: "colours", 101: "half bytes (4-bit)"}
_SERIALEM_HAS_TILT, _SERIALEM_TILT_PER_DEGREE = 1, 100
_FEI_RECORD_BYTES = 128
# the size of a pixel, or of the whole cell, that programs write where they know none, in ångström
_DEFAULT_ANGSTROM = 1.0


def is_mrc(path: Path) -> bool:
    """Whether a file has an ending of MRC files, and, where other formats have it too, the word `MAP` in its header."""
    ending = path.suffix.lower()
    if ending not in (".map", ".raw", ".rec"):
        return ending in (*MRC_ENDINGS, *SHARED_MRC_ENDINGS)
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)[_MAP_WORD] == b"MAP"


def read_mrc_series(path: Path) -> RecordedSeries:
    """Describe the images of an MRC file.

    Parameters
    ----------
    path
        File to read.

    Raises
    ------
    InputError
        when the file is no MRC file, cut short, or holds no series of grey images.
    """
    import mrcfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mrcfile.open(path, permissive=True, header_only=True) as file:
            header, extended = file.header.copy(), np.array(file.extended_header)
    stored = _stored_type(path, header)
    shape = _shape(path, header)
    start = _HEADER_BYTES + int(header.nsymbt)
    wanted, present = start + int(np.prod(shape, dtype=float)) * stored.itemsize, path.stat().st_size
    if present < wanted:
        raise InputError(f"{path}: is cut short: {present} bytes of {wanted}; copy it from the microscope again")
    size_nm, is_default = _pixel_size_nm(header)
    return RecordedSeries(
        shape=shape,
        pixel_size_nm=size_nm,
        load=lambda: np.fromfile(path, stored, int(np.prod(shape)), offset=start).reshape(shape),
        open=lambda: _open_frames(path, shape, stored, start),
        tilt_deg=_tilt_deg(header, extended, shape[0]),
        size_is_default=is_default,
    )


def _shape(path: Path, header: Any) -> tuple[int, int, int]:
    frames, rows, columns = int(header.nz), int(header.ny), int(header.nx)
    if min(frames, rows, columns) < 1:
        raise InputError(
            f"{path}: cannot be read, its header gives {frames} frames of {rows} x {columns} pixels; it is damaged or no MRC file"
        )
    order = (int(header.mapc), int(header.mapr), int(header.maps))
    if sorted(order) not in ([1, 2, 3], [0, 0, 0]):
        raise InputError(f"{path}: cannot be read, its header gives axes in the order {order}; {_NO_MRC}")
    if order not in ((1, 2, 3), (0, 0, 0)):
        raise InputError(f"{path}: its axes are stored in the order {order}, not (1, 2, 3); save it as a stack of images")
    if int(header.ispg) > 400 and 0 < int(header.mz) < frames:
        raise InputError(f"{path}: holds several volumes; save the images as one stack")
    return frames, rows, columns


def _stored_type(path: Path, header: Any) -> np.dtype:
    """The type of the pixels. Bytes are signed, unless IMOD's stamp, or a largest value above 127, says that they are not."""
    from mrcfile.utils import dtype_from_mode

    mode = int(header.mode)
    if mode in _KINDS:
        raise InputError(f"{path}: holds {_KINDS[mode]} (mode {mode}); save grey images as integers or real numbers")
    try:
        stored = dtype_from_mode(mode).newbyteorder(header.mode.dtype.byteorder)
    except ValueError as error:
        raise InputError(
            f"{path}: cannot be read, its header gives the mode {mode}, which no MRC file has; it is damaged or no MRC file"
        ) from error
    return np.dtype(np.uint8) if mode == 0 and _has_unsigned_bytes(header) else stored


def _has_unsigned_bytes(header: Any) -> bool:
    words = np.frombuffer(header.tobytes(), header.mode.dtype, 2, offset=152)
    if words[0] == _IMOD_STAMP:
        return not words[1] & _IMOD_SIGNED
    return bool(0 <= float(header.dmin) < 127 < float(header.dmax) <= 255)


def _pixel_size_nm(header: Any) -> tuple[tuple[float, float] | None, bool]:
    """Edges of a pixel (y, x), and whether they are those that programs write where they know none."""
    cell = (float(header.cella.y), float(header.cella.x))
    samples = (int(header.my), int(header.mx))
    if not all(np.isfinite(length) and length > 0 and count > 0 for length, count in zip(cell, samples, strict=True)):
        return None, False
    if np.allclose(cell, _DEFAULT_ANGSTROM, rtol=1e-6):
        return None, False
    angstrom = [length / count for length, count in zip(cell, samples, strict=True)]
    return (angstrom[0] / 10, angstrom[1] / 10), bool(np.allclose(angstrom, _DEFAULT_ANGSTROM, rtol=1e-6))


def _tilt_deg(header: Any, extended: np.ndarray, frames: int) -> np.ndarray | None:
    """Tilts of the stage from the extended header of FEI or SerialEM."""
    content, kind = extended.tobytes(), bytes(header.exttyp)
    order = header.mode.dtype.byteorder
    if kind in (b"FEI1", b"FEI2"):
        size = int(np.frombuffer(content, order + "i4", 1)[0]) if len(content) >= 4 else 0
        return _records(content, size, frames, order + "f8", 100)
    if kind == b"AGAR" or bytes(header.label[0]).startswith(b"Fei"):
        return _records(content, _FEI_RECORD_BYTES, frames, order + "f4", 0)
    counts = np.frombuffer(header.tobytes(), order + "i2", 2, offset=128)
    if kind == b"SERI" and counts[1] & _SERIALEM_HAS_TILT:
        found = _records(content, int(counts[0]), frames, order + "i2", 0)
        return None if found is None else found / _SERIALEM_TILT_PER_DEGREE
    return None


def _records(content: bytes, size: int, frames: int, dtype: str, offset: int) -> np.ndarray | None:
    """One number of each frame's record; None where there are fewer records than frames."""
    kind = np.dtype(dtype)
    if size < offset + kind.itemsize or len(content) < size * frames:
        return None
    return np.array([np.frombuffer(content, kind, 1, offset=number * size + offset)[0] for number in range(frames)], float)


@contextmanager
def _open_frames(path: Path, shape: tuple[int, int, int], stored: np.dtype, start: int) -> Iterator[SlicedFrames]:
    pixels = np.memmap(path, stored, "r", offset=start, shape=shape)
    yield SlicedFrames(path, shape, stored, lambda first, last: np.array(pixels[first:last]))
