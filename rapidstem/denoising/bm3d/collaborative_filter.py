"""Collaborative filtering of similar blocks with noise of a known power spectrum.

After K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, IEEE Trans. Image Process. 16 (2007) 2080, and for correlated noise Y. Makinen,
L. Azzari, A. Foi, IEEE Trans. Image Process. 29 (2020) 8339; written from the papers.
"""

import numpy as np

from rapidstem.compiled_loops import compiled
from rapidstem.denoising.bm3d.block_noise import coefficient_covariance, group_variance
from rapidstem.denoising.bm3d.block_search import nearest_blocks
from rapidstem.denoising.bm3d.block_transforms import COEFFICIENTS, SIDE, read_group, restore_blocks
from rapidstem.errors import InputError

# Blocks every 3 px, a neighbourhood of 39 px, groups of 32 and Kaiser's window of 2.0 are those of Dabov et al. (Table I, normal profile);
# their first stage has groups of 16, which is 0.03 to 0.05 dB worse on training fields of the demo.
_STEP_PX = 3
_REACH_PX = 19
_GROUP = 32
_KAISER_BETA = 2.0
# In standard deviations. Dabov et al. have 2.7 for white noise; with the demo's training fields 3.0 gives 0.05 dB more, 2.4 0.2 dB less.
_THRESHOLD = np.float32(3.0)
# Shares of the expected difference of the noise that are taken off in the search: 0, 1 and 3 give -0.2, 0 and 0 to 0.04 dB there.
_NOISE_SHARE = 3.0
# Of the mean variance, and of anything: keeps weights finite where the spectrum is empty, or the image has no noise.
_LEAST_SHARE, _LEAST_VARIANCE = 1e-6, 1e-20

# Between pixels of two blocks of one group, which both lie within the reach of a third one.
LARGEST_OFFSET_PX = 2 * _REACH_PX + SIDE - 1


def collaborative_filter(image: np.ndarray, autocovariance: np.ndarray) -> np.ndarray:
    """Estimate an image without its noise: hard thresholding of groups of similar blocks, then Wiener filtering with that estimate.

    Parameters
    ----------
    image : (y, x)
        Image with stationary noise.
    autocovariance : (91, 91)
        Of the noise, offset zero in the middle, up to `LARGEST_OFFSET_PX` pixels.

    Returns
    -------
    (y, x) float32

    Raises
    ------
    InputError
        if the image is smaller than a block of 8x8 pixels.
    """
    if min(image.shape) < SIDE:
        raise InputError(f"bm3d: an image of {image.shape[0]}x{image.shape[1]} px is smaller than a block of {SIDE}x{SIDE}")
    noisy = np.ascontiguousarray(image, np.float32)
    covariance = coefficient_covariance(autocovariance)
    least = np.float32(max(_LEAST_SHARE * autocovariance.max(), _LEAST_VARIANCE))
    middle, inner = LARGEST_OFFSET_PX, slice(LARGEST_OFFSET_PX - _REACH_PX, LARGEST_OFFSET_PX + _REACH_PX + 1)
    pair = 2 * SIDE**2 * (autocovariance[middle, middle] - autocovariance[inner, inner])
    thresholded = _filtered(noisy, noisy, (_NOISE_SHARE * pair).astype(np.float32), covariance, least, False)
    return _filtered(noisy, thresholded, np.zeros_like(pair, np.float32), covariance, least, True)


_WINDOW = np.outer(np.kaiser(SIDE, _KAISER_BETA), np.kaiser(SIDE, _KAISER_BETA)).astype(np.float32)


@compiled(fastmath={"contract"}, error_model="numpy")
def _filtered(
    noisy: np.ndarray, guide: np.ndarray, expected: np.ndarray, covariance: np.ndarray, least: np.float32, wiener: bool
) -> np.ndarray:
    """One stage: blocks are searched for in `guide`, which is the earlier estimate where `wiener` is true."""
    total, weights = np.zeros(noisy.shape, np.float32), np.zeros(noisy.shape, np.float32)
    distances, rows, columns = np.empty(_GROUP, np.float32), np.empty(_GROUP, np.int64), np.empty(_GROUP, np.int64)
    group, pilot, variance, spare = _empty_group(), _empty_group(), _empty_group(), _empty_group()
    pairs = np.empty((_GROUP, _GROUP, COEFFICIENTS), np.float32)
    for y in _starts(noisy.shape[0]):
        for x in _starts(noisy.shape[1]):
            found = nearest_blocks(guide, (y, x), expected, distances, rows, columns)
            size = 1
            while 2 * size <= found:
                size *= 2
            read_group(noisy, rows, columns, group[:size], spare)
            group_variance(covariance, rows, columns, variance[:size], pairs)
            np.maximum(variance, least, variance)
            if wiener:
                read_group(guide, rows, columns, pilot[:size], spare)
                left = _shrink(group[:size], pilot, variance)
            else:
                left = _cut(group[:size], variance)
            restore_blocks(group[:size], spare)
            _add_blocks(group[:size], rows, columns, 1 / left, total, weights)
    return total / weights


@compiled(error_model="numpy")
def _empty_group() -> np.ndarray:
    return np.empty((_GROUP, COEFFICIENTS), np.float32)


@compiled(error_model="numpy")
def _starts(length: int) -> np.ndarray:
    """First pixels of the blocks along an axis; the last block ends with the image."""
    last = length - SIDE
    return np.append(np.arange(0, last, _STEP_PX), last)


@compiled(fastmath={"contract"}, error_model="numpy")
def _cut(group: np.ndarray, variance: np.ndarray) -> np.float32:
    """Set the coefficients that noise explains to zero, and give the variance of the noise that is left."""
    left = np.float32(0)
    for k in range(group.shape[0]):
        for c in range(group.shape[1]):
            if group[k, c] * group[k, c] < _THRESHOLD * _THRESHOLD * variance[k, c]:
                group[k, c] = 0
            else:
                left += variance[k, c]
    return max(left, variance[0, 0])


@compiled(fastmath={"contract", "reassoc"}, error_model="numpy")
def _shrink(group: np.ndarray, pilot: np.ndarray, variance: np.ndarray) -> np.float32:
    """Wiener's filter with the power of `pilot`; gives the variance of the noise that is left."""
    left = np.float32(0)
    for k in range(group.shape[0]):
        for c in range(group.shape[1]):
            power = pilot[k, c] * pilot[k, c]
            share = power / (power + variance[k, c])
            group[k, c] *= share
            left += share * share * variance[k, c]
    return left if left > 0 else variance[0, 0]


@compiled(fastmath={"contract"}, error_model="numpy")
def _add_blocks(
    group: np.ndarray, rows: np.ndarray, columns: np.ndarray, weight: np.float32, total: np.ndarray, weights: np.ndarray
) -> None:
    for k in range(group.shape[0]):
        block = group[k].reshape(SIDE, SIDE)
        for i in range(SIDE):
            sums, counts = total[rows[k] + i, columns[k] :], weights[rows[k] + i, columns[k] :]
            for j in range(SIDE):
                sums[j] += weight * _WINDOW[i, j] * block[i, j]
                counts[j] += weight * _WINDOW[i, j]
