"""In which of two planes a line glides, and how it goes on after it has slipped across.

A straight line along <110>, as screw dislocations are, lies in two {111} planes. Followed in both, it fits the faces of the foil in the one
that it glides in. A line that leaves that plane can only go on in the other one.
"""

from dataclasses import replace

import numpy as np

from rapidstem.lines.motion.glide_planes import FoilFaces, GlidePlane
from rapidstem.lines.motion.line_following import SEEN
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.motion_flags import FITTING_DEPTH_NM, cross_slip_frame, end_heights, lifted_until
from rapidstem.lines.motion.moving_lines import MovingLine, moving_line
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.track_smoothing import SmoothTrack

# By judgement: about a line's width (13.7 nm); one that moves less lies in both planes, to the accuracy of its places.
MOVED_NM = 15.0
# By judgement: that many frames more are no chance of a single one.
CLEARLY_MORE = 3
# By judgement: 0.8 s at 70 ms a frame, in which the end of a line is mostly seen a few times although other lines cross it.
AROUND_FRAMES = 5


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
    fits = (np.abs(end_heights(track)) <= FITTING_DEPTH_NM).any(axis=1)
    around = np.convolve(fits, np.ones(2 * AROUND_FRAMES + 1), mode="same")
    fitting = np.flatnonzero(fits & (around >= CLEARLY_MORE))
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


def _fitting_frames(track: SmoothTrack | None) -> int:
    """In how many frames an end of the line is seen on its face."""
    if track is None:
        return 0
    return int(np.count_nonzero((np.abs(end_heights(track)) <= FITTING_DEPTH_NM).any(axis=1)))
