"""Where a line ends: as far as the frames speak for it, and no farther."""

from itertools import product

import numpy as np

from rapidstem.dislocations import end_direction, resampled
from rapidstem.lines.evidence import CoveredFrames

# A third of a line width.
STEP_NM = 5.0
# An end is led on by stretches of three line widths, from the direction of its last four to five, with these bends over a stretch.
STRIDE_NM = 40.0
DIRECTION_NM = 60.0
BENDS_DEG = (-16.0, -8.0, 0.0, 8.0, 16.0)
# Over which the frames may say nothing or a little against it, as where another line hides this one.
LONGEST_GAP_NM = 90.0
# What a line may bend over a stretch, and the standard deviation of bends; by judgement, as in `piece_linking`.
SHARPEST_BEND_DEG = 20.0
USUAL_BEND_DEG = 8.0
# A line that changes its slip plane kinks: straight stretches, some 15 degrees apart near the line's own direction. Of 60 the best is taken
# (e^4), and one kink in 3000 stretches is expected (e^8, as much as a line needs); by judgement.
KINKS_DEG = (35.0, 50.0, 65.0, 80.0, 95.0)
AZIMUTHS = 12
LEAST_KINK_EVIDENCE = 12.0
# Of the places of such a stretch in the frames; where other lines hide more of it, it may be one of those.
LEAST_CLEAR_SHARE = 0.5


def trimmed(points_nm: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Take off both ends what the frames speak against: the stretch stays for which they speak most.

    Parameters
    ----------
    points_nm : np.ndarray, (n, 3)
    own : np.ndarray, (n,)
        Evidence of each point.

    Returns
    -------
    np.ndarray, (m, 3)
        Empty where the frames speak against all of it.
    """
    cumulative = np.concatenate([[0.0], np.cumsum(own)])
    stop = int(np.argmax(cumulative - np.minimum.accumulate(cumulative)))
    start = int(np.argmin(cumulative[: stop + 1]))
    return points_nm[start:stop]


def continued(points_nm: np.ndarray, number: int, covered: CoveredFrames, box_nm: np.ndarray, overcount: float) -> np.ndarray:
    """Lead a line on at its last point, stretch by stretch in the direction for which the frames speak most, as far as they do.

    Where nothing goes on gently bent, a kink is tried, once.

    Parameters
    ----------
    points_nm : np.ndarray, (n, 3)
    number : int
        Of the line in `covered`.
    covered : CoveredFrames
        Pixels that other lines cover say nothing for this one.
    box_nm : np.ndarray, (2, 3)
        Field of view and foil; nothing is led on outside.
    overcount : float
        By how much the summed log likelihoods exceed independent evidence.

    Returns
    -------
    np.ndarray, (m, 3)
        The further points, without the last one given; none where nothing goes on.
    """
    path = resampled(points_nm, STEP_NM)
    gentle = _led_on(path, number, covered, box_nm, overcount)
    kinked = _kinked_stretch(np.vstack([path, gentle]), number, covered, box_nm, overcount)
    if not len(kinked):
        return gentle
    further = np.vstack([gentle, kinked])
    return np.vstack([further, _led_on(np.vstack([path, further]), number, covered, box_nm, overcount)])


def _led_on(path: np.ndarray, number: int, covered: CoveredFrames, box_nm: np.ndarray, overcount: float) -> np.ndarray:
    """The further points (m, 3) of a path that is led on gently bent, as far as the frames speak for it."""
    count, gained = len(path), np.zeros(0)
    while True:
        stretch, gain = _best_stretch(path, number, covered, overcount)
        inside = np.all((stretch >= box_nm[0]) & (stretch <= box_nm[1]), axis=1)
        stop = len(stretch) if inside.all() else int(np.argmin(inside))
        path, gained = np.vstack([path, stretch[:stop]]), np.concatenate([gained, gain[:stop]])
        total = np.cumsum(gained)
        best = int(np.argmax(total)) + 1 if len(total) and total.max() > 0 else 0
        if stop < len(stretch) or (len(gained) - best) * STEP_NM > LONGEST_GAP_NM:
            return path[count : count + best]


def _best_stretch(path: np.ndarray, number: int, covered: CoveredFrames, overcount: float) -> tuple[np.ndarray, np.ndarray]:
    """Of gently bent stretches that go on from a path's end, the one with the most evidence: its points and their evidence."""
    direction = end_direction(path, DIRECTION_NM)
    across = np.linalg.svd(direction[None])[2][1:]
    along = np.arange(STEP_NM, STRIDE_NM + 0.1, STEP_NM)
    bends = [bend for bend in product(BENDS_DEG, repeat=2) if np.hypot(bend[0], bend[1]) < SHARPEST_BEND_DEG]
    curved = [along[:, None] * direction + along[:, None] ** 2 / STRIDE_NM * (np.tan(np.deg2rad(bend)) / 2 @ across) for bend in bends]
    stretches = path[-1] + np.stack(curved)
    gains = covered.own_of(stretches, number)
    best = int(np.argmax(gains.sum(axis=1) / overcount - (np.hypot(*np.transpose(bends)) / USUAL_BEND_DEG) ** 2 / 2))
    return stretches[best], gains[best]


def _kinked_stretch(path: np.ndarray, number: int, covered: CoveredFrames, box_nm: np.ndarray, overcount: float) -> np.ndarray:
    """Points (m, 3) of the straight stretch beyond a kink for which the frames speak most; none where that is too little."""
    direction = end_direction(path, DIRECTION_NM)
    across = np.linalg.svd(direction[None])[2][1:]
    bend, azimuth = (np.deg2rad(each.ravel())[:, None] for each in np.meshgrid(KINKS_DEG, np.arange(AZIMUTHS) * 360 / AZIMUTHS))
    ways = np.cos(bend) * direction + np.sin(bend) * (np.cos(azimuth) * across[0] + np.sin(azimuth) * across[1])
    stretches = path[-1] + np.arange(STEP_NM, STRIDE_NM + 0.1, STEP_NM)[:, None] * ways[:, None]
    inside = np.all((stretches >= box_nm[0]) & (stretches <= box_nm[1]), axis=2)
    ratio, speaking = covered.asked(stretches, number)
    gains = np.where(inside, ratio.sum(axis=0), 0.0).cumsum(axis=1) / overcount
    best = int(np.argmax(gains.max(axis=1)))
    stop = int(np.argmax(gains[best])) + 1
    clear = speaking[:, best, :stop].mean() > LEAST_CLEAR_SHARE
    return stretches[best, :stop] if clear and gains[best, stop - 1] > LEAST_KINK_EVIDENCE else path[:0]
