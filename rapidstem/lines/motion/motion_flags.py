"""What happened to followed lines: jumps, bowing, cross slip, lines that vanish or leave the field, and new ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from rapidstem.lines.motion.line_following import FIRST_FRAMES, GONE, HIDDEN, LOST, OUTSIDE, SEEN
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.state_filters import JUMP_NM
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.track_smoothing import SmoothTrack
from rapidstem.lines.motion.unexplained_lines import lasting_lines
from rapidstem.numerics import weighted_median

FLAG_COLUMNS = ["line", "flag", "frame", "time_s", "row_px", "column_px", "x_nm", "y_nm", "z_nm", "size_nm"]
# An event counts when it is there in so many frames running, and by more than this.
RUNNING_FRAMES = 3
# All by judgement: three frames running are hardly chance; a bow is more than a line's width (13.7 nm), and than four deviations of a
# node, as it is the largest of many.
LEAST_FIELD_SHARE = 0.25
LEAST_BOW_NM, LEAST_BOW_SD = 20.0, 4.0
# By judgement: 64 nm, several widths of a line; what bends one end alone is another line that lies on it.
BOWED_NODES = 8
# A line bows between ends that rest, or nearly so; one that glides shows other parts of itself.
LARGEST_END_SHARE = 0.7
# By judgement, above the error of an end below; an end that no other one confirms, in that frame or one beside it, must lie farther off.
LEAST_DEPTH_NM, ONE_FACE_DEPTH_NM = 25.0, 45.0
# By judgement: a line that has slipped in a jump and then rests shows one height, too; it counts as slipped unless one is clearly likelier.
AS_LIKELY = 1.1
# The end of a line is seen to a node, 8 nm along it.
FITTING_DEPTH_NM = 10.0


def line_flags(track: SmoothTrack, views: Sequence[TiltedView], told_until: int) -> pd.DataFrame:
    """What happened to one line, `FLAG_COLUMNS`, in the order of time.

    `jump`: moved within a frame, by its median. `bowing`: bent against its first shape, by the largest distance from it. `cross slip`:
    lifted into its plane it would leave the foil, by the mean height of its ends beyond the faces. `vanished`, `left field`. `hidden`: the
    first frame of a stretch in which other lines hide it. `found again`: after three frames or more in which it was not found, by its way
    since. `uncertain`: from here on it may as well be another line.

    Parameters
    ----------
    track : SmoothTrack
    views : sequence of TiltedView
        One a frame.
    told_until : int
        The first frame in which it may lie in another plane unseen (`plane uncertain`).

    Returns
    -------
    DataFrame
        One row an event; empty where nothing happened.
    """
    on_edge = _on_edge(track, views)
    jumps = np.flatnonzero((np.abs(track.jump_nm) > JUMP_NM) & ~on_edge)
    found: list[tuple[int, str, float]] = [(int(frame), "jump", float(track.jump_nm[frame])) for frame in jumps]
    bow = np.where(on_edge, 0.0, bow_nm(track))
    known = np.isfinite(track.variance_nm2[:, :1])
    least = np.maximum(LEAST_BOW_NM, LEAST_BOW_SD * np.sqrt(np.median(np.where(known, track.variance_nm2, 0.0), axis=1)))
    found += [(start, "bowing", float(_largest(bow[start:stop]))) for start, stop in _runs(np.abs(bow) > least)]
    across = cross_slip_frame(track)
    if across is not None:
        found.append((across, "cross slip", float(np.nanmean(end_heights(track)[across]))))
    found += _endings(track)
    lost = (track.track.state == LOST) & (np.arange(len(bow)) >= track.track.line.frames.start)
    found += [(stop, "found again", _way(track, start, stop)) for start, stop in _runs(lost) if _is_seen(track, stop)]
    found += [(start, "uncertain", np.nan) for start, _ in _runs(track.track.doubtful)]
    if across is None and told_until <= np.flatnonzero(track.track.state == SEEN)[-1]:
        found.append((told_until, "plane uncertain", np.nan))
    until = len(bow) if across is None else across
    rows = [_row(track, views, frame, flag, size) for frame, flag, size in sorted(found) if frame <= until]
    return pd.DataFrame(rows, columns=FLAG_COLUMNS)


def field_flags(unexplained: Sequence[np.ndarray], field_share: np.ndarray, time_s: np.ndarray, pixel_size_nm: float) -> pd.DataFrame:
    """What happened that belongs to no followed line, which is line -1; `FLAG_COLUMNS`.

    `new`: a dark line that stays and that nothing explains, with its length, `unexplained` where it was there from the first frames on; a
    single view fixes no place in three dimensions for it. `field left`: from here on the frames show less than a quarter of what the
    tomogram shows, with the share in percent as its size.

    Parameters
    ----------
    unexplained : sequence of np.ndarray, (piece, 3)
        Of each frame, as `unexplained_pieces` gives them.
    field_share : np.ndarray, (frame,)
        Of what the tomogram shows, from 0 to 1.
    time_s : np.ndarray, (frame,)
        Start of each frame.
    pixel_size_nm : float

    Returns
    -------
    DataFrame
        One row an event.
    """
    lasting = lasting_lines(unexplained, pixel_size_nm)
    kinds = ["unexplained" if line.frames[0] < RUNNING_FRAMES else "new" for line in lasting]
    new = [(line.frames[0], kind, *line.place_px, line.length_nm) for line, kind in zip(lasting, kinds, strict=True)]
    left = [(start, "field left", np.nan, np.nan, 100 * field_share[start]) for start, _ in _runs(field_share < LEAST_FIELD_SHARE)]
    rows = [(-1, flag, frame, time_s[frame], row, column, *[np.nan] * 3, size) for frame, flag, row, column, size in sorted(new + left)]
    return pd.DataFrame(rows, columns=FLAG_COLUMNS)


def cross_slip_frame(track: SmoothTrack) -> int | None:
    """The first frame in which a line no longer fits its plane; None where it always does, or where no end of it shows.

    A line in the plane ends on the foil's faces. One that has slipped onto another plane, lifted into this one, reaches beyond one face and
    stays short of the other by the same height, and the farther the more it moves. What a single end seems to be off by wherever the line
    goes, and while it rests, is no slip: another line lies there, or the end is hardly seen.

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
    runs = sorted(run for sign in (1, -1) for run in _runs(sign * off > 0) if certain[slice(*run)].any())
    slipped = (start for start, stop in runs if agree[start:stop].sum() >= RUNNING_FRAMES or _grows_with_the_way(track, depth, start))
    return next(slipped, None)


