"""In which of two planes a line glides, when it has left one, and how it goes on after it has slipped across.

A straight line along <110>, as screw dislocations are, lies in two {111} planes. Followed in both, it fits the faces of the foil in the one
that it glides in. A line that leaves that plane can only go on in the other one.
"""

from dataclasses import replace

import numpy as np

from rapidstem.lines.motion.glide_planes import FoilFaces, GlidePlane
from rapidstem.lines.motion.line_following import FIRST_FRAMES, SEEN
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.moving_lines import MovingLine, moving_line
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.track_smoothing import SmoothTrack
from rapidstem.numerics import weighted_median

# By judgement: about a line's width (13.7 nm); one that moves less lies in both planes, to the accuracy of its places.
MOVED_NM = 15.0
# By judgement: that many frames more are no chance of a single one.
CLEARLY_MORE = 3
# By judgement: 0.8 s at 70 ms a frame, in which the end of a line is mostly seen a few times although other lines cross it.
AROUND_FRAMES = 5
# An event counts when it is there in so many frames running: three are hardly chance.
RUNNING_FRAMES = 3
# By judgement, above the error of an end below; an end that no other one confirms, in that frame or one beside it, must lie farther off.
LEAST_DEPTH_NM, ONE_FACE_DEPTH_NM = 25.0, 45.0
# By judgement: a line that has slipped in a jump and then rests shows one height, too; it counts as slipped unless one is clearly likelier.
AS_LIKELY = 1.1
# The end of a line is seen to a node, 8 nm along it.
FITTING_DEPTH_NM = 10.0


def cross_slip_frame(track: SmoothTrack) -> int | None:
    """The first frame in which a line no longer fits its plane; None where it always does, or where no end of it shows.

    A line in the plane ends on the foil's faces. One that has slipped onto another plane, lifted into this one, reaches beyond one face and
    stays short of the other by the same height, and the farther the more it moves. What a single end seems to be off by wherever the line
    goes, and while it rests, is no slip: another line lies there, or the end is hardly seen. Nor is what goes over: a line that fits its
    plane again, in three of eleven frames, has not left it.

    Parameters
    ----------
    track : SmoothTrack

    Returns
    -------
    int or None
    """
    depth = end_heights(track)
    both = np.isfinite(depth).all(axis=1)
    mean = np.where(both, depth.mean(axis=1), np.nan)
    agree = both & (np.abs(mean) > LEAST_DEPTH_NM) & (np.abs(depth[:, 0] - depth[:, 1]) < np.abs(mean))
    one = np.where(np.isfinite(depth).sum(axis=1) == 1, np.nan_to_num(depth).sum(axis=1), 0.0)
    off = np.where(agree, np.nan_to_num(mean), np.where(np.abs(one) > LEAST_DEPTH_NM, one, 0.0))
    certain = agree | (np.abs(one) > ONE_FACE_DEPTH_NM)
    runs = sorted(run for sign in (1, -1) for run in lasting_runs(sign * off > 0) if certain[slice(*run)].any())
    left = [run for run in runs if not _fits_elsewhere(track, depth, *run)]
    slipped = (start for start, stop in left if agree[start:stop].sum() >= RUNNING_FRAMES or _grows_with_the_way(track, depth, start))
    return next(slipped, None)


def _fits_elsewhere(track: SmoothTrack, depth_nm: np.ndarray, start: int, stop: int) -> bool:
    """Whether the ends (frame, 2) lie on the faces again after a misfit, and not only where the line has come back to where it began."""
    away = np.abs(_way_since(track, _fitted_until(depth_nm, start))) > MOVED_NM
    return bool(_often(_fits(depth_nm) & away & (np.arange(len(away)) >= stop)).any())


