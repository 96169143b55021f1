"""First shifts of a tilt series, from the cross-correlation of neighbouring frames."""

from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np
import scipy

from rapidstem.numerics import gaussian_mean, parabola_vertex
from rapidstem.thread_maps import mapped_by_threads
from rapidstem.tomography.alignment.bundle_adjustment import LINE_PX

# Of the coefficient near by: a stage seldom jumps, and the highest of many far peaks is high by chance; by judgement on the simulated jumps
# of tests/unit/test_tomography_scenes.py.
BETTER_FAR_AWAY = 1.4
# Where lines run parallel, the coefficient hardly falls along them (the aperture problem), and steps drawn by chance add up over the
# series: what the largest displacement costs, in units of the coefficient. Points move across the axis with the tilt, along it only
# with the stage. By judgement on thin foils with two to five lines; across lines the peak is ten times as sharp.
_COST_ACROSS_ALONG = (0.1, 1.0)
_NO_COST = (0.0, 0.0)
# Below a tenth of the windows' power, or of an image's own, in common the coefficient is chance.
_LEAST_COMMON_POWER = 0.1
# Of the frame, between neighbours.
_LARGEST_SHIFT_SHARE = 1 / 8
# Between neighbours in tilt; only near 90 degrees, where no foil is seen through, the cosines differ by more.
_LARGEST_STRETCH = 2.0
# Images in order of their tilts, from both ends of which the next one comes: each is asked for by two or three others.
_KEPT_IMAGES = 4
# Of images whose windows are kept: a series and its projections.
_KEPT_SHAPES = 4


