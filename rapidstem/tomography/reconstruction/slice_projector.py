"""The projector of one yz slice: rays with an angle of their own each, ASTRA's linear interpolation, a sparse matrix."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import astra
import numpy as np
import scipy

from rapidstem.tomography.tilt_geometry import TiltGeometry, aligned_row_angles_rad, turned

Projector = Literal["linear", "strip", "line"]

# Elements of a matrix that is kept: 32 MB. Quick reconstructions ask for theirs again and again.
_MOST_KEPT_ELEMENTS = 4_000_000


@dataclass(frozen=True)
class SliceGeometry:
    """Rays and voxels of one yz slice, in pixels.

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

    @property
    def voxels(self) -> int:
        """Voxels of the slice."""
        return self.depth_px * self.width_px


def astra_geometry(rays: SliceGeometry) -> tuple[dict, dict]:
    """Volume and projection geometry of ASTRA: a single-pixel projection for every ray.

    ASTRA's Y axis points towards row 0 of its volume; with the volume as (z, y), ASTRA's X is y and its Y is -z.

    Parameters
    ----------
    rays : SliceGeometry
        Of one slice.

    Returns
    -------
    volume, projection : dict
        ASTRA's descriptions.
    """
    cosine, sine = np.cos(rays.angle_rad), np.sin(rays.angle_rad)
    vectors = np.stack([-sine, -cosine, rays.height_px * cosine, -rays.height_px * sine, cosine, -sine], axis=1)
    return astra.create_vol_geom(rays.depth_px, rays.width_px), astra.create_proj_geom("parallel_vec", 1, vectors)


def system_matrix(rays: SliceGeometry, projector: Projector = "linear") -> scipy.sparse.csr_matrix:
    """The projector of ASTRA for one yz slice as a sparse matrix, (ray, z * width + y), float32, not to be written to.

    Parameters
    ----------
    rays : SliceGeometry
        Of one slice.
    projector : {"linear", "strip", "line"}
        ASTRA's kinds; `linear` interpolates between the two nearest voxels of each layer.

    Returns
    -------
    sparse matrix, (ray, voxel)
        Lengths of the rays in voxels.

    References
    ----------
    W. van Aarle et al., Ultramicroscopy 157 (2015) 35: the ASTRA toolbox.
    """
    if len(rays.angle_rad) * 2 * rays.depth_px > _MOST_KEPT_ELEMENTS:
        return _made_matrix(rays, projector)
    places = (each.astype(float).tobytes() for each in (rays.angle_rad, rays.height_px))
    return _kept_matrix(*places, rays.depth_px, rays.width_px, projector)


@lru_cache(1)
def _kept_matrix(angle_rad: bytes, height_px: bytes, depth_px: int, width_px: int, projector: Projector) -> scipy.sparse.csr_matrix:
    """The matrix of rays whose angles and heights are given as bytes (float64), made once for the same ones in succession."""
    matrix = _made_matrix(SliceGeometry(np.frombuffer(angle_rad), np.frombuffer(height_px), depth_px, width_px), projector)
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.setflags(write=False)
    return matrix


def _made_matrix(rays: SliceGeometry, projector: Projector) -> scipy.sparse.csr_matrix:
    volume_geometry, projection_geometry = astra_geometry(rays)
    projector_id = astra.create_projector(projector, projection_geometry, volume_geometry)
    matrix_id = astra.projector.matrix(projector_id)
    try:
        return scipy.sparse.csr_matrix(astra.matrix.get(matrix_id)).astype(np.float32)
    finally:
        astra.matrix.delete(matrix_id)
        astra.projector.delete(projector_id)


def field_rays(
    geometry: TiltGeometry, depth_px: int, column: float | None = None, frames: np.ndarray | None = None, isolated: bool = False
) -> tuple[SliceGeometry, np.ndarray]:
    """Rays of the aligned series that cross the field of view, in a slice wide enough for them.

    A foil goes on beyond the field: the slice is wider than that, three times as wide at most, and the few rays that would leave it at
    very high tilt are left out. Around an isolated object there is nothing, so that the slice is as wide as the field, and no ray is
    left out.

    Parameters
    ----------
    geometry : TiltGeometry
    depth_px : int
    column : float, optional
        Column of the aligned series whose angles count; the default is the middle one.
    frames : np.ndarray, (frame,), bool, optional
        Frames whose rays are taken; the angles of their rows follow from the times and angles of all frames.
    isolated : bool
        Whether the volume holds the whole specimen.

    Returns
    -------
    SliceGeometry
    np.ndarray, (ray,)
        Index of each ray in the flattened (frame, row).
    """
    angle = aligned_row_angles_rad(geometry, column)
    height = np.broadcast_to(np.arange(geometry.rows) - (geometry.rows - 1) / 2, angle.shape)
    through, across = np.abs(np.cos(angle)), depth_px / 2 * np.abs(np.sin(angle))
    kept = _rows_seen(geometry) & (np.abs(height) < geometry.rows / 2 * through + across)
    margin = 0
    if not isolated:
        steepest = float(np.abs(np.tan(angle[kept])).max()) if kept.any() else 0.0
        margin = min(int(np.ceil(depth_px * steepest)) + 1, geometry.rows)
        kept &= np.abs(height) < (geometry.rows / 2 + margin) * through - across
    if frames is not None:
        kept &= np.asarray(frames, bool)[:, None]
    order = ray_order(*angle.shape)
    used = order[kept.ravel()[order]]
    return SliceGeometry(angle.ravel()[used], height.ravel()[used], depth_px, geometry.rows + 2 * margin), used


def _rows_seen(geometry: TiltGeometry) -> np.ndarray:
    """Rows of the aligned series that lie in the raw frame in its first, its middle or its last column, (frame, row)."""
    columns = np.zeros(1) if geometry.columns is None else np.linspace(0, geometry.columns - 1, 3) - (geometry.columns - 1) / 2
    middle = (geometry.rows - 1) / 2
    row, _ = turned(np.arange(geometry.rows)[:, None] - middle, columns, geometry.axis_rotation_rad)
    raw_row = row + middle + geometry.shift_px[:, :1, None]
    return np.any((raw_row >= 0) & (raw_row <= geometry.rows - 1), axis=2)


def ray_order(frames: int, rows: int, frames_together: int = 24, rows_together: int = 32) -> np.ndarray:
    """Order of the flattened (frame, row) in which rays that cross the same voxels follow each other, so that these stay in the cache.

    Parameters
    ----------
    frames, rows : int
        Of the series.
    frames_together, rows_together : int
        Edges of the tiles in which rays follow each other.

    Returns
    -------
    np.ndarray, (ray,)
        Permutation of the rays.
    """
    frame, row = np.divmod(np.arange(frames * rows), rows)
    return np.lexsort((row, frame, row // rows_together, frame // frames_together))


def tile_order(rays: SliceGeometry, edge_px: int = 16) -> np.ndarray:
    """Order of the flattened (z, y) by square tiles: the rays that cross a tile stay in the cache while its voxels are updated."""
    z, y = np.divmod(np.arange(rays.voxels), rays.width_px)
    return np.lexsort((y, z, z // edge_px, y // edge_px))


def with_columns(matrix: scipy.sparse.csr_matrix, order: np.ndarray) -> scipy.sparse.csr_matrix:
    """The same matrix with its columns in another order: column n is the former column `order[n]`."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return scipy.sparse.csr_matrix((matrix.data, place[matrix.indices].astype(matrix.indices.dtype), matrix.indptr), shape=matrix.shape)
