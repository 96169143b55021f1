"""Lines that were given up, sought again in all frames that follow at once, and followed on from where they are.

Frame by frame a lost line is taken for another one easily. Over all frames a course that is there most of the time, and goes no farther
from frame to frame than lines do, stands out; where two courses do, it cannot be told which one is the line's, and that is said.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rapidstem.lines.motion.line_following import (
    FEWEST_NODES,
    GONE,
    LEAST_SHARE,
    LOST,
    MOVING_COST,
    NEAR_NM,
    OUTSIDE,
    SEEN,
    FollowedLines,
    LineTrack,
    note_path,
    path_state,
    shown_points,
)
from rapidstem.lines.motion.line_paths import OVERCOUNT, found_path
from rapidstem.lines.motion.other_lines import dark_pixels, unexplained_pieces
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.view_evidence import FrameLines

# By judgement: half of a line's width; as far as a line goes within half of a field of view; every second node, 16 nm apart.
STEP_NM, REACH_NM, EVERY_NODE = 7.0, 400.0, 2
# By judgement: a line glides by some 14 nm in a frame (200 nm/s at 70 ms), hardly by 35; 96 nm of what lies beyond either end are asked.
USUAL_STEPS, LARGEST_STEPS, BEYOND_NODES = 2.0, 5, 12
# By judgement, in natural units: what it costs that a line comes or goes.
COMING_COST = 12.0
# Of the frames that should show a line that is found again, so many must.
LEAST_SEEN = 0.6
# A node that sees no line says so, but not more than this: its shape may have changed.
LEAST_SUPPORT = -1.5
# So many frames must show a line that is found again; courses less than e to the second apart in likelihood are not told apart.
LEAST_FRAMES, CERTAIN = 5, 2.0

Prepared = Callable[[int], Iterable[FrameLines]]


def find_again(prepared: Prepared, seen: FollowedLines, others: Sequence[np.ndarray], views: Sequence[TiltedView]) -> None:
    """Seek the lines that were given up once more, and put what is found into their tracks and into what is unexplained.

    Not those that were outside of the field before they were given up: nothing says how far they have gone meanwhile.

    Parameters
    ----------
    prepared : callable
        Gives the frames from a number on, ready to be asked.
    seen : FollowedLines
        As they were followed; changed in place.
    others : sequence of np.ndarray, (n, 3)
        Lines of the tomogram that are not followed.
    views : sequence of TiltedView
        One a frame.
    """
    lost = [
        _LostLine(track, seen.resting.barred(index))
        for index, track in enumerate(seen.tracks)
        if GONE in track.state and not set(track.state) <= {OUTSIDE, GONE}
    ]
    if not lost:
        return
    begin = min(line.first for line in lost)
    for number, frame in enumerate(prepared(begin), start=begin):
        _cover_known(frame, number, seen.tracks, lost, others, views[number])
        for line in lost:
            line.ask(number, frame, views[number])
    found: list[_LostLine] = []
    while lost:
        best = max(lost, key=lambda line: line.settle(found, views))
        lost.remove(best)
        found += [best] if np.count_nonzero(best.course >= 0) >= LEAST_FRAMES else []
    if not found:
        return
    begin = min(line.first for line in found)
    for number, frame in enumerate(prepared(begin), start=begin):
        _cover_known(frame, number, seen.tracks, found, others, views[number])
        for line in found:
            line.follow(number, frame, views[number])
        seen.unexplained[number] = unexplained_pieces(dark_pixels(frame)[0], views[number].pixel_size_nm)
    for line in found:
        line.close()


def _cover_known(
    frame: FrameLines,
    number: int,
    tracks: Sequence[LineTrack],
    lost: Sequence["_LostLine"],
    others: Sequence[np.ndarray],
    view: TiltedView,
) -> None:
    """Cover what other lines hold in a frame: those at rest, and those that were followed, the lost ones as long as they were seen."""
    sought = {id(line.track) for line in lost if number >= line.first}
    for points in others:
        frame.cover(points, view)
    for track in tracks:
        if id(track) not in sought and track.state[number] == SEEN:
            frame.cover(shown_points(track, number), view)


class _LostLine:
    """A line that was given up, and what later frames say for it along its slide, but for pixels in which other lines rested then."""

    def __init__(self, track: LineTrack, barred: np.ndarray) -> None:
        self.track, self.barred = track, barred
        there = np.flatnonzero(track.state == SEEN)
        self.last = int(there[-1]) if len(there) else track.line.frames.start
        self.first, self.frames = self.last + 1, min(track.line.frames.stop, len(track.state))
        self.base_nm = track.slid_nm[self.last]
        self.offsets_nm = np.arange(-round(REACH_NM / STEP_NM), round(REACH_NM / STEP_NM) + 1) * STEP_NM
        known = np.flatnonzero(track.line.known)
        self.nodes = slice(max(int(known[0]) - BEYOND_NODES, 0), int(known[-1]) + BEYOND_NODES + 1, EVERY_NODE)
        slides = self.base_nm + self.offsets_nm[:, None]
        self.places = track.line.points(slides)[:, self.nodes]
        self.inside = track.line.in_foil(slides)[:, self.nodes]
        self.support = np.zeros((self.frames - self.first, *self.inside.shape), np.float16)
        self.course, self.doubtful = np.zeros(0, int), np.zeros(0, bool)

    def ask(self, number: int, frame: FrameLines, view: TiltedView) -> None:
        """Keep what a frame says for every place."""
        if not self.first <= number < self.frames:
            return
        _, support, _ = frame.without(self.barred).asked(self.places, view)
        self.support[number - self.first] = np.where(self.inside, np.maximum(support, LEAST_SUPPORT), 0.0)

    def settle(self, found: Sequence["_LostLine"], views: Sequence[TiltedView]) -> float:
        """Find the best course beside those that are found already; how much all frames together say for it."""
        score, in_view = np.zeros(self.support.shape[:2]), np.zeros(self.support.shape[:2], bool)
        for index in range(len(score)):
            support = self.support[index].astype(float)
            for other in found:
                support = np.where(other.holds(self.first + index, self.places, views[self.first + index]), 0.0, support)
            asked = (support != 0).sum(axis=1)
            least = LEAST_SHARE * self.track.usual_support(self.first) * asked
            in_view[index] = asked * EVERY_NODE >= FEWEST_NODES
            score[index] = np.where(in_view[index], support.sum(axis=1) - least, 0.0) * EVERY_NODE / OVERCOUNT
        self.course, self.doubtful, total = best_course(score, in_view)
        return total

    def holds(self, number: int, points_nm: np.ndarray, view: TiltedView) -> np.ndarray:
        """Which of some points (..., 3) its course hides in a frame."""
        at = number - self.first
        if not 0 <= at < len(self.course) or self.course[at] < 0:
            return np.zeros(points_nm.shape[:-1], bool)
        line = self.track.line
        slides = self.base_nm + self.offsets_nm[self.course[at]]
        own = view.seen_at(line.points(slides)[line.in_foil(slides)])
        places = view.seen_at(points_nm)
        near = np.min(np.linalg.norm(places[..., None, :] - own, axis=-1), axis=-1) if len(own) else np.full(points_nm.shape[:-1], np.inf)
        return np.asarray(near * view.pixel_size_nm < NEAR_NM / 2)

    def follow(self, number: int, frame: FrameLines, view: TiltedView) -> None:
        """Put a frame behind the track, where the course leads it."""
        if not self.first <= number < self.frames:
            return
        at, track = int(self.course[number - self.first]), self.track
        if at < 0:
            track.slid_nm[number], track.state[number] = track.slid_nm[number - 1], LOST
            return
        guess, own = self.base_nm + self.offsets_nm[at], frame.without(self.barred)
        path = found_path(track.line, guess, NEAR_NM, own, view)
        state = path_state(track, path, number, own, view)
        note_path(track, number, path, state, own, view)
        track.doubtful[number] = self.doubtful[number - self.first]
        if state == SEEN:
            frame.cover(shown_points(track, number), view)
        else:
            track.slid_nm[number] = guess

    def close(self) -> None:
        """The line is gone for good after it was seen last, unless it lies outside; and at once, where too few frames have shown it."""
        state = self.track.state[self.first : self.frames]
        wanted = np.count_nonzero(np.isin(state, (SEEN, LOST)) & (self.course >= 0))
        if np.count_nonzero(state == SEEN) < max(LEAST_SEEN * wanted, LEAST_FRAMES):
            state[:] = LOST
        there = np.flatnonzero(self.track.state == SEEN)
        after = int(there[-1]) + 1 if len(there) else self.track.line.frames.start
        rest = self.track.state[after:]
        if len(rest) and not (rest == OUTSIDE).all():
            self.track.state[after] = LOST
            self.track.state[after + 1 :] = GONE


def best_course(score: np.ndarray, in_view: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The places that all frames together speak for most, from the middle one on.

    Parameters
    ----------
    score : np.ndarray, (frame, place)
        Natural units; places are `STEP_NM` apart.
    in_view : np.ndarray, (frame, place), bool
        Places that the frame shows; a line neither jumps, comes nor goes where it does not.

    Returns
    -------
    course : np.ndarray, (frame,), int
        Number of the place; -1 where the line is not there.
    doubtful : np.ndarray, (frame,), bool
        Whether another course, elsewhere in the frame, is less likely by less than e to the second.
    total : float
        What the frames say for it.
    """
    start = np.full(score.shape[1] + 1, -np.inf)
    start[score.shape[1] // 2] = 0.0
    forward = _sums(score, in_view, start)
    backward = _sums(score[::-1], in_view[::-1], np.zeros(len(start)))[::-1]
    own = np.column_stack([score, np.zeros(len(score))])
    through = forward + backward - own
    best = through.argmax(axis=1)
    place = np.arange(score.shape[1])
    far = (np.abs(place - best[:, None]) > LARGEST_STEPS) | (best[:, None] == score.shape[1])
    rival = np.where(far, through[:, :-1], -np.inf).max(axis=1)
    doubtful = (best < score.shape[1]) & (rival > through.max(axis=1) - CERTAIN)
    return np.where(best < score.shape[1], best, -1), doubtful, float(through[0].max()) if len(through) else -np.inf


def _sums(score: np.ndarray, in_view: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The best sum (frame, place) up to every place in every frame; the last place stands for a line that is not there."""
    steps = np.arange(-LARGEST_STEPS, LARGEST_STEPS + 1)
    cost, places = (steps / USUAL_STEPS) ** 2 / 2, score.shape[1]
    padded = np.full(places + 2 * LARGEST_STEPS, -np.inf)
    sums, before, seen = np.zeros((len(score), places + 1)), start, np.ones(places, bool)
    for number, (row, seen_now) in enumerate(zip(score, in_view, strict=True)):
        padded[LARGEST_STEPS:-LARGEST_STEPS] = before[:-1]
        near = (sliding_window_view(padded, len(steps)) - cost).max(axis=1)
        shown = np.where(seen, before[:-1], -np.inf).max()
        come = np.where(seen_now, max(shown - MOVING_COST, before[-1] - COMING_COST), -np.inf)
        sums[number, :-1] = np.maximum(near, come) + row
        sums[number, -1] = max(before[-1], shown - COMING_COST)
        before, seen = sums[number], seen_now
    return sums
