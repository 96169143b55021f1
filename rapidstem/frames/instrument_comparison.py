"""Our drift and integrated image beside what the instrument's own software made of the same frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.frames.registration import Drift
from rapidstem.numerics import gap_free_rectangle, hann_window, parabola_vertex

# Drift of less is noise, which correlates with nothing.
SMALLEST_SPREAD_PX = 0.05
# From here on sign and unit of the instrument's shifts are certain.
WELL_CORRELATED = 0.9
# Its shifts come from other filters and may differ by some per cent; a wrong unit is off by far more.
LARGEST_SCALE_ERROR = 0.15
# A registration that has lost the drift is off by more than this; less is what two methods differ by.
LARGEST_DISAGREEMENT_PX = 1.0
# Standard deviations of a band-pass, in pixels: below is the noise of single pixels, beyond the background; both images show what lies
# between, however wide lines are.
BAND_PX = (1.5, 15.0)
LEAST_SHARED = 0.25
LEAST_CORRELATION = 0.3
COMPARISON_COLUMNS = [
    *("acquisition", "dy_rms_px", "dx_rms_px", "remark", "image_dy_px", "image_dx_px", "image_correlation", "relative_sharpness"),
    "not_compared",
]
SLOW_FREQUENCIES, FINE_FREQUENCIES = (0.01, 0.05), (0.1, 0.25)


@dataclass(frozen=True)
class DriftComparison:
    """How the instrument's shifts differ from ours, over the used frames, after the means are removed; (y, x) each.

    Attributes
    ----------
    rms_px : root mean squares of the differences, the instrument's shifts taken as stored
    scale : by what the instrument's shifts must be multiplied to fit ours best; NaN where either hardly varies
    correlation : correlation coefficients; NaN likewise
    remark : empty where sign and unit agree, else what is likely to be different
    """

    rms_px: tuple[float, float]
    scale: tuple[float, float]
    correlation: tuple[float, float]
    remark: str


@dataclass(frozen=True)
class ImageComparison:
    """The instrument's integrated image beside ours, over the area that both show.

    Attributes
    ----------
    shift_px : (dy, dx); what lies at (y, x) in ours appears in the instrument's image at (y + dy, x + dx)
    correlation : correlation coefficient of the intensities
    relative_sharpness : the instrument's transfer of fine detail (periods of 4 to 10 px) over ours; below one where its image is more
        blurred. Both images come from the same frames, so that shot noise, too, is transferred and does not disturb the ratio
    """

    shift_px: tuple[float, float]
    correlation: float
    relative_sharpness: float


def compare_drift(drift: Drift, velox_shift_px: np.ndarray) -> DriftComparison:
    """Compare shifts that the instrument stored with ours; its sign and unit are checked, not trusted.

    Parameters
    ----------
    drift : ours
    velox_shift_px : (frame, 2), (dy, dx) as stored; NaN where the instrument gives none

    Raises
    ------
    InputError
        where the numbers of frames differ, or fewer than two frames have both shifts
    """
    if velox_shift_px.shape != drift.shift_px.shape:
        raise InputError(f"the instrument gives shifts of {len(velox_shift_px)} frames, there are {len(drift.used)}; export the file again")
    both = drift.used & np.isfinite(velox_shift_px).all(axis=1)
    if both.sum() < 2:
        raise InputError(f"{both.sum()} frames have a shift of the instrument and one of ours; at least two are needed to compare")
    ours, theirs = (shifts[both] - shifts[both].mean(axis=0) for shifts in (drift.shift_px, velox_shift_px))
    fits = [_fit(ours[:, axis], theirs[:, axis]) for axis in (0, 1)]
    crossed = [_fit(ours[:, axis], theirs[:, 1 - axis])[1] for axis in (0, 1)]
    rms = np.sqrt(((theirs - ours) ** 2).mean(axis=0))
    scale, correlation = (tuple(values) for values in zip(*fits, strict=True))
    spread = (float(ours.std(axis=0).max()), float(theirs.std(axis=0).max()))
    remark = _remark(fits, crossed, spread, float(rms.max()))
    return DriftComparison((float(rms[0]), float(rms[1])), scale, correlation, remark)


_Compared = TypeVar("_Compared")


def compare_with_instrument(
    drift: Drift, image: np.ndarray, velox_shift_px: np.ndarray | None, read_instrument_image: Callable[[], np.ndarray] | None
) -> dict[str, float | str]:
    """Both comparisons as a row of a table. Nothing else rests on them: what cannot be compared says why, and is no error.

    Parameters
    ----------
    drift, image : (y, x)
        Ours.
    velox_shift_px : (frame, 2)
        Of the instrument, None where it gives none.
    read_instrument_image
        Gives the instrument's integrated image (y, x); None where there is none.

    Returns
    -------
    dict
        What was found, and why something could not be compared, by the names of `COMPARISON_COLUMNS`; empty where the instrument gives
        nothing.
    """
    row: dict[str, float | str] = {}
    shifts, lost_shifts = _attempted(lambda: None if velox_shift_px is None else compare_drift(drift, velox_shift_px))
    if shifts is not None:
        row |= {"dy_rms_px": shifts.rms_px[0], "dx_rms_px": shifts.rms_px[1], "remark": shifts.remark}
    images, lost_image = _attempted(lambda: None if read_instrument_image is None else compare_images(image, read_instrument_image()))
    if images is not None:
        row |= {"image_dy_px": images.shift_px[0], "image_dx_px": images.shift_px[1], "image_correlation": images.correlation}
        row["relative_sharpness"] = images.relative_sharpness
    failed = [reason for reason in (lost_shifts, lost_image) if reason]
    if failed:
        row["not_compared"] = f"not compared with the instrument's own integration: {'; '.join(failed)}"
    return row


def _attempted(compare: Callable[[], _Compared]) -> tuple[_Compared | None, str]:
    """What a comparison gives, or why it cannot be made."""
    try:
        return compare(), ""
    except InputError as error:
        return None, str(error)


def compare_images(ours: np.ndarray, instrument_image: np.ndarray) -> ImageComparison:
    """Compare the instrument's own integrated image with ours.

    Parameters
    ----------
    ours : (y, x), NaN where no frame has seen the pixel
    instrument_image : (y, x), may be cropped, moved, and of other brightness and contrast; the same pixel size

    Raises
    ------
    InputError
        where an image is smaller than 32 x 32 pixels or constant, or the two do not show the same field
    """
    for name, image in (("our integrated image", ours), ("the instrument's image", instrument_image)):
        if image.ndim != 2 or min(image.shape) < 32 or not np.nanstd(image) > 0:
            raise InputError(f"{name} cannot be compared: it must be one image of 32 x 32 pixels or more that is not constant")
    shift, likeness = _displacement(ours, instrument_image)
    if likeness < LEAST_CORRELATION:
        raise InputError(f"the instrument's image shows another field than ours (correlation of the features {likeness:.2f} at best)")
    first, second = _common_area(ours, instrument_image, shift)
    return ImageComparison(
        shift_px=(float(shift[0]), float(shift[1])),
        correlation=float(np.corrcoef(first.ravel(), second.ravel())[0, 1]),
        relative_sharpness=_relative_transfer(first, second, shift - np.round(shift)),
    )


def _fit(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Scale and correlation coefficient; NaN where the shifts hardly vary."""
    if ours.std() < SMALLEST_SPREAD_PX or theirs.std() == 0:
        return float("nan"), float("nan")
    return float(ours @ theirs / (theirs @ theirs)), float(np.corrcoef(ours, theirs)[0, 1])


