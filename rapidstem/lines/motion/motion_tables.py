"""Tables of followed lines: places and velocities by frame, what happened when, and which lines could be followed."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from rapidstem.lines.motion.glide_planes import EDGE_ON_DEG, GlidePlane
from rapidstem.lines.motion.line_following import SEEN, LineTrack
from rapidstem.lines.motion.line_paths import LEAST_SENSITIVITY
from rapidstem.lines.motion.moving_lines import MovingLine
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.tomogram_match import TomogramMatch
from rapidstem.lines.motion.track_smoothing import SmoothTrack

POSITION_COLUMNS = [
    *["line", "node", "frame", "time_s", "x_nm", "y_nm", "z_nm", "sigma_nm", "velocity_nm_per_s"],
    *["sigma_x_nm", "sigma_y_nm", "sigma_z_nm", "sigma_velocity_nm_per_s", "measured"],
]
FOLLOWED_COLUMNS = [
    *["line", "plane", "normal_x", "normal_y", "normal_z", "later_plane", "later_from_frame", "beam_angle_deg", "followed", "reason"],
    *["first_frame", "last_frame", "seen_percent"],
]
MATCH_COLUMNS = ["tilt_deg", "dy_px", "dx_px", "pixel_size_nm", "rows", "columns", "correlation", "chance"]
POINT_VALUES = ("time_s", "sigma_nm", "velocity_nm_per_s", "measured")
# One row each 24 nm of a line: nodes that are nearer see the same noise (`line_paths.OVERCOUNT`).
EVERY_NODE = 3

Moment = tuple[float, list[np.ndarray], dict[str, list[int]], dict[str, np.ndarray]]


def position_rows(
    track: SmoothTrack, views: Sequence[TiltedView], until_frame: int, beside_nm: float, doubt_nm: np.ndarray
) -> pd.DataFrame:
    """One row a node and frame of one line, as far as it lies in the field; `POSITION_COLUMNS`.

    `sigma_x_nm`, `sigma_y_nm`, `sigma_z_nm` are standard deviations across the line: that of its place in the plane, with what the view's
    dark lines lie beside the tomogram, and that of the plane, which moves it along the beam by one over the sine of the angle between the
    two, or, where the tilt changes and tells its height above the plane, that of the height; where the line may lie in another plane, by
    how far that would move it. `sigma_nm` is the root of the sum of their squares.
    `velocity_nm_per_s` is that at right angles to the line in its plane, `sigma_velocity_nm_per_s` its deviation.
    `measured` is 0 for what is interpolated in time.

    Parameters
    ----------
    track : SmoothTrack
    views : sequence of TiltedView
        One a frame.
    until_frame : int
        The first frame that does not count, as the line has left its plane.
    beside_nm : float
        The line's, as `beside_tomogram_nm` gives it.
    doubt_nm : np.ndarray, (frame, node, 3)
        By how far another plane would move its places (`doubtful_way`).

    Returns
    -------
    DataFrame
        In nm from the centre of the tomogram, seconds and nm/s.
    """
    line, tables = track.track.line, []
    for frame in np.flatnonzero(np.isfinite(track.slid_nm[:until_frame, 0])).tolist():
        slid, view = track.slid_nm[frame], views[frame]
        points, across = track.points(frame), line.across(slid)
        part = across @ line.direction
        sharp = np.abs(line.sensitivity(slid, view)) * view.pixel_size_nm
        told, sharp = sharp >= LEAST_SENSITIVITY, np.maximum(sharp, LEAST_SENSITIVITY)
        covariance = track.covariance_nm2[frame] + np.diag([1.0, 0.0]) * ((beside_nm / sharp) ** 2)[:, None, None]
        sigma = _sigma(line, line.points(slid), covariance, across * part[:, None], view, doubt_nm[frame])
        node = np.arange(0, len(slid), EVERY_NODE)
        node = node[(view.places(points).seen[0] & _there(track, frame) & line.in_foil(slid))[node]]
        measured = (track.track.state[frame] == SEEN) & track.track.speaking[frame] & track.track.present[frame] & told
        columns = [
            points[node],
            np.linalg.norm(sigma[node], axis=1),
            (track.speed_nm_per_s[frame] * part)[node],
            sigma[node],
            (np.sqrt(track.speed_variance[frame]) * np.abs(part))[node],
            measured[node],
        ]
        table = pd.DataFrame(np.column_stack(columns), columns=POSITION_COLUMNS[4:])
        table.insert(0, "line", line.number)
        table.insert(1, "node", node)
        table.insert(2, "frame", frame)
        table.insert(3, "time_s", track.time_s[frame, node])
        tables.append(table)
    together = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=POSITION_COLUMNS)
    return together.astype({"measured": int})


def _there(track: SmoothTrack, frame: int) -> np.ndarray:
    """Which nodes (node,) belong to the line in a frame; where it is not seen, those of the last frame in which it was.

    What the tomogram has shown of it belongs to it even where the frame does not show it: no dislocation ends within the foil.
    """
    seen = np.flatnonzero(track.track.state[: frame + 1] == SEEN)
    there = np.flatnonzero(track.track.present[seen[-1]] | track.track.line.known)
    number = np.arange(track.slid_nm.shape[1])
    return (number >= there[0]) & (number <= there[-1])


def _sigma(
    line: MovingLine, points: np.ndarray, covariance_nm2: np.ndarray, across: np.ndarray, view: TiltedView, doubt: np.ndarray
) -> np.ndarray:
    """Standard deviations (node, 3) of x, y, z across the line, from the covariance (node, 2, 2) of slide and height."""
    beam, normal = view.beam, line.plane.normal
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    moves = np.stack([across, np.broadcast_to(normal, across.shape)], axis=2)
    variance = np.einsum("nai,nij,naj->na", moves, covariance_nm2, moves)
    told = covariance_nm2[:, 1:2, 1] > 0
    with_plane = np.where(told, 0.0, line.plane.sigma_nm * beam / (beam @ normal))
    moved = [each - np.sum(each * tangent, axis=1, keepdims=True) * tangent for each in (with_plane, doubt)]
    return np.sqrt(np.maximum(variance, 0) + moved[0] ** 2 + moved[1] ** 2)


def stacked(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Tables below each other, those without rows left out, so that they have no say in the types of the columns.

    Parameters
    ----------
    tables : sequence of DataFrame
        Each with the columns.
    columns : sequence of str
        Of the table where there are no rows.

    Returns
    -------
    DataFrame
    """
    return pd.concat([each for each in tables if len(each)] or [pd.DataFrame(columns=columns)], ignore_index=True)


