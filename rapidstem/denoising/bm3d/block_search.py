"""Similar blocks in the neighbourhood of a block."""

import numpy as np

from rapidstem.compiled_loops import compiled
from rapidstem.denoising.bm3d.block_transforms import SIDE


@compiled(fastmath={"contract"}, error_model="numpy")
def nearest_blocks(
    image: np.ndarray,
    place: tuple[int, int],
    expected: np.ndarray,
    distances: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
) -> int:
    """Find the blocks that differ least from the block at `place`, itself first, and give their number.

    Parameters
    ----------
    image : (y, x) float32
    place
        First row and column of the block.
    expected : (y offset, x offset) float32, the offset zero in the middle
        What the noise alone contributes to the sum of squared differences, which is taken off; as far as it reaches is searched.
    distances : (most blocks,) float32
        Overwritten with what is left of the sums, nearest first, -inf for the block itself.
    rows, columns : (most blocks,) int
        Overwritten with the first pixels of the blocks.

    Returns
    -------
    int
        Blocks found; what follows them in the arrays means nothing.
    """
    y, x = place
    reach = expected.shape[0] // 2
    first, last = max(0, x - reach), min(image.shape[1] - SIDE, x + reach)
    difference = np.empty(last - first + 1, np.float32)
    found = 0
    for row in range(max(0, y - reach), min(image.shape[0] - SIDE, y + reach) + 1):
        difference[:] = -expected[row - y + reach, first - x + reach : last - x + reach + 1]
        _add_squares(image[y : y + SIDE, x : x + SIDE], image[row : row + SIDE, first:], difference)
        if row == y:
            difference[x - first] = -np.inf
        for k in range(len(difference)):
            if found < len(distances) or difference[k] < distances[found - 1]:
                found = min(found + 1, len(distances))
                _insert(difference[k], row, first + k, found, distances, rows, columns)
    return found


@compiled(fastmath={"contract"}, error_model="numpy")
def _add_squares(block: np.ndarray, strip: np.ndarray, sums: np.ndarray) -> None:
    """Add the squared differences of a block to the blocks of a strip of the same height."""
    for i in range(SIDE):
        for j in range(SIDE):
            value, others = block[i, j], strip[i, j:]
            for k in range(len(sums)):
                sums[k] += (others[k] - value) * (others[k] - value)


@compiled(error_model="numpy")
def _insert(distance: float, row: int, column: int, found: int, distances: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
    """Insert a block where it belongs among the `found` nearest; the farthest of them is dropped."""
    k = found - 1
    while k > 0 and distances[k - 1] > distance:
        distances[k], rows[k], columns[k] = distances[k - 1], rows[k - 1], columns[k - 1]
        k -= 1
    distances[k], rows[k], columns[k] = distance, row, column