def _remark(fits: list[tuple[float, float]], crossed: list[float], spread_px: tuple[float, float], apart_px: float) -> str:
    """What is likely to be different, weighed by the spread of our shifts and of the instrument's, and by how far they are apart."""
    known = [(scale, correlation) for scale, correlation in fits if np.isfinite(scale)]
    if not known or any(abs(correlation) < WELL_CORRELATED for _, correlation in known):
        if known and np.isfinite(crossed).any() and np.nanmin(np.abs(crossed)) > WELL_CORRELATED:
            return "the instrument's dx and dy look exchanged"
        return _unlike(spread_px, apart_px)
    if any(scale < 0 for scale, _ in known):
        opposite = "the instrument's shifts have the opposite sign"
        return opposite if all(scale < 0 for scale, _ in known) else f"{opposite} along one axis"
    if any(_is_another_unit(scale, correlation) for scale, correlation in known):
        unit_px = np.mean([scale for scale, _ in known])
        return f"the instrument's shifts look like another unit than pixels: one of its units is {unit_px:.3g} px"
    return ""


def _is_another_unit(scale: float, correlation: float) -> bool:
    """Whether the unit differs whichever of the two holds the errors.

    Errors of the instrument's shifts make the fitted scale too small, by the square of the correlation where ours have none; errors of ours
    leave it. The true scale lies between (R. Frisch, Statistical Confluence Analysis (1934)): 0.3 px of errors on a drift of 1 px are no
    other unit.
    """
    return scale > 1 + LARGEST_SCALE_ERROR or scale / correlation**2 < 1 - LARGEST_SCALE_ERROR


