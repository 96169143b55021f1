"""The orthonormal transform of a group of similar blocks: cosines within a block, Haar's across the group."""

import numpy as np

from rapidstem.compiled_loops import compiled

# Pixels; the blocks of Dabov et al. 2007 (Table I, normal profile).
SIDE = 8
COEFFICIENTS = SIDE * SIDE


def cosine_transform() -> np.ndarray:
    """Rows of the orthonormal discrete cosine transform of `SIDE` samples, (frequency, sample) float32."""
    frequency, sample = np.arange(SIDE)[:, None], np.arange(SIDE)[None]
    rows = np.cos(np.pi * (sample + 0.5) * frequency / SIDE) * np.sqrt(2 / SIDE)
    rows[0] /= np.sqrt(2)
    return rows.astype(np.float32)


_COSINES = cosine_transform()
_COSINES_ACROSS = np.ascontiguousarray(_COSINES.T)
_HALF_ROOT = np.float32(np.sqrt(0.5))


@compiled(fastmath={"contract"}, error_model="numpy")
def read_group(image: np.ndarray, rows: np.ndarray, columns: np.ndarray, group: np.ndarray, spare: np.ndarray) -> None:
    """Write the transform of the blocks that start at `rows`, `columns` to `group` (block, coefficient).

    Parameters
    ----------
    image : (y, x) float32
    rows, columns : (block or more,) int
        First pixels of the blocks.
    group : (block, coefficient) float32
        Overwritten; the number of blocks is a power of two.
    spare : (block or more, coefficient) float32
        Room to work in, overwritten.
    """
    half = np.empty((SIDE, SIDE), np.float32)
    for block in range(len(group)):
        _multiply(_COSINES, image[rows[block] : rows[block] + SIDE, columns[block] : columns[block] + SIDE], half)
        _multiply(half, _COSINES_ACROSS, group[block].reshape(SIDE, SIDE))
    size = len(group)
    while size > 1:
        middle = size // 2
        for k in range(middle):
            for c in range(COEFFICIENTS):
                spare[k, c] = (group[2 * k, c] + group[2 * k + 1, c]) * _HALF_ROOT
                spare[middle + k, c] = (group[2 * k, c] - group[2 * k + 1, c]) * _HALF_ROOT
        group[:size] = spare[:size]
        size = middle


@compiled(fastmath={"contract"}, error_model="numpy")
def restore_blocks(group: np.ndarray, spare: np.ndarray) -> None:
    """Turn transforms (block, coefficient) back into blocks of pixels, in place."""
    size = 2
    while size <= len(group):
        middle = size // 2
        for k in range(middle):
            for c in range(COEFFICIENTS):
                spare[2 * k, c] = (group[k, c] + group[middle + k, c]) * _HALF_ROOT
                spare[2 * k + 1, c] = (group[k, c] - group[middle + k, c]) * _HALF_ROOT
        group[:size] = spare[:size]
        size *= 2
    half = np.empty((SIDE, SIDE), np.float32)
    for block in range(len(group)):
        pixels = group[block].reshape(SIDE, SIDE)
        _multiply(_COSINES_ACROSS, pixels, half)
        _multiply(half, _COSINES, pixels)


@compiled(fastmath={"contract"}, error_model="numpy")
def _multiply(left: np.ndarray, right: np.ndarray, product: np.ndarray) -> None:
    for i in range(SIDE):
        for j in range(SIDE):
            product[i, j] = left[i, 0] * right[0, j]
        for k in range(1, SIDE):
            for j in range(SIDE):
                product[i, j] += left[i, k] * right[k, j]
