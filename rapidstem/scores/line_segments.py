"""Straight, isolated pieces of the dark lines in an image."""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.numerics import robust_spread
from rapidstem.scores.image_quality import Area

# In line widths. Standard deviations of narrow and wide lines, and the threshold in robust deviations of the curvature.
_RIDGE_SIGMAS_WIDTHS = (1 / 2, 5 / 6)
_RIDGE_THRESHOLD = 4.0
# Long enough for an average, short enough to be straight to a third of the width; the pixels of a straight line step by half a pixel.
_PIECE_WIDTHS = 8
_LARGEST_BEND_WIDTHS = 1 / 3
_LARGEST_STEP_PX = 0.5
_NEIGHBOURHOOD = np.ones((3, 3), int)


@dataclass(frozen=True)
class LineSegment:
    """A straight piece of a dark line.

    Attributes
    ----------
    y_px, x_px
        Its middle.
    angle_rad
        Of its direction, from +x towards +y, in [0, pi).
    length_px
        Along the line.
    """

    y_px: float
    x_px: float
    angle_rad: float
    length_px: float


def find_lines(image: np.ndarray, area: Area, line_px: int, clearance_px: float) -> list[LineSegment]:
    """Find straight pieces of dark lines with nothing else beside them.

    Ridges of the image's curvature (largest eigenvalue of the Hessian at two scales) well above its noise are thinned to one
    pixel, divided at their crossings, and cut into pieces of eight line widths, of which the straight ones are kept.

    Parameters
    ----------
    image : (y, x)
    area
        Rows and columns to look at.
    line_px
        Full width of the lines at half depth.
    clearance_px
        Distance from a piece to the next line and to the edge of the area.

    Returns
    -------
    the pieces, in image coordinates, from top to bottom
    """
    from skimage.morphology import skeletonize

    skeleton = skeletonize(_ridges(image[area].astype(np.float64), line_px))
    parts, count = _without_crossings(skeleton)
    edges = scipy.spatial.cKDTree(np.argwhere(skeleton)) if count else None
    segments, length = [], _PIECE_WIDTHS * line_px
    for index in range(1, count + 1):
        path = _ordered(np.argwhere(parts == index))
        for first in range(0, len(path) - length + 1, length):
            piece = path[first : first + length]
            segment = _straight(piece, _LARGEST_BEND_WIDTHS * line_px + _LARGEST_STEP_PX)
            if segment is not None and _isolated(piece, path, edges, parts.shape, clearance_px):
                segments.append(_moved(segment, area))
    return sorted(segments, key=lambda segment: (segment.y_px, segment.x_px))


def _ridges(image: np.ndarray, line_px: int) -> np.ndarray:
    """Where the image is curved like a dark line, by more than its noise is."""
    from skimage.feature import hessian_matrix, hessian_matrix_eigvals

    found = np.zeros(image.shape, bool)
    for share in _RIDGE_SIGMAS_WIDTHS:
        largest, smallest = hessian_matrix_eigvals(hessian_matrix(image, share * line_px, use_gaussian_derivatives=False))
        strength = np.where(largest > np.abs(smallest), largest, 0)
        noise = robust_spread(smallest)
        found |= strength > _RIDGE_THRESHOLD * noise
    return found


def _without_crossings(skeleton: np.ndarray) -> tuple[np.ndarray, int]:
    """The skeleton's branches, numbered from 1, and their number."""
    neighbours = scipy.ndimage.convolve(skeleton.astype(int), _NEIGHBOURHOOD, mode="constant") - 1
    crossings = scipy.ndimage.convolve((skeleton & (neighbours > 2)).astype(int), _NEIGHBOURHOOD, mode="constant") > 0
    return scipy.ndimage.label(skeleton & ~crossings, _NEIGHBOURHOOD)


def _ordered(pixels: np.ndarray) -> np.ndarray:
    """The pixels (n, 2) of one branch from one of its ends to the other."""
    tree = scipy.spatial.cKDTree(pixels)
    neighbours = [set(near) - {index} for index, near in enumerate(tree.query_ball_point(pixels, 1.5))]
    current = min(range(len(pixels)), key=lambda index: len(neighbours[index]))
    path, seen = [current], {current}
    while ahead := neighbours[current] - seen:
        current = min(ahead, key=lambda index: float(np.sum((pixels[index] - pixels[current]) ** 2)))
        path.append(current)
        seen.add(current)
    return pixels[path]


def _straight(piece: np.ndarray, largest_bend_px: float) -> LineSegment | None:
    """The straight line through the pixels (n, 2), unless they bend away from it."""
    middle = piece.mean(axis=0)
    _, _, directions = np.linalg.svd(piece - middle, full_matrices=False)
    along, across = (piece - middle) @ directions.T[:, 0], (piece - middle) @ directions.T[:, 1]
    if np.abs(across).max() > largest_bend_px:
        return None
    angle = float(np.arctan2(directions[0, 0], directions[0, 1]) % np.pi)
    return LineSegment(float(middle[0]), float(middle[1]), angle, float(np.ptp(along)))


def _isolated(piece: np.ndarray, path: np.ndarray, skeleton: "scipy.spatial.cKDTree", shape: tuple[int, ...], clearance: float) -> bool:
    """Whether nothing but the piece's own branch, near its ends, lies within the clearance, and no edge does."""
    if (piece.min(axis=0) < clearance).any() or (piece.max(axis=0) > np.array(shape) - 1 - clearance).any():
        return False
    own = {tuple(pixel) for pixel in path}
    near = {index for found in skeleton.query_ball_point(piece, clearance) for index in found}
    return all(tuple(pixel) in own for pixel in skeleton.data[sorted(near)].astype(int))


def _moved(segment: LineSegment, area: Area) -> LineSegment:
    top, left = area[0].start or 0, area[1].start or 0
    return LineSegment(segment.y_px + top, segment.x_px + left, segment.angle_rad, segment.length_px)
