"""Polylines in three dimensions: length, direction at the ends, even resampling, and smoothing that keeps the length."""

from dataclasses import dataclass

import numpy as np

INSIDE, JUNCTION, SURFACE, BORDER, LOOP = "inside", "junction", "surface", "border", "loop"


@dataclass(frozen=True)
class Polyline:
    """A dislocation line between two nodes; lines that meet at a junction share its node.

    Attributes
    ----------
    points_nm : (n, 3) in the order x, y, z, origin at the centre of the field of view and of the volume
    start_node, end_node : numbers of the nodes at the first and the last point; the same for a closed loop
    start_kind, end_kind : what is there: `surface` of the foil or rim of a hole, `border` of the field of view, `junction`, `loop` (the
        line closes on itself) or `inside` (the line was lost inside the foil)
    """

    points_nm: np.ndarray
    start_node: int
    end_node: int
    start_kind: str = INSIDE
    end_kind: str = INSIDE

    @property
    def length_nm(self) -> float:
        """Length along the points."""
        return float(steps_along(self.points_nm)[-1])


def longest_first(lines: list[Polyline]) -> list[Polyline]:
    """The longest line first, nodes numbered in the order in which they come.

    Parameters
    ----------
    lines : list of Polyline
        With nodes of any numbers.

    Returns
    -------
    list of Polyline
        The same lines; those that met still share a node.
    """
    numbers: dict[int, int] = {}
    ordered = []
    for line in sorted(lines, key=lambda line: -line.length_nm):
        start, end = (numbers.setdefault(node, len(numbers)) for node in (line.start_node, line.end_node))
        ordered.append(Polyline(line.points_nm, start, end, line.start_kind, line.end_kind))
    return ordered


def steps_along(points: np.ndarray) -> np.ndarray:
    """Distance (n,) of every point from the first, along the polyline.

    Parameters
    ----------
    points : np.ndarray, (n, 3)
        In any unit.

    Returns
    -------
    np.ndarray, (n,)
        In the same unit; the first is 0.
    """
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def resampled(points: np.ndarray, step: float) -> np.ndarray:
    """Put points about `step` apart along a polyline; its first and last point stay.

    Parameters
    ----------
    points : np.ndarray, (n, 3)
        In any unit.
    step : float
        In the same unit.

    Returns
    -------
    np.ndarray, (m, 3)
        At least the two ends.
    """
    along = steps_along(points)
    at = np.linspace(0.0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.column_stack([np.interp(at, along, coordinate) for coordinate in points.T])


def loop_from(points: np.ndarray, first: int) -> np.ndarray:
    """A closed polyline, whose last point is its first, begun at another of its points.

    Parameters
    ----------
    points : np.ndarray, (n, 3)
        In any unit.
    first : int
        Number of the point; below 0 counted from the end, without the last point.

    Returns
    -------
    np.ndarray, (n, 3)
        In the same unit and direction.

    Examples
    --------
    >>> loop_from(np.array([[1.0], [2.0], [3.0], [1.0]]), -1).ravel().tolist()
    [3.0, 1.0, 2.0, 3.0]
    """
    begun = np.roll(points[:-1], -first, axis=0)
    return np.vstack([begun, begun[:1]])


def smoothed(points: np.ndarray, window: int, closed: bool = False) -> np.ndarray:
    """Replace every point by a parabola fitted to `window` evenly spaced neighbours (Savitzky & Golay 1964).

    A parabola follows a bow, so that a curved line is not drawn towards its chord as a moving mean would draw it.

    Parameters
    ----------
    points : np.ndarray, (n, 3)
        Evenly spaced.
    window : int
        Points that a parabola is fitted to, an odd number.
    closed : bool
        Whether the last point is followed by the first.

    Returns
    -------
    np.ndarray, (n, 3)
        In the unit of the points.
    """
    window = min(window, len(points) - (1 - len(points) % 2))
    if window < 4:
        return points
    # Takes longer to import than all else here, and those who draw or score lines smooth none.
    from scipy.signal import savgol_filter

    return savgol_filter(points, window, 2, axis=0, mode="wrap" if closed else "interp")


def end_direction(points: np.ndarray, reach: float) -> np.ndarray:
    """Unit vector that leaves the polyline at its last point, from a straight fit to its last stretch of length `reach`.

    Parameters
    ----------
    points : np.ndarray, (n, 3)
        In any unit.
    reach : float
        In the same unit.

    Returns
    -------
    np.ndarray, (3,)
        Pointing away from the polyline.
    """
    along = steps_along(points)
    last = points[along >= along[-1] - reach]
    if len(last) < 2:
        last = points[-2:]
    centred = last - last.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    return direction if direction @ (last[-1] - last[0]) >= 0 else -direction


@dataclass(frozen=True)
class LineNetwork:
    """The dislocation lines of a piece of foil.

    Attributes
    ----------
    lines : list of Polyline
    box_nm : (2, 3) lowest and highest x, y and z of the piece: the field of view and the two surfaces
    foil_share : of the field of view; the rest is vacuum
    """

    lines: list[Polyline]
    box_nm: np.ndarray
    foil_share: float = 1.0

    @property
    def volume_nm3(self) -> float:
        """Field of view, without vacuum, times foil thickness."""
        return float(np.prod(self.box_nm[1] - self.box_nm[0])) * self.foil_share
