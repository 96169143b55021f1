"""Clean images of dislocation networks: projection with every row at its own scan time, contrast from profiles.

Each line is cut into slabs by the planes through its vertices that bisect the bend there. A pixel belongs to at most one slab of each
line; its signed distance from the projected line reads the profile of the slab's two vertices, interpolated along the slab.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.contrast_table import PROFILE_REACH_NM
from rapidstem.microscope.goniometer import TiltMotion
from rapidstem.microscope.settings import MicroscopeSettings

FIXED_POINT_STEPS = 6


@dataclass(frozen=True)
class ProjectedVertices:
    """Vertices of all visible lines in one frame.

    Attributes
    ----------
    position_px : (vertex, 2) row and column in slow geometry
    line : (vertex,) index of the line that the vertex belongs to
    """

    position_px: np.ndarray
    line: np.ndarray


def project_points(
    points_nm: np.ndarray, motion: TiltMotion, start_s: float, line_time_s: float, shift_px: np.ndarray, settings: MicroscopeSettings
) -> np.ndarray:
    """Project specimen points, each with the tilt at the moment when its own row is scanned.

    Parameters
    ----------
    points_nm : (n, 3)
        x, y, z in specimen axes.
    start_s
        Time at which row 0 is scanned.
    line_time_s
        Time from row to row; 0 for a stage that stands still during the frame.
    shift_px : (2,)
        (dy, dx) by which the frame is displaced.

    Returns
    -------
    np.ndarray
        (n, 2) row and column in slow geometry.

    Notes
    -----
    row = (size - 1) / 2 + (y cos(tilt) + z sin(tilt)) / pixel + dy, solved for the tilt of that row by fixed-point iteration, which
    contracts because the stage turns little during a frame.
    """
    x, y, z = points_nm.T
    middle = (settings.size_px - 1) / 2
    row = np.full(len(points_nm), middle)
    for _ in range(FIXED_POINT_STEPS):
        tilt = motion.at(start_s + np.clip(row, -settings.size_px, 2 * settings.size_px) * line_time_s)
        row = middle + (y * np.cos(tilt) + z * np.sin(tilt)) / settings.pixel_size_nm + shift_px[0]
    return np.column_stack((row, middle + x / settings.pixel_size_nm + shift_px[1]))


def line_contrast(
    vertices: ProjectedVertices,
    profiles: np.ndarray,
    row_px: np.ndarray,
    column_px: np.ndarray,
    pixel_size_nm: float,
) -> np.ndarray:
    """Draw the lines: the factor (row, column) by which they change the background.

    Parameters
    ----------
    profiles : (vertex, distance)
        Logarithm of the intensity ratio against signed distance from -PROFILE_REACH_NM to +PROFILE_REACH_NM, positive on the side
        of (row, column) = (tangent column, -tangent row).
    row_px : (row,)
        Where the rows lie in slow geometry, evenly spaced.
    column_px : (column,)
        Where the columns lie, increasing; a rapid frame's are not evenly spaced.
    """
    image = np.zeros(len(row_px) * len(column_px))
    segments = _segments_near(vertices, row_px, column_px, pixel_size_nm)
    if segments.size:
        rows, columns, members = _patch_members(segments, vertices, row_px, column_px, pixel_size_nm)
        values = _profile_values(segments, members, profiles)
        image += np.bincount(rows * len(column_px) + columns, weights=values, minlength=image.size)
    return np.exp(image).reshape(len(row_px), len(column_px))


@dataclass(frozen=True)
class _Members:
    """Pixels (m,) inside slabs: which segment, how far along it (0..1), signed distance in nm, weight at a line's end."""

    segment: np.ndarray
    along: np.ndarray
    distance_nm: np.ndarray
    weight: np.ndarray


def _segments_near(vertices: ProjectedVertices, row_px: np.ndarray, column_px: np.ndarray, pixel_size_nm: float) -> np.ndarray:
    """Find the segments, by their first vertex, whose profile can reach the image."""
    reach = PROFILE_REACH_NM / pixel_size_nm + 3
    row, column = vertices.position_px.T
    inside = (row > row_px[0] - reach) & (row < row_px[-1] + reach) & (column > column_px[0] - reach) & (column < column_px[-1] + reach)
    joined = vertices.line[1:] == vertices.line[:-1]
    return np.flatnonzero(joined & (inside[1:] | inside[:-1]))


