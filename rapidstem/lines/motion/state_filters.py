"""Kalman filter forwards and smoother backwards (Rauch, Tung and Striebel 1965) for nodes of a line.

The state of a node is its slide and its velocity, which changes at random (white acceleration), and, where the tilt changes, its height
above the plane that it glides in, which stays, and what the dark line lies beside it in the image, which is forgotten as the tilt changes.
A measurement that lies far from what was expected is a jump: nothing that was known of slide and velocity before counts after it, and
nothing of what comes after it counts before.
"""

from dataclasses import dataclass

import numpy as np

# Density of the acceleration in nm^2/s^3: a line that starts to glide at 200 nm/s within two frames of 70 ms.
ACCELERATION = (200 / 0.14) ** 2 * 0.14
# By judgement: five deviations are no noise, and less than about a line's width is no jump, however small the deviation is stated.
JUMP_DEVIATIONS, JUMP_NM = 5.0, 15.0
# By judgement, deviations where nothing is known before: so wide that the measurement decides.
FREE_NM, FREE_NM_PER_S = 300.0, 300.0
# Slide, velocity, height, and offset of the dark line.
WITH_OFFSET = 4


@dataclass(frozen=True)
class ImageOffset:
    """What dark lines lie beside their cores, across the image: a first-order autoregressive process in time.

    Attributes
    ----------
    sigma_nm : its standard deviation; one number, or (node,)
    alike_s : after so long it is the same by one over e; one number, or (node,)
    """

    sigma_nm: float | np.ndarray
    alike_s: float | np.ndarray


@dataclass(frozen=True)
class NodeStates:
    """States of nodes in all frames.

    Attributes
    ----------
    state : (frame, node, n)
    covariance : (frame, node, n, n)
    jump : (frame,) bool, whether most nodes have jumped before the frame
    log_likelihood : (node,) of all that was measured, each against what was expected of it before
    """

    state: np.ndarray
    covariance: np.ndarray
    jump: np.ndarray
    log_likelihood: np.ndarray


def smoothed_states(
    measured_nm: np.ndarray,
    variance_nm2: np.ndarray,
    seen_as: np.ndarray,
    time_s: np.ndarray,
    height_sigma_nm: float,
    acceleration: float | np.ndarray,
    offset: ImageOffset,
) -> NodeStates:
    """Smooth what was measured of nodes in time.

    Parameters
    ----------
    measured_nm, variance_nm2 : np.ndarray, (frame, node)
        Slides; an infinite variance where nothing was measured.
    seen_as : np.ndarray, (frame, node, n)
        What a measurement shows of each state: 1 of the slide, 0 of the velocity, and, where the tilt changes, of the height and of
        the offset of the dark line.
    time_s : np.ndarray, (frame, node)
    height_sigma_nm : float
        Standard deviation of the height beforehand.
    acceleration : float or np.ndarray, (node,)
        Its density, in nm^2/s^3.
    offset : ImageOffset
        Of the dark line.

    Returns
    -------
    NodeStates
        With n states a node.

    References
    ----------
    H. E. Rauch, F. Tung and C. T. Striebel, AIAA J. 3 (1965) 1445.
    """
    frames, nodes, states = seen_as.shape
    mean, spread = np.zeros((nodes, states)), np.zeros((nodes, states, states))
    for number, sigma in enumerate((FREE_NM, FREE_NM_PER_S, height_sigma_nm, offset.sigma_nm)[:states]):
        spread[:, number, number] = sigma**2
    mean[:, 0] = measured_nm[0]
    state, covariance = np.zeros(seen_as.shape), np.zeros((*seen_as.shape, states))
    expected, expected_covariance = np.zeros_like(state), np.zeros_like(covariance)
    freed, likelihood = np.zeros((frames, nodes), bool), np.zeros(nodes)
    for frame in range(frames):
        if frame:
            mean, spread = _predicted(mean, spread, time_s[frame] - time_s[frame - 1], acceleration, offset)
            freed[frame] = _freed(mean, spread, measured_nm[frame], variance_nm2[frame], seen_as[frame])
        expected[frame], expected_covariance[frame] = mean, spread
        mean, spread, told = _updated(mean, spread, measured_nm[frame], variance_nm2[frame], seen_as[frame])
        likelihood += told
        state[frame], covariance[frame] = mean, spread
    smooth, spreads = state.copy(), covariance.copy()
    for frame in range(frames - 2, -1, -1):
        move = _transition(time_s[frame + 1] - time_s[frame], states, offset)
        move[freed[frame + 1], :2] = 0
        gain = covariance[frame] @ move.transpose(0, 2, 1) @ np.linalg.inv(expected_covariance[frame + 1])
        smooth[frame] = state[frame] + (gain @ (smooth[frame + 1] - expected[frame + 1])[..., None])[..., 0]
        spreads[frame] = covariance[frame] + gain @ (spreads[frame + 1] - expected_covariance[frame + 1]) @ gain.transpose(0, 2, 1)
    jump = np.sum(freed, axis=1) > 0.5 * np.isfinite(variance_nm2).sum(axis=1)
    return NodeStates(smooth, spreads, jump, likelihood)


