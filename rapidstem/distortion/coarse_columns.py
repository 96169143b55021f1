"""First guess of the distortion: windows of columns found again in the slow image, in an order that cannot run backwards."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.distortion.feature_matching import FEATURE_PX, SEARCHED, features
from rapidstem.distortion.image_warping import centre_offset_px, resample_view
from rapidstem.numerics import parabola_vertex

# Shares of a row, and in widths of the features: windows wide enough for a line or two, narrow enough for one stretch; and their distance.
WINDOW_SHARE, LEAST_WINDOW_WIDTHS = 0.125, 4
STEP_SHARE, LEAST_STEP_WIDTHS = 1 / 32, 1
# Tried stretches of a window and the range of slopes from one to the next: the simulated scan squeezes by a quarter at most, Ihara's
# deforms by -50 to +100 %.
STRETCHES = (0.9, 1.0, 1.12, 1.25, 1.4)
SLOPE_RANGE = (0.6, 2.0)
# In correlations for a slope of 2: decides between chains that look alike, and nothing where features are clear.
SLOPE_PENALTY = 0.3
# Of the field, between the centres of the two images: farther off they are no images of one field.
FARTHEST_SHARE = 0.25
# Of a window with the slow image: with less of it correlations are high by chance.
SMALLEST_OVERLAP = 0.8
# A window counts above this correlation, and above four standard deviations of what independent noise of its size correlates by.
LOWEST_SCORE = 0.2
CHANCE_DEVIATIONS = 4.0


@dataclass(frozen=True)
class ColumnMatches:
    """Where windows of columns of one field lie in its slow image.

    Attributes
    ----------
    rapid_px, slow_px : (n,)
        Centres of the windows in the reference and in the slow image.
    score : (n,)
        Zero-mean normalised cross-correlation; 0 for windows outside the slow image's view.
    reliable : (n,) bool
        True where the correlation is higher than chance would make it.
    row_shift_px
        Row of the slow image that shows the first row of the reference.
    """

    rapid_px: np.ndarray
    slow_px: np.ndarray
    score: np.ndarray
    reliable: np.ndarray
    row_shift_px: float


def match_columns(reference: np.ndarray, slow_image: np.ndarray, feature_px: int = FEATURE_PX) -> ColumnMatches:
    """Find column windows of a rapid reference (NaN where unseen) in its slow image of the same pixel size.

    The row shift is the one on which all windows agree best. The chain of windows with the highest sum of correlations is found by
    dynamic programming (Viterbi), the local stretch being limited. The centres of the two images may be apart by a quarter of the field.

    Parameters
    ----------
    reference : (y, x)
        DCFI reference.
    slow_image : (y, x)
        It may be larger or smaller.
    feature_px
        Full width of the fields' features (`rapidstem.numerics.whole_pixels`).
    """
    seen = np.isfinite(reference)
    rapid = features(np.where(seen, reference, 0), seen, SEARCHED, feature_px)
    slow, origin = _beside_reference(slow_image, reference.shape, feature_px)
    width = max(LEAST_WINDOW_WIDTHS * feature_px, int(WINDOW_SHARE * rapid.shape[1]))
    step = max(LEAST_STEP_WIDTHS * feature_px, int(STEP_SHARE * rapid.shape[1]))
    starts = np.arange(0, rapid.shape[1] - width + 1, step)
    row_shift = _common_row_shift(rapid, slow, starts[:: max(1, len(starts) // 8)], width)
    rapid_rows, slow_rows = _overlapping_rows(rapid, slow, row_shift)
    margin = int(FARTHEST_SHARE * slow.shape[1])
    length = 2 * scipy.fft.next_fast_len((slow.shape[1] + int(max(STRETCHES) * width) + 2) // 2 + 1)
    spectrum = scipy.fft.rfft(slow_rows, length, axis=1)
    scores = np.stack([_window_scores(rapid_rows[:, start : start + width], slow_rows, spectrum, margin) for start in starts])
    path = _best_chain(scores, step)
    score = scores[np.arange(len(starts)), path]
    centres = path - margin + _vertex_offsets(scores, path)
    chance = CHANCE_DEVIATIONS / np.sqrt(rapid_rows.shape[0] * width / (4 * np.pi * (SEARCHED * feature_px) ** 2))
    reliable = score > max(LOWEST_SCORE, chance)
    return ColumnMatches(starts + (width - 1) / 2, centres + origin[1], score, reliable, row_shift + origin[0])


def _beside_reference(slow_image: np.ndarray, shape: tuple[int, ...], feature_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of the slow image on the rows and columns of the reference, and on those beside it, the centres being the same place.

    The second result is the row and the column of the slow image at the first row and column of these features.
    """
    offset = centre_offset_px(slow_image.shape, shape)
    beside = np.clip(np.ceil(offset), 0, np.array(FARTHEST_SHARE * np.array(shape), int)).astype(int)
    origin = offset - beside
    rows, columns = (start + np.arange(side + 2 * more) for start, side, more in zip(origin, shape, beside, strict=True))
    placed = resample_view(slow_image, rows, columns)
    shown = np.isfinite(placed)
    return features(np.where(shown, placed, 0), shown, SEARCHED, feature_px), origin


