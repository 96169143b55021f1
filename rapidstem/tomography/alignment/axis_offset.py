"""How far the tilt axis lies from the centre of the frames."""

import numpy as np

from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

_WANDER_TO_JITTER = np.append(0.0, np.geomspace(1e-3, 1e3, 25))


def axis_offset_px(geometry: TiltGeometry, used: np.ndarray | None = None) -> tuple[float, float]:
    """Distance of the tilt axis from the centre of the frames, across the axis, and its standard deviation.

    Across the axis the specimen moves by offset + a cos(tilt) + b sin(tilt) + drift, where a and b place it with respect to the axis.
    The drift is taken for a random walk plus independent jitter; the ratio of the two comes from the shifts themselves (restricted
    maximum likelihood), so that a drift as slow as the tilting widens the standard deviation rather than spoil the offset.

    Parameters
    ----------
    geometry : TiltGeometry
    used : np.ndarray, (frame,), bool, optional
        Frames whose shift counts; the default is all.

    Returns
    -------
    float
        Offset in pixels, positive towards larger rows.
    float
        Its standard deviation.

    References
    ----------
    D. Harville, J. Am. Stat. Assoc. 72 (1977) 320.
    """
    chosen = np.ones(geometry.frames, bool) if used is None else np.asarray(used, bool)
    height, _ = turned(geometry.shift_px[chosen, 0], geometry.shift_px[chosen, 1], -geometry.axis_rotation_rad)
    tilt = geometry.angle_rad[chosen]
    design = np.column_stack([np.ones_like(tilt), np.cos(tilt), np.sin(tilt)])
    frame = np.flatnonzero(chosen)
    walk = np.minimum(frame[:, None], frame) - frame[0] + 0.0
    fits = [_generalised_fit(height, design, np.eye(len(frame)) + ratio * walk) for ratio in _WANDER_TO_JITTER]
    _, offset, sigma = min(fits)
    return offset, sigma


def _generalised_fit(height: np.ndarray, design: np.ndarray, covariance: np.ndarray) -> tuple[float, float, float]:
    """Minus twice the restricted log likelihood, the first coefficient and its standard deviation."""
    weighted = np.linalg.solve(covariance, design)
    information = design.T @ weighted
    coefficient = np.linalg.solve(information, weighted.T @ height)
    residual = height - design @ coefficient
    freedom = len(height) - design.shape[1]
    variance = max(float(residual @ np.linalg.solve(covariance, residual)) / freedom, 1e-12)
    deviance = freedom * np.log(variance) + np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    return float(deviance), float(coefficient[0]), float(np.sqrt(variance * np.linalg.inv(information)[0, 0]))
