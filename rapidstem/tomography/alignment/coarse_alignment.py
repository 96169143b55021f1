"""First shifts of a tilt series, from the cross-correlation of neighbouring frames."""

import numpy as np
from scipy import fft, ndimage

from rapidstem.numerics import parabola_vertex

# Of the coefficient near by: a stage seldom jumps, and the highest of many far peaks is high by chance; by judgement on the simulated jumps
# of tests/unit/test_tomography_scenes.py.
BETTER_FAR_AWAY = 1.4
# Below a tenth of the windows' power in common the coefficient is chance.
_LEAST_COMMON_POWER = 0.1


def coarse_shifts(lines: np.ndarray, angle_rad: np.ndarray, largest_shift_px: float | None = None) -> np.ndarray:
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

    Returns
    -------
    np.ndarray, (frame, 2)
        (dy, dx) against the frame nearest zero tilt.
    """
    shift = np.zeros((len(lines), 2))
    largest = largest_shift_px or min(lines.shape[1:]) / 8
    outwards = np.argsort(np.abs(angle_rad), kind="stable")
    for number, frame in enumerate(outwards[1:], start=1):
        placed = outwards[:number]
        nearest = placed[np.argsort(np.abs(angle_rad[placed] - angle_rad[frame]), kind="stable")[:2]]
        shift[frame] = max((_chained(lines, angle_rad, shift, frame, each, largest) for each in nearest), key=lambda found: found[0])[1]
    return shift


def _chained(
    lines: np.ndarray, angle_rad: np.ndarray, shift: np.ndarray, frame: int, neighbour: int, largest_px: float
) -> tuple[float, np.ndarray]:
    """Correlation of a frame with its neighbour, and the shift that follows from the neighbour's."""
    ratio = np.cos(angle_rad[neighbour]) / np.cos(angle_rad[frame])
    stretched = _stretch_rows(lines[frame], ratio)
    near, far = correlation_peak(lines[neighbour], stretched, largest_px), far_peak(lines[neighbour], stretched)
    step, agreement = far if far[1] > BETTER_FAR_AWAY * near[1] else near
    return agreement, np.array([(shift[neighbour, 0] + step[0]) / ratio, shift[neighbour, 1] + step[1]])


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
    correlation, _ = _correlation(reference, image)
    return _highest(correlation, (int(largest_px), int(largest_px)))


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
    correlation, common = _correlation(reference, image)
    rows, columns = reference.shape
    shared = np.where(common > _LEAST_COMMON_POWER, correlation / np.maximum(common, _LEAST_COMMON_POWER), 0)
    return _highest(shared, (rows // 2, columns // 2))


def _correlation(reference: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation coefficients of two windowed images at all displacements, and those of their windows; wrapped around."""
    shape = [fft.next_fast_len(2 * n) for n in reference.shape]
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in reference.shape))
    flat = [_flat(picture) * window for picture in (reference, image)]
    norm = float(np.linalg.norm(flat[0]) * np.linalg.norm(flat[1]))
    spectra = [fft.rfft2(picture, shape) for picture in flat]
    correlation = fft.irfft2(np.conj(spectra[0]) * spectra[1], shape) / (norm or 1.0)
    common = fft.irfft2(np.abs(fft.rfft2(window, shape)) ** 2, shape)
    return correlation, common / common[0, 0]


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