def _common_row_shift(rapid: np.ndarray, slow: np.ndarray, starts: np.ndarray, width: int) -> int:
    """The row shift with the highest sum, over the windows, of the best correlation along x."""
    sizes = [scipy.fft.next_fast_len(one + other, real=True) for one, other in zip(rapid.shape, slow.shape, strict=True)]
    spectrum = scipy.fft.rfft2(slow, s=sizes)
    best = np.zeros(sizes[0])
    for start in starts:
        window = rapid[:, start : start + width]
        correlation = scipy.fft.irfft2(np.conj(scipy.fft.rfft2(window, s=sizes)) * spectrum, s=sizes)
        best += correlation.max(axis=1) / np.sqrt((window**2).sum() + 1e-12)
    farthest = int(FARTHEST_SHARE * slow.shape[0])
    centred = (slow.shape[0] - rapid.shape[0]) // 2
    shifts = centred + np.arange(-farthest, farthest + 1)
    overlap = 1 - np.abs(shifts - centred) / rapid.shape[0]
    return int(shifts[np.argmax(best[shifts] / np.sqrt(overlap))])


def _overlapping_rows(rapid: np.ndarray, slow: np.ndarray, row_shift: int) -> tuple[np.ndarray, np.ndarray]:
    first = max(0, -row_shift)
    last = min(rapid.shape[0], slow.shape[0] - row_shift)
    return rapid[first:last], slow[first + row_shift : last + row_shift]


def _window_scores(window: np.ndarray, slow: np.ndarray, spectrum: np.ndarray, margin: int) -> np.ndarray:
    """Correlation of one window, best of a few stretches, for centres from -margin to columns + margin."""
    columns = slow.shape[1]
    scores = np.zeros(columns + 2 * margin)
    slow_energy = np.concatenate([[0], np.cumsum((slow**2).sum(axis=0))])
    for stretch in STRETCHES:
        stretched = _stretched(window, stretch)
        size = stretched.shape[1]
        position = np.arange(-size + 1, columns)
        first, last = np.maximum(position, 0), np.minimum(position + size, columns)
        own_energy = np.concatenate([[0], np.cumsum((stretched**2).sum(axis=0))])
        energy = (slow_energy[last] - slow_energy[first]) * (own_energy[last - position] - own_energy[first - position])
        correlation = _correlation_along_x(stretched, spectrum, columns) / np.sqrt(np.maximum(energy, 1e-12))
        normalised = np.where(last - first >= SMALLEST_OVERLAP * size, correlation, 0)
        index = np.round(position + (size - 1) / 2).astype(int) + margin
        inside = (index >= 0) & (index < scores.size)
        np.maximum.at(scores, index[inside], normalised[inside])
    return scores


def _stretched(window: np.ndarray, stretch: float) -> np.ndarray:
    width = window.shape[1]
    count = round((width - 1) * stretch) + 1
    return scipy.interpolate.make_interp_spline(np.arange(width), window, k=1, axis=1)(np.linspace(0, width - 1, count))


def _correlation_along_x(window: np.ndarray, spectrum: np.ndarray, columns: int) -> np.ndarray:
    """Sum over rows of the cross-correlations, for window starts from 1 - size to columns - 1."""
    length = 2 * (spectrum.shape[1] - 1)
    product = (np.conj(scipy.fft.rfft(window, length, axis=1)) * spectrum).sum(axis=0)
    correlation = scipy.fft.irfft(product, length)
    return np.concatenate([correlation[length - window.shape[1] + 1 :], correlation[:columns]])


def _best_chain(scores: np.ndarray, step: int) -> np.ndarray:
    """Index of the position of each window (n,) with the highest total score and limited stretches between neighbours."""
    jumps = np.arange(int(np.floor(SLOPE_RANGE[0] * step)), int(np.ceil(SLOPE_RANGE[1] * step)) + 1)
    costs = SLOPE_PENALTY * (jumps / step - 1) ** 2
    count, positions = scores.shape
    total, arrived = scores[0].copy(), np.zeros((count, positions), dtype=int)
    for window in range(1, count):
        candidates = np.full((jumps.size, positions), -np.inf)
        for row, (jump, cost) in enumerate(zip(jumps, costs, strict=True)):
            candidates[row, jump:] = total[: positions - jump] - cost
        choice = candidates.argmax(axis=0)
        arrived[window] = np.arange(positions) - jumps[choice]
        total = candidates.max(axis=0) + scores[window]
    path = [int(total.argmax())]
    for window in range(count - 1, 0, -1):
        path.append(int(arrived[window, path[-1]]))
    return np.array(path[::-1])


def _vertex_offsets(scores: np.ndarray, path: np.ndarray) -> np.ndarray:
    rows = np.arange(len(path))
    left, centre, right = (scores[rows, np.clip(path + offset, 0, scores.shape[1] - 1)] for offset in (-1, 0, 1))
    return parabola_vertex(left, centre, right)
