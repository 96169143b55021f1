"""Simultaneous iterative reconstruction (SIRT) in which every row of a projection has its own tilt angle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import astra
import numpy as np
from scipy import sparse

from rapidstem.errors import InputError
from rapidstem.tomography.tilt_geometry import TiltGeometry, aligned_row_angles_rad


@dataclass(frozen=True)
class SliceGeometry:
    """Rays and voxels of one yz slice, in pixels; all slices have the same.

    Attributes
    ----------
    angle_rad : np.ndarray, (ray,)
    height_px : np.ndarray, (ray,)
        Distance of the ray from the centre of the frame, along the rows.
    depth_px, width_px : int
        Voxels along z and along y.
    """

    angle_rad: np.ndarray
    height_px: np.ndarray
    depth_px: int
    width_px: int


def astra_geometry(rays: SliceGeometry) -> tuple[dict, dict]:
    """Volume and projection geometry of ASTRA: a single-pixel projection for every ray.

    ASTRA's Y axis points towards row 0 of its volume; with the volume as (z, y), ASTRA's X is y and its Y is -z.
    """
    cosine, sine = np.cos(rays.angle_rad), np.sin(rays.angle_rad)
    vectors = np.stack([-sine, -cosine, rays.height_px * cosine, -rays.height_px * sine, cosine, -sine], axis=1)
    return astra.create_vol_geom(rays.depth_px, rays.width_px), astra.create_proj_geom("parallel_vec", 1, vectors)


def system_matrix(rays: SliceGeometry, projector: Literal["linear", "strip", "line"] = "linear") -> sparse.csr_matrix:
    """The projector of ASTRA for one yz slice as a sparse matrix, (ray, z * width + y), float32."""
    volume_geometry, projection_geometry = astra_geometry(rays)
    projector_id = astra.create_projector(projector, projection_geometry, volume_geometry)
    matrix_id = astra.projector.matrix(projector_id)
    try:
        return sparse.csr_matrix(astra.matrix.get(matrix_id)).astype(np.float32)
    finally:
        astra.matrix.delete(matrix_id)
        astra.projector.delete(projector_id)


@dataclass(frozen=True)
class SirtOperator:
    """The projector of one yz slice and its normalised transpose.

    Attributes
    ----------
    forward : sparse.csr_matrix, (ray, voxel)
        A.
    backward : sparse.csr_matrix, (voxel, ray)
        C A^T R, with the inverse sums of the rows R and of the columns C of A.
    """

    forward: sparse.csr_matrix
    backward: sparse.csr_matrix

    @classmethod
    def from_matrix(cls, matrix: sparse.csr_matrix) -> "SirtOperator":
        """Normalise A^T by the sums of rows and columns; empty rows and columns stay empty."""
        row_sum = np.asarray(matrix.sum(axis=1)).ravel()
        column_sum = np.asarray(matrix.sum(axis=0)).ravel()
        inverse_row, inverse_column = _inverse(row_sum), _inverse(column_sum)
        backward = sparse.diags(inverse_column) @ matrix.T.tocsr() @ sparse.diags(inverse_row)
        return cls(matrix.tocsr(), sparse.csr_matrix(backward, dtype=np.float32))


def _inverse(sums: np.ndarray) -> np.ndarray:
    return np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 1e-6).astype(np.float32)


def sirt_slices(operator: SirtOperator, projections: np.ndarray, iterations: int, seen: np.ndarray | None = None) -> np.ndarray:
    """Reconstruct a block of slices: x_(n+1) = max(0, x_n + C A^T R (b - A x_n)), from x_0 = 0.

    Parameters
    ----------
    operator : SirtOperator
    projections : np.ndarray, (ray, slice), float32
        b, contiguous along the slices.
    iterations : int
    seen : np.ndarray, (ray, slice), bool, optional
        Where b was measured; elsewhere the difference counts as zero.

    Returns
    -------
    np.ndarray, (voxel, slice), float32

    References
    ----------
    P. Gilbert, J. Theor. Biol. 36 (1972) 105; J. Gregor and T. Benson, IEEE Trans. Med. Imaging 27 (2008) 918.
    """
    projections = np.ascontiguousarray(projections, np.float32)
    volume = np.zeros((operator.backward.shape[0], projections.shape[1]), np.float32)
    for _ in range(iterations):
        residual = operator.forward @ volume
        np.subtract(projections, residual, out=residual)
        if seen is not None:
            residual *= seen
        volume += operator.backward @ residual
        np.maximum(volume, 0, out=volume)
    return volume


def reconstruct(
    series: np.ndarray,
    geometry: TiltGeometry,
    thickness_nm: float,
    iterations: int = 50,
    threads: int = 1,
    block_slices: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Reconstruct an aligned tilt series by SIRT.

    A tilted view shows more of the specimen than the field of view. The volume is therefore reconstructed as much wider along y as a ray
    through the field can reach within the thickness, and cropped; rays that miss the field are left out, and so is what lay outside
    a raw frame before its alignment.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Aligned series of line images: zero where there is no line.
    geometry : TiltGeometry
        Of the raw frames, with their shifts: they say when a row of the aligned series was scanned, and what was seen.
    thickness_nm : float
        Thickness of the volume along z.
    iterations : int
    threads : int
        Blocks of slices that are reconstructed at once.
    block_slices : int
        Slices a block.
    progress : callable, optional
        Called with the slices that are ready and all slices.

    Returns
    -------
    np.ndarray, (z, y, x), float32

    Raises
    ------
    InputError
        If series and geometry do not fit together, or the thickness holds no voxel.
    """
    _check_series(series, geometry)
    depth = round(thickness_nm / geometry.pixel_size_nm)
    if depth < 1:
        raise InputError(f"a thickness of {thickness_nm} nm holds no voxel of {geometry.pixel_size_nm} nm: give the thickness in nm")
    rays, kept = field_rays(geometry, depth)
    operator = SirtOperator.from_matrix(system_matrix(rays))
    columns = series.shape[2]
    volume = np.empty((depth, geometry.rows, columns), np.float32)
    margin = (rays.width_px - geometry.rows) // 2
    starts = range(0, columns, block_slices)

    def reconstruct_block(start: int) -> int:
        stop = min(start + block_slices, columns)
        block = series[:, :, start:stop].reshape(-1, stop - start)[kept]
        seen = _seen_columns(geometry, start, stop, columns)
        mask = None if seen.all() else np.repeat(seen, geometry.rows, axis=0)[kept]
        wide = sirt_slices(operator, block, iterations, mask).reshape(depth, rays.width_px, stop - start)
        volume[:, :, start:stop] = wide[:, margin : margin + geometry.rows]
        return stop - start

    ready = 0
    with ThreadPoolExecutor(threads) as pool:
        for count in pool.map(reconstruct_block, starts):
            ready += count
            if progress is not None:
                progress(ready, columns)
    return volume


