"""First shifts of a tilt series, from the cross-correlation of neighbouring frames."""

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from rapidstem.numerics import parabola_vertex

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
        pairs = [_Neighbours(lines[each], lines[frame], angle_rad[each], angle_rad[frame], shift[each]) for each in nearest]
        agreement, shift[frame] = max((pair.near(largest) for pair in pairs), key=lambda found: found[0])
        # No coefficient is above 1.
        if BETTER_FAR_AWAY * agreement < 1:
            best, elsewhere = max((pair.far() for pair in pairs), key=lambda found: found[0])
            shift[frame] = elsewhere if best > BETTER_FAR_AWAY * agreement else shift[frame]
    return shift


@dataclass(frozen=True)
class _Neighbours:
    """Line images of a frame that has its shift and of one that follows it, with their tilts, and the shift of the first."""

    placed: np.ndarray
    frame: np.ndarray
    placed_rad: float
    frame_rad: float
    shift_px: np.ndarray

    def near(self, largest_px: float) -> tuple[float, np.ndarray]:
        """Correlation after the best small step, and the shift of the frame that follows from it."""
        return self._followed(*correlation_peak(self.placed, self._stretched, largest_px, _COST_ACROSS_ALONG))

    def far(self) -> tuple[float, np.ndarray]:
        """The same after the best step of up to half the frame."""
        return self._followed(*far_peak(self.placed, self._stretched))

    def _followed(self, step: np.ndarray, agreement: float) -> tuple[float, np.ndarray]:
        return agreement, np.array([(self.shift_px[0] + step[0]) / self._ratio, self.shift_px[1] + step[1]])

    @property
    def _ratio(self) -> float:
        return float(np.cos(self.placed_rad) / np.cos(self.frame_rad))

    @property
    def _stretched(self) -> np.ndarray:
        return _stretch_rows(self.frame, self._ratio)


def _stretch_rows(image: np.ndarray, ratio: float) -> np.ndarray:
    centre = (image.shape[0] - 1) / 2
    return ndimage.affine_transform(image, np.array([1 / ratio, 1.0]), offset=(centre - centre / ratio, 0.0), order=1, mode="nearest")


def correlation_peak(
    reference: np.ndarray, image: np.ndarray, largest_px: float, costs: tuple[float, float] = _NO_COST
) -> tuple[np.ndarray, float]:
    """Displacement (dy, dx) of a line image against another, at most `largest_px`, and the correlation coefficient there.

    Images without any structure are not displaced and have the coefficient 0.

    Parameters
    ----------
    reference, image : np.ndarray, (y, x)
        Images of lines, of one shape.
    largest_px : float
        Farthest displacement along y and along x.
    costs : tuple of float
        How much better the coefficient has to be at the farthest displacement along y, and along x, than at none.

    Returns
    -------
    displacement_px : np.ndarray, (2,)
        (dy, dx).
    coefficient : float
        Of correlation.
    """
    return _highest(_correlation(reference, image), (int(largest_px), int(largest_px)), costs)


def far_peak(reference: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, float]:
    """The same for displacements of up to half the image, by the coefficient in the part that both images show.

    A stage that was moved back to its place, or has slipped, leaves only a part of the field in view, and the windows of the two images
    fade there: the correlation is divided by what each image has of its own power in the common part, where that, and the windows', is a
    tenth or more.

    Parameters
    ----------
    reference, image : np.ndarray, (y, x)
        Images of lines, of one shape.

    Returns
    -------
    displacement_px : np.ndarray, (2,)
        (dy, dx).
    coefficient : float
        Of correlation, in the common part; at most 1.

    References
    ----------
    D. Padfield, IEEE Trans. Image Process. 21 (2012) 2706, for windows in place of masks.
    """
    rows, columns = reference.shape
    window = _window(reference.shape)
    pictures = [_flat(picture) for picture in (reference, image)]
    correlation = _products(*(picture * window for picture in pictures))
    common = _products(window, window)
    powers = [_products(pictures[0] ** 2 * window, window), _products(window, pictures[1] ** 2 * window)]
    enough = np.min([share / (share[0, 0] or 1.0) for share in (common, *powers)], axis=0) > _LEAST_COMMON_POWER
    shared = np.where(enough, correlation / np.sqrt(np.where(enough, powers[0] * powers[1], 1.0)), 0)
    return _highest(shared, (rows // 2, columns // 2), _NO_COST)


def _correlation(reference: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Correlation coefficients of two windowed images at all displacements, wrapped around."""
    flat = [_flat(picture) * _window(picture.shape) for picture in (reference, image)]
    return _products(*flat) / (float(np.linalg.norm(flat[0]) * np.linalg.norm(flat[1])) or 1.0)


def _window(shape: tuple[int, ...]) -> np.ndarray:
    return np.outer(*(np.hanning(n + 2)[1:-1] for n in shape))


def _products(reference: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Sums of the products of two images at all displacements, wrapped around."""
    shape = [fft.next_fast_len(2 * n) for n in reference.shape]
    return fft.irfft2(np.conj(fft.rfft2(reference, shape)) * fft.rfft2(image, shape), shape)


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
    smooth = ndimage.gaussian_filter(image, 1.0)
    return smooth - ndimage.gaussian_filter(smooth, 12.0)


def _parabola_top(values: np.ndarray, peak: tuple, axis: int) -> float:
    index = peak[axis]
    if index in (0, values.shape[axis] - 1):
        return float(index)
    near = values[index - 1 : index + 2, peak[1]] if axis == 0 else values[peak[0], index - 1 : index + 2]
    return index + float(parabola_vertex(*near))
