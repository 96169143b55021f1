"""Simultaneous iterative reconstruction (SIRT) of many slices at once."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from rapidstem.tomography.reconstruction.sparse_products import SparseRows


@dataclass(frozen=True)
class SirtOperator:
    """The projector of one yz slice and its normalised transpose.

    Attributes
    ----------
    forward : SparseRows, (ray, voxel)
        A.
    backward : SparseRows, (voxel, ray)
        -C A^T R, with the inverse sums of the rows R and of the columns C of A.
    """

    forward: SparseRows
    backward: SparseRows

    @classmethod
    def from_matrix(cls, matrix: sparse.csr_matrix) -> "SirtOperator":
        """Normalise A^T by the sums of rows and columns; empty rows and columns stay empty.

        Parameters
        ----------
        matrix : sparse matrix, (ray, voxel)
            As `system_matrix` gives it.
        """
        return cls(SparseRows.from_matrix(matrix), SparseRows.from_matrix(-normalised_transpose(matrix)))


def normalised_transpose(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """C A^T R, (voxel, ray), float32."""
    inverse_row = inverse_sums(matrix, axis=1)
    scaled = sparse.csr_matrix((matrix.data * np.repeat(inverse_row, np.diff(matrix.indptr)), matrix.indices, matrix.indptr), matrix.shape)
    transposed = scaled.T.tocsr()
    transposed.data *= np.repeat(inverse_sums(matrix, axis=0), np.diff(transposed.indptr))
    return transposed


def inverse_sums(matrix: sparse.csr_matrix, axis: int) -> np.ndarray:
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
    projections = np.ascontiguousarray(projections, np.float32)
    volume = np.zeros((operator.backward.rows, projections.shape[1]), np.float32)
    excess = np.empty_like(projections)
    for _ in range(iterations):
        np.negative(projections, out=excess)
        operator.forward.add_product(volume, excess)
        if seen is not None:
            excess *= seen
        operator.backward.add_product(excess, volume)
        np.maximum(volume, 0, out=volume)
    return volume
