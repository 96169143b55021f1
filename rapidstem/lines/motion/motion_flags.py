"""What happened to followed lines: jumps, bowing, cross slip, lines that vanish or leave the field, and new ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from rapidstem.lines.motion.line_following import FIRST_FRAMES, GONE, HIDDEN, LOST, OUTSIDE, SEEN
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.other_lines import lasting_lines
from rapidstem.lines.motion.plane_choice import RUNNING_FRAMES, cross_slip_frame, end_heights, lasting_runs
from rapidstem.lines.motion.state_filters import JUMP_NM
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.track_smoothing import SmoothTrack

FLAG_COLUMNS = ["line", "flag", "frame", "time_s", "row_px", "column_px", "x_nm", "y_nm", "z_nm", "size_nm"]
# All by judgement: a bow is more than a line's width (13.7 nm), and than four deviations of a
# node, as it is the largest of many.
LEAST_FIELD_SHARE = 0.25
LEAST_BOW_NM, LEAST_BOW_SD = 20.0, 4.0
# By judgement: 64 nm, several widths of a line; what bends one end alone is another line that lies on it.
BOWED_NODES = 8
# A line bows between ends that rest, or nearly so; one that glides shows other parts of itself.
LARGEST_END_SHARE = 0.7


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
    found += [(start, "bowing", float(_largest(bow[start:stop]))) for start, stop in lasting_runs(np.abs(bow) > least)]
    across = cross_slip_frame(track)
    if across is not None:
        found.append((across, "cross slip", float(np.nanmean(end_heights(track)[across]))))
    found += _endings(track)
    lost = (track.track.state == LOST) & (np.arange(len(bow)) >= track.track.line.frames.start)
    found += [(stop, "found again", _way(track, start, stop)) for start, stop in lasting_runs(lost) if _is_seen(track, stop)]
    found += [(start, "uncertain", np.nan) for start, _ in lasting_runs(track.track.doubtful)]
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
    left = [(start, "field left", np.nan, np.nan, 100 * field_share[start]) for start, _ in lasting_runs(field_share < LEAST_FIELD_SHARE)]
    rows = [(-1, flag, frame, time_s[frame], row, column, *[np.nan] * 3, size) for frame, flag, row, column, size in sorted(new + left)]
    return pd.DataFrame(rows, columns=FLAG_COLUMNS)


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
    found: list[tuple[int, str, float]] = [(start, "hidden", np.nan) for start, _ in lasting_runs(state == HIDDEN)]
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
