"""Lines followed through a series, each in the plane that it glides in, and after cross slip in the other one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rapidstem.lines.motion.glide_planes import FoilFaces, GlidePlane
from rapidstem.lines.motion.line_following import FollowedLines, LineTrack, follow_lines
from rapidstem.lines.motion.moving_lines import ALL_FRAMES, MovingLine, moving_line
from rapidstem.lines.motion.plane_choice import fits_better, has_moved, slipped_line
from rapidstem.lines.motion.second_look import find_again
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.track_smoothing import SmoothTrack, noise_scale, smoothed_track
from rapidstem.lines.motion.view_evidence import FrameLines

# By judgement: about what the points of a traced line lie beside its plane by.
LEAST_HEIGHT_NM = 3.0


@dataclass(frozen=True)
class SeriesTimes:
    """When the lines of the scan of a series were recorded.

    Attributes
    ----------
    start_s : (frame,) when the first line of each raw frame was scanned
    line_time_s : from line to line
    drift_lines : (frame,) by how many lines the raw frame is displaced
    """

    start_s: np.ndarray
    line_time_s: float
    drift_lines: np.ndarray


@dataclass(frozen=True)
class PlaneFollowing:
    """All that following lines needs besides their planes.

    Attributes
    ----------
    lines : those of the tomogram by number, (n, 3)
    foil : FoilFaces
    prepared : gives the frames from a number on, ready to be asked, one after the other; anew each time
    views : one a frame
    times : SeriesTimes
    turning : whether the tilt changes, which tells how high above their planes lines lie
    """

    lines: Mapping[int, np.ndarray]
    foil: FoilFaces
    prepared: Callable[[int], Iterable[FrameLines]]
    views: Sequence[TiltedView]
    times: SeriesTimes
    turning: bool = False

    def in_best_planes(self, planes: Mapping[int, Sequence[GlidePlane]]) -> tuple[FollowedLines, dict[int, list[SmoothTrack]]]:
        """Lines followed in those of their possible planes that they fit best.

        Parameters
        ----------
        planes : mapping
            Numbers of lines to the planes that each may lie in, the nearer one first.

        Returns
        -------
        FollowedLines
            Of all lines.
        dict of int to list of SmoothTrack
            The parts of each line: two for one that has slipped across, none for one seen in fewer than two frames.
        """
        chosen = {number: possible[0] for number, possible in planes.items()}
        seen = self._tracks(self._lines_in(chosen))
        tracks = self._smoothed(seen.tracks)
        other = {number: possible[1] for number, possible in planes.items() if len(possible) > 1 and has_moved(tracks[number])}
        slipped: dict[int, MovingLine] = {}
        if other:
            seen = self._tracks(self._lines_in(chosen | other))
            second = self._smoothed(seen.tracks)
            for number in [number for number in other if fits_better(second[number], tracks[number])]:
                tracks[number], chosen[number], other[number] = second[number], other[number], chosen[number]
            onward = {number: slipped_line(tracks[number], plane, self.foil) for number, plane in other.items()}
            slipped = {number: line for number, line in onward.items() if line is not None}
            ends = {number: range(line.frames.start) for number, line in slipped.items()}
            seen = self._tracks([*self._lines_in(chosen, ends), *slipped.values()])
        find_again(self.prepared, seen, self._at_rest(chosen), self.views)
        last = self._smoothed(seen.tracks[: len(chosen)])
        tracks |= {number: track for number, track in last.items() if number not in slipped}
        after = self._smoothed(seen.tracks[len(chosen) :])
        parts = {number: [tracks[number], after.get(number)] for number in chosen}
        return seen, {number: [track for track in both if track is not None] for number, both in parts.items()}

    def _lines_in(self, planes: Mapping[int, GlidePlane], frames: Mapping[int, range] = MappingProxyType({})) -> list[MovingLine]:
        return [moving_line(n, self.lines[n], plane, self.foil, frames.get(n, ALL_FRAMES)) for n, plane in planes.items()]

    def _tracks(self, moving: Sequence[MovingLine]) -> FollowedLines:
        others = self._at_rest([each.number for each in moving])
        return follow_lines(self.prepared(0), self.times.start_s, moving, others, self.views)

    def _at_rest(self, moving: Iterable[int]) -> list[np.ndarray]:
        """The lines that are not followed, which are taken to rest."""
        followed = set(moving)
        return [line for number, line in self.lines.items() if number not in followed]

    def _smoothed(self, tracks: Sequence[LineTrack]) -> dict[int, SmoothTrack | None]:
        times, scale = self.times, noise_scale(list(tracks))
        return {
            track.line.number: smoothed_track(
                track,
                self.views,
                times.start_s,
                times.line_time_s,
                times.drift_lines,
                scale,
                max(track.line.plane.sigma_nm, LEAST_HEIGHT_NM) if self.turning else 0.0,
            )
            for track in tracks
        }
