"""Places and velocities of followed lines, smoothed in time; jumps stay jumps.

Every node is a point with a velocity that changes at random (white acceleration). A Kalman filter forwards and a smoother backwards
(Rauch, Tung and Striebel 1965) use all frames. A measurement that lies far from what was expected is a jump: nothing that was known before
counts after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.lines.motion.line_following import FIRST_FRAMES, SEEN, LineTrack
from rapidstem.lines.motion.moving_lines import NODE_NM
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.numerics import robust_spread

# Density of the acceleration in nm^2/s^3: a line that starts to glide at 200 nm/s within two frames of 70 ms.
ACCELERATION = (200 / 0.14) ** 2 * 0.14
# By judgement: five deviations are no noise, and less than about a line's width is no jump, however small the deviation is stated.
JUMP_DEVIATIONS, JUMP_NM = 5.0, 15.0
# Errors of a line are the same over some 50 nm (`rapidstem.lines`); by judgement, all lines together count as much as 100 nm of its own.
STRETCH_NM, PRIOR_STRETCHES = 50.0, 2.0
# By judgement, deviations where nothing is known before: so wide that the measurement decides.
FREE_NM, FREE_NM_PER_S = 300.0, 300.0


@dataclass(frozen=True)
class SmoothTrack:
    """A followed line, smoothed in time; NaN before it was first and after it was last seen.

    Attributes
    ----------
    track : LineTrack
    time_s : (frame, node) when the row was scanned in which each node lies
    slid_nm, speed_nm_per_s : (frame, node) along the direction of sliding
    variance_nm2 : (frame, node) of the slide
    jump_nm : (frame,) median size of the jump that happened before the frame, 0 where none
    """

    track: LineTrack
    time_s: np.ndarray
    slid_nm: np.ndarray
    speed_nm_per_s: np.ndarray
    variance_nm2: np.ndarray
    jump_nm: np.ndarray


def smoothed_track(
    track: LineTrack, view: TiltedView, start_s: np.ndarray, line_time_s: float, drift_rows: np.ndarray, scale: float
) -> SmoothTrack | None:
    """Smooth one line in time; None for a line that was seen in fewer than two frames.

    Parameters
    ----------
    track : LineTrack
        As it was followed, all frames.
    view : TiltedView
        Of the series.
    start_s : np.ndarray, (frame,)
        When row 0 of each raw frame was scanned.
    line_time_s : float
        From row to row.
    drift_rows : np.ndarray, (frame,)
        By how many rows the raw frame is displaced against the frame without drift.
    scale : float
        What stated variances are multiplied by (`noise_scale`).
    """
    seen = np.flatnonzero(track.state == SEEN)
    if len(seen) < 2:
        return None
    part = slice(int(seen[0]), int(seen[-1]) + 1)
    row = view.seen_at(track.line.points(track.slid_nm))[..., 0] + drift_rows[:, None]
    time = start_s[:, None] + np.clip(row, 0, view.shape[0] - 1) * line_time_s
    variance = np.where((track.state == SEEN)[:, None], track.variance_nm2 * scale, np.inf)
    forward = _filtered(track.slid_nm[part], variance[part], time[part])
    slid, speed, smooth_variance = _backwards(*forward[:4], np.diff(time[part], axis=0))
    shape = track.slid_nm.shape
    steps = np.median(np.diff(slid, axis=0, prepend=slid[:1]), axis=1)
    jumps = np.zeros(shape[0])
    jumps[part] = np.where(forward[4], steps, 0.0)
    return SmoothTrack(track, time, _among(slid, part, shape), _among(speed, part, shape), _among(smooth_variance, part, shape), jumps)


def _among(values: np.ndarray, part: slice, shape: tuple[int, ...]) -> np.ndarray:
    """Values of some frames among all; NaN for the others."""
    filled = np.full(shape, np.nan)
    filled[part] = values
    return filled


def noise_scale(tracks: list[LineTrack]) -> float:
    """How much larger the variance of places is than stated, from how far each frame lies beside its neighbours."""
    ratios = []
    for track in tracks:
        seen = track.state == SEEN
        middle = np.flatnonzero(seen[1:-1] & seen[:-2] & seen[2:]) + 1
        aside = track.slid_nm[middle] - (track.slid_nm[middle - 1] + track.slid_nm[middle + 1]) / 2
        expected = track.variance_nm2[middle] + (track.variance_nm2[middle - 1] + track.variance_nm2[middle + 1]) / 4
        ratios.append((aside / np.sqrt(expected))[track.speaking[middle]])
    together = np.concatenate([np.zeros(0), *ratios])
    return max(robust_spread(together, 0.0) ** 2, 0.1) if len(together) > 100 else 1.0


def beside_tomogram_nm(tracks: Sequence[SmoothTrack], view: TiltedView) -> dict[int, float]:
    """By how much each dark line of a view lies beside where the tomogram puts it, beyond noise: a standard deviation across the image.

    In the first frames lines lie as in the tomogram. What they differ by then stays the same however many frames are averaged: the dark
    line of one tilt lies elsewhere beside the core than that of all tilts, the filter draws it to one side, the tomogram has errors.

    Parameters
    ----------
    tracks : sequence of SmoothTrack
        From the first frame of the series on.
    view : TiltedView
        Of the series.

    Returns
    -------
    dict
        By the number of the line, in nm; what a line of few stretches of its own shows is drawn to what all lines show.
    """
    own = {track.track.line.number: _first_squares(track, view) for track in tracks}
    together = np.concatenate([np.zeros(0), *own.values()])
    usual = float(np.mean(together)) if len(together) else 0.0
    found = {}
    for number, squares in own.items():
        stretches = len(squares) * NODE_NM / STRETCH_NM
        square = (stretches * (np.mean(squares) if len(squares) else 0.0) + PRIOR_STRETCHES * usual) / (stretches + PRIOR_STRETCHES)
        found[number] = float(np.sqrt(max(square, 0.0)))
    return found


def _first_squares(track: SmoothTrack, view: TiltedView) -> np.ndarray:
    """Squared distances across the image (node,) from the tomogram, less the variance that is stated, in nm^2.

    Of nodes that the tomogram and all of the first frames show; their mean over these frames.
    """
    line, found = track.track.line, track.track
    first = slice(line.frames.start, line.frames.start + FIRST_FRAMES)
    told = line.known & (found.speaking[first] & found.present[first]).all(axis=0) & np.isfinite(track.slid_nm[first]).all(axis=0)
    sharp = line.sensitivity(np.zeros(len(line.nodes_nm)), view) * view.pixel_size_nm
    squares = track.slid_nm[first].mean(axis=0) ** 2 - track.variance_nm2[first].mean(axis=0)
    return np.asarray((squares * sharp**2)[told])


Filtered = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _filtered(measured: np.ndarray, variance: np.ndarray, time: np.ndarray) -> Filtered:
    """States (frame, node, 2) and covariances (frame, node, 2, 2), filtered and predicted, and before which frames (frame,) it jumped."""
    frames, nodes = measured.shape
    state, covariance = np.zeros((frames, nodes, 2)), np.zeros((frames, nodes, 2, 2))
    expected, expected_covariance = np.zeros_like(state), np.zeros_like(covariance)
    jump = np.zeros(frames, bool)
    mean = np.stack([measured[0], np.zeros(nodes)], axis=-1)
    spread = np.broadcast_to(np.diag([FREE_NM**2, FREE_NM_PER_S**2]), (nodes, 2, 2)).copy()
    for frame in range(frames):
        if frame:
            mean, spread = _predicted(mean, spread, time[frame] - time[frame - 1])
            innovation = measured[frame] - mean[:, 0]
            known = np.isfinite(variance[frame])
            total = np.sqrt(spread[:, 0, 0] + np.where(known, variance[frame], 0))
            jumped = known & (np.abs(innovation) > np.maximum(JUMP_DEVIATIONS * total, JUMP_NM))
            spread[jumped] = np.diag([FREE_NM**2, FREE_NM_PER_S**2])
            mean[jumped, 1] = 0
            jump[frame] = known.any() and jumped[known].mean() > 0.5
        expected[frame], expected_covariance[frame] = mean, spread
        mean, spread = _updated(mean, spread, measured[frame], variance[frame])
        state[frame], covariance[frame] = mean, spread
    return state, covariance, expected, expected_covariance, jump


def _predicted(mean: np.ndarray, spread: np.ndarray, step_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    move = np.broadcast_to(np.eye(2), spread.shape).copy()
    move[:, 0, 1] = step_s
    noise = ACCELERATION * np.stack([step_s**3 / 3, step_s**2 / 2, step_s**2 / 2, step_s], axis=-1).reshape(-1, 2, 2)
    return (move @ mean[..., None])[..., 0], move @ spread @ move.transpose(0, 2, 1) + noise


def _updated(mean: np.ndarray, spread: np.ndarray, measured: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gain = np.where(
        np.isfinite(variance)[:, None], spread[:, :, 0] / (spread[:, :1, 0] + np.where(np.isfinite(variance), variance, 1)[:, None]), 0
    )
    return mean + gain * (measured - mean[:, 0])[:, None], spread - gain[:, :, None] * spread[:, :1, :]


def _backwards(
    state: np.ndarray, covariance: np.ndarray, expected: np.ndarray, expected_covariance: np.ndarray, step_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smoothed slides, speeds and variances, (frame, node) each."""
    smooth, spread = state.copy(), covariance.copy()
    for frame in range(len(state) - 2, -1, -1):
        move = np.broadcast_to(np.eye(2), spread[frame].shape).copy()
        move[:, 0, 1] = step_s[frame]
        gain = covariance[frame] @ move.transpose(0, 2, 1) @ np.linalg.inv(expected_covariance[frame + 1])
        smooth[frame] = state[frame] + (gain @ (smooth[frame + 1] - expected[frame + 1])[..., None])[..., 0]
        spread[frame] = covariance[frame] + gain @ (spread[frame + 1] - expected_covariance[frame + 1]) @ gain.transpose(0, 2, 1)
    return smooth[..., 0], smooth[..., 1], np.maximum(spread[..., 0, 0], 0)
