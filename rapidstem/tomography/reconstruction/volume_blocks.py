"""Volumes in parts: blocks of slices as MRC files, and the whole volume put together from them without holding it."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside
from rapidstem.files.mrc_volumes import ANGSTROM_PER_NM, name_writer

# What MRC calls float32.
_FLOAT32_MODE = 2


def write_block(path: Path | str, block: np.ndarray, voxel_size_nm: float, first_column: int) -> None:
    """Write the slices of a volume from `first_column` on, (z, y, x), float32; the header's `nxstart` says where they belong.

    Parameters
    ----------
    path : path
        File to write, `.mrc`.
    block : np.ndarray, (z, y, x)
        Some slices of the volume.
    voxel_size_nm : float
        Edge length of a voxel.
    first_column : int
        Where the block begins in the volume.
    """
    import mrcfile

    with written_beside(path) as temporary, mrcfile.new(temporary) as file:
        file.set_data(np.ascontiguousarray(block, np.float32))
        file.set_volume()
        file.voxel_size = voxel_size_nm * ANGSTROM_PER_NM
        file.nstart = (first_column, 0, 0)
        name_writer(file)


def gather_blocks(paths: Sequence[Path | str], output: Path | str) -> tuple[int, int, int]:
    """Put a volume together from its blocks of slices, in order of x; never more than one block is held.

    Parameters
    ----------
    paths : sequence of paths
        What `write_block` wrote, from the first to the last block.
    output : path

    Returns
    -------
    tuple of int
        Shape of the volume, (z, y, x).

    Raises
    ------
    InputError
        If a block is missing, does not follow its predecessor, or has another height, depth or voxel size.
    """
    import mrcfile

    shape, voxel_size = _checked_shape(paths)
    with written_beside(output) as temporary, mrcfile.new_mmap(temporary, shape, mrc_mode=_FLOAT32_MODE) as file:
        _reserve(temporary)
        file.set_volume()
        file.voxel_size = voxel_size
        name_writer(file)
        columns, moments = [], []
        for path in paths:
            with mrcfile.mmap(path) as block:
                start, count = int(block.nstart.x), block.data.shape[2]
                file.data[:, :, start : start + count] = block.data
                columns.append(count)
                moments.append([block.header[name].item() for name in ("dmin", "dmax", "dmean", "rms")])
        _set_statistics(file.header, np.array(columns), np.array(moments).T)
    return shape


def _reserve(path: Path) -> None:
    """Take the room of a sparse file on the disk; writing through a memory map ends the process where there is none."""
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _set_statistics(header: np.recarray, columns: np.ndarray, moments: np.ndarray) -> None:
    """Extremes, mean and standard deviation of the whole from those of its blocks."""
    least, largest, mean, deviation = moments
    share = columns / columns.sum()
    header.dmin, header.dmax, header.dmean = least.min(), largest.max(), np.sum(share * mean)
    header.rms = np.sqrt(np.sum(share * (deviation**2 + (mean - np.sum(share * mean)) ** 2)))


def _checked_shape(paths: Sequence[Path | str]) -> tuple[tuple[int, int, int], float]:
    import mrcfile

    columns, section, voxel_size = 0, None, 0.0
    for path in paths:
        if not Path(path).is_file():
            raise InputError(f"{path}: there is no such file; reconstruct this block of slices")
        with mrcfile.mmap(path) as block:
            found = (block.data.shape[:2], round(float(block.voxel_size.x), 3))
            if section is not None and found != section:
                raise InputError(f"{path}: {found} (z and y, ångström) does not fit {section} of {paths[0]}; reconstruct all blocks alike")
            if int(block.nstart.x) != columns:
                raise InputError(f"{path}: begins with slice {block.nstart.x}, not {columns}; give all blocks in their order")
            section, voxel_size = found, float(block.voxel_size.x)
            columns += block.data.shape[2]
    if section is None:
        raise InputError("there are no blocks to gather: give at least one")
    return (*section[0], columns), voxel_size