def _tangents(vertices: ProjectedVertices) -> np.ndarray:
    """Unit tangents (vertex, 2) of the projected lines, along the bisector at inner vertices."""
    step = np.diff(vertices.position_px, axis=0)
    step[vertices.line[1:] != vertices.line[:-1]] = 0
    step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9)
    tangent = np.zeros_like(vertices.position_px)
    tangent[:-1] += step
    tangent[1:] += step
    return tangent / np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)


def _patch_members(
    segments: np.ndarray, vertices: ProjectedVertices, row_px: np.ndarray, column_px: np.ndarray, pixel_size_nm: float
) -> tuple[np.ndarray, np.ndarray, _Members]:
    """Look at a patch of pixels around each segment and keep those in its slab and within reach of its profile."""
    start, stop = vertices.position_px[segments], vertices.position_px[segments + 1]
    centre = (start + stop) / 2
    reach = PROFILE_REACH_NM / pixel_size_nm + np.max(np.abs(stop - start), initial=0) / 2 + 1
    rows = _window(centre[:, 0], row_px, reach)
    columns = _window(centre[:, 1], column_px, reach)
    tangent = _tangents(vertices)
    row = np.pad(row_px, (0, 1), constant_values=np.nan)[rows]
    column = np.pad(column_px, (0, 1), constant_values=np.nan)[columns]

    def ahead(origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        down = (row - origin[:, :1]) * direction[:, :1]
        across = (column - origin[:, 1:]) * direction[:, 1:]
        return down[:, :, None] + across[:, None, :]

    after_start = ahead(start, tangent[segments])
    after_stop = ahead(stop, tangent[segments + 1])
    chord = stop - start
    chord = chord / np.maximum(np.linalg.norm(chord, axis=1, keepdims=True), 1e-9)
    distance = ahead(start, np.column_stack((chord[:, 1], -chord[:, 0]))) * pixel_size_nm
    first, last = _line_ends(vertices)
    soft_start = np.where(first[segments], 0.5, 0.0)[:, None, None]
    soft_stop = np.where(last[segments + 1], 0.5, 0.0)[:, None, None]
    near = np.abs(distance) < PROFILE_REACH_NM
    chosen = np.nonzero((after_start >= -soft_start) & (after_stop < soft_stop) & near)
    begun, left = after_start[chosen], after_stop[chosen]
    weight = np.where(first[segments][chosen[0]], np.clip(begun + 0.5, 0, 1), 1.0)
    weight *= np.where(last[segments + 1][chosen[0]], np.clip(0.5 - left, 0, 1), 1.0)
    along = np.clip(begun / np.maximum(begun - left, 1e-9), 0, 1)
    members = _Members(chosen[0], along, distance[chosen], weight)
    return rows[chosen[0], chosen[1]], columns[chosen[0], chosen[2]], members


def _line_ends(vertices: ProjectedVertices) -> tuple[np.ndarray, np.ndarray]:
    change = vertices.line[1:] != vertices.line[:-1]
    return np.concatenate(([True], change)), np.concatenate((change, [True]))


def _window(centre: np.ndarray, positions: np.ndarray, reach: float) -> np.ndarray:
    """Indices (segment, w) of the positions within reach of each centre; those outside the image are `len(positions)`."""
    half = int(np.ceil(reach / np.min(np.diff(positions))))
    index = np.searchsorted(positions, centre)[:, None] + np.arange(-half, half + 1)
    return np.where((index >= 0) & (index < len(positions)), index, len(positions))


def _profile_values(segments: np.ndarray, members: _Members, profiles: np.ndarray) -> np.ndarray:
    """Read the profiles of both ends of each member's segment at its distance, and mix them."""
    samples = profiles.shape[1]
    position = (members.distance_nm / PROFILE_REACH_NM + 1) * (samples - 1) / 2
    lower = np.clip(position.astype(int), 0, samples - 2)
    fraction = position - lower
    vertex = segments[members.segment]

    def read(index: np.ndarray) -> np.ndarray:
        return profiles[index, lower] * (1 - fraction) + profiles[index, lower + 1] * fraction

    mixed = read(vertex) * (1 - members.along) + read(vertex + 1) * members.along
    return mixed * members.weight
