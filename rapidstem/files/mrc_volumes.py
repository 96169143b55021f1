"""Volumes and image series as MRC, with their voxel size.

The header of an MRC file has its sizes in ångström and in single precision; the functions here take and give nm.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside

_LABEL = "Created by rapidstem"
# MRC has its sizes in angstroms.
ANGSTROM_PER_NM = 10.0

Wanted = TypeVar("Wanted")


def write_volume(path: Path | str, volume: np.ndarray, voxel_size_nm: float) -> None:
    """Write a volume.

    Parameters
    ----------
    path
        File to write, `*.mrc`; it appears only when it is complete.
    volume : (z, y, x)
        Float32, int8, int16 and uint16 are stored as they are, all else as float32 (mode 2).
    voxel_size_nm
        Edge length of a voxel in nm.

    Raises
    ------
    ValueError
        when `volume` is not three-dimensional or the size is not positive.
    """
    _write(path, volume, voxel_size_nm, is_volume=True)


def write_series(path: Path | str, series: np.ndarray, pixel_size_nm: float) -> None:
    """Write a series of images (frame, y, x) as an MRC image stack; see `write_volume` for types and errors.

    Parameters
    ----------
    path
        File to write, `.mrc`.
    series : (frame, y, x)
        In a type that MRC has.
    pixel_size_nm
        Edge length of a pixel.
    """
    _write(path, series, pixel_size_nm, is_volume=False)


def read_volume(path: Path | str) -> tuple[np.ndarray, float]:
    """Read a volume.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    volume : (z, y, x), in the stored type.
    voxel_size_nm : edge length of a voxel in nm.

    Raises
    ------
    InputError
        when the file is missing, damaged, no MRC, a series of images, or has no voxel size.
    """
    return _read(path, lambda file: np.array(file.data), is_volume=True)


def read_volume_shape(path: Path | str) -> tuple[tuple[int, int, int], float]:
    """Read the shape (z, y, x) of a volume and the edge length of its voxels in nm, without its voxels; see `read_volume` for errors.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    shape : (z, y, x)
        Voxels along the axes.
    voxel_size_nm
        Edge length of a voxel.
    """
    return _read(path, lambda file: file.data.shape, is_volume=True)


def read_series(path: Path | str) -> tuple[np.ndarray, float]:
    """Read a series of images (frame, y, x) and its pixel size in nm; see `read_volume` for errors, a volume is one here.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    series : (frame, y, x)
        In the stored type.
    pixel_size_nm
        Edge length of a pixel.
    """
    return _read(path, lambda file: np.array(file.data), is_volume=False)


def _write(path: Path | str, data: np.ndarray, size_nm: float, is_volume: bool) -> None:
    import mrcfile

    if data.ndim != 3:
        raise ValueError(f"an MRC file here has three axes, not {data.ndim}")
    if not size_nm > 0:
        raise ValueError(f"the voxel size must be positive, not {size_nm} nm")
    stored_types = [np.dtype(name) for name in ("float32", "int8", "int16", "uint16")]
    stored = np.ascontiguousarray(data if data.dtype in stored_types else data.astype(np.float32))
    with written_beside(path) as temporary, mrcfile.new(temporary) as file:
        file.set_data(stored)
        if is_volume:
            file.set_volume()
        else:
            file.set_image_stack()
        file.voxel_size = size_nm * ANGSTROM_PER_NM
        name_writer(file)


def name_writer(file: Any) -> None:
    """Put a label without the time of day into an open MRC file: the same content gives the same bytes, whenever it is written.

    Parameters
    ----------
    file
        Of mrcfile, open for writing.
    """
    file.header.label[0] = f"{_LABEL:<80}".encode("ascii")


def _read(path: Path | str, wanted: Callable[[Any], Wanted], is_volume: bool) -> tuple[Wanted, float]:
    import mrcfile

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; make it with the step that writes it")
    try:
        with mrcfile.mmap(path) as file:
            found, size, is_stack = wanted(file), float(file.voxel_size.x), file.is_image_stack()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as MRC ({error}); delete it and make it again") from error
    if is_stack == is_volume:
        held, meant = ("a series of images", "a volume") if is_stack else ("a volume", "a series of images")
        raise InputError(f"{path}: holds {held} by its header (ISPG), not {meant}; delete it and make it again")
    if not size > 0:
        raise InputError(f"{path}: the header has no voxel size; write it in ångström into the cell dimensions")
    return found, size / ANGSTROM_PER_NM
