"""How the slices of a volume are shared out: over jobs, and within a job over threads and blocks that fit into its memory."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rapidstem.errors import InputError, ResourceError
from rapidstem.tomography.reconstruction.slice_projector import SliceGeometry
from rapidstem.tomography.tilt_geometry import TiltGeometry, aligned_row_angles_rad

Method = Literal["sirt", "ordered-subsets", "weighted-back-projection", "total-variation"]

# Slices: wider blocks leave the cache, narrower ones read the matrix too often (`benchmarks/sirt_speed.py`).
_WIDEST_BLOCK, _NARROWEST_BLOCK = 64, 8
# 0.09 voxels at 256 voxels from the axis.
_NEGLIGIBLE_RAD = np.deg2rad(0.02)
# What the process holds besides arrays; bytes of an element while ASTRA's matrix is copied and transposed; arrays of each method, counted
# in its code. A job that would not fit is planned in narrower blocks (tests/unit/test_tomography_reconstruction.py).
_LIBRARIES_BYTES = 300e6
_MATRIX_ELEMENT_BYTES = 44
_VOXEL_ARRAYS = {"sirt": 3, "ordered-subsets": 3, "weighted-back-projection": 3, "total-variation": 9}
_RAY_ARRAYS = {"sirt": 5, "ordered-subsets": 4, "weighted-back-projection": 12, "total-variation": 5}


def slice_range(number: int, count: int, columns: int) -> slice:
    """Columns of block `number` (from 0) of `count` blocks of nearly the same size.

    Parameters
    ----------
    number : int
        Of the block, from 0.
    count : int
        Of blocks.
    columns : int
        Of the series.

    Returns
    -------
    slice
        Of columns.

    Raises
    ------
    InputError
        If there is no such block, or more blocks than columns.
    """
    if not 0 <= number < count <= columns:
        raise InputError(f"block {number} of {count} blocks of {columns} slices does not exist: use 1 to {columns} blocks, counted from 0")
    return slice(number * columns // count, (number + 1) * columns // count)


def half_frames(half: Literal["even", "odd"] | None, angle_rad: np.ndarray) -> np.ndarray | None:
    """Every second tilt, for two independent volumes of one range of tilts in whatever order they were recorded; None takes all.

    Parameters
    ----------
    half : {"even", "odd"} or None
        Which half, counted from the lowest tilt.
    angle_rad : np.ndarray, (frame,)
        Tilts of the series.

    Returns
    -------
    np.ndarray, (frame,) of bool, or None
        Frames that are used.

    Raises
    ------
    InputError
        If the half is neither "even" nor "odd".
    """
    if half is None:
        return None
    if half not in ("even", "odd"):
        raise InputError(f"the half {half!r} of a series is unknown: choose 'even' or 'odd'")
    rank = np.argsort(np.argsort(angle_rad, kind="stable"), kind="stable")
    return np.asarray(rank % 2 == (half == "odd"))


def matrix_columns(geometry: TiltGeometry, columns: int) -> int:
    """Columns that share one system matrix.

    All of them where every column of the aligned series was scanned at nearly the same tilts; where the columns are scanned one after the
    other, as many as stay within 0.02 degrees of the middle of their group, whose angles they take (24 columns where the stage turns
    by 0.84 degrees while 512 columns are scanned). That misplaces nothing by more than 0.09 voxels at 256 voxels from the axis.

    Parameters
    ----------
    geometry : TiltGeometry
        Of the aligned series.
    columns : int
        Of the series.

    Returns
    -------
    int
        At least 1.
    """
    first, last = (aligned_row_angles_rad(geometry, column) for column in (0.0, columns - 1.0))
    turn = np.abs(last - first).max()
    return max(int(columns * min(1.0, 2 * _NEGLIGIBLE_RAD / turn)), 1) if turn > 0 else columns


def expected_elements(rays: SliceGeometry) -> float:
    """Elements of the system matrix, by linear interpolation: two in every row, or steeper than 45 degrees column, that a ray crosses."""
    steepness = np.maximum(1, np.minimum(np.abs(np.tan(rays.angle_rad)), rays.width_px / rays.depth_px))
    return float(2 * rays.depth_px * steepness.sum())


@dataclass(frozen=True)
class BlockPlan:
    """Slices that are reconstructed together, and how many such blocks at once."""

    width: int
    threads: int


def plan_blocks(
    rays: SliceGeometry, columns: int, method: Method, threads: int, memory_mb: float | None, held_bytes: int, own_matrices: bool
) -> BlockPlan:
    """Blocks as wide as the cache likes and the memory allows.

    Parameters
    ----------
    rays : SliceGeometry
    columns : int
        Slices to reconstruct with one matrix.
    method : {"sirt", "ordered-subsets", "weighted-back-projection", "total-variation"}
    threads : int
    memory_mb : float, optional
        Memory of the job in 10^6 bytes; None sets no limit.
    held_bytes : int
        Of series and volume.
    own_matrices : bool
        Whether every thread needs a matrix of its own.

    Raises
    ------
    ResourceError
        If not even one narrow block fits.
    """
    matrix_bytes = _MATRIX_ELEMENT_BYTES * expected_elements(rays)
    slice_bytes = 4 * (_VOXEL_ARRAYS[method] * rays.voxels + _RAY_ARRAYS[method] * len(rays.angle_rad))
    shared = _LIBRARIES_BYTES + held_bytes + (0 if own_matrices else matrix_bytes)
    own = matrix_bytes if own_matrices else 0
    for used in range(max(threads, 1), 0, -1):
        free = np.inf if memory_mb is None else (memory_mb * 1e6 - shared) / used - own
        width = int(min(_WIDEST_BLOCK, -(-columns // used), free // slice_bytes))
        if width >= min(_NARROWEST_BLOCK, -(-columns // used)) and width > 0:
            return BlockPlan(width, used)
    least_mb = (shared + own + min(_NARROWEST_BLOCK, columns) * slice_bytes) / 1e6
    raise ResourceError(
        f"the memory of {memory_mb:.0f} MB holds no block of slices, {least_mb:.0f} MB are needed: give the job more memory, "
        "split the volume into more blocks, or make it thinner"
    )
