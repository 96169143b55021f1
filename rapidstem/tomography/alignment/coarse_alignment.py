"""First shifts of a tilt series, from the cross-correlation of neighbouring frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft, ndimage

from rapidstem.numerics import parabola_vertex
from rapidstem.thread_maps import mapped_by_threads

# Of the coefficient near by: a stage seldom jumps, and the highest of many far peaks is high by chance; by judgement on the simulated jumps
# of tests/unit/test_tomography_scenes.py.
BETTER_FAR_AWAY = 1.4
# Below a tenth of the windows' power in common the coefficient is chance.
_LEAST_COMMON_POWER = 0.1
# Images in order of their tilts, from both ends of which the next one comes: each is asked for by two or three others.
_KEPT_IMAGES = 4
# Of images whose windows are kept: a series and its projections.
_KEPT_SHAPES = 4


def coarse_shifts(lines: np.ndarray, angle_rad: np.ndarray, largest_shift_px: float | None = None, threads: int = 1) -> np.ndarray:
    """Shift of every frame, accumulated from the frame nearest zero tilt outwards, whatever the order of the frames.

    Each frame is stretched along y by the ratio of the cosines to the two frames nearest in tilt that have their shift already, and
    follows the one that it correlates better with: a frame that shows nothing of the specimen does not break the chain. Where the
    correlation is weak nearby and clearly better within half a field, the stage has jumped.

    Parameters
    ----------
    lines : np.ndarray, (frame, y, x)
        Line images (such as the soft binarisation).
    angle_rad : np.ndarray, (frame,)
        Reported tilt.
    largest_shift_px : float, optional
        Largest shift between neighbours; the default is an eighth of the frame.
    threads : int
        Pairs of frames that are compared at once.

    Returns
    -------
    np.ndarray, (frame, 2)
        (dy, dx) against the frame nearest zero tilt.
    """
    shift = np.zeros((len(lines), 2))
    largest = largest_shift_px or min(lines.shape[1:]) / 8
    placed_images = lru_cache(_KEPT_IMAGES)(lambda frame: _prepared(lines[frame]))

    def compared(frame: int, neighbour: int, ratio: float) -> tuple[np.ndarray, float]:
        return _step(placed_images(neighbour), _prepared(_stretch_rows(lines[frame], ratio)), lines.shape[1:], largest)

    pairs = [
        (frame, each, np.cos(angle_rad[each]) / np.cos(angle_rad[frame])) for frame, placed in _placed_before(angle_rad) for each in placed
    ]
    steps = mapped_by_threads(compared, threads, *zip(*pairs, strict=True)) if pairs else []
    best: dict[int, float] = {}
    for (frame, neighbour, ratio), (step, agreement) in zip(pairs, steps, strict=True):
        if frame not in best or agreement > best[frame]:
            best[frame] = agreement
            shift[frame] = (shift[neighbour, 0] + step[0]) / ratio, shift[neighbour, 1] + step[1]
    return shift


def _placed_before(angle_rad: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Every frame from zero tilt outwards, but the first, and the two nearest in tilt that come before it."""
    outwards = np.argsort(np.abs(angle_rad), kind="stable")
    for number, frame in enumerate(outwards[1:], start=1):
        placed = outwards[:number]
        yield int(frame), placed[np.argsort(np.abs(angle_rad[placed] - angle_rad[frame]), kind="stable")[:2]].tolist()


def _stretch_rows(image: np.ndarray, ratio: float) -> np.ndarray:
    centre = (image.shape[0] - 1) / 2
    return ndimage.affine_transform(image, np.array([1 / ratio, 1.0]), offset=(centre - centre / ratio, 0.0), order=1, mode="nearest")


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
    return _near_peak(_correlation(_prepared(reference), _prepared(image)), largest_px)


def far_peak(reference: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, float]:
    """The same for displacements of up to half the image, by the coefficient in the part that both images show.

    A stage that was moved back to its place, or has slipped, leaves only a part of the field in view, and the windows of the two images
    fade there: the correlation is divided by what the windows have in common, where that is a tenth of their power or more.

    Parameters
    ----------
    reference, image : np.ndarray, (y, x)
        Images of lines, of one shape.

    Returns
    -------
    displacement_px : np.ndarray, (2,)
        (dy, dx).
    coefficient : float
        Of correlation, in the common part.
    """
    return _far_peak(_correlation(_prepared(reference), _prepared(image)), reference.shape)


@dataclass(frozen=True)
class _Prepared:
    """An image without wide structure, in its window: spectrum, norm, and the shape (y, x) of what it is padded to."""

    spectrum: np.ndarray
    norm: float
    padded: tuple[int, ...]


def _prepared(image: np.ndarray) -> _Prepared:
    window, padded, _ = _window(image.shape)
    flat = _flat(image) * window
    return _Prepared(fft.rfft2(flat, padded), float(np.linalg.norm(flat)), padded)


@lru_cache(_KEPT_SHAPES)
def _window(shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...], np.ndarray]:
    """Window of images (y, x) of a shape, the shape that they are padded to, and how much two windows have in common when displaced."""
    padded = tuple(fft.next_fast_len(2 * n) for n in shape)
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in shape))
    common = fft.irfft2(np.abs(fft.rfft2(window, padded)) ** 2, padded)
    return window, padded, common / common[0, 0]


def _correlation(reference: _Prepared, image: _Prepared) -> np.ndarray:
    """Correlation coefficients of two images at all displacements, wrapped around."""
    norm = reference.norm * image.norm
    return fft.irfft2(np.conj(reference.spectrum) * image.spectrum, image.padded) / (norm or 1.0)


def _step(reference: _Prepared, image: _Prepared, shape: tuple[int, ...], largest_px: float) -> tuple[np.ndarray, float]:
    """Displacement of an image and its coefficient: near by, or far away where that is clearly better."""
    correlation = _correlation(reference, image)
    near, far = _near_peak(correlation, largest_px), _far_peak(correlation, shape)
    return far if far[1] > BETTER_FAR_AWAY * near[1] else near


def _near_peak(correlation: np.ndarray, largest_px: float) -> tuple[np.ndarray, float]:
    return _highest(correlation, (int(largest_px), int(largest_px)))


def _far_peak(correlation: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """In half of images of a shape, by the coefficient in the part that both show."""
    common = _window(shape)[2]
    shared = np.where(common > _LEAST_COMMON_POWER, correlation / np.maximum(common, _LEAST_COMMON_POWER), 0)
    return _highest(shared, (shape[0] // 2, shape[1] // 2))


def _highest(correlation: np.ndarray, reach: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Displacement and coefficient of the highest point within reach of zero; none where there is no correlation at all."""
    near = np.roll(correlation, reach, axis=(0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
    peak = np.unravel_index(np.argmax(near), near.shape)
    if near[peak] <= 0:
        return np.zeros(2), 0.0
    return np.array([_parabola_top(near, peak, axis) for axis in (0, 1)]) - reach, float(near[peak])


def _flat(image: np.ndarray) -> np.ndarray:
    """Band-pass: without the structure that is wider than the lines' distances."""
    smooth = ndimage.gaussian_filter(image, 1.0)
    return smooth - ndimage.gaussian_filter(smooth, 12.0)


def _parabola_top(values: np.ndarray, peak: tuple, axis: int) -> float:
    index = peak[axis]
    if index in (0, values.shape[axis] - 1):
        return float(index)
    near = values[index - 1 : index + 2, peak[1]] if axis == 0 else values[peak[0], index - 1 : index + 2]
    return index + float(parabola_vertex(*near))
