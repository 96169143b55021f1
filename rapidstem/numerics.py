"""Small numerical steps that have nothing to do with microscopes."""

import numpy as np
import scipy

# Of a Gaussian.
FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
# Sine of an angle that is rounding: planes that lie in each other but for it have no line in common.
_NO_ANGLE = 1e-6
# A normal distribution's standard deviation over its median absolute deviation.
SIGMA_PER_MEDIAN_DEVIATION = 1.4826
_LEAST_WIDTH_PX = 3


def robust_spread(values: np.ndarray, centre: float | None = None) -> float:
    """Standard deviation of what is not an outlier, from the median of the absolute deviations.

    Parameters
    ----------
    values : np.ndarray
    centre : float, optional
        What the deviations are taken from; the default is the median.

    Returns
    -------
    float

    References
    ----------
    F. R. Hampel, J. Am. Stat. Assoc. 69 (1974) 383.

    Examples
    --------
    >>> round(robust_spread(np.array([1.0, 2.0, 3.0, 4.0, 1000.0])), 4)
    1.4826
    """
    centre = float(np.median(values)) if centre is None else centre
    return float(SIGMA_PER_MEDIAN_DEVIATION * np.median(np.abs(values - centre)))


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """The value up to which half of the weight lies; 0 without values.

    Parameters
    ----------
    values, weight : np.ndarray, (n,)

    Returns
    -------
    float
        In the unit of the values.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0]))
    3.0
    """
    if not values.size:
        return 0.0
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(share, share[-1] / 2)])


def evenly_spread(count: int, most: int) -> np.ndarray:
    """At most so many of the numbers 0 to `count` - 1, the first and the last among them, evenly spread.

    Parameters
    ----------
    count
        How many there are.
    most
        How many may be chosen.

    Returns
    -------
    (number,) of int
        In rising order.

    Examples
    --------
    >>> evenly_spread(11, 3).tolist(), evenly_spread(2, 5).tolist()
    ([0, 5, 10], [0, 1])
    """
    return np.unique(np.linspace(0, count - 1, most).round().astype(int))


def parabola_vertex(before: np.ndarray | float, middle: np.ndarray | float, after: np.ndarray | float) -> np.ndarray:
    """Where parabolas through three neighbouring samples are highest, counted from the middle ones, at most half a sample away.

    Parameters
    ----------
    before, middle, after
        Neighbouring samples, of any common shape.

    Returns
    -------
    np.ndarray
        0 where the parabola has no maximum.

    Examples
    --------
    >>> float(parabola_vertex(3.0, 4.0, 3.5))
    0.16666666666666666
    """
    bend = np.asarray(before) - 2 * np.asarray(middle) + np.asarray(after)
    curved = bend < 0
    offset = (np.asarray(before) - np.asarray(after)) / np.where(curved, 2 * bend, 1)
    return np.where(curved, np.clip(offset, -0.5, 0.5), 0.0)


