"""The lines of a tomogram followed through a later tilt series of the same field: the state during a sweep.

Every node of a line has a place in the line's plane at the time of every frame. The tilt changes from frame to frame, which tells how high
above its plane a node lies, too: slide, velocity and height are fitted to all frames at once (`state_filters`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.dislocations import polylines_of
from rapidstem.errors import InputError
from rapidstem.lines.evidence import LineLikelihood, curvature_of_frames, likelihood_of
from rapidstem.lines.motion.glide_planes import line_planes
from rapidstem.lines.motion.motion_flags import FLAG_COLUMNS, line_flags
from rapidstem.lines.motion.motion_tables import POSITION_COLUMNS, followed_lines, position_rows, stacked
from rapidstem.lines.motion.plane_choice import lifted_until
from rapidstem.lines.motion.plane_following import PlaneFollowing, SeriesTimes
from rapidstem.lines.motion.series_motion import TomogramLines
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.track_smoothing import SmoothTrack
from rapidstem.lines.motion.view_evidence import FrameLines, frame_lines
from rapidstem.tomography import TiltGeometry, aligned_row_angles_rad, scanned_pixels

# Where tables of followed lines name frames (`motion_tables`, `motion_flags`).
FRAME_COLUMNS = ("frame", "later_from_frame", "first_frame", "last_frame")


@dataclass(frozen=True)
class SweepMotion:
    """Lines in motion during a tilt series.

    Attributes
    ----------
    positions, flags, followed : DataFrame
        As those of an in-situ series (`motion_tables`, `motion_flags`); frames are those of the series.
    """

    positions: pd.DataFrame
    flags: pd.DataFrame
    followed: pd.DataFrame


def follow_sweep(
    earlier: TomogramLines, still: Sequence[np.ndarray], series: np.ndarray, geometry: TiltGeometry, line_width_nm: float
) -> SweepMotion:
    """Follow the lines of an earlier tomogram through a tilt series.

    Parameters
    ----------
    earlier : TomogramLines
        In the coordinates of the series.
    still : sequence of np.ndarray, (n, 3)
        Lines that were fitted to the series as if nothing moved: the likelihood of dark lines is learnt from them. Those of the earlier
        tomogram where there are none.
    series : np.ndarray, (frame, y, x)
        Aligned bright-field frames.
    geometry : TiltGeometry
    line_width_nm : float
        Full width of the dark lines at half depth.

    Returns
    -------
    SweepMotion
        Without any rows where the earlier tomogram shows no line.

    Raises
    ------
    InputError
        The frames have no times, or the earlier tomogram fixes the plane of none of its lines.
    """
    if geometry.time_s is None or geometry.line_time_s is None:
        raise InputError("the frames of the sweep have no times, so that it says nothing of motion; take the series of rapid frames")
    lines = dict(zip(sorted(earlier.points["line"].unique().tolist()), polylines_of(earlier.points), strict=True))
    planes = line_planes(earlier.points, earlier.summary, earlier.slip_normals, earlier.foil.normal)
    if not lines:
        return SweepMotion(*_tables({}, []), followed_lines([], {}, {}, sweep_views(geometry, series.shape[2])[0]))
    if not planes:
        raise InputError("the earlier tomogram fixes the plane of no line; give the crystal's orientation as 'crystal'")
    used = np.flatnonzero(geometry.used)
    views = [view for view, good in zip(sweep_views(geometry, series.shape[2]), geometry.used, strict=True) if good]
    prepared = _prepared(list(still) or list(lines.values()), series, geometry, line_width_nm)
    times = SeriesTimes(geometry.time_s[used], geometry.line_time_s, geometry.shift_px[used, 0 if geometry.slow_scan == "rows" else 1])
    following = PlaneFollowing(lines, earlier.foil, prepared, views, times, turning=True)
    _, tracks = following.in_best_planes(planes)
    tables = (*_tables(tracks, views), followed_lines(list(lines), planes, tracks, views[len(views) // 2]))
    return SweepMotion(*(_numbered_as(table, used) for table in tables))


def _prepared(
    still: Sequence[np.ndarray], series: np.ndarray, geometry: TiltGeometry, line_width_nm: float
) -> Callable[[int], Iterator[FrameLines]]:
    """What gives the used frames from a number on, each with its own likelihood; nothing is said by pixels that were not scanned."""
    scale_px = line_width_nm / (2 * geometry.pixel_size_nm)
    learnt = likelihood_of(still, curvature_of_frames(series, scale_px), geometry)
    scanned, used = scanned_pixels(geometry, series.shape[2]), np.flatnonzero(geometry.used)

    def prepared(begin: int) -> Iterator[FrameLines]:
        for number in used[begin:]:
            likelihood = LineLikelihood(learnt.edges[number : number + 1], learnt.ratio[number : number + 1])
            yield frame_lines(np.where(scanned[number], series[number], np.nan), likelihood, scale_px)

    return prepared


def sweep_views(geometry: TiltGeometry, columns: int) -> list[TiltedView]:
    """The view of every frame of an aligned tilt series.

    Parameters
    ----------
    geometry : TiltGeometry
    columns : int
        Of a frame.

    Returns
    -------
    list of TiltedView
        One a frame.
    """
    first, middle, last = _scan_tilts_rad(geometry).T
    turns = (last - first) / (geometry.scan_lines - 1)
    return [
        TiltedView(float(tilt), (0.0, 0.0), geometry.pixel_size_nm, (geometry.rows, columns), float(turn), geometry.slow_scan)
        for tilt, turn in zip(middle, turns, strict=True)
    ]


def _scan_tilts_rad(geometry: TiltGeometry) -> np.ndarray:
    """Tilts (frame, 3) of the first, the middle and the last line of the scan of the aligned frames, in the middle of each line."""
    rows, last = slice((geometry.rows - 1) // 2, geometry.rows // 2 + 1), geometry.scan_lines - 1
    if geometry.slow_scan == "columns":
        return np.column_stack([aligned_row_angles_rad(geometry, each)[:, rows].mean(axis=1) for each in (0, last / 2, last)])
    tilts = aligned_row_angles_rad(geometry)
    return np.column_stack([tilts[:, 0], tilts[:, rows].mean(axis=1), tilts[:, -1]])


def shown_by_all(points_nm: np.ndarray, views: Sequence[TiltedView]) -> np.ndarray:
    """Which points (n, 3), nm, lie within all views of a sweep.

    Parameters
    ----------
    points_nm : np.ndarray, (n, 3)
        x, y, z from the centre of the tomogram.
    views : sequence of TiltedView
        One a frame.

    Returns
    -------
    np.ndarray, (n,), bool
    """
    return np.all([view.places(points_nm).seen[0] for view in views], axis=0)


def _tables(tracks: Mapping[int, Sequence[SmoothTrack]], views: Sequence[TiltedView]) -> tuple[pd.DataFrame, pd.DataFrame]:
    positions, flags = [], []
    for track in [track for parts in tracks.values() for track in parts]:
        nowhere = np.zeros((*track.slid_nm.shape, 3))
        positions.append(position_rows(track, views, lifted_until(track), 0.0, nowhere))
        flags.append(line_flags(track, views, len(views)))
    return stacked(positions, POSITION_COLUMNS), stacked(flags, FLAG_COLUMNS)


def _numbered_as(table: pd.DataFrame, used: np.ndarray) -> pd.DataFrame:
    """A table that counts the used frames alone, with the numbers that these (frame,) have in the series; -1 stays what it is."""
    columns = {name: table[name].to_numpy(int) for name in FRAME_COLUMNS if name in table}
    return table.assign(**{name: np.where(count >= 0, used[count], count) for name, count in columns.items()})
