"""Dislocation lines followed from frame to frame in single views.

Every line is sought near to where its last place and its velocity lead. One that is not there is sought far around, in what no other line
explains. What the frames do not show is not forced: a line that is not found keeps its place for so long, one that another line hides goes
on as it went, and both are marked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.lines.motion.face_distances import face_distances
from rapidstem.lines.motion.line_paths import LinePath, found_path
from rapidstem.lines.motion.moving_lines import MovingLine
from rapidstem.lines.motion.other_lines import ExpectedLines, RestingLines, dark_pixels, unexplained_pieces
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.view_evidence import FrameLines

SEEN, HIDDEN, LOST, OUTSIDE, GONE = "seen", "hidden", "lost", "outside", "gone"
# By judgement: near, about two line widths; far, no farther, as other lines are taken for the lost one ever more often.
NEAR_NM, FAR_NM = 26.0, 180.0
# A line is found where the frames say at least this share of what they said for it at first, per node.
LEAST_SHARE = 0.5
# By judgement: a median of five does not follow one bad frame.
FIRST_FRAMES = 5
# By judgement: by fewer nodes, or a smaller share of those in view, a line is not judged.
FEWEST_NODES, LEAST_SPEAKING = 5, 0.3
# What a place far from the expected one must be better by: one chance in some thousand places that are tried.
MOVING_COST = 8.0
# A line that is found far off must be found almost whole: a part of it lies on a part of some other one often.
LEAST_FAR_SHARE = 0.75
# By judgement: a larger step in one frame is a jump (500 nm/s at 70 ms a frame), which says nothing of the velocity after it.
JUMP_NM = 35.0
# By judgement: half of the newest step and half of those before it, against the noise of a single frame.
VELOCITY_GAIN = 0.5
# By judgement: what a line has gone by from frame to frame, in the median over so many, before another one hides it; less is the noise of
# one that rests.
GLIDE_FRAMES, LEAST_GLIDE_NM = 6, 1.0
# By judgement: a line that is not found in so many frames running is given up.
LOST_FRAMES = 4


@dataclass
class LineTrack:
    """One line in all frames so far; arrays are filled frame by frame.

    Attributes
    ----------
    line : MovingLine
    slid_nm, variance_nm2 : (frame, node)
    speaking : (frame, node) bool
    present : (frame, node) bool, the stretch of the line for which the frame speaks most
    state : (frame,) str, `seen`, `hidden` behind other lines, `lost`, `outside` the field, or `gone` for good
    support : (frame,) log likelihood ratio per node that speaks
    face_nm : (frame, 2) by how far the line reaches beyond its first and its last node; NaN where that is not seen
    doubtful : (frame,) bool, where it may as well lie elsewhere
    """

    line: MovingLine
    slid_nm: np.ndarray
    variance_nm2: np.ndarray
    speaking: np.ndarray
    present: np.ndarray
    state: np.ndarray
    support: np.ndarray
    face_nm: np.ndarray
    doubtful: np.ndarray

    def usual_support(self, frame: int) -> float:
        """What the first frames in which it was seen have said for it; with none of them, what is learnt for lines on average."""
        seen = np.flatnonzero(self.state[:frame] == SEEN)[:FIRST_FRAMES]
        return float(np.median(self.support[seen])) if len(seen) else 1.0

    def guess(self, frame: int, time_s: np.ndarray) -> np.ndarray:
        """Where the nodes should be in a frame, (node,), from the last two places and the velocity between them."""
        if frame == self.line.frames.start:
            return np.zeros(len(self.line.nodes_nm))
        if self.state[frame - 1] == HIDDEN:
            return self.slid_nm[frame - 1] + self._glide(frame, time_s) * (time_s[frame] - time_s[frame - 1])
        velocity = np.zeros(len(self.line.nodes_nm))
        for earlier in range(max(self.line.frames.start + 1, frame - 4), frame):
            if self.state[earlier] == SEEN and self.state[earlier - 1] == SEEN:
                change = self.slid_nm[earlier] - self.slid_nm[earlier - 1]
                steady = np.abs(np.median(change)) < JUMP_NM
                own = np.full(len(change), np.median(change)) / (time_s[earlier] - time_s[earlier - 1]) if steady else 0.0
                velocity = velocity + VELOCITY_GAIN * (own - velocity)
        return self._whole(frame - 1) + velocity * (time_s[frame] - time_s[frame - 1])

    def _glide(self, frame: int, time_s: np.ndarray) -> float:
        """The velocity of the whole line when it was seen last, nm/s; 0 for one that rested."""
        seen = [each for each in range(self.line.frames.start + 1, frame) if {*self.state[each - 1 : each + 1]} == {SEEN}][-GLIDE_FRAMES:]
        steps = np.array([np.median(self.slid_nm[each] - self.slid_nm[each - 1]) for each in seen])
        gliding = len(steps) == GLIDE_FRAMES and LEAST_GLIDE_NM < abs(np.median(steps)) < JUMP_NM
        return float(np.median(steps / (time_s[seen] - time_s[np.array(seen) - 1]))) if gliding else 0.0

    def _whole(self, frame: int) -> np.ndarray:
        """Slides (node,) in a frame; nodes that it does not show have gone as far as those beside them: the shape is that at rest."""
        shown = np.flatnonzero(self.speaking[frame] & self.present[frame])
        if self.state[frame] != SEEN or len(shown) < FEWEST_NODES:
            return self.slid_nm[frame]
        return np.interp(np.arange(len(self.line.nodes_nm)), shown, self.slid_nm[frame, shown])

    def expected(self, frame: int, guess_nm: np.ndarray) -> np.ndarray:
        """The points (n, 3) that a frame should show, from what was there in the last one; at first what the tomogram has shown."""
        there = self.line.known if frame == self.line.frames.start else self.present[frame - 1]
        return self.line.points(guess_nm)[there]

    def is_whole(self, frame: int) -> bool:
        """Whether a frame shows nearly all of the line that no other one hides."""
        speaking = self.speaking[frame]
        shown = np.count_nonzero(speaking & self.present[frame])
        return bool(self.state[frame] == SEEN and shown >= LEAST_FAR_SHARE * np.count_nonzero(speaking))

    def clearness(self, frame: int) -> float:
        """What the last frame has said for the whole line."""
        return float(self.support[: max(frame, 1)][-1]) * len(self.line.nodes_nm)


@dataclass(frozen=True)
class FollowedLines:
    """What a series shows.

    Attributes
    ----------
    tracks : one a line
    unexplained : (frame) dark lines that none of them explains, as `unexplained_pieces` gives them
    field_share : (frame,) how much of what the tomogram shows lies in what each frame has seen
    resting : where each of the tracks has seen other lines rest
    """

    tracks: list[LineTrack]
    unexplained: list[np.ndarray]
    field_share: np.ndarray
    resting: RestingLines


def follow_lines(
    frames: Iterable[FrameLines],
    time_s: np.ndarray,
    lines: Sequence[MovingLine],
    others: Sequence[np.ndarray],
    views: Sequence[TiltedView],
) -> FollowedLines:
    """Follow lines through a series.

    Parameters
    ----------
    frames : iterable of FrameLines
        Frames without drift, one after the other.
    time_s : np.ndarray, (frame,)
        Start of each.
    lines : sequence of MovingLine
    others : sequence of np.ndarray, (n, 3)
        Lines of the tomogram that are not followed; they are taken to rest, and hide what lies behind them.
    views : sequence of TiltedView
        One a frame; the same one in all frames of a series at fixed tilt.
    """
    tracks = [_empty_track(line, len(time_s)) for line in lines]
    still = np.concatenate([*others, *(line.plane.points(line.nodes_nm[line.known]) for line in lines)])
    resting = RestingLines(len(tracks), views[0].shape)
    unexplained, share = [], np.zeros(len(time_s))
    for number, (frame, view) in enumerate(zip(frames, views, strict=True)):
        for points in others:
            frame.cover(points, view)
        _follow_frame(tracks, number, frame, view, time_s, resting)
        dark, empty = dark_pixels(frame)
        if view == views[max(number - 1, 0)]:
            resting.note(dark, empty, _held_pixels(tracks, number, frame, view))
        unexplained.append(unexplained_pieces(dark, view.pixel_size_nm))
        share[number] = frame.seen(still, view).mean()
    return FollowedLines(tracks, unexplained, share, resting)


def _follow_frame(
    tracks: Sequence[LineTrack], number: int, frame: FrameLines, view: TiltedView, time_s: np.ndarray, resting: RestingLines
) -> None:
    """Put one frame behind the tracks: clear lines first, what they hide says nothing for the others; then lines that are not there."""
    there = {index: track for index, track in enumerate(tracks) if number in track.line.frames}
    present = {index: track for index, track in there.items() if number == track.line.frames.start or track.state[number - 1] != GONE}
    guesses = {index: track.guess(number, time_s) for index, track in present.items()}
    claims = ExpectedLines(
        {
            index: frame.footprint(track.expected(number, guesses[index]), view)
            for index, track in present.items()
            if number == track.line.frames.start or track.state[number - 1] == SEEN
        },
        view.shape,
    )
    missing = []
    for index in sorted(present, key=lambda each: -present[each].clearness(number)):
        track, own = present[index], frame.without(claims.barred(index) | resting.barred(index))
        path = found_path(track.line, guesses[index], NEAR_NM, own, view)
        state = path_state(track, path, number, own, view)
        note_path(track, number, path, state, own, view)
        if state == SEEN:
            frame.cover(shown_points(track, number), view)
        elif state in (LOST, HIDDEN):
            missing.append(index)
    for index in missing:
        track, own = present[index], frame.without(resting.barred(index))
        if track.state[number] == HIDDEN:
            track.slid_nm[number] = guesses[index]
        path = found_path(track.line, guesses[index], FAR_NM, own, view, MOVING_COST)
        if path.stretch_share >= LEAST_FAR_SHARE and path_state(track, path, number, own, view) == SEEN:
            note_path(track, number, path, SEEN, own, view)
            frame.cover(shown_points(track, number), view)
    for track in there.values():
        if number > track.line.frames.start and (track.state[number - 1] == GONE or _given_up(track, number)):
            track.slid_nm[number], track.state[number] = track.slid_nm[number - 1], GONE


def _held_pixels(tracks: Sequence[LineTrack], number: int, frame: FrameLines, view: TiltedView) -> dict[int, np.ndarray]:
    """The pixels (y, x) of the lines that a frame shows nearly whole, by their place among the tracks: where such a line is, is known."""
    whole = {index: track for index, track in enumerate(tracks) if number in track.line.frames and track.is_whole(number)}
    return {index: frame.footprint(track.line.points(track.slid_nm[number]), view) for index, track in whole.items()}


def _given_up(track: LineTrack, number: int) -> bool:
    """Whether a line has not been found for too long, or was outside of the field for as long from the first frame on."""
    recent = track.state[max(track.line.frames.start, number - LOST_FRAMES + 1) : number + 1]
    never = SEEN not in track.state[track.line.frames.start : number + 1]
    return len(recent) == LOST_FRAMES and set(recent) <= {LOST, OUTSIDE} and bool(LOST in recent or never)


def path_state(track: LineTrack, path: LinePath, number: int, frame: FrameLines, view: TiltedView) -> str:
    """Whether a path in a frame is the line, or why not.

    Parameters
    ----------
    track : LineTrack
    path : LinePath
    number : int
        Of the frame.
    frame : FrameLines
    view : TiltedView
        Of the frame.

    Returns
    -------
    str
        One of the states of `LineTrack`.
    """
    seen = frame.seen(track.line.points(path.slid_nm), view) & track.line.in_foil(path.slid_nm)
    if seen.sum() < FEWEST_NODES:
        return OUTSIDE
    if path.speaking.sum() < max(FEWEST_NODES, LEAST_SPEAKING * seen.sum()):
        return HIDDEN
    return SEEN if path.mean_support >= LEAST_SHARE * track.usual_support(number) else LOST


def note_path(track: LineTrack, number: int, path: LinePath, state: str, frame: FrameLines, view: TiltedView) -> None:
    """Put a path in a frame into a track; a line that is not seen keeps its place.

    Parameters
    ----------
    track : LineTrack
        Changed in place.
    number : int
        Of the frame.
    path : LinePath
    state : str
        As `path_state` gives it.
    frame : FrameLines
    view : TiltedView
        Of the frame.
    """
    track.state[number], track.support[number] = state, path.mean_support
    track.speaking[number], track.present[number] = path.speaking, path.present
    kept = state == SEEN or number == track.line.frames.start
    track.slid_nm[number] = path.slid_nm if kept else track.slid_nm[number - 1]
    track.variance_nm2[number] = path.variance_nm2 if state == SEEN else np.inf
    track.face_nm[number] = face_distances(track.line, path.slid_nm, frame, view) if state == SEEN else np.nan


def shown_points(track: LineTrack, number: int) -> np.ndarray:
    """The points of a line as far as a frame shows them."""
    return track.line.points(track.slid_nm[number])[track.present[number]]


def _empty_track(line: MovingLine, frames: int) -> LineTrack:
    shape = (frames, len(line.nodes_nm))
    return LineTrack(
        line=line,
        slid_nm=np.zeros(shape),
        variance_nm2=np.full(shape, np.inf),
        speaking=np.zeros(shape, bool),
        present=np.zeros(shape, bool),
        state=np.full(frames, LOST, dtype="<U8"),
        support=np.zeros(frames),
        face_nm=np.full((frames, 2), np.nan),
        doubtful=np.zeros(frames, bool),
    )
