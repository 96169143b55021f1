"""Simultaneous iterative reconstruction (SIRT) of many slices at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.tomography.reconstruction.tiled_matrix import VECTOR_WIDTHS, TiledMatrix


@dataclass(frozen=True)
class SirtOperator:
    """The projector of one yz slice with the weights of rays and voxels.

    Attributes
    ----------
    matrix : TiledMatrix, (ray, voxel)
        A.
    ray_weight : np.ndarray, (ray,), float32
        R, the inverse sums of the rows of A; zero for an empty row.
    voxel_weight : np.ndarray, (voxel,), float32
        C, the inverse sums of its columns.
    """

    matrix: TiledMatrix
    ray_weight: np.ndarray
    voxel_weight: np.ndarray

    @classmethod
    def from_matrix(cls, matrix: scipy.sparse.csr_matrix) -> "SirtOperator":
        """Weigh rays and voxels by the sums of rows and columns; empty rows and columns stay empty.

        Parameters
        ----------
        matrix : sparse matrix, (ray, voxel)
            As `system_matrix` gives it; in the order of `slice_projector.tile_order` it is fastest.
        """
        return cls(TiledMatrix.from_matrix(matrix), inverse_sums(matrix, axis=1), inverse_sums(matrix, axis=0))


def normalised_transpose(matrix: scipy.sparse.csr_matrix) -> scipy.sparse.csr_matrix:
    """C A^T R, (voxel, ray), float32."""
    inverse_row = inverse_sums(matrix, axis=1)
    scaled = scipy.sparse.csr_matrix(
        (matrix.data * np.repeat(inverse_row, np.diff(matrix.indptr)), matrix.indices, matrix.indptr), matrix.shape
    )
    transposed = scaled.T.tocsr()
    transposed.data *= np.repeat(inverse_sums(matrix, axis=0), np.diff(transposed.indptr))
    return transposed


def inverse_sums(matrix: scipy.sparse.csr_matrix, axis: int) -> np.ndarray:
    """Inverse sums of the columns (axis 0) or the rows (axis 1), float32; zero where there is nothing to sum."""
    sums = np.asarray(matrix.sum(axis=axis)).ravel()
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

    def solved(wide: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        return _iterated(operator, wide, iterations, mask)

    return by_vectors(solved, operator.matrix.voxels, projections, seen)


def by_vectors(
    solved: Callable[[np.ndarray, np.ndarray | None], np.ndarray], voxels: int, projections: np.ndarray, seen: np.ndarray | None
) -> np.ndarray:
    """Solve a block of slices, as many at a time as a vector holds; the last ones stand beside zeros.

    Parameters
    ----------
    solved : callable
        Of projections (ray, slice) that are as wide as a vector, and where they were seen; gives (voxel, slice).
    voxels : int
    projections, seen : np.ndarray, (ray, slice)
        As of `sirt_slices`.

    Returns
    -------
    np.ndarray, (voxel, slice), float32
    """
    volume = np.empty((voxels, projections.shape[1]), np.float32)
    start = 0
    while start < projections.shape[1]:
        left = projections.shape[1] - start
        width = next((width for width in VECTOR_WIDTHS if width <= left), VECTOR_WIDTHS[-1])
        wide = np.zeros((len(projections), width), np.float32)
        part = slice(start, start + min(width, left))
        wide[:, : part.stop - start] = projections[:, part]
        volume[:, part] = solved(wide, None if seen is None else seen[:, part])[:voxels, : part.stop - start]
        start += width
    return volume


def _iterated(operator: SirtOperator, projections: np.ndarray, iterations: int, seen: np.ndarray | None) -> np.ndarray:
    volume = operator.matrix.empty_volume(projections.shape[1])
    sums, excess = np.negative(projections), np.empty_like(projections)
    for left in range(iterations - 1, -1, -1):
        weigh_excess(operator, sums, seen, excess)
        np.negative(projections, out=sums)
        operator.matrix.sweep(operator.voxel_weight, excess, volume, sums if left else None)
    return volume


def weigh_excess(operator: SirtOperator, sums: np.ndarray, seen: np.ndarray | None, excess: np.ndarray) -> None:
    """Weigh what the projections of a volume have too much, R (A x - b), zero where nothing was measured.

    Parameters
    ----------
    operator : SirtOperator
        With R.
    sums : np.ndarray, (ray, slice), float32
        A x - b.
    seen : np.ndarray, (ray, slice), bool, optional
        Where b was measured.
    excess : np.ndarray, (ray, slice), float32
        Overwritten by the result.
    """
    np.multiply(sums, operator.ray_weight[:, None], out=excess)
    if seen is not None:
        excess[:, : seen.shape[1]] *= seen
