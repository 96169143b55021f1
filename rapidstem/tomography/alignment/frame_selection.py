"""Which frames of a tilt series show the specimen where the others say that it is."""

from dataclasses import replace

import numpy as np

from rapidstem.tomography.alignment.bundle_adjustment import project_positions
from rapidstem.tomography.alignment.line_points import LinePoints, Matches
from rapidstem.tomography.tilt_geometry import TiltGeometry

# On either side in the order of the tilts.
_NEIGHBOURS = 4
# Of the share of points that frames of similar tilt see, and that the best see; by judgement, tests/unit/test_tomography_axis.py and
# test_tomography_scenes.py hold that lost frames fall below and good ones do not.
_SHARE_OF_NEIGHBOURS = 0.62
_SHARE_OF_BEST = 0.4
# An angle and two shifts from fewer are not worth having.
_FEWEST_MATCHES = 15


def fitting_frames(points: LinePoints, geometry: TiltGeometry, columns: int, matches: Matches) -> np.ndarray:
    """Frames in which the points that lie in the field are seen about as often as in the frames of similar tilt, (frame,) bool.

    A frame that drift has carried out of the field, a blank frame or one whose shift is wrong shows lines near the points by chance
    only.

    Parameters
    ----------
    points : LinePoints
        Points on dislocations.
    geometry : TiltGeometry
        Of the series.
    columns : int
        Of a frame.
    matches : Matches
        Lines of the frames that the points were found on.

    Returns
    -------
    np.ndarray, (frame,) of bool
        True where a frame fits.
    """
    place, _ = project_positions(points.position_px, geometry, columns)
    inside = np.all((place > 1) & (place < [geometry.rows - 2, columns - 2]), axis=-1).sum(axis=1)
    count = np.bincount(matches.frame, minlength=geometry.frames)
    share = count / np.maximum(inside, 1)
    order = np.argsort(geometry.angle_rad, kind="stable")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(share[order], _NEIGHBOURS, mode="reflect"), 2 * _NEIGHBOURS + 1)
    usual = np.empty(geometry.frames)
    usual[order] = np.median(windows, axis=1)
    return (count >= _FEWEST_MATCHES) & (share > _SHARE_OF_NEIGHBOURS * usual) & (share > _SHARE_OF_BEST * np.percentile(share, 75))


def of_frames(matches: Matches, used: np.ndarray) -> Matches:
    """The matches in frames that are used."""
    kept = used[matches.frame]
    return Matches(matches.frame[kept], matches.point[kept], matches.ridge_px[kept], matches.normal[kept])


def kept_places(geometry: TiltGeometry, before: TiltGeometry, used: np.ndarray) -> TiltGeometry:
    """The geometry, but with the angles and shifts from before in frames that are not used."""
    return replace(
        geometry,
        angle_rad=np.where(used, geometry.angle_rad, before.angle_rad),
        shift_px=np.where(used[:, None], geometry.shift_px, before.shift_px),
    )


def filled_between(geometry: TiltGeometry, reported_rad: np.ndarray, used: np.ndarray) -> TiltGeometry:
    """Frames that are not used get shifts, and differences from the reported angles, between those of their neighbours."""
    frame = np.arange(geometry.frames)
    difference = np.interp(frame, frame[used], (geometry.angle_rad - reported_rad)[used])
    shift = np.column_stack([np.interp(frame, frame[used], one[used]) for one in geometry.shift_px.T])
    filled = replace(geometry, angle_rad=reported_rad + difference, shift_px=shift)
    return kept_places(geometry, filled, used)