def _grows_with_the_way(track: SmoothTrack, depth_nm: np.ndarray, start: int) -> bool:
    """Whether the heights of ends (frame, 2) from a frame on go with the way since they last fitted, rather than being one at each end."""
    middle = np.median(track.slid_nm, axis=1)
    begin = _fitted_until(depth_nm, start)
    way = (middle - middle[max(begin - 1, 0)])[begin:]
    after = depth_nm[begin:]
    known = np.isfinite(after) & np.isfinite(way)[:, None]
    if not known.any():
        return False
    ways = np.broadcast_to(way[:, None], after.shape)
    slope = weighted_median(after[known] / np.where(ways[known] == 0, np.inf, ways[known]), np.abs(ways[known]))
    growing = _strayed(after[known], (slope * ways)[known])
    resting = sum(_strayed(end[good], np.median(end[good])) for end, good in zip(after.T, known.T, strict=True) if good.any())
    return growing <= AS_LIKELY * resting


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
    known = np.isfinite(depth_nm)
    mean = np.where(known.any(axis=1), np.nan_to_num(depth_nm).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    fits = np.flatnonzero(np.abs(mean[:frame]) <= FITTING_DEPTH_NM)
    return int(fits[-1]) + 1 if len(fits) else 0


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


def bow_nm(track: SmoothTrack) -> np.ndarray:
    """By how far a line is bent more than in the first frames, signed, (frame,); NaN where it is not seen, 0 where its ends have moved.

    The distance from the shape in the tomogram, moved and stretched between the ends of what is seen of it, that 64 nm of it exceed.

    Parameters
    ----------
    track : SmoothTrack

    Returns
    -------
    np.ndarray, (frame,)
        In nm, positive on the side to which positive slides lead.
    """
    line, frames = track.track.line, len(track.slid_nm)
    bow, ends = np.full(frames, np.nan), np.zeros(frames)
    for frame in np.flatnonzero((track.track.state == SEEN) & np.isfinite(track.slid_nm[:, 0])):
        speaking = np.flatnonzero(track.track.speaking[frame] & track.track.present[frame] & line.known)
        if len(speaking) < 5:
            continue
        slid, part = track.slid_nm[frame], slice(speaking[0], speaking[-1] + 1)
        straight = np.interp(np.arange(len(slid)), speaking[[0, -1]], slid[speaking[[0, -1]]])
        off = ((slid - straight) * (line.across(slid) @ line.direction))[part]
        bow[frame], ends[frame] = _broad(off), np.abs(slid[speaking[[0, -1]]]).max()
    first = bow[np.isfinite(bow)][:FIRST_FRAMES]
    bow -= np.median(first) if len(first) else 0.0
    return np.where(ends <= LARGEST_END_SHARE * np.abs(bow), bow, 0.0)


def _on_edge(track: SmoothTrack, views: Sequence[TiltedView]) -> np.ndarray:
    """Frames (frame,) bool in which the line's plane is seen so nearly on edge that the image says nothing of where in it the line is."""
    sensitivity = [
        np.median(np.abs(track.track.line.sensitivity(slid, view))) * view.pixel_size_nm
        for slid, view in zip(track.slid_nm, views, strict=True)
    ]
    return np.array(sensitivity) < LEAST_SENSITIVITY


def _endings(track: SmoothTrack) -> list[tuple[int, str, float]]:
    state = track.track.state
    found: list[tuple[int, str, float]] = [(start, "hidden", np.nan) for start, _ in _runs(state == HIDDEN)]
    gone = np.flatnonzero(state == GONE)
    seen = np.flatnonzero(state == SEEN)
    if len(gone):
        after = int(seen[-1]) + 1
        found.append((after, "vanished" if state[after] == LOST else "left field", np.nan))
    elif state[-1] == OUTSIDE:
        found.append((int(seen[-1]) + 1, "left field", np.nan))
    return found


def _is_seen(track: SmoothTrack, frame: int) -> bool:
    return frame < len(track.track.state) and track.track.state[frame] == SEEN


def _way(track: SmoothTrack, start: int, stop: int) -> float:
    """By how far a line has moved, in the median over its nodes, between the frame before a stretch and the one after it."""
    slid = track.track.slid_nm
    return float(np.median(slid[stop] - slid[max(start - 1, 0)]))


def _runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    """First frame, and the one after the last, of stretches of at least three frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(chosen, bool), [False]]).astype(int)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2) if stop - start >= RUNNING_FRAMES]


def _broad(off_nm: np.ndarray) -> float:
    """The distance, signed, that a whole stretch of neighbouring nodes exceeds to one side; 0 for a line that is no longer than that."""
    if len(off_nm) < BOWED_NODES:
        return 0.0
    stretches = sliding_window_view(off_nm, BOWED_NODES)
    return float(max(stretches.min(axis=1).max(), 0.0) + min(stretches.max(axis=1).min(), 0.0))


def _largest(values: np.ndarray) -> float:
    return float(values[np.argmax(np.abs(values))])


def _row(track: SmoothTrack, views: Sequence[TiltedView], frame: int, flag: str, size_nm: float) -> list[object]:
    """An event at the time of its frame, and at the place where the line is in it, or was or is next where it is not there."""
    known = np.flatnonzero(np.isfinite(track.slid_nm[:, 0]))
    at = int(known[np.argmin(np.abs(known - frame))])
    middle = int(np.median(np.flatnonzero(track.track.line.known)))
    place = track.points(at)[middle]
    return [track.track.line.number, flag, frame, track.time_s[frame, middle], *views[at].seen_at(place), *place, size_nm]
