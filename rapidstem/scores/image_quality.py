"""How near an image is to its reference: PSNR and SSIM."""

from dataclasses import dataclass

import numpy as np

from rapidstem.errors import InputError
from rapidstem.numerics import whole_pixels

Area = tuple[slice, slice]
# The papers scale images to 16 bits before the PSNR.
_LARGEST = 65535.0
INTENSITY_RANGES = {"psnr_dark_db": (0.0, 20_000.0), "psnr_middle_db": (20_000.0, 40_000.0), "psnr_bright_db": (40_000.0, np.inf)}
# Wang et al. 2004.
_SSIM_SIGMA = 1.5


@dataclass(frozen=True)
class ImageScale:
    """How large things are in images that are compared.

    Attributes
    ----------
    pixel_size_nm
        Of all images.
    line_width_nm
        Full width of the dislocation lines at half depth.
    """

    pixel_size_nm: float
    line_width_nm: float

    @property
    def line_px(self) -> int:
        """Full width of the lines at half depth in whole pixels, at least three."""
        return whole_pixels(self.line_width_nm, self.pixel_size_nm)


def psnr_db(image: np.ndarray, reference: np.ndarray, area: Area) -> float:
    """Peak signal-to-noise ratio after scaling each image from its minimum to its maximum to 0 to 65535.

    The definition of Zhao et al. and Ihara et al., 10 log10(65535^2 / mean squared error): it asks for no intensities in common,
    but one outlying pixel in either image shifts the scale of all others.

    Parameters
    ----------
    image, reference : (y, x)
        Any intensity scale.
    area
        Rows and columns to compare.

    Returns
    -------
    dB

    Raises
    ------
    InputError
        if the shapes differ, or one image is constant or has unseen pixels in the area.

    Examples
    --------
    >>> image, whole = np.arange(16.0).reshape(4, 4), (slice(4), slice(4))
    >>> round(psnr_db(3 * image + np.eye(4), image, whole), 1)
    34.3
    """
    image, reference = _compared(image, reference, area)
    return _ratio_db(_stretched(image), _stretched(reference), _LARGEST)


def psnr_by_range_db(image: np.ndarray, reference: np.ndarray, area: Area) -> dict[str, float]:
    """`psnr_db` over the pixels whose reference, scaled to 0 to 65535, is below 20000, from 20000 to 40000, and above (Ihara et al. 2022).

    Parameters and errors are those of `psnr_db`; NaN for a range in which there is no pixel.

    Parameters
    ----------
    image, reference, area
        As for `psnr_db`.

    Returns
    -------
    dict of float
        In dB, by the names of the columns.
    """
    image, reference = (_stretched(each) for each in _compared(image, reference, area))
    found = {}
    for name, (low, high) in INTENSITY_RANGES.items():
        chosen = (reference >= low) & (reference < high)
        found[name] = _ratio_db(image[chosen], reference[chosen], _LARGEST) if chosen.any() else float("nan")
    return found


def psnr_affine_db(image: np.ndarray, reference: np.ndarray, area: Area) -> float:
    """Peak signal-to-noise ratio after the affine change of the image's intensities that fits the reference best.

    The peak is the range of the reference. A differing gain or background does not count, noise and blur do.
    Parameters and errors are those of `psnr_db`.

    Parameters
    ----------
    image, reference, area
        As for `psnr_db`.

    Returns
    -------
    float
        In dB.

    Examples
    --------
    >>> image, whole = np.arange(16.0).reshape(4, 4), (slice(4), slice(4))
    >>> psnr_affine_db(2 * image + 7, image, whole) > 200
    True
    """
    image, reference = _compared(image, reference, area)
    return _ratio_db(_fitted(image, reference), reference, float(np.ptp(reference)))


def ssim(image: np.ndarray, reference: np.ndarray, area: Area) -> float:
    """Structural similarity (Wang et al. 2004, Gaussian weights of 1.5 px) after the same affine fit as in `psnr_affine_db`.

    Parameters and errors are those of `psnr_db`; the area must be at least 11 px high and wide.

    Parameters
    ----------
    image, reference, area
        As for `psnr_db`.

    Returns
    -------
    float
        At most 1.

    Raises
    ------
    InputError
        as of `psnr_db`, and where the area is too small
    """
    # Those who read scores compare no images.
    from skimage.metrics import structural_similarity

    image, reference = _compared(image, reference, area)
    if min(reference.shape) < 11:
        raise InputError(f"an area of {reference.shape} pixels is too small for the structural similarity; it needs 11")
    options = {"gaussian_weights": True, "sigma": _SSIM_SIGMA, "use_sample_covariance": False}
    return float(structural_similarity(_fitted(image, reference), reference, data_range=float(np.ptp(reference)), **options))


def _compared(image: np.ndarray, reference: np.ndarray, area: Area) -> tuple[np.ndarray, np.ndarray]:
    if image.shape != reference.shape:
        raise InputError(f"an image of shape {image.shape} cannot be compared with a reference of shape {reference.shape}")
    image, reference = image[area].astype(np.float64), reference[area].astype(np.float64)
    for name, each in (("image", image), ("reference", reference)):
        if each.size == 0 or not np.isfinite(each).all():
            raise InputError(f"the area compared is empty or has unseen pixels in the {name}; choose a smaller area")
        if np.ptp(each) == 0:
            raise InputError(f"the {name} is constant in the area compared")
    return image, reference


def _stretched(image: np.ndarray) -> np.ndarray:
    return (image - image.min()) / np.ptp(image) * _LARGEST


def _fitted(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    deviation = image - image.mean()
    gain = (deviation * reference).sum() / (deviation**2).sum()
    return reference.mean() + gain * deviation


def _ratio_db(image: np.ndarray, reference: np.ndarray, peak: float) -> float:
    mean_squared_error = float(np.mean((image - reference) ** 2))
    return float("inf") if mean_squared_error == 0 else 10 * float(np.log10(peak**2 / mean_squared_error))
