"""Slow images made ready for the comparison with rapid references: checked, and with pixels of the same size."""

import numpy as np

from rapidstem.distortion.image_warping import match_pixel_size, matched_shape
from rapidstem.errors import InputError

# As for rapid frames: smaller images have no features to match.
SMALLEST_SIDE_PX = 16
# Of the pixels with one value: such an image is blank or saturated.
LARGEST_EQUAL_SHARE = 0.95


def prepared_slow_image(slow_image: np.ndarray, pixel_ratio: float) -> np.ndarray:
    """Check a slow image and resample it once to the pixel size of the rapid image.

    Parameters
    ----------
    slow_image : (y, x)
        Of any real dtype.
    pixel_ratio
        Pixel size of the slow image over that of the rapid image.

    Returns
    -------
    prepared : (y, x) float; its centre is the centre of `slow_image`

    Raises
    ------
    InputError
        where it is no image, too small, holds pixels without a value, or (nearly) all of its pixels have the same value
    """
    image = np.asarray(slow_image)
    if image.ndim != 2:
        raise InputError(f"the slow image must be one image (y, x), not an array of shape {image.shape}")
    image = image.astype(float)
    lacking = np.count_nonzero(~np.isfinite(image))
    if lacking:
        raise InputError(f"the slow image holds {lacking} pixels without a value (NaN or infinite). Give an image that is complete")
    _check_content(image)
    prepared = np.asarray(match_pixel_size(image, pixel_ratio), dtype=float)
    if min(prepared.shape) < SMALLEST_SIDE_PX:
        raise InputError(
            f"the slow image covers {prepared.shape[0]} x {prepared.shape[1]} pixels of the rapid image only, fewer than "
            f"{SMALLEST_SIDE_PX}. Check the pixel sizes, or give a slow image of the whole field"
        )
    return prepared


def resampling_note(name: str, slow_pixel_nm: float, rapid_pixel_nm: float, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> str | None:
    """What is to be said where slow and rapid images differ in their pixels; None where they do not.

    Parameters
    ----------
    name
        Of the acquisition.
    slow_pixel_nm, rapid_pixel_nm
        Pixel sizes in nm.
    shapes : (y, x)
        Of the slow and of the rapid image as recorded.
    """
    matched, said = matched_shape(shapes[0], slow_pixel_nm / rapid_pixel_nm), []
    if matched != shapes[0]:
        said.append(f"slow image resampled from {slow_pixel_nm:.4g} to {rapid_pixel_nm:.4g} nm")
    if matched != shapes[1]:
        covered, field = (" x ".join(str(side) for side in shape) for shape in (matched, shapes[1]))
        said.append(f"slow image covers {covered} pixels, the rapid image {field}; their centres are taken as the same place at first")
    return f"{name}: {'; '.join(said)}" if said else None


def _check_content(image: np.ndarray) -> None:
    values, counts = np.unique(image, return_counts=True)
    share = counts.max() / image.size
    if share > LARGEST_EQUAL_SHARE:
        raise InputError(
            f"the slow image is constant: {share:.0%} of its pixels have the value {values[counts.argmax()]:g}. Give the slow image "
            "of this field, recorded within the range of the detector"
        )
