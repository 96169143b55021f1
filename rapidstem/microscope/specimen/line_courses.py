"""How the dislocations of a strained foil move: every vertex along the surface, so that it keeps its depth.

A line glides along the trace of its glide plane in the surface. As a whole where it sweeps the field or jumps from obstacle to obstacle;
between two pins where it bows out, by a parabola, the shape that a line takes under a small stress.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# By judgement: some lines of every kind in one field; those that are left jump.
RESTING_SHARE, PINNED_SHARE, SWEEPING_SHARE = 0.35, 0.25, 0.2
# Free flight between obstacles is far faster than a frame; 20 ms let a jump begin and end within one.
JUMP_LASTS_S = 0.02
# By judgement, from least to largest: some widths of a line (13.7 nm), in a field of about a micrometre that lines shall not leave.
JUMP_NM = (60.0, 160.0)
FARTHEST_NM = 240.0
BOW_NM = (40.0, 90.0)
PIN_DISTANCE_NM = (240.0, 400.0)


@dataclass(frozen=True)
class LineCourse:
    """The motion of one dislocation.

    Attributes
    ----------
    kind : `pinned`, `sweeping`, `jerky`, `cross slip` or `annihilating`
    time_s : (knot,) increasing
    place_nm : (knot, 3) displacement at these times, straight between them; parallel to the surface
    centre_nm, along, half_nm : of a line that is pinned the middle between the pins, the unit vector (3,) from one to the other, and half
        their distance; infinite for a line that moves as a whole
    until_s : when the line vanishes
    """

    kind: str
    time_s: np.ndarray
    place_nm: np.ndarray
    centre_nm: np.ndarray
    along: np.ndarray
    half_nm: float = float("inf")
    until_s: float = float("inf")

    def displacement_nm(self, points_nm: np.ndarray, time_s: float | np.ndarray) -> np.ndarray:
        """Where points (n, 3) of the line at rest have moved to at a time, or each at its own (n,), as displacements (n, 3).

        Parameters
        ----------
        points_nm : (n, 3)
            Of the line at rest.
        time_s : float or (n,)
            Since the first frame.

        Returns
        -------
        (n, 3)
            In nm, parallel to the surface.
        """
        place = np.stack([np.interp(np.broadcast_to(time_s, len(points_nm)), self.time_s, axis) for axis in self.place_nm.T], axis=1)
        off = (points_nm - self.centre_nm) @ self.along / self.half_nm
        return np.maximum(1 - off**2, 0)[:, None] * place


def as_whole(kind: str, time_s: Sequence[float] | np.ndarray, place_nm: np.ndarray, until_s: float = float("inf")) -> LineCourse:
    """The course of a line that moves without changing its shape.

    Parameters
    ----------
    kind : str
        As in `LineCourse`.
    time_s : (knot,)
        Increasing.
    place_nm : (knot, 3)
        Displacements at these times.
    until_s : float
        When the line vanishes.
    """
    return LineCourse(kind, np.asarray(time_s, float), np.asarray(place_nm, float), np.zeros(3), np.zeros(3), until_s=until_s)


def drawn_course(
    points_nm: np.ndarray, trace: np.ndarray, speed_nm_per_s: float, duration_s: float, rng: np.random.Generator
) -> LineCourse | None:
    """Draw the course of one line; None where it rests.

    Parameters
    ----------
    points_nm : (n, 3)
        The line at rest.
    trace : (3,)
        Unit vector along its glide plane in the surface.
    speed_nm_per_s : float
        The largest speed of lines that glide steadily.
    duration_s : float
        Of the series.
    rng : np.random.Generator
        The same number of values is drawn for every kind.
    """
    kind, part, begin, sign = rng.uniform(), rng.uniform(), rng.uniform(0.05, 0.3) * duration_s, rng.choice((-1.0, 1.0))
    jumps = np.random.default_rng(rng.integers(2**63))
    if kind < RESTING_SHARE:
        return None
    if kind < RESTING_SHARE + PINNED_SHARE:
        return _pinned(points_nm, sign * trace, speed_nm_per_s, begin, duration_s, part)
    if kind < RESTING_SHARE + PINNED_SHARE + SWEEPING_SHARE:
        way = sign * speed_nm_per_s * (0.3 + 0.7 * part) * max(duration_s - begin, 0.0)
        return as_whole("sweeping", [begin, duration_s], np.outer([0.0, way], trace))
    return _jerky(trace, speed_nm_per_s, duration_s, jumps)


def _pinned(
    points_nm: np.ndarray, direction: np.ndarray, speed_nm_per_s: float, begin_s: float, duration_s: float, part: float
) -> LineCourse:
    """A line that bows out between two pins about the place nearest to the middle of the field, stays so, and goes back."""
    centre = points_nm[np.argmin(np.hypot(*points_nm[:, :2].T))]
    half = (PIN_DISTANCE_NM[0] + part * np.ptp(PIN_DISTANCE_NM)) / 2
    near = points_nm[np.linalg.norm(points_nm - centre, axis=1) <= half]
    along = near[-1] - near[0]
    bow = BOW_NM[0] + part * np.ptp(BOW_NM)
    rise = bow / max(speed_nm_per_s / 2, 1e-9)
    time = begin_s + np.array([0.0, rise, rise + 0.35 * duration_s, 2 * rise + 0.35 * duration_s])
    place = np.outer([0.0, bow, bow, 0.0], direction)
    return LineCourse("pinned", time, place, centre, along / max(float(np.linalg.norm(along)), 1e-9), half)


def _jerky(trace: np.ndarray, speed_nm_per_s: float, duration_s: float, rng: np.random.Generator) -> LineCourse:
    """A line that jumps, half as fast on average as steady ones; a jump that would lead too far away goes back."""
    interval = np.mean(JUMP_NM) / max(speed_nm_per_s / 2, 1e-9)
    start = np.cumsum(JUMP_LASTS_S + rng.exponential(interval, 2 + int(3 * duration_s / interval)))
    place, time, places, sign = 0.0, [0.0], [0.0], rng.choice((-1.0, 1.0))
    for begin in start[start < duration_s]:
        step = sign * rng.uniform(*JUMP_NM)
        if abs(place + step) > FARTHEST_NM:
            sign, step = -sign, -step
        time += [float(begin), float(begin) + JUMP_LASTS_S]
        places += [place, place + step]
        place += step
    return as_whole("jerky", time, np.outer(places, trace))
