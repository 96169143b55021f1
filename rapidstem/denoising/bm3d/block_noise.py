"""How strong stationary noise is in each coefficient of a group of blocks (Makinen, Azzari and Foi 2020)."""

import numpy as np
import scipy

from rapidstem.compiled_loops import compiled
from rapidstem.denoising.bm3d.block_transforms import COEFFICIENTS, SIDE, cosine_transform

_HALF = np.float32(0.5)


def coefficient_covariance(autocovariance: np.ndarray) -> np.ndarray:
    """Covariance of the noise in one and the same coefficient of two blocks, by their offset.

    With the autocovariance R of the noise and the basis function b of a coefficient it is R * (b correlated with b), at that offset.

    Parameters
    ----------
    autocovariance : (y, x)
        Of the noise, offset zero in the middle; both sizes odd.

    Returns
    -------
    (y - 14, x - 14, coefficient) float32, offset zero in the middle
    """
    own = [np.correlate(row, row, "full") for row in cosine_transform().astype(float)]
    inner = slice(SIDE - 1, 1 - SIDE)
    along_y = [scipy.ndimage.correlate1d(autocovariance, weights, axis=0, mode="constant")[inner] for weights in own]
    both = [scipy.ndimage.correlate1d(rows, weights, axis=1, mode="constant")[:, inner] for rows in along_y for weights in own]
    return np.stack(both, axis=-1).astype(np.float32)


@compiled(fastmath={"contract"}, error_model="numpy")
def group_variance(covariance: np.ndarray, rows: np.ndarray, columns: np.ndarray, variance: np.ndarray, spare: np.ndarray) -> None:
    """Write the variance of the noise in each coefficient of a group to `variance` (block, coefficient).

    It is the diagonal of H C H', with the covariances C of the blocks and Haar's transform H, exact for any offsets of the blocks.

    Parameters
    ----------
    covariance : (y, x, coefficient) float32
        As `coefficient_covariance` gives it; reaches as far as the blocks lie apart.
    rows, columns : (block or more,) int
        First pixels of the blocks.
    variance : (block, coefficient) float32
        Overwritten; the number of blocks is a power of two.
    spare : (block or more, block or more, coefficient) float32
        Room to work in, overwritten.
    """
    size = len(variance)
    y, x = covariance.shape[0] // 2, covariance.shape[1] // 2
    for i in range(size):
        for j in range(i + 1):
            spare[i, j] = covariance[y + rows[i] - rows[j], x + columns[i] - columns[j]]
            spare[j, i] = spare[i, j]
    while size > 1:
        size //= 2
        for i in range(size):
            own, other, shared = spare[2 * i, 2 * i], spare[2 * i + 1, 2 * i + 1], spare[2 * i, 2 * i + 1]
            for c in range(COEFFICIENTS):
                variance[size + i, c] = _HALF * (own[c] + other[c]) - shared[c]
        for i in range(size):
            for j in range(size):
                a, b = spare[2 * i, 2 * j], spare[2 * i, 2 * j + 1]
                d, e = spare[2 * i + 1, 2 * j], spare[2 * i + 1, 2 * j + 1]
                for c in range(COEFFICIENTS):
                    spare[i, j, c] = _HALF * (a[c] + b[c] + d[c] + e[c])
    variance[0] = spare[0, 0]