def project_volume(volume: np.ndarray, geometry: TiltGeometry) -> np.ndarray:
    """The aligned series that a volume (z, y, x) would give, (frame, y, x); zero where no ray of the field was seen."""
    depth, rows, columns = volume.shape
    rays, kept = field_rays(geometry, depth)
    margin = (rays.width_px - rows) // 2
    wide = np.pad(volume, ((0, 0), (margin, margin), (0, 0)))
    series = np.zeros((geometry.frames * rows, columns), np.float32)
    series[kept] = system_matrix(rays) @ wide.reshape(-1, columns)
    return series.reshape(geometry.frames, rows, columns)


def field_rays(geometry: TiltGeometry, depth_px: int) -> tuple[SliceGeometry, np.ndarray]:
    """Rays of the aligned series that cross the field of view, in a slice wide enough for them.

    The slice is three times as wide as the field at most; the few rays that would leave it at very high tilt are left out.

    Returns
    -------
    SliceGeometry
    np.ndarray, (ray,)
        Index of each ray in the flattened (frame, row).
    """
    angle = aligned_row_angles_rad(geometry)
    centre = (geometry.rows - 1) / 2
    height = np.broadcast_to(np.arange(geometry.rows) - centre, angle.shape)
    raw_row = height + centre + geometry.shift_px[:, :1]
    seen = (raw_row >= 0) & (raw_row <= geometry.rows - 1)
    through, across = np.cos(angle), depth_px / 2 * np.abs(np.sin(angle))
    kept = seen & (np.abs(height) < geometry.rows / 2 * through + across)
    steepest = float(np.tan(np.abs(angle[kept]).max())) if kept.any() else 0.0
    margin = min(int(np.ceil(depth_px * steepest)) + 1, geometry.rows)
    kept &= np.abs(height) < (geometry.rows / 2 + margin) * through - across
    order = ray_order(*angle.shape)
    used = order[kept.ravel()[order]]
    return SliceGeometry(angle.ravel()[used], height.ravel()[used], depth_px, geometry.rows + 2 * margin), used


def ray_order(frames: int, rows: int, frames_together: int = 24, rows_together: int = 32) -> np.ndarray:
    """Order of the flattened (frame, row) in which rays that cross the same voxels follow each other, so that these stay in the cache."""
    frame, row = np.divmod(np.arange(frames * rows), rows)
    return np.lexsort((row, frame, row // rows_together, frame // frames_together))


def _seen_columns(geometry: TiltGeometry, start: int, stop: int, columns: int) -> np.ndarray:
    raw_column = np.arange(start, stop) + geometry.shift_px[:, 1:]
    return (raw_column >= 0) & (raw_column <= columns - 1)


def _check_series(series: np.ndarray, geometry: TiltGeometry) -> None:
    if series.ndim != 3 or series.shape[:2] != (geometry.frames, geometry.rows):
        raise InputError(
            f"a series of shape {series.shape} does not fit the geometry of {geometry.frames} frames with {geometry.rows} rows: "
            "give angles for exactly the frames of the series"
        )
    if not np.all(np.isfinite(series)):
        raise InputError("the aligned series holds values that are no numbers: fill or cut what no frame has seen")
