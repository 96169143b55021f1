"""First shifts of a tilt series, from the cross-correlation of neighbouring frames."""

import numpy as np
from scipy import fft, ndimage


def coarse_shifts(lines: np.ndarray, angle_rad: np.ndarray, largest_shift_px: float | None = None) -> np.ndarray:
    """Shift of every frame, accumulated from the frame nearest zero tilt outwards.

    Each frame is stretched along y by the ratio of the cosines to the neighbour that is nearer to zero tilt, and correlated with it.

    Parameters
    ----------
    lines : np.ndarray, (frame, y, x)
        Line images (such as the soft binarisation), in the order in which the tilt grows or falls.
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
    zero = int(np.argmin(np.abs(angle_rad)))
    largest = largest_shift_px or min(lines.shape[1:]) / 8
    for frame, neighbour in [(i, i + 1) for i in range(zero - 1, -1, -1)] + [(i, i - 1) for i in range(zero + 1, len(lines))]:
        ratio = np.cos(angle_rad[neighbour]) / np.cos(angle_rad[frame])
        stretched = _stretch_rows(lines[frame], ratio)
        step = displacement_px(lines[neighbour], stretched, largest)
        shift[frame, 0] = (shift[neighbour, 0] + step[0]) / ratio
        shift[frame, 1] = shift[neighbour, 1] + step[1]
    return shift


def _stretch_rows(image: np.ndarray, ratio: float) -> np.ndarray:
    centre = (image.shape[0] - 1) / 2
    return ndimage.affine_transform(image, np.array([1 / ratio, 1.0]), offset=(centre - centre / ratio, 0.0), order=1, mode="nearest")


def displacement_px(reference: np.ndarray, image: np.ndarray, largest_px: float) -> np.ndarray:
    """Displacement (dy, dx) of a line image against another, at most `largest_px`, by cross-correlation."""
    shape = [fft.next_fast_len(2 * n) for n in reference.shape]
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in reference.shape))
    spectra = [fft.rfft2(_flat(picture) * window, shape) for picture in (reference, image)]
    correlation = fft.irfft2(np.conj(spectra[0]) * spectra[1], shape)
    reach = int(largest_px)
    near = np.roll(correlation, (reach, reach), axis=(0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    peak = np.unravel_index(np.argmax(near), near.shape)
    return np.array([_parabola_top(near, peak, axis) for axis in (0, 1)]) - reach


def _flat(image: np.ndarray) -> np.ndarray:
    """Band-pass: without the structure that is wider than the lines' distances."""
    smooth = ndimage.gaussian_filter(image, 1.0)
    return smooth - ndimage.gaussian_filter(smooth, 12.0)


def _parabola_top(values: np.ndarray, peak: tuple, axis: int) -> float:
    index = peak[axis]
    if index in (0, values.shape[axis] - 1):
        return float(index)
    before, at, after = np.take(values, [index - 1, index, index + 1], axis=axis)[
        (slice(None), peak[1]) if axis == 0 else (peak[0], slice(None))
    ]
    return float(index + 0.5 * (before - after) / (before - 2 * at + after - 1e-30))