def coarse_shifts(lines: np.ndarray, angle_rad: np.ndarray, line_px: int = LINE_PX, threads: int = 1) -> np.ndarray:
    """Shift of every frame, accumulated from the frame nearest zero tilt outwards, whatever the order of the frames.

    Each frame is stretched along y by the ratio of the cosines, at most twofold, to the two frames nearest in tilt that have their shift
    already, and follows the one that it correlates better with: a frame that shows nothing of the specimen does not break the chain. Where
    the correlation with both is weak nearby and clearly better within half a field, the stage has jumped.

    Parameters
    ----------
    lines : np.ndarray, (frame, y, x)
        Line images (such as the soft binarisation).
    angle_rad : np.ndarray, (frame,)
        Reported tilt.
    line_px : int
        Full width of the lines at half depth; frames of finer pixels are binned until it is three.
    threads : int
        Frames that are compared with their neighbours at once.

    Returns
    -------
    np.ndarray, (frame, 2)
        (dy, dx) against the frame nearest zero tilt.
    """
    factor = max(1, line_px // LINE_PX)
    small = binned_frames(lines, factor)
    largest = _LARGEST_SHIFT_SHARE * min(lines.shape[1:]) / factor
    prepared = lru_cache(_KEPT_IMAGES)(lambda frame: _Prepared(small[frame]))

    def followed(frame: int, placed: list[int]) -> tuple[int, float, np.ndarray]:
        ratios = np.minimum(np.cos(angle_rad[placed]) / np.cos(angle_rad[frame]), _LARGEST_STRETCH)
        pairs = [(prepared(each), _Prepared(_stretch_rows(small[frame], ratio))) for each, ratio in zip(placed, ratios, strict=True)]
        chosen, step = _best_step(pairs, largest)
        return placed[chosen], ratios[chosen], step

    order = list(_placed_before(angle_rad))
    shift = np.zeros((len(lines), 2))
    for (frame, _), (neighbour, ratio, step) in zip(order, mapped_by_threads(lambda one: followed(*one), threads, order), strict=True):
        shift[frame] = (shift[neighbour, 0] + step[0]) / ratio, shift[neighbour, 1] + step[1]
    return factor * shift


def binned_frames(frames: np.ndarray, factor: int) -> np.ndarray:
    """Means of squares of so many pixels a side; frames of other sizes are continued at their edges.

    Parameters
    ----------
    frames : np.ndarray, (frame, y, x)
    factor : int

    Returns
    -------
    np.ndarray, (frame, ceil(y / factor), ceil(x / factor))
    """
    _, rows, columns = frames.shape
    whole = np.pad(frames, ((0, 0), (0, -rows % factor), (0, -columns % factor)), mode="edge") if factor > 1 else frames
    return whole.reshape(len(frames), whole.shape[1] // factor, factor, whole.shape[2] // factor, factor).mean(axis=(2, 4))


def _best_step(pairs: list[tuple["_Prepared", "_Prepared"]], largest_px: float) -> tuple[int, np.ndarray]:
    """Which pair agrees best after a small step, and the step; a large one where that is clearly better than all small ones.

    Large steps leave a small common part, where coefficients are large by chance: they are compared by what `far_peak` gives by size.
    """
    near = [_near_peak(*pair, largest_px, _COST_ACROSS_ALONG) for pair in pairs]
    chosen = int(np.argmax([agreement for _, agreement in near]))
    needed = BETTER_FAR_AWAY * near[chosen][1]
    if needed < 1:
        far = [_far_peak(*pair, by_size=True) for pair in pairs]
        best = int(np.argmax([agreement for _, agreement in far]))
        if far[best][1] > needed:
            return best, far[best][0]
    return chosen, near[chosen][0]


def _placed_before(angle_rad: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Every frame from zero tilt outwards, but the first, and the two nearest in tilt that come before it."""
    outwards = np.argsort(np.abs(angle_rad), kind="stable")
    for number, frame in enumerate(outwards[1:], start=1):
        placed = outwards[:number]
        yield int(frame), placed[np.argsort(np.abs(angle_rad[placed] - angle_rad[frame]), kind="stable")[:2]].tolist()


def _stretch_rows(image: np.ndarray, ratio: float) -> np.ndarray:
    centre = (image.shape[0] - 1) / 2
    return scipy.ndimage.affine_transform(image, np.array([1 / ratio, 1.0]), offset=(centre - centre / ratio, 0.0), order=1, mode="nearest")


def correlation_peak(reference: np.ndarray, image: np.ndarray, largest_px: float) -> tuple[np.ndarray, float]:
    """Displacement (dy, dx) of a line image against another, at most `largest_px`, and the correlation coefficient there.

    Images without any structure are not displaced and have the coefficient 0.

    Parameters
    ----------
    reference, image : np.ndarray, (y, x)
        Images of lines, of one shape.
    largest_px : float
        Farthest displacement along y and along x.

    Returns
    -------
    displacement_px : np.ndarray, (2,)
        (dy, dx).
    coefficient : float
        Of correlation.
    """
    return _near_peak(_Prepared(reference), _Prepared(image), largest_px, _NO_COST)


def far_peak(reference: np.ndarray, image: np.ndarray, by_size: bool = False) -> tuple[np.ndarray, float]:
    """The same for displacements of up to half the image, by the coefficient in the part that both images show.

    A stage that was moved back to its place, or has slipped, leaves only a part of the field in view, and the windows of the two images
    fade there: the correlation is divided by what each image has of its own power in the common part, where that, and the windows', is a
    tenth or more.

    Parameters
    ----------
    reference, image : np.ndarray, (y, x)
        Images of lines, of one shape.
    by_size : bool
        Whether displacements are compared by the coefficient times the root of the common part's share: by chance coefficients are the
        larger the smaller that part is, as one over the root of its size.

    Returns
    -------
    displacement_px : np.ndarray, (2,)
        (dy, dx).
    coefficient : float
        Of correlation, in the common part, or that times the root of its share; at most 1.

    References
    ----------
    D. Padfield, IEEE Trans. Image Process. 21 (2012) 2706, for windows in place of masks.
    """
    return _far_peak(_Prepared(reference), _Prepared(image), by_size)


class _Prepared:
    """An image without wide structure, in its window, and its spectra."""

    def __init__(self, image: np.ndarray) -> None:
        self.window, self.padded, self.window_spectrum, self.common = _window(image.shape)
        self._flat = _flat(image)
        self.norm = float(np.linalg.norm(self._flat * self.window))
        self.spectrum = scipy.fft.rfft2(self._flat * self.window, self.padded)

    @cached_property
    def power_spectrum(self) -> np.ndarray:
        """Of the squares, in the same window."""
        return scipy.fft.rfft2(self._flat**2 * self.window, self.padded)


@lru_cache(_KEPT_SHAPES)
def _window(shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...], np.ndarray, np.ndarray]:
    """Window of images (y, x) of a shape, the shape that they are padded to, the window's spectrum, and what two windows have in common."""
    padded = tuple(scipy.fft.next_fast_len(2 * n) for n in shape)
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in shape))
    spectrum = scipy.fft.rfft2(window, padded)
    return window, padded, spectrum, _products(spectrum, spectrum, padded)


def _near_peak(reference: _Prepared, image: _Prepared, largest_px: float, costs: tuple[float, float]) -> tuple[np.ndarray, float]:
    """Of correlation coefficients; `costs` is how much better one has to be at the farthest displacement, along y and x, than at none."""
    correlation = _products(reference.spectrum, image.spectrum, image.padded) / (reference.norm * image.norm or 1.0)
    return _highest(correlation, (int(largest_px), int(largest_px)), costs)


def _far_peak(reference: _Prepared, image: _Prepared, by_size: bool) -> tuple[np.ndarray, float]:
    """Of the coefficients in the part that both show, or of these times the root of that part's share."""
    window, padded = reference.window_spectrum, image.padded
    powers = [_products(reference.power_spectrum, window, padded), _products(window, image.power_spectrum, padded)]
    enough = np.min([part / (part[0, 0] or 1.0) for part in (reference.common, *powers)], axis=0) > _LEAST_COMMON_POWER
    correlation = _products(reference.spectrum, image.spectrum, padded)
    shared = np.where(enough, correlation / np.sqrt(np.where(enough, powers[0] * powers[1], 1.0)), 0)
    if by_size:
        shared *= np.sqrt(np.clip(reference.common / reference.common[0, 0], 0, 1))
    rows, columns = reference.window.shape
    return _highest(shared, (rows // 2, columns // 2), _NO_COST)


def _products(reference: np.ndarray, image: np.ndarray, padded: tuple[int, ...]) -> np.ndarray:
    """Sums of the products of two images at all displacements, wrapped around, from their spectra."""
    return scipy.fft.irfft2(np.conj(reference) * image, padded)


def _highest(correlation: np.ndarray, reach: tuple[int, int], costs: tuple[float, float]) -> tuple[np.ndarray, float]:
    """Displacement of the highest point within reach of zero, less what its distance costs, and the highest coefficient within reach."""
    near = np.roll(correlation, reach, axis=(0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
    across, along = (cost * np.linspace(-1, 1, size) ** 2 for cost, size in zip(costs, near.shape, strict=True))
    preferred = near - across[:, None] - along
    peak = np.unravel_index(np.argmax(preferred), near.shape)
    if near[peak] <= 0:
        return np.zeros(2), 0.0
    return np.array([_parabola_top(preferred, peak, axis) for axis in (0, 1)]) - reach, float(near.max())


def _flat(image: np.ndarray) -> np.ndarray:
    """Band-pass: without the structure that is wider than the lines' distances."""
    smooth = scipy.ndimage.gaussian_filter(image, 1.0)
    return smooth - gaussian_mean(smooth, 12.0)


def _parabola_top(values: np.ndarray, peak: tuple, axis: int) -> float:
    index = peak[axis]
    if index in (0, values.shape[axis] - 1):
        return float(index)
    near = values[index - 1 : index + 2, peak[1]] if axis == 0 else values[peak[0], index - 1 : index + 2]
    return index + float(parabola_vertex(*near))