def gap_free_rectangle(gaps: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a large rectangle without gaps: the edge with the largest share of gaps is taken off until none is left.

    Parameters
    ----------
    gaps : np.ndarray, (y, x), bool

    Returns
    -------
    tuple of slice
        Empty where there are nothing but gaps.

    Examples
    --------
    >>> gap_free_rectangle(np.array([[True, True, True], [False, False, True], [False, False, True]]))
    (slice(1, 3, None), slice(0, 2, None))
    """
    top, left = 0, 0
    bottom, right = gaps.shape
    while gaps[top:bottom, left:right].any():
        block = gaps[top:bottom, left:right]
        edges = [block[0].mean(), block[-1].mean(), block[:, 0].mean(), block[:, -1].mean()]
        worst = int(np.argmax(edges))
        top, bottom, left, right = top + (worst == 0), bottom - (worst == 1), left + (worst == 2), right - (worst == 3)
    return slice(top, bottom), slice(left, right)


def plane_trace(normal: np.ndarray, surface: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 1.0)) -> np.ndarray:
    """Unit vector along the line in which a plane cuts a surface, normal x surface.

    Parameters
    ----------
    normal : np.ndarray, (3,)
        Of the plane, of length 1.
    surface : np.ndarray, (3,)
        Normal of the surface, of length 1; z where it lies level.

    Returns
    -------
    np.ndarray, (3,)
        The x axis for a plane parallel to the surface, which cuts it nowhere.

    Examples
    --------
    >>> plane_trace(np.array([0.6, 0.0, 0.8])).tolist()
    [0.0, -1.0, 0.0]
    """
    trace = np.cross(normal, surface)
    length = float(np.linalg.norm(trace))
    return trace / length if length > _NO_ANGLE else np.array([1.0, 0.0, 0.0])


def hann_window(shape: tuple[int, ...]) -> np.ndarray:
    """Hann window over an image: 1 in the middle, 0 on the border.

    Parameters
    ----------
    shape
        Rows and columns.

    Returns
    -------
    np.ndarray, (y, x)

    Examples
    --------
    >>> hann_window((3, 5))[1].tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return np.outer(np.hanning(shape[0]), np.hanning(shape[1]))


def whole_pixels(width: float, pixel_size: float) -> int:
    """A width in whole pixels, as the scale of filters: no filter needs it more exactly.

    Parameters
    ----------
    width, pixel_size
        In the same unit.

    Returns
    -------
    int
        At least 3: a narrower width is that of the sampling, whatever the specimen's is.

    Examples
    --------
    >>> whole_pixels(13.7, 4.56), whole_pixels(13.7, 1.14), whole_pixels(13.7, 9.0)
    (3, 12, 3)
    """
    return max(round(width / pixel_size), _LEAST_WIDTH_PX)


def uncertain_text(value: float, sigma: float) -> str:
    """`value ± sigma` with the digits that the standard deviation allows: one of it, two where it begins with a one.

    A value without a known deviation has three significant digits.

    Parameters
    ----------
    value, sigma
        The value and its standard deviation, in the same unit; NaN or zero where the deviation is not known.

    Examples
    --------
    >>> uncertain_text(28.13, 7.52), uncertain_text(0.3312, 0.0041), uncertain_text(1234.0, 130.0), uncertain_text(2.345, float("nan"))
    ('28 ± 8', '0.331 ± 0.004', '1230 ± 130', '2.35')
    """
    if not (np.isfinite(sigma) and sigma > 0):
        return f"{value:.3g}"
    power = int(np.floor(np.log10(sigma)))
    leading = sigma / 10.0**power
    decimals = -power + (1 if leading < 1.95 else 0)
    shown = max(decimals, 0)
    return f"{round(value, decimals) + 0.0:.{shown}f} ± {round(sigma, decimals):.{shown}f}"


def gaussian_mean(image: np.ndarray, sigma_px: float) -> np.ndarray:
    """Gaussian mean around every pixel, of an image that its mirror images continue; the time does not grow with the width.

    The same as `scipy.ndimage.gaussian_filter` in its mode `reflect`, which sums over every pixel that the Gaussian covers: for wide
    Gaussians. Mirrored images are sums of cosines (the discrete cosine transform of type 2), of which each is weakened by itself.

    Parameters
    ----------
    image : np.ndarray, (y, x)
        Finite.
    sigma_px : float
        Standard deviation.

    Returns
    -------
    np.ndarray, (y, x)
        In the precision of the image.

    References
    ----------
    S. A. Martucci, IEEE Trans. Signal Process. 42 (1994) 1038.
    """
    cosines = scipy.fft.dctn(image)
    for axis, size in enumerate(image.shape):
        weaker = np.exp(-((np.pi * sigma_px * np.arange(size) / size) ** 2) / 2)
        cosines *= np.expand_dims(weaker.astype(cosines.dtype), 1 - axis)
    return scipy.fft.idctn(cosines, overwrite_x=True)
