"""Places and velocities of followed lines, smoothed in time (`state_filters`), and what is uncertain of them besides noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from rapidstem.lines.motion.line_following import FIRST_FRAMES, SEEN, LineTrack
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.moving_lines import NODE_NM, MovingLine
from rapidstem.lines.motion.state_filters import ACCELERATION, WITH_OFFSET, ImageOffset, NodeStates, smoothed_states
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.numerics import robust_spread

# Shares of the acceleration that lines are allowed, of which what was seen chooses: one that may go anywhere says nothing of its height,
# and little of its velocity. Where the tilt does not change, two are enough.
PACES = (1.0, 1e-2, 1e-4, 1e-6)
# While the tilt changes, dark lines lie beside the cores, and alike in neighbouring frames; by how much, and for what share of the sweep,
# each line's own residuals tell. By judgement: from half to twice the 2 nm of docs/dislocations.md, from three to all of some 70 frames.
BESIDE_NM, ALIKE_SHARES = (1.0, 2.0, 4.0), (1 / 24, 1 / 8, 1 / 3, 1.0)
# Nodes so many apart, 48 nm, choose among these. What they are off by falls to one over e along the line within 200 nm (resting lines of
# seed 83 of `benchmarks/sweep_motion.py`: 0.8 after 48 nm, 0.6 after 96 nm), so that one in 400 nm counts.
CHOOSING_NODES, COUNTING_NM = 6, 400.0
# Less likely ones than this share of the likeliest are left out: with 0.02 errors over stated deviations change by a tenth and less
# (seeds 83 to 85 of `benchmarks/sweep_motion.py`; in z of seed 83 from 2.0 to 1.4), for a tenth to a fifth more time.
LEAST_LIKELY = 0.15
# Errors of a line are the same over some 50 nm (`rapidstem.lines`). All lines together count as much as 250 nm of its own, as a line that
# turns or moves shows other parts of itself: with 100 nm errors were 1.5 times the stated ones (seed 62 of `benchmarks/motion_stages.py`).
STRETCH_NM, PRIOR_STRETCHES = 50.0, 5.0


@dataclass(frozen=True)
class SmoothTrack:
    """A followed line, smoothed in time; NaN before it was first and after it was last seen.

    Attributes
    ----------
    track : LineTrack
    time_s : (frame, node) when the line of the scan was recorded on which each node lies
    slid_nm, speed_nm_per_s : (frame, node) along the direction of sliding
    height_nm : (frame, node) above the plane, 0 where the tilt does not change, which says nothing of it
    covariance_nm2 : (frame, node, 2, 2) of slide and height
    speed_variance : (frame, node) in nm^2/s^2
    jump_nm : (frame,) median size of the jump that happened before the frame, 0 where none
    """

    track: LineTrack
    time_s: np.ndarray
    slid_nm: np.ndarray
    speed_nm_per_s: np.ndarray
    height_nm: np.ndarray
    covariance_nm2: np.ndarray
    speed_variance: np.ndarray
    jump_nm: np.ndarray

    @property
    def variance_nm2(self) -> np.ndarray:
        """Of the slide, (frame, node)."""
        return np.maximum(self.covariance_nm2[..., 0, 0], 0)

    def points(self, frame: int) -> np.ndarray:
        """Places (node, 3) in a frame."""
        line = self.track.line
        return line.points(self.slid_nm[frame]) + self.height_nm[frame][:, None] * line.plane.normal


def smoothed_track(
    track: LineTrack,
    views: Sequence[TiltedView],
    start_s: np.ndarray,
    line_time_s: float,
    drift_lines: np.ndarray,
    scale: float,
    height_sigma_nm: float = 0.0,
) -> SmoothTrack | None:
    """Smooth one line in time; None for a line that was seen in fewer than two frames.

    Parameters
    ----------
    track : LineTrack
        As it was followed, all frames.
    views : sequence of TiltedView
        One a frame.
    start_s : np.ndarray, (frame,)
        When the first line of each raw frame was scanned.
    line_time_s : float
        From line to line of the scan.
    drift_lines : np.ndarray, (frame,)
        By how many lines of the scan the raw frame is displaced against the frame without drift.
    scale : float
        What stated variances are multiplied by (`noise_scale`).
    height_sigma_nm : float
        Standard deviation of the line's height above its plane beforehand; 0 where the tilt does not change, which says nothing of it.
    """
    there = np.flatnonzero(track.state == SEEN)
    if len(there) < 2:
        return None
    part, shape = slice(int(there[0]), int(there[-1]) + 1), track.slid_nm.shape
    places = track.line.points(track.slid_nm)
    scanned = np.stack([view.scan_lines(each) for view, each in zip(views, places, strict=True)]) + drift_lines[:, None]
    time = start_s[:, None] + np.clip(scanned, 0, views[0].line_count - 1) * line_time_s
    variance = np.where((track.state == SEEN)[:, None], track.variance_nm2 * scale, np.inf)
    seen_as = np.zeros((*shape, WITH_OFFSET if height_sigma_nm else 2))
    seen_as[..., 0] = 1
    if height_sigma_nm:
        sharp = np.stack([_sharpness(track.line, slid, view) for slid, view in zip(track.slid_nm, views, strict=True)])
        on_edge = np.abs(sharp[..., 0]) < LEAST_SENSITIVITY
        by_slide = np.where(on_edge, 1.0, sharp[..., 0])
        variance = np.where(on_edge, np.inf, variance)
        seen_as[..., 2], seen_as[..., 3] = sharp[..., 1] / by_slide, 1 / by_slide
    found = _likely_states(track.slid_nm[part], variance[part], seen_as[part], time[part], height_sigma_nm)
    slid, speed = found.state[..., 0], found.state[..., 1]
    height, spread = np.zeros(slid.shape), np.zeros((*slid.shape, 2, 2))
    spread[..., 0, 0] = found.covariance[..., 0, 0]
    if height_sigma_nm:
        height, spread = found.state[..., 2], found.covariance[..., :3:2, :3:2]
    steps = np.median(np.diff(slid, axis=0, prepend=slid[:1]), axis=1)
    jumps = np.zeros(shape[0])
    jumps[part] = np.where(found.jump, steps, 0.0)
    among = [_among(each, part, shape[0]) for each in (slid, speed, height, spread, np.maximum(found.covariance[..., 1, 1], 0))]
    return SmoothTrack(track, time, among[0], among[1], among[2], among[3], among[4], jumps)


def _likely_states(
    slid_nm: np.ndarray, variance_nm2: np.ndarray, seen_as: np.ndarray, time_s: np.ndarray, height_sigma_nm: float
) -> NodeStates:
    """What is measured (frame, node), smoothed with every pace and offset of the dark line, each counting as likely as it makes them."""
    lasts_s = float(time_s[-1].mean() - time_s[0].mean())
    offsets = list(product(BESIDE_NM, ALIKE_SHARES)) if height_sigma_nm else [(0.0, 1.0)]
    tried = np.array([(pace, *offset) for pace in (PACES if height_sigma_nm else PACES[:2]) for offset in offsets])
    some = slice(None, None, CHOOSING_NODES)
    count = slid_nm[:, some].shape[1]
    pace, sigma_nm, share = np.repeat(tried, count, axis=0).T
    slid, variance, seen, time = (np.concatenate([each[:, some]] * len(tried), axis=1) for each in (slid_nm, variance_nm2, seen_as, time_s))
    offset = ImageOffset(sigma_nm, share * lasts_s)
    told = smoothed_states(slid, variance, seen, time, height_sigma_nm, ACCELERATION * pace, offset).log_likelihood
    told = told.reshape(len(tried), count).sum(axis=1) * CHOOSING_NODES * NODE_NM / COUNTING_NM
    likely = np.flatnonzero(told > told.max() + np.log(LEAST_LIKELY))
    likely = likely[np.argsort(-told[likely], kind="stable")]
    found = [
        smoothed_states(
            slid_nm, variance_nm2, seen_as, time_s, height_sigma_nm, ACCELERATION * pace, ImageOffset(sigma_nm, share * lasts_s)
        )
        for pace, sigma_nm, share in tried[likely]
    ]
    weight = np.exp(told[likely] - told.max())
    return _averaged(found, weight / weight.sum())


def _averaged(found: Sequence[NodeStates], weight: np.ndarray) -> NodeStates:
    """The mean of several states (the likeliest first), with the covariance within each and between them."""
    state = np.einsum("k,kfna->fna", weight, [each.state for each in found])
    apart = np.stack([each.state - state for each in found])
    covariance = np.einsum("k,kfnab->fnab", weight, [each.covariance for each in found])
    covariance += np.einsum("k,kfna,kfnb->fnab", weight, apart, apart)
    return NodeStates(state, covariance, found[0].jump, found[0].log_likelihood)


def _sharpness(line: MovingLine, slid_nm: np.ndarray, view: TiltedView) -> np.ndarray:
    """By how much a node (node, 2) moves across the image of its line as it slides, and as it rises above the plane; nm by nm."""
    normals = view.normals_at(line.points(slid_nm)) @ view.by_place * view.pixel_size_nm
    return np.column_stack([normals @ line.direction, normals @ line.plane.normal])


def _among(values: np.ndarray, part: slice, frames: int) -> np.ndarray:
    """Values of some frames among all; NaN for the others."""
    filled = np.full((frames, *values.shape[1:]), np.nan)
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