def _transition(step_s: np.ndarray, states: int, offset: ImageOffset) -> np.ndarray:
    move = np.broadcast_to(np.eye(states), (len(step_s), states, states)).copy()
    move[:, 0, 1] = step_s
    if states == WITH_OFFSET:
        move[:, 3, 3] = np.exp(-step_s / offset.alike_s)
    return move


def _predicted(
    mean: np.ndarray, spread: np.ndarray, step_s: np.ndarray, acceleration: float | np.ndarray, offset: ImageOffset
) -> tuple[np.ndarray, np.ndarray]:
    move = _transition(step_s, mean.shape[1], offset)
    ahead = move @ spread @ move.transpose(0, 2, 1)
    noise = acceleration * np.stack([step_s**3 / 3, step_s**2 / 2, step_s**2 / 2, step_s])
    ahead[:, :2, :2] += noise.T.reshape(-1, 2, 2)
    if mean.shape[1] == WITH_OFFSET:
        ahead[:, 3, 3] += offset.sigma_nm**2 * -np.expm1(-2 * step_s / offset.alike_s)
    return (move @ mean[..., None])[..., 0], ahead


def _freed(mean: np.ndarray, spread: np.ndarray, measured: np.ndarray, variance: np.ndarray, seen_as: np.ndarray) -> np.ndarray:
    """Forget slide and velocity of the nodes that have jumped, in place; which have, (node,)."""
    known = np.isfinite(variance)
    innovation = measured - np.sum(seen_as * mean, axis=1)
    expected = np.einsum("na,nab,nb->n", seen_as, spread, seen_as)
    total = np.sqrt(np.maximum(expected + np.where(known, variance, 0), 0))
    jumped = known & (np.abs(innovation) > np.maximum(JUMP_DEVIATIONS * total, JUMP_NM))
    spread[jumped, :2] = 0
    spread[jumped, :, :2] = 0
    spread[jumped, 0, 0], spread[jumped, 1, 1] = FREE_NM**2, FREE_NM_PER_S**2
    mean[jumped, 1] = 0
    return np.asarray(jumped)


def _updated(
    mean: np.ndarray, spread: np.ndarray, measured: np.ndarray, variance: np.ndarray, seen_as: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and spread after a measurement, and the logarithm (node,) of how likely it was."""
    known = np.isfinite(variance)
    carried = np.einsum("nab,nb->na", spread, seen_as)
    total = np.sum(seen_as * carried, axis=1) + np.where(known, variance, 1)
    gain = np.where(known[:, None], carried / total[:, None], 0)
    innovation = measured - np.sum(seen_as * mean, axis=1)
    likelihood = np.where(known, -0.5 * (innovation**2 / total + np.log(total)), 0.0)
    return mean + gain * innovation[:, None], spread - gain[:, :, None] * carried[:, None, :], likelihood