def _unlike(spread_px: tuple[float, float], apart_px: float) -> str:
    """What to say of shifts that are not alike: nothing is lost where they are less than a pixel apart."""
    ours, theirs = spread_px
    if apart_px <= LARGEST_DISAGREEMENT_PX:
        sizes = f"{ours:.2g} px, the two differ by {apart_px:.2g} px"
        return f"the drift is too small to tell the sign and the unit of the instrument's shifts: it is {sizes}"
    if theirs < SMALLEST_SPREAD_PX:
        return f"the instrument's shifts are too small to be those of these frames, which drift by {ours:.2g} px"
    return f"the instrument's shifts do not follow ours: one of the two has lost the drift, they differ by {apart_px:.2g} px"


def _displacement(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, float]:
    """Where `theirs` shows what `ours` shows, and the correlation coefficient of the features there.

    Normalised cross-correlation over the area that the images share at each shift (Padfield, IEEE Trans. Image Process. 21 (2012) 2706).
    """
    size = [scipy.fft.next_fast_len(a + b, real=True) for a, b in zip(ours.shape, theirs.shape, strict=True)]
    masks = [np.isfinite(image).astype(float) for image in (ours, theirs)]
    features = [_features(image) * mask for image, mask in zip((ours, theirs), masks, strict=True)]
    first, second, first_square, second_square, first_mask, second_mask = (
        scipy.fft.rfft2(image, s=size) for image in (*features, *(f**2 for f in features), *masks)
    )
    products, energy, other_energy, shared = (
        scipy.fft.irfft2(np.conj(a) * b, s=size)
        for a, b in ((first, second), (first_square, second_mask), (first_mask, second_square), (first_mask, second_mask))
    )
    enough = shared > LEAST_SHARED * min(masks[0].sum(), masks[1].sum())
    floor = 1e-6 * float(energy.max() * other_energy.max()) ** 0.5
    likeness = np.where(enough, products / np.maximum(np.sqrt(np.maximum(energy, 0) * np.maximum(other_energy, 0)), floor), -1)
    peak = np.array(np.unravel_index(likeness.argmax(), likeness.shape))
    shift = peak + np.array(
        [parabola_vertex(*np.take(likeness, peak[a] + np.arange(-1, 2), a, mode="wrap").take(peak[1 - a], 1 - a)) for a in (0, 1)]
    )
    return np.where(shift > np.array(theirs.shape), shift - size, shift), float(likeness.max())


def _features(image: np.ndarray) -> np.ndarray:
    """The image between two Gaussian blurs, without brightness and background; unseen pixels are filled with the mean."""
    filled = np.where(np.isfinite(image), image, np.nanmean(image)).astype(float)
    return scipy.ndimage.gaussian_filter(filled, BAND_PX[0]) - scipy.ndimage.gaussian_filter(filled, BAND_PX[1])


def _common_area(ours: np.ndarray, theirs: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both images over the rectangle that both show, whole pixels apart: neither is resampled, which would blur it."""
    whole = np.round(shift).astype(int)
    starts = np.maximum(0, -whole)
    stops = np.minimum(ours.shape, np.array(theirs.shape) - whole)
    first = ours[starts[0] : stops[0], starts[1] : stops[1]]
    second = theirs[starts[0] + whole[0] : stops[0] + whole[0], starts[1] + whole[1] : stops[1] + whole[1]]
    seen = np.isfinite(first) & np.isfinite(second)
    rows, columns = gap_free_rectangle(~seen)
    return first[rows, columns].astype(float), second[rows, columns].astype(float)


def _relative_transfer(ours: np.ndarray, theirs: np.ndarray, shift: np.ndarray) -> float:
    """Transfer of fine over that of coarse detail from our image to the other, which is moved by a fraction of a pixel."""
    window = hann_window(ours.shape)
    first, second = (scipy.fft.rfft2((image - image.mean()) * window) for image in (ours, theirs))
    rows, columns = np.fft.fftfreq(ours.shape[0])[:, None], np.fft.rfftfreq(ours.shape[1])[None, :]
    second *= np.exp(2j * np.pi * (rows * shift[0] + columns * shift[1]))
    frequency = np.hypot(rows, columns)
    transfers = []
    for low, high in (SLOW_FREQUENCIES, FINE_FREQUENCIES):
        ring = (frequency >= low) & (frequency < high)
        coherent = np.abs((np.conj(first[ring]) * second[ring]).sum())
        transfers.append(coherent / (np.abs(first[ring]) ** 2).sum())
    return float(transfers[1] / transfers[0])