def _grows_with_the_way(track: SmoothTrack, depth_nm: np.ndarray, start: int) -> bool:
    """Whether the heights of ends (frame, 2) from a frame on go with the way since they last fitted, rather than being one at each end."""
    begin = _fitted_until(depth_nm, start)
    way = _way_since(track, begin)[begin:]
    after = depth_nm[begin:]
    known = np.isfinite(after) & np.isfinite(way)[:, None]
    if not known.any():
        return False
    ways = np.broadcast_to(way[:, None], after.shape)
    slope = weighted_median(after[known] / np.where(ways[known] == 0, np.inf, ways[known]), np.abs(ways[known]))
    growing = _strayed(after[known], (slope * ways)[known])
    resting = sum(_strayed(end[good], np.median(end[good])) for end, good in zip(after.T, known.T, strict=True) if good.any())
    return growing <= AS_LIKELY * resting


def _way_since(track: SmoothTrack, begin: int) -> np.ndarray:
    """By how far the middle of a line has slid (frame,) since the frame before a given one, in nm."""
    middle = np.median(track.slid_nm, axis=1)
    return np.asarray(middle - middle[max(begin - 1, 0)])


def _strayed(heights_nm: np.ndarray, expected_nm: np.ndarray) -> float:
    """By how much heights differ from what they should be; one on another line counts as one that is clearly off."""
    return float(np.minimum(np.abs(heights_nm - expected_nm), ONE_FACE_DEPTH_NM).sum())


def lifted_until(track: SmoothTrack) -> int:
    """The first frame from which a line is not lifted any more: where the misfit began that has shown that it has left its plane."""
    across = cross_slip_frame(track)
    if across is None:
        return len(track.slid_nm)
    return _fitted_until(end_heights(track), across)


def _fitted_until(depth_nm: np.ndarray, frame: int) -> int:
    """The frame after the last one before a frame in which the ends (frame, 2) lay on the faces."""
    fits = np.flatnonzero(_fits(depth_nm[:frame]))
    return int(fits[-1]) + 1 if len(fits) else 0


