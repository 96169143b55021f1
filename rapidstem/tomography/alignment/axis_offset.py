"""How far the tilt axis lies from the centre of the frames."""

import numpy as np
from numpy.polynomial import legendre

from rapidstem.errors import InputError
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

# Variances of a random walk a frame over those of independent jumps: from none to nothing else.
_WANDER_TO_JITTER = np.append(0.0, np.geomspace(1e-3, 1e3, 25))
# Fewer cannot tell an offset from a drift.
_FEWEST_FRAMES = 9
# In pixels, as are the shifts that the drift is told from. Of a smooth drift of at least 2.5 px, which looks like an offset: offsets of
# series with less drift would otherwise be called too certain.
_SMOOTH_ORDERS = (2, 3, 4)
_LEAST_SMOOTH_DRIFT_PX = 2.5
# Of the rows. The offset is there to be set right where it carries the specimen out of the field; less than a hundredth of the frame
# nobody would adjust, so that a standard deviation beyond it leaves open whether there is anything to do.
_LARGEST_SIGMA_SHARE = 0.01
# In px squared: shifts, sums of sub-pixel steps, are not taken to be known better than to 0.2 px.
_LEAST_VARIANCE = 0.2**2


def axis_offset_px(geometry: TiltGeometry) -> tuple[float, float]:
    """Distance of the tilt axis from the centre of the frames, across the axis, and its standard deviation.

    Across the axis the specimen moves by offset + a cos(tilt) + b sin(tilt) + drift, where a and b place it with respect to the axis. Over
    the tilts of a series the cosine is a quadratic curve to a hundredth: a specimen that lies off the axis, and one that drifts there
    and back, look the same. The drift is therefore taken for a random walk plus independent jitter, the sizes of which come from the
    shifts themselves (restricted maximum likelihood), and a smooth part of the second to the fourth order in time (Legendre), the size of
    which nothing across the axis can tell: it is taken to be as large as that along the axis, 2.5 px at least. Smooth parts of higher
    orders are covered by a jitter of 0.2 px at least. The standard deviation holds all of these.

    Parameters
    ----------
    geometry : TiltGeometry
        As found; the shifts of used frames count.

    Returns
    -------
    float
        Offset in the middle of the series in pixels, positive towards larger rows.
    float
        Its standard deviation.

    Raises
    ------
    InputError
        If fewer than nine frames are used: there are six unknowns, and two sizes of the drift.

    References
    ----------
    D. Harville, J. Am. Stat. Assoc. 72 (1977) 320.
    """
    chosen = geometry.used
    if chosen.sum() < _FEWEST_FRAMES:
        raise InputError(f"the offset of the tilt axis needs the shifts of {_FEWEST_FRAMES} frames at least, {chosen.sum()} are there")
    height, along = turned(geometry.shift_px[chosen, 0], geometry.shift_px[chosen, 1], -geometry.axis_rotation_rad)
    tilt, frame = geometry.angle_rad[chosen], np.flatnonzero(chosen)
    orders = legendre.legvander(2 * (frame - frame[0]) / (frame[-1] - frame[0]) - 1, max(_SMOOTH_ORDERS))
    smooth = orders[:, _SMOOTH_ORDERS]
    place = np.column_stack([np.ones_like(tilt), np.cos(tilt), np.sin(tilt)])
    walk = np.minimum(frame[:, None], frame) - frame[0] + 0.0
    shapes = [np.eye(len(frame)) + ratio * walk for ratio in _WANDER_TO_JITTER]
    fits = [_restricted_fit(height, np.column_stack([place, smooth]), shape) for shape in shapes]
    best = int(np.argmin([deviance for deviance, _ in fits]))
    size_px = max(_LEAST_SMOOTH_DRIFT_PX, float(np.abs(np.linalg.lstsq(orders, along, rcond=None)[0][1:]).max()))
    return _first_coefficient(height, place, fits[best][1] * shapes[best] + size_px**2 * smooth @ smooth.T)


def offset_or_none(geometry: TiltGeometry) -> tuple[float, float]:
    """The offset from the frames that are used, where it is known to a hundredth of the rows, and its standard deviation.

    Parameters
    ----------
    geometry : TiltGeometry
        As found.

    Returns
    -------
    float
        Offset in pixels; not a number where it is not known so well, or the frames are too few.
    float
        Its standard deviation; not a number where the frames are too few.
    """
    if geometry.used.sum() < _FEWEST_FRAMES:
        return np.nan, np.nan
    offset, sigma = axis_offset_px(geometry)
    return (offset if sigma < _LARGEST_SIGMA_SHARE * geometry.rows else np.nan), sigma


def _restricted_fit(height: np.ndarray, design: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """Minus twice the restricted log likelihood, and the variance that belongs to the covariance's shape."""
    weighted = np.linalg.solve(covariance, design)
    information = design.T @ weighted
    residual = height - design @ np.linalg.solve(information, weighted.T @ height)
    freedom = len(height) - design.shape[1]
    variance = max(float(residual @ np.linalg.solve(covariance, residual)) / freedom, _LEAST_VARIANCE)
    deviance = freedom * np.log(variance) + np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return float(deviance), variance


def _first_coefficient(height: np.ndarray, design: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """The first coefficient of a generalised least-squares fit, and its standard deviation."""
    weighted = np.linalg.solve(covariance, design)
    known = np.linalg.inv(design.T @ weighted)
    return float((known @ weighted.T @ height)[0]), float(np.sqrt(known[0, 0]))
