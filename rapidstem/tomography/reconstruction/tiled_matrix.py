"""The projector of a slice in tiles of voxels: what an iteration reads of the volume stays in the cache nearest to the processor."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.compiled_loops import compiled
from rapidstem.tomography.reconstruction.vector_loops import ELEMENTS_TOGETHER, add_sum, spread

# Voxels: 16 x 16 of them, of 64 slices each, are 64 KB; smaller and larger tiles took longer (`benchmarks/sirt_speed.py`).
TILE_VOXELS = 256
# Slices in one vector; as many as fill 16 registers of 256 bits with the two sums of a ray.
VECTOR_WIDTHS = (64, 32, 16, 8)
_FLOAT_BYTES = np.dtype(np.float32).itemsize


@compiled()
def _take_back(width, matrix, tile, weight, excess, voxels, part):  # type: ignore[no-untyped-def]
    """Take the weighted back projection of the excess from the voxels of a tile, and keep them from being negative."""
    segments, ray, start, place, value = matrix
    part[:] = 0
    for s in range(segments[tile], segments[tile + 1]):
        source = excess.ctypes.data + np.intp(ray[s]) * len(width) * _FLOAT_BYTES
        spread(width, value.ctypes.data, place.ctypes.data, start[s], start[s + 1], source, part.ctypes.data)
    for voxel in range(len(voxels)):
        for n in range(len(width)):
            voxels[voxel, n] = max(voxels[voxel, n] - weight[tile * TILE_VOXELS + voxel] * part[voxel, n], np.float32(0))


@compiled()
def _add_projection(width, matrix, tile, voxels, sums):  # type: ignore[no-untyped-def]
    segments, ray, start, place, value = matrix
    for s in range(segments[tile], segments[tile + 1]):
        target = sums.ctypes.data + np.intp(ray[s]) * len(width) * _FLOAT_BYTES
        add_sum(width, value.ctypes.data, place.ctypes.data, start[s], start[s + 1], voxels.ctypes.data, target)


@compiled()
def _sweep(width, matrix, weight, excess, volume, sums, part, back, forward):  # type: ignore[no-untyped-def]
    for tile in range(len(matrix[0]) - 1):
        voxels = volume[tile * TILE_VOXELS : (tile + 1) * TILE_VOXELS]
        if back:
            _take_back(width, matrix, tile, weight, excess, voxels, part)
        if forward:
            _add_projection(width, matrix, tile, voxels, sums)


@dataclass(frozen=True)
class TiledMatrix:
    """A sparse matrix (ray, voxel) by tiles of voxels that follow each other, and within a tile by rays.

    What a ray has within a tile is a segment, filled up with zeros to an even number of elements. An element takes six bytes. Both
    products of an iteration are made from it, tile by tile, in one pass: first the rays' excess is taken from the voxels of the tile, then
    these are projected. The numbers do not depend on how many slices are reconstructed at once.

    Attributes
    ----------
    tile_start : np.ndarray, (tile + 1,), int64
        First segment of each tile.
    ray : np.ndarray, (segment,), uint32
    start : np.ndarray, (segment + 1,), int64
        First element of each segment.
    place : np.ndarray, (element,), uint16
        Of the voxel within its tile.
    value : np.ndarray, (element,), float32
    rays, voxels : int
        Rows and columns of the matrix.
    """

    tile_start: np.ndarray
    ray: np.ndarray
    start: np.ndarray
    place: np.ndarray
    value: np.ndarray
    rays: int
    voxels: int

    @classmethod
    def from_matrix(cls, matrix: scipy.sparse.csr_matrix) -> "TiledMatrix":
        """Copy a matrix in compressed sparse row format."""
        tiles = -(-matrix.shape[1] // TILE_VOXELS)
        tile = (matrix.indices // TILE_VOXELS).astype(np.min_scalar_type(tiles))
        order = np.argsort(tile, kind="stable")
        tile, ray = tile[order], np.repeat(np.arange(matrix.shape[0], dtype=np.uint32), np.diff(matrix.indptr))[order]
        begins = np.ones(len(ray), bool)
        begins[1:] = (tile[1:] != tile[:-1]) | (ray[1:] != ray[:-1])
        first = np.flatnonzero(begins)
        tile_start, ray = np.searchsorted(tile[first], np.arange(tiles + 1)).astype(np.int64), ray[first]
        counts = np.diff(first, append=matrix.nnz)
        filled = -(-counts // ELEMENTS_TOGETHER) * ELEMENTS_TOGETHER
        start = np.concatenate([[0], np.cumsum(filled)]).astype(np.int64)
        # Of two elements together one at most is filled in.
        present = np.ones(start[-1], bool)
        present[start[1:][filled > counts] - 1] = False
        place, value = np.zeros(start[-1], np.uint16), np.zeros(start[-1], np.float32)
        place[present] = (matrix.indices % TILE_VOXELS).astype(np.uint16)[order]
        value[present] = matrix.data[order]
        return cls(tile_start, ray, start, place, value, *matrix.shape)

    def empty_volume(self, width: int) -> np.ndarray:
        """Zeros for a volume of so many slices, (voxel, slice), with voxels more to make the last tile whole."""
        return np.zeros(((len(self.tile_start) - 1) * TILE_VOXELS, width), np.float32)

    def sweep(self, weight: np.ndarray, excess: np.ndarray, volume: np.ndarray, sums: np.ndarray | None) -> None:
        """Take the weighted back projection of the excess from a volume, keep it from being negative, and add its projection to sums.

        Parameters
        ----------
        weight : np.ndarray, (voxel,), float32
            Of each voxel.
        excess : np.ndarray, (ray, slice), float32
            As many slices as one of `VECTOR_WIDTHS`, contiguous, as all the others.
        volume : np.ndarray, (voxel, slice), float32
            From `empty_volume`; changed.
        sums : np.ndarray, (ray, slice), float32, optional
            Changed; where there is none, the volume is not projected.
        """
        whole = np.zeros(len(volume), np.float32)
        whole[: self.voxels] = weight
        self._run(whole, excess, volume, excess if sums is None else sums, (True, sums is not None))

    def add_projection(self, volume: np.ndarray, sums: np.ndarray) -> None:
        """Add the projection of a volume (voxel, slice) to sums (ray, slice), as `sweep` does."""
        self._run(np.zeros(0, np.float32), sums, volume, sums, (False, True))

    def _run(self, weight: np.ndarray, excess: np.ndarray, volume: np.ndarray, sums: np.ndarray, steps: tuple[bool, bool]) -> None:
        width = sums.shape[1]
        matrix = self.tile_start, self.ray, self.start, self.place, self.value
        _sweep((0,) * width, matrix, weight, excess, volume, sums, np.empty((TILE_VOXELS, width), np.float32), *steps)
