"""Clean images of dislocation networks: projection with every row at its own scan time, contrast from profiles.

Each line is cut into slabs by the planes through its vertices that bisect the bend there. A pixel belongs to at most one slab of each
line; its signed distance from the projected line reads the profile of the slab's two vertices, interpolated along the slab.
"""

from dataclasses import dataclass, fields

import numpy as np

from rapidstem.microscope.contrast.contrast_table import PROFILE_REACH_NM
from rapidstem.microscope.recording.goniometer import TiltMotion
from rapidstem.microscope.settings import MicroscopeSettings

# Each shrinks the error a hundredfold: below rounding after six.
FIXED_POINT_STEPS = 6
# Bounds the memory of drawing.
SLABS_AT_ONCE = 128


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
    motion
        Of the stage.
    start_s
        Time at which row 0 is scanned.
    line_time_s
        Time from row to row; 0 for a stage that stands still during the frame.
    shift_px : (2,)
        (dy, dx) by which the frame is displaced.
    settings
        Of the virtual microscope.

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
    vertices
        Of the lines, projected into the frame.
    profiles : (vertex, distance)
        Logarithm of the intensity ratio against signed distance from -PROFILE_REACH_NM to +PROFILE_REACH_NM, positive on the side
        of (row, column) = (tangent column, -tangent row).
    row_px : (row,)
        Where the rows lie in slow geometry, evenly spaced.
    column_px : (column,)
        Where the columns lie, increasing; a rapid frame's are not evenly spaced.
    pixel_size_nm
        Of slow geometry.

    Returns
    -------
    (row, column)
        1 where no line is.
    """
    image = np.zeros(len(row_px) * len(column_px))
    slabs = _slabs_near(vertices, row_px, column_px, pixel_size_nm)
    for start in range(0, len(slabs.vertex), SLABS_AT_ONCE):
        some = _Slabs(*(getattr(slabs, field.name)[start : start + SLABS_AT_ONCE] for field in fields(slabs)))
        pixels, members = _pixels_in(some, row_px, column_px, pixel_size_nm)
        image += np.bincount(pixels, weights=_profile_values(members, profiles), minlength=image.size)
    return np.exp(image).reshape(len(row_px), len(column_px))


@dataclass(frozen=True)
class _Slabs:
    """Pieces of the projected lines between neighbouring vertices.

    Attributes
    ----------
    vertex : (slab,) number of the first vertex
    start, stop : (slab, 2) row and column of the vertices
    start_tangent, stop_tangent : (slab, 2) unit normals of the planes that bound the slab
    first, last : (slab,) whether it is the first or last one of its line
    """

    vertex: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    start_tangent: np.ndarray
    stop_tangent: np.ndarray
    first: np.ndarray
    last: np.ndarray


@dataclass(frozen=True)
class _Members:
    """Pixels (m,) inside slabs: the slab's first vertex, how far along it (0..1), signed distance in nm, weight at a line's end."""

    vertex: np.ndarray
    along: np.ndarray
    distance_nm: np.ndarray
    weight: np.ndarray


def _slabs_near(vertices: ProjectedVertices, row_px: np.ndarray, column_px: np.ndarray, pixel_size_nm: float) -> _Slabs:
    """Find the slabs whose profile can reach the image."""
    reach = PROFILE_REACH_NM / pixel_size_nm + 3
    row, column = vertices.position_px.T
    inside = (row > row_px[0] - reach) & (row < row_px[-1] + reach) & (column > column_px[0] - reach) & (column < column_px[-1] + reach)
    joined = vertices.line[1:] == vertices.line[:-1]
    vertex = np.flatnonzero(joined & (inside[1:] | inside[:-1]))
    step = np.where(joined[:, None], np.diff(vertices.position_px, axis=0), 0)
    bisecting = np.zeros_like(vertices.position_px)
    bisecting[:-1] += _unit(step)
    bisecting[1:] += _unit(step)
    tangent = _unit(bisecting)
    first, last = np.append(True, ~joined), np.append(~joined, True)
    start, stop = vertices.position_px[vertex], vertices.position_px[vertex + 1]
    return _Slabs(vertex, start, stop, tangent[vertex], tangent[vertex + 1], first[vertex], last[vertex + 1])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _pixels_in(slabs: _Slabs, row_px: np.ndarray, column_px: np.ndarray, pixel_size_nm: float) -> tuple[np.ndarray, _Members]:
    """Look at a patch of pixels around each slab; keep those inside it and within reach of its profile, by their flat index."""
    reach = PROFILE_REACH_NM / pixel_size_nm + np.max(np.abs(slabs.stop - slabs.start), initial=0) / 2 + 1
    centre = (slabs.start + slabs.stop) / 2
    rows, columns = _window(centre[:, 0], row_px, reach), _window(centre[:, 1], column_px, reach)
    row = np.append(row_px, np.nan)[rows]
    column = np.append(column_px, np.nan)[columns]

    def ahead(origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        down = (row - origin[:, :1]) * direction[:, :1]
        across = (column - origin[:, 1:]) * direction[:, 1:]
        return down[:, :, None] + across[:, None, :]

    chord = _unit(slabs.stop - slabs.start)
    after_start, after_stop = ahead(slabs.start, slabs.start_tangent), ahead(slabs.stop, slabs.stop_tangent)
    distance = ahead(slabs.start, np.column_stack((chord[:, 1], -chord[:, 0]))) * pixel_size_nm
    begun = after_start >= np.where(slabs.first, -0.5, 0.0)[:, None, None]
    unfinished = after_stop < np.where(slabs.last, 0.5, 0.0)[:, None, None]
    slab, i, j = chosen = np.nonzero(begun & unfinished & (np.abs(distance) < PROFILE_REACH_NM))
    passed, left = after_start[chosen], after_stop[chosen]
    weight = np.where(slabs.first[slab], np.clip(passed + 0.5, 0, 1), 1.0) * np.where(slabs.last[slab], np.clip(0.5 - left, 0, 1), 1.0)
    along = np.clip(passed / np.maximum(passed - left, 1e-9), 0, 1)
    return rows[slab, i] * len(column_px) + columns[slab, j], _Members(slabs.vertex[slab], along, distance[chosen], weight)


def _window(centre: np.ndarray, positions: np.ndarray, reach: float) -> np.ndarray:
    """Indices (segment, w) of the positions within reach of each centre; those outside the image are `len(positions)`."""
    half = int(np.ceil(reach / np.min(np.diff(positions))))
    index = np.searchsorted(positions, centre)[:, None] + np.arange(-half, half + 1)
    return np.where((index >= 0) & (index < len(positions)), index, len(positions))


def _profile_values(members: _Members, profiles: np.ndarray) -> np.ndarray:
    """Read the profiles of both ends of each member's slab at its distance, and mix them."""
    samples = profiles.shape[1]
    position = (members.distance_nm / PROFILE_REACH_NM + 1) * (samples - 1) / 2
    lower = np.clip(position.astype(int), 0, samples - 2)
    fraction = position - lower

    def read(vertex: np.ndarray) -> np.ndarray:
        return profiles[vertex, lower] * (1 - fraction) + profiles[vertex, lower + 1] * fraction

    mixed = read(members.vertex) * (1 - members.along) + read(members.vertex + 1) * members.along
    return mixed * members.weight