def followed_lines(
    lines: Sequence[int], planes: Mapping[int, Sequence[GlidePlane]], tracks: Mapping[int, Sequence[SmoothTrack]], view: TiltedView
) -> pd.DataFrame:
    """One row a line of the tomogram: its plane, the angle between plane and beam, and whether it was followed, or why not.

    Parameters
    ----------
    lines : sequence of int
        Their numbers in the tomogram.
    planes : mapping
        Numbers of lines to their planes, the nearer one first.
    tracks : mapping
        Numbers of lines to the parts of their tracks: two for a line that has slipped across, none for one seen in fewer than two frames.
    view : TiltedView
        Of the series.

    Returns
    -------
    DataFrame
        `FOLLOWED_COLUMNS`; `later_plane` is that after cross slip; frames are -1 for lines that were not followed.
    """
    rows = []
    for number in lines:
        parts, possible = [track.track for track in tracks.get(number, [])], planes.get(number, [])
        plane = parts[0].line.plane if parts else possible[0] if possible else None
        angle = np.nan if plane is None else plane.beam_angle_deg(view.beam)
        reason = "" if parts else _why_not(plane, angle)
        later = [parts[-1].line.plane.name, parts[-1].line.frames.start] if len(parts) > 1 else ["", -1]
        normal = [np.nan] * 3 if plane is None else plane.normal
        seen = np.any([_in_plane(part, parts[1:]) for part in parts], axis=0) if parts else np.zeros(0, bool)
        at = np.flatnonzero(seen)
        ends = [at[0], at[-1], 100 * len(at) / len(seen)] if len(at) else [-1, -1, 0.0]
        rows.append([number, "" if plane is None else plane.name, *normal, *later, angle, int(bool(parts)), reason, *ends])
    return pd.DataFrame(rows, columns=FOLLOWED_COLUMNS)


def _in_plane(part: LineTrack, later: Sequence[LineTrack]) -> np.ndarray:
    """In which frames (frame,) a line was seen in the plane of one part of its track, before it went on in that of a later one."""
    number = np.arange(len(part.state))
    onward = [each.line.frames.start for each in later if each is not part]
    return np.asarray((part.state == SEEN) & (number < min([len(number), *onward])))


