"""Points on dislocations in three dimensions, and the lines of the frames that they are seen on."""

from dataclasses import dataclass

import numpy as np
import scipy

# Points of one line: nearer than this, in line widths, and of nearly the same direction.
_NEAR_WIDTHS, _LEAST_COSINE = 8 / 3, 0.9


@dataclass(frozen=True)
class LinePoints:
    """Points on dislocation lines in three dimensions, in pixels from the centre.

    Attributes
    ----------
    position_px : np.ndarray, (point, 3)
        x, y, z.
    tangent : np.ndarray, (point, 3)
        Unit vector along the line.
    """

    position_px: np.ndarray
    tangent: np.ndarray


@dataclass(frozen=True)
class Matches:
    """Which point is seen on which line of which frame.

    Attributes
    ----------
    frame, point : np.ndarray, (match,), int
    ridge_px : np.ndarray, (match, 2)
        Point on the centre of the dark line, (row, column).
    normal : np.ndarray, (match, 2)
        Unit vector across that line.
    """

    frame: np.ndarray
    point: np.ndarray
    ridge_px: np.ndarray
    normal: np.ndarray


NO_MATCHES = Matches(np.empty(0, int), np.empty(0, int), np.empty((0, 2)), np.empty((0, 2)))


def line_labels(points: LinePoints, line_px: int) -> np.ndarray:
    """Number of the line that each point belongs to, (point,): near points of nearly the same direction are joined.

    Parameters
    ----------
    points : LinePoints
    line_px : int
        Full width of the lines at half depth.

    Returns
    -------
    np.ndarray, (point,), int
        From 0.
    """
    pairs = scipy.spatial.cKDTree(points.position_px).query_pairs(_NEAR_WIDTHS * line_px, output_type="ndarray")
    cosine = np.abs(np.sum(points.tangent[pairs[:, 0]] * points.tangent[pairs[:, 1]], axis=1))
    joined = pairs[cosine > _LEAST_COSINE]
    count = len(points.position_px)
    links = scipy.sparse.coo_array((np.ones(len(joined)), joined.T), shape=(count, count))
    return scipy.sparse.csgraph.connected_components(links, directed=False)[1]


def independent_share(points: LinePoints, matches: Matches, line_px: int) -> float:
    """Share of the matches that are independent: one for each line in each frame.

    What a match is wrong by, above all the distance of a dislocation's image from its core, all points of a line share in a frame.

    Parameters
    ----------
    points : LinePoints
    matches : Matches
        One at least.
    line_px : int
        Full width of the lines at half depth.

    Returns
    -------
    float
        Above 0, at most 1.
    """
    line = line_labels(points, line_px)[matches.point]
    return np.unique(np.stack([line, matches.frame]), axis=1).shape[1] / len(line)
