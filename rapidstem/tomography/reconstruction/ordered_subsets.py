"""SIRT in ordered subsets of the frames: a step for each of them, so that a pass over all rays comes ten times as far."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.tomography.reconstruction.sirt import SirtOperator, by_vectors, weigh_excess

# With ten, five passes are as near to the truth as 50 iterations of SIRT (`benchmarks/solver_convergence.py`); in each at least two frames.
SUBSETS = 10
_FEWEST_FRAMES = 2
# Each subset comes after one whose frames are far from its own: a number that has no factor in common with ten.
_STRIDE = 3


@dataclass(frozen=True)
class SubsetOperators:
    """The projector of one yz slice by subsets of the frames, in the order in which they are taken.

    Attributes
    ----------
    rays : tuple of np.ndarray
        Rays of each subset.
    operators : tuple of SirtOperator
    """

    rays: tuple[np.ndarray, ...]
    operators: tuple[SirtOperator, ...]

    @classmethod
    def from_matrix(cls, matrix: scipy.sparse.csr_matrix, frame: np.ndarray) -> "SubsetOperators":
        """Share out the rays: every tenth frame is one subset's.

        Parameters
        ----------
        matrix : sparse matrix, (ray, voxel)
            As of `SirtOperator.from_matrix`.
        frame : np.ndarray, (ray,)
            Number of the frame that each ray is of.
        """
        frames, rank = np.unique(frame, return_inverse=True)
        count = max(min(SUBSETS, len(frames) // _FEWEST_FRAMES), 1)
        order = sorted(range(count), key=lambda subset: subset * _STRIDE % count)
        rays = tuple(np.flatnonzero(rank % count == subset) for subset in order)
        return cls(rays, tuple(SirtOperator.from_matrix(matrix[part]) for part in rays))


def ordered_subset_slices(subsets: SubsetOperators, projections: np.ndarray, iterations: int, seen: np.ndarray | None = None) -> np.ndarray:
    """Reconstruct a block of slices with as many steps as SIRT has iterations, each with the rays of one subset.

    The volume does not settle where SIRT's does, but goes round near it; with noise, both are stopped long before.

    Parameters
    ----------
    subsets : SubsetOperators
    projections : np.ndarray, (ray, slice), float32
        b.
    iterations : int
        Steps; what remains of the last pass is done as well.
    seen : np.ndarray, (ray, slice), bool, optional
        Where b was measured.

    Returns
    -------
    np.ndarray, (voxel, slice), float32

    References
    ----------
    Y. Censor and T. Elfving, SIAM J. Matrix Anal. Appl. 24 (2002) 40; H. Hudson and R. Larkin, IEEE Trans. Med. Imaging 13 (1994) 601.
    """
    passes = -(-iterations // len(subsets.rays))

    def solved(wide: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        volume = subsets.operators[0].matrix.empty_volume(wide.shape[1])
        for _ in range(passes):
            for rays, operator in zip(subsets.rays, subsets.operators, strict=True):
                _step(operator, wide[rays], None if mask is None else mask[rays], volume)
        return volume

    return by_vectors(solved, subsets.operators[0].matrix.voxels, projections, seen)


def _step(operator: SirtOperator, projections: np.ndarray, seen: np.ndarray | None, volume: np.ndarray) -> None:
    sums = np.negative(projections)
    operator.matrix.add_projection(volume, sums)
    excess = np.empty_like(sums)
    weigh_excess(operator, sums, seen, excess)
    operator.matrix.sweep(operator.voxel_weight, excess, volume, None)