def match_table(match: TomogramMatch) -> pd.DataFrame:
    """One row: the tilt and the shift at which the series shows the tomogram, and how well the two agree; `MATCH_COLUMNS`.

    Parameters
    ----------
    match : TomogramMatch

    Returns
    -------
    DataFrame
        Tilt in degrees, shift in pixels (dy, dx), size of pixels in nm.
    """
    view = match.view
    row = [np.rad2deg(view.tilt_rad), *view.shift_px, view.pixel_size_nm, *view.shape, match.correlation, match.chance]
    return pd.DataFrame([row], columns=MATCH_COLUMNS)


def view_of(table: pd.DataFrame) -> TiltedView:
    """The view of a table that `match_table` has given.

    Parameters
    ----------
    table : DataFrame
        `MATCH_COLUMNS`, one row.
    """
    row = table.iloc[0]
    shift = (float(row["dy_px"]), float(row["dx_px"]))
    return TiltedView(float(np.deg2rad(row["tilt_deg"])), shift, float(row["pixel_size_nm"]), (int(row["rows"]), int(row["columns"])))


def moments(positions: pd.DataFrame, frame_times_s: np.ndarray) -> Iterator[Moment]:
    """Time, polylines, and values of lines and points, frame by frame, for `rapidstem.files.write_polydata_series`.

    Parameters
    ----------
    positions : DataFrame
        `POSITION_COLUMNS`, of all lines.
    frame_times_s : np.ndarray, (frame,)
        Start of each frame.

    Yields
    ------
    time_s : float
    lines : list of np.ndarray, (n, 3)
        x, y, z in nm; lines of a single point are left out.
    of_lines : dict of str to list
        `line`, the number of each.
    of_points : dict of str to np.ndarray, (point,)
        `POINT_VALUES`, line after line.
    """
    by_frame = dict(tuple(positions.groupby("frame", sort=True)))
    for frame, time_s in enumerate(frame_times_s):
        rows = by_frame.get(frame, positions.iloc[:0])
        lines = [line for _, line in rows.groupby("line", sort=True) if len(line) > 1]
        numbers = [int(line["line"].iloc[0]) for line in lines]
        ordered = pd.concat(lines) if lines else rows.iloc[:0]
        values = {name: ordered[name].to_numpy(float) for name in POINT_VALUES}
        yield float(time_s), [line[["x_nm", "y_nm", "z_nm"]].to_numpy(float) for line in lines], {"line": numbers}, values


def snapshots(
    positions: pd.DataFrame, followed: pd.DataFrame, slip_normals: Mapping[str, np.ndarray], frame_times_s: np.ndarray
) -> Iterator[tuple[int, float, list[np.ndarray], np.ndarray]]:
    """Frame, time, polylines and their plane normals, frame by frame, for `rapidstem.files.write_paradis_series`.

    Parameters
    ----------
    positions : DataFrame
        `POSITION_COLUMNS`, of all lines.
    followed : DataFrame
        `FOLLOWED_COLUMNS`.
    slip_normals : mapping
        Names of the {111} planes to their normals in specimen axes.
    frame_times_s : np.ndarray, (frame,)
        Start of each frame.

    Yields
    ------
    frame : int
    time_s : float
    lines : list of np.ndarray, (n, 3)
        x, y, z in nm; lines of a single point are left out.
    normals : np.ndarray, (line, 3)
        Of the plane that each line lies in at that time.
    """
    of_lines = followed.set_index("line")
    for frame, (time_s, lines, numbers, _) in enumerate(moments(positions, frame_times_s)):
        normals = [_normal_at(of_lines.loc[number], frame, slip_normals) for number in numbers["line"]]
        yield frame, time_s, lines, np.array(normals, float).reshape(-1, 3)


def _normal_at(line: pd.Series, frame: int, slip_normals: Mapping[str, np.ndarray]) -> np.ndarray:
    if 0 <= line["later_from_frame"] <= frame:
        return slip_normals[line["later_plane"]]
    return line[["normal_x", "normal_y", "normal_z"]].to_numpy(float)


def _why_not(plane: GlidePlane | None, angle_deg: float) -> str:
    if plane is None:
        return "the tomogram fixes no plane for it"
    if angle_deg < EDGE_ON_DEG:
        return f"its plane is seen on edge, to {angle_deg:.0f} degrees, and a view fixes nothing across it"
    return "it was seen in no two frames"
