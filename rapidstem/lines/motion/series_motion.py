"""The lines of a tomogram in three dimensions at every frame of an in-situ series of the same field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from rapidstem.dislocations import polylines_of
from rapidstem.errors import InputError
from rapidstem.files import SlicedFrames
from rapidstem.lines.motion.glide_planes import EDGE_ON_DEG, FoilFaces, GlidePlane, line_planes
from rapidstem.lines.motion.motion_flags import FLAG_COLUMNS, field_flags, line_flags
from rapidstem.lines.motion.motion_tables import POSITION_COLUMNS, followed_lines, position_rows, stacked
from rapidstem.lines.motion.plane_choice import doubtful_way, has_moved, lifted_in_doubt, lifted_until, told_until
from rapidstem.lines.motion.plane_following import PlaneFollowing, SeriesTimes
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.tomogram_match import TomogramMatch, match_tomogram
from rapidstem.lines.motion.track_smoothing import SmoothTrack, beside_tomogram_nm
from rapidstem.lines.motion.view_evidence import FrameLines, frame_lines, learnt_from
from rapidstem.lines.motion.view_refinement import refined_view
from rapidstem.tomography import slow_scan_along, with_axis_along_x

# By judgement: the first frames, before many lines have left their places in the tomogram; the likelihood needs more of them than the view.
MATCHED_FRAMES, LEARNING_FRAMES = 5, 10


@dataclass(frozen=True)
class TomogramLines:
    """What a tomogram says of the lines of a field.

    Attributes
    ----------
    points : DataFrame, as `lines.csv`
    summary : DataFrame, as `line_summary.csv`
    foil : FoilFaces
    slip_normals : names of the {111} planes to their normals in specimen axes, empty where the crystal is not known
    """

    points: pd.DataFrame
    summary: pd.DataFrame
    foil: FoilFaces
    slip_normals: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class InSituFrames:
    """A series at fixed tilt.

    Attributes
    ----------
    images : (frame, y, x) without drift and scan distortion; NaN where a frame has not seen the place
    time_s : (frame,) when the first row of each raw frame was scanned
    line_time_s : from row to row
    drift_rows : (frame,) by how many rows the raw frame is displaced
    tilt_deg : as the goniometer gives it
    pixel_size_nm
    tilt_axis : its direction in the images
    """

    images: SlicedFrames | np.ndarray
    time_s: np.ndarray
    line_time_s: float
    drift_rows: np.ndarray
    tilt_deg: float
    pixel_size_nm: float
    tilt_axis: Literal["x", "y"] = "x"

    def along_x(self, wanted: int | slice) -> np.ndarray:
        """Images of one frame (y, x) or of several (frame, y, x), with the tilt axis along x as in the tomogram.

        Parameters
        ----------
        wanted : int or slice
            Of the frames.

        Returns
        -------
        np.ndarray, (..., y, x)
        """
        return with_axis_along_x(self.images[wanted], self.tilt_axis)


@dataclass(frozen=True)
class SeriesMotion:
    """Lines in motion.

    Attributes
    ----------
    positions, flags, followed : DataFrame
        Places of the nodes by frame, what happened, and which lines were followed (`motion_tables`, `motion_flags`); rows and columns are
        those of the images.
    match : TomogramMatch
        How the field of the tomogram lies in the frames with the tilt axis along x.
    """

    positions: pd.DataFrame
    flags: pd.DataFrame
    followed: pd.DataFrame
    match: TomogramMatch


def follow_series(tomogram: TomogramLines, frames: InSituFrames, line_width_nm: float) -> SeriesMotion:
    """Follow the lines of a tomogram through an in-situ series and lift them into their planes.

    Parameters
    ----------
    tomogram : TomogramLines
    frames : InSituFrames
    line_width_nm : float
        Full width of the dark lines at half depth.

    Raises
    ------
    InputError
        The frames have no times, the series shows another field, or no line has a plane that is certain and not seen on edge.
    """
    if not np.all(np.isfinite(frames.time_s)):
        raise InputError("the frames have no times, without which lines have no velocities; set reading.frame_interval_s")
    lines = polylines_of(tomogram.points)
    if not lines:
        raise InputError("the tomogram shows no dislocation line that could be followed; name another tilt series in the column 'tomogram'")
    numbers = sorted(tomogram.points["line"].unique().tolist())
    planes = line_planes(tomogram.points, tomogram.summary, tomogram.slip_normals, tomogram.foil.normal)
    match = _matched(lines, frames, line_width_nm)
    usable = {
        number: [plane for plane in possible if plane.beam_angle_deg(match.view.beam) >= EDGE_ON_DEG] for number, possible in planes.items()
    }
    usable = {number: possible for number, possible in usable.items() if possible}
    if not usable:
        raise InputError(_no_plane(planes, tomogram.slip_normals))
    views = [match.view] * len(frames.time_s)
    scale_px = line_width_nm / (2 * frames.pixel_size_nm)
    likelihood = learnt_from(frames.along_x(slice(LEARNING_FRAMES)), lines, match.view, scale_px)

    def prepared(begin: int) -> Iterator[FrameLines]:
        return (frame_lines(frames.along_x(number), likelihood, scale_px) for number in range(begin, len(views)))

    times = SeriesTimes(frames.time_s, frames.line_time_s, frames.drift_rows)
    following = PlaneFollowing(dict(zip(numbers, lines, strict=True)), tomogram.foil, prepared, views, times)
    seen, tracks = following.in_best_planes(usable)
    positions, flags = _tables([track for parts in tracks.values() for track in parts], match.view, usable)
    of_field = field_flags(seen.unexplained, seen.field_share, frames.time_s, frames.pixel_size_nm)
    flags = stacked([flags, of_field], FLAG_COLUMNS)
    if frames.tilt_axis == "y":
        flags = flags.rename(columns={"row_px": "column_px", "column_px": "row_px"})[FLAG_COLUMNS]
    return SeriesMotion(positions, flags, followed_lines(numbers, planes, tracks, match.view), match)


def _matched(lines: Sequence[np.ndarray], frames: InSituFrames, line_width_nm: float) -> TomogramMatch:
    image = np.mean(frames.along_x(slice(MATCHED_FRAMES)), axis=0)
    rough = match_tomogram(lines, image, frames.tilt_deg, frames.pixel_size_nm, line_width_nm)
    scale_px = line_width_nm / (2 * frames.pixel_size_nm)
    likelihood = learnt_from(frames.along_x(slice(LEARNING_FRAMES)), lines, rough.view, scale_px)
    view = refined_view(lines, frame_lines(image, likelihood, scale_px), rough.view)
    return TomogramMatch(replace(view, slow_scan=slow_scan_along(frames.tilt_axis)), rough.correlation, rough.chance)


def _no_plane(planes: Mapping[int, Sequence[GlidePlane]], slip_normals: Mapping[str, np.ndarray]) -> str:
    if planes:
        return (
            f"the planes of all {len(planes)} lines that have one are seen on edge, to {EDGE_ON_DEG:.0f} degrees; a view fixes nothing "
            "across them. Take the series at another tilt"
        )
    remedy = "Give the crystal's orientation as 'crystal'" if not slip_normals else "Take a tilt series that shows the lines more precisely"
    return f"the tomogram fixes the plane of no line, so that single views cannot be lifted into three dimensions. {remedy}"


def _tables(
    tracks: Sequence[SmoothTrack], view: TiltedView, planes: Mapping[int, Sequence[GlidePlane]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    beside_nm = beside_tomogram_nm([track for track in tracks if track.track.line.frames.start == 0], view)
    positions, flags = [], []
    for track in tracks:
        views = [view] * len(track.slid_nm)
        line = track.track.line
        others = [plane for plane in planes[line.number] if plane.name != line.plane.name]
        told = told_until(track) if others and has_moved(track) else len(track.slid_nm)
        way_nm = doubtful_way(track, others[0], told, view) if others else np.zeros((*track.slid_nm.shape, 3))
        positions.append(position_rows(track, views, min(lifted_until(track), lifted_in_doubt(way_nm)), beside_nm[line.number], way_nm))
        flags.append(line_flags(track, views, told))
    return stacked(positions, POSITION_COLUMNS), stacked(flags, FLAG_COLUMNS)