def _fits(depth_nm: np.ndarray) -> np.ndarray:
    """Frames (frame,) bool in which the ends (frame, 2) that are seen lie on the faces."""
    known = np.isfinite(depth_nm)
    mean = np.where(known.any(axis=1), np.nan_to_num(depth_nm).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    return np.asarray(np.abs(mean) <= FITTING_DEPTH_NM)


def end_heights(track: SmoothTrack) -> np.ndarray:
    """Height in z (frame, 2) by which a line seems to end too high at its first and its last node, against the first frames.

    Parameters
    ----------
    track : SmoothTrack

    Returns
    -------
    np.ndarray, (frame, 2)
        In nm; NaN where an end is not seen.
    """
    line = track.track.line
    flat = line.nodes_nm
    climbs = np.array([flat[0, 1] - flat[min(5, len(flat) - 1), 1], flat[-1, 1] - flat[max(-6, -len(flat)), 1]])
    lengths = np.array([np.linalg.norm(flat[0] - flat[min(5, len(flat) - 1)]), np.linalg.norm(flat[-1] - flat[max(-6, -len(flat))])])
    height = track.track.face_nm * climbs / np.maximum(lengths, 1e-9) * line.plane.steep[2]
    usual = np.zeros(2)
    for end in (0, 1):
        known = height[:FIRST_FRAMES, end]
        usual[end] = np.median(known[np.isfinite(known)]) if np.isfinite(known).any() else 0.0
    return height - usual


def has_moved(track: SmoothTrack | None) -> bool:
    """Whether a line has moved by more than its width, or was lost, so that its plane matters.

    Parameters
    ----------
    track : SmoothTrack or None
        None for a line that was seen in fewer than two frames.
    """
    if track is None:
        return True
    middle = np.median(track.slid_nm, axis=1)
    return bool(np.nanmax(np.abs(middle)) > MOVED_NM or track.track.state[-1] != SEEN)


def fits_better(track: SmoothTrack | None, other: SmoothTrack | None) -> bool:
    """Whether a line fits its plane in clearly more frames than another plane.

    Parameters
    ----------
    track, other : SmoothTrack or None
        The same line, followed in two planes; None where it was seen in fewer than two frames.
    """
    return _fitting_frames(track) >= _fitting_frames(other) + CLEARLY_MORE


def slipped_line(track: SmoothTrack | None, plane: GlidePlane, foil: FoilFaces) -> MovingLine | None:
    """How a line goes on in another plane that it also lies in; None where it stays in its own.

    Where it has left the first plane is known to the height to which its ends are seen, evenly spread over that, and so is the other plane.

    Parameters
    ----------
    track : SmoothTrack or None
        As it was followed in the first plane.
    plane : GlidePlane
        The other one.
    foil : FoilFaces
    """
    if track is None or cross_slip_frame(track) is None or lifted_until(track) < 1:
        return None
    begin, line = lifted_until(track), track.track.line
    last = track.slid_nm[begin - 1]
    points = line.points(last)[line.in_foil(last)]
    height_nm = FITTING_DEPTH_NM / np.sqrt(3)
    onward = replace(plane, centre_nm=points.mean(axis=0), sigma_nm=float(np.hypot(plane.sigma_nm, height_nm * plane.normal @ foil.normal)))
    return moving_line(line.number, points, onward, foil, range(begin, len(track.slid_nm)))


def told_until(track: SmoothTrack) -> int:
    """The first frame from which a line that lies in two planes may have slipped across unseen: no end of it is seen on a face any more.

    An end counts that is seen there in three of the eleven frames around: a line in the other plane crosses that height now and then.

    Parameters
    ----------
    track : SmoothTrack

    Returns
    -------
    int
    """
    fitting = np.flatnonzero(_often((np.abs(end_heights(track)) <= FITTING_DEPTH_NM).any(axis=1)))
    return int(fitting[-1] if len(fitting) else track.track.line.frames.start) + 1 + CLEARLY_MORE


def doubtful_way(track: SmoothTrack, plane: GlidePlane, told: int, view: TiltedView) -> np.ndarray:
    """By how far a line's places would differ if it had gone on in another plane that it also lies in, where the view shows the same.

    Parameters
    ----------
    track : SmoothTrack
    plane : GlidePlane
        The other one.
    told : int
        As `told_until` gives it.
    view : TiltedView
        Of the series.

    Returns
    -------
    np.ndarray, (frame, node, 3)
        In nm; 0 up to the frame `told`, then counted from where an end was last seen on a face.
    """
    line, apart = track.track.line, np.zeros((*track.slid_nm.shape, 3))
    last = max(told - 1 - CLEARLY_MORE, 0)
    other, least = line.slide @ plane.axes, LEAST_SENSITIVITY / view.pixel_size_nm
    for frame in range(told, len(apart)):
        slid = track.slid_nm[frame]
        if not np.isfinite(slid[0]):
            continue
        normal = view.normals_at(line.points(slid)) @ view.by_place
        sharp = normal @ other
        ratio = normal @ line.direction / np.where(sharp < 0, np.minimum(sharp, -least), np.maximum(sharp, least))
        apart[frame] = (slid - track.slid_nm[last])[:, None] * (line.direction - ratio[:, None] * other)
    return apart


def lifted_in_doubt(way_nm: np.ndarray) -> int:
    """The first frame from which two planes differ by more than a line's width (`doubtful_way`), so that neither gives a place."""
    far = np.flatnonzero(np.median(np.linalg.norm(way_nm, axis=2), axis=1) > MOVED_NM)
    return int(far[0]) if len(far) else len(way_nm)


def lasting_runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """First frame, and the one after the last, of stretches of at least three chosen frames (frame,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(chosen, bool), [False]]).astype(int)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2) if stop - start >= RUNNING_FRAMES]


def _often(fits: np.ndarray) -> np.ndarray:
    """Which of the fitting frames (frame,) are of three or more in the eleven frames around: other lines lie at a height now and then."""
    around = np.convolve(fits, np.ones(2 * AROUND_FRAMES + 1))[AROUND_FRAMES : AROUND_FRAMES + len(fits)]
    return np.asarray(fits & (around >= CLEARLY_MORE))


def _fitting_frames(track: SmoothTrack | None) -> int:
    """In how many frames an end of the line is seen on its face."""
    if track is None:
        return 0
    return int(np.count_nonzero((np.abs(end_heights(track)) <= FITTING_DEPTH_NM).any(axis=1)))
