"""Points on dislocations in a first reconstruction, and the lines of the frames they appear on."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.tomography.alignment.bundle_adjustment import project_positions
from rapidstem.tomography.alignment.line_points import NO_MATCHES, LinePoints, Matches
from rapidstem.tomography.frame_ridges import RidgePoints
from rapidstem.tomography.tilt_geometry import TiltGeometry, turned

# In voxels of a quick volume, which are two thirds of a line wide: smoothing against noise; half of the window of a line's section;
# distance of the sections; radius in which the direction of a line is sought.
_SMOOTHING, _RADIUS, _SPACING, _NEIGHBOURHOOD = 1.0, 3, 2, 6.0
# Of the angle between a point's projected tangent and a line that may show it.
_LARGEST_SINE = 0.35


@dataclass(frozen=True)
class FrameRidges:
    """The dark lines of one frame, ready for the search of the nearest."""

    ridges: RidgePoints
    tree: "scipy.spatial.cKDTree"


def search_trees(ridges: list[RidgePoints]) -> list[FrameRidges]:
    """Prepare the lines of every frame for `match_points`."""
    return [FrameRidges(one, scipy.spatial.cKDTree(one.position_px)) for one in ridges]


def volume_line_points(volume: np.ndarray) -> LinePoints:
    """Points on the lines of a volume, from its yz and its xz sections, with the direction of their lines.

    A point is the centre of gravity around a local maximum of a section; its line is the main axis of the points near it. Points
    without a clear line are left out.

    Parameters
    ----------
    volume : np.ndarray, (z, y, x)
        Its lines some two voxels wide.

    Returns
    -------
    LinePoints
    """
    smooth = scipy.ndimage.gaussian_filter(volume, _SMOOTHING)
    level = 0.25 * np.percentile(smooth[smooth > 1e-3 * smooth.max()], 99) if smooth.max() > 0 else np.inf
    found = [np.empty((0, 3))]
    for column in range(_SPACING // 2, volume.shape[2], _SPACING):
        z, y = _section_maxima(smooth[:, :, column], level).T
        found.append(np.stack([np.full_like(y, column), y, z], axis=1))
    for row in range(_SPACING // 2, volume.shape[1], _SPACING):
        z, x = _section_maxima(smooth[:, row, :], level).T
        found.append(np.stack([x, np.full_like(x, row), z], axis=1))
    position = np.concatenate(found) - (np.array(volume.shape[::-1]) - 1) / 2
    return _with_tangents(position, _NEIGHBOURHOOD)


def _section_maxima(section: np.ndarray, level: float, radius: int = _RADIUS) -> np.ndarray:
    """Centres of gravity, (n, 2), around the local maxima of a section."""
    top = (section == scipy.ndimage.maximum_filter(section, size=2 * radius + 1)) & (section > level)
    peaks = np.argwhere(top)
    if not len(peaks):
        return np.empty((0, 2))
    offset = np.arange(-radius, radius + 1)
    padded = np.pad(section, radius)
    rows = peaks[:, 0, None, None] + radius + offset[:, None]
    columns = peaks[:, 1, None, None] + radius + offset[None, :]
    window = padded[rows, columns]
    window = np.maximum(window - 0.5 * section[tuple(peaks.T)][:, None, None], 0)
    total = window.sum(axis=(1, 2))
    moment = np.stack([(window * offset[:, None]).sum(axis=(1, 2)), (window * offset).sum(axis=(1, 2))], axis=1)
    return peaks + moment / total[:, None]


def _with_tangents(position: np.ndarray, radius: float, straightness: float = 0.8) -> LinePoints:
    tangent = np.zeros_like(position)
    clear = np.zeros(len(position), bool)
    for index, near in enumerate(scipy.spatial.cKDTree(position).query_ball_point(position, radius) if len(position) else []):
        if len(near) < 4:
            continue
        spread, axes = np.linalg.eigh(np.cov(position[near].T))
        tangent[index] = axes[:, 2]
        clear[index] = spread[2] > straightness * spread.sum() and spread[2] > (radius / 5) ** 2
    return LinePoints(position[clear], tangent[clear])


def match_points(
    points: LinePoints,
    geometry: TiltGeometry,
    columns: int,
    frames: list[FrameRidges],
    radius_px: float,
) -> Matches:
    """The nearest line of fitting direction for every point in every frame.

    Parameters
    ----------
    points : LinePoints
    geometry : TiltGeometry
    columns : int
    frames : list of FrameRidges
    radius_px : float
        Farthest line.

    Returns
    -------
    Matches
    """
    place, tilt = project_positions(points.position_px, geometry, columns)
    rise = points.tangent[:, 1] * np.cos(tilt) + points.tangent[:, 2] * np.sin(tilt)
    along = np.stack(turned(rise, points.tangent[:, 0], geometry.axis_rotation_rad), axis=-1)
    length = np.linalg.norm(along, axis=-1)
    parts = []
    for index, frame in enumerate(frames):
        inside = np.all((place[index] > 1) & (place[index] < [geometry.rows - 2, columns - 2]), axis=-1)
        candidates = np.flatnonzero(inside & (length[index] > 0.3))
        if not len(candidates) or not len(frame.ridges.strength):
            continue
        direction = along[index, candidates] / length[index, candidates, None]
        ridge = _nearest_fitting(frame, place[index, candidates], direction, radius_px)
        hit = ridge >= 0
        parts.append((np.full(hit.sum(), index), candidates[hit], frame.ridges.position_px[ridge[hit]], frame.ridges.normal[ridge[hit]]))
    if not parts:
        return NO_MATCHES
    return Matches(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _nearest_fitting(frame: FrameRidges, place: np.ndarray, direction: np.ndarray, radius_px: float) -> np.ndarray:
    """Index of the nearest of eight ridge points whose line has the direction, -1 where there is none."""
    count = min(8, len(frame.ridges.strength))
    distance, index = frame.tree.query(place, k=count, distance_upper_bound=radius_px)
    distance, index = distance.reshape(len(place), count), index.reshape(len(place), count)
    known = np.isfinite(distance)
    normal = frame.ridges.normal[np.where(known, index, 0)]
    fits = known & (np.abs(np.sum(normal * direction[:, None], axis=-1)) < _LARGEST_SINE)
    return np.where(fits.any(axis=1), index[np.arange(len(place)), np.argmax(fits, axis=1)], -1)
