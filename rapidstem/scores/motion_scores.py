"""Lines followed in an in-situ series against lines whose motion is known: places, stated deviations, and identity."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import scipy

from rapidstem.dislocations import resampled

# The radius of `line_identity`, for the same reasons.
NEAR_NM = 20.0
# By judgement: enough where one frame is poor, too few for a line to go far.
OWN_FRAMES = 3
# By judgement: 3 nm, less than a pixel, in a frame of 30 ms.
GLIDING_NM_PER_S = 100.0
# Of points of true lines: below the accuracy that is asked for.
STEP_NM = 2.0
# To either side, for the velocity: together the 20 ms that a jump of the virtual microscope takes (`line_courses`).
STEP_S = 0.01
# The distance of the nodes of followed lines (docs/moving-lines.md), well below `NEAR_NM`.
LENGTH_NM = 8.0
# A place next to nothing: a tree of points must hold one.
NOWHERE_NM = 1e9
AXES, SIGMAS = ["x_nm", "y_nm", "z_nm"], ["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]
_ERRORS = [f"{axis}_{name}" for name in ("rms_nm", "stated_nm", "ratio", "gliding_rms_nm") for axis in "xyz"]
_VELOCITY = ["velocity_rms_nm_per_s", "velocity_ratio"]
# Faster than lines glide: a jump within a frame, which has no velocity there.
FASTEST_NM_PER_S = 1000.0
MOTION_COLUMNS = [
    "acquisition",
    "denoiser",
    "line",
    "true_line",
    "course",
    "beam_angle_deg",
    "points",
    "gliding_points",
    *_ERRORS,
    *_VELOCITY,
    *["kept_percent", "visible_kept_percent", "false_lines"],
]


class Course(Protocol):
    """How a true line moves (`rapidstem.microscope.specimen.line_courses`)."""

    @property
    def kind(self) -> str:
        """What kind of motion it is."""

    @property
    def time_s(self) -> np.ndarray:
        """When its knots are, (knot,)."""

    @property
    def until_s(self) -> float:
        """When the line vanishes."""

    def displacement_nm(self, points_nm: np.ndarray, time_s: float) -> np.ndarray:
        """Where points (n, 3) of the line at rest have moved to, as displacements."""


@dataclass(frozen=True)
class TrueLine:
    """A line whose motion is known.

    Attributes
    ----------
    moved : gives the points (n, 3), nm, at a time in seconds; always the same ones, evenly spaced
    course : what kind of motion it is, `resting` where it has none
    jumps_s : (jump, 2) begin and end of its jumps
    until_s : when it vanishes
    """

    moved: Callable[[float], np.ndarray]
    course: str
    jumps_s: np.ndarray
    until_s: float

    @classmethod
    def of(cls, points_nm: np.ndarray, course: "Course | None") -> "TrueLine":
        """A line and its course.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)
            At rest.
        course : Course or None
            None for a line that rests.
        """
        points = resampled(points_nm, STEP_NM)
        if course is None:
            return cls(lambda time: points, "resting", np.zeros((0, 2)), np.inf)
        jumps = np.column_stack([course.time_s[:-1], course.time_s[1:]])
        return cls(lambda time: points + course.displacement_nm(points, time), course.kind, jumps, course.until_s)


def owned_lines(positions: pd.DataFrame, truth: Mapping[int, TrueLine], at_s: float = 0.0) -> dict[int, int]:
    """Which true line each followed one is: the one that most of its nodes lie next to, within 20 nm, when it is first followed.

    Parameters
    ----------
    positions : DataFrame
        As `rapidstem.lines.motion` gives them (`POSITION_COLUMNS`), moved onto the truth.
    truth
        The true lines by number.
    at_s : float
        When that is.

    Returns
    -------
    dict
        The true line's number by that of the followed one; without those that are next to none.
    """
    numbers = [number for number, line in truth.items() if line.until_s > at_s]
    points = [truth[number].moved(at_s) for number in numbers]
    owner = np.repeat([*numbers, -1], [*map(len, points), 1])
    tree = scipy.spatial.cKDTree(np.concatenate([*points, np.full((1, 3), NOWHERE_NM)]))
    owned = {}
    for line, rows in positions.groupby("line", sort=True):
        first = rows[rows["frame"] < rows["frame"].min() + OWN_FRAMES]
        distance, nearest = tree.query(first[AXES].to_numpy(float))
        near = owner[nearest[distance < NEAR_NM]]
        if len(near) > len(first) / 2:
            owned[int(line)] = int(np.bincount(near).argmax())
    return owned


def motion_errors(positions: pd.DataFrame, truth: Mapping[int, TrueLine], owned: Mapping[int, int]) -> pd.DataFrame:
    """Distances of measured nodes from their own true line, at the time of the node: one row each.

    Parameters
    ----------
    positions : DataFrame
        As `rapidstem.lines.motion` gives them (`POSITION_COLUMNS`), moved onto the truth.
    truth
        The true lines by number.
    owned
        As `owned_lines` gives it.

    Returns
    -------
    DataFrame
        `line, frame, distance_nm`, the distance across the line in each axis (`x_nm`, `y_nm`, `z_nm`), its stated deviations, whether the
        true line glides there by more than 100 nm/s (`gliding`), and the error of the velocity across the line with its stated deviation:
        of its amount against the true speed, so that one in the wrong direction counts as right.
    """
    tables = []
    measured = positions[(positions["measured"] == 1) & positions["line"].isin(owned)]
    for (line, frame), rows in measured.groupby(["line", "frame"], sort=True):
        true = truth[owned[int(line)]]
        alive = rows[rows["time_s"] < true.until_s]
        if len(alive):
            tables.append(_errors_of(alive, true).assign(line=line, frame=frame))
    columns = ["line", "frame", "distance_nm", *AXES, *SIGMAS, "gliding", "velocity_nm_per_s", "sigma_velocity_nm_per_s"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _errors_of(rows: pd.DataFrame, true: TrueLine) -> pd.DataFrame:
    """The errors of one line in one frame; the true line stands where it is when each node is scanned, to 2 ms."""
    errors = []
    for _, part in rows.groupby((rows["time_s"] / 0.002).round(), sort=False):
        time = float(part["time_s"].mean())
        points = true.moved(time)
        places = part[AXES].to_numpy(float)
        distance, nearest = scipy.spatial.cKDTree(points).query(places)
        tangent = np.gradient(points, axis=0)[nearest]
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        apart = places - points[nearest]
        apart -= np.sum(apart * tangent, axis=1, keepdims=True) * tangent
        way = true.moved(time + STEP_S)[nearest] - true.moved(time - STEP_S)[nearest]
        gliding = np.linalg.norm(way, axis=1) > 2 * STEP_S * GLIDING_NM_PER_S
        speed = np.linalg.norm(way - np.sum(way * tangent, axis=1, keepdims=True) * tangent, axis=1) / (2 * STEP_S)
        velocity = np.where(speed < FASTEST_NM_PER_S, part["velocity_nm_per_s"].abs() - speed, np.nan)
        table = pd.DataFrame(apart, columns=AXES).assign(distance_nm=distance, gliding=gliding, velocity_nm_per_s=velocity)
        errors.append(pd.concat([table, part[[*SIGMAS, "sigma_velocity_nm_per_s"]].reset_index(drop=True)], axis=1))
    return pd.concat(errors, ignore_index=True)


def kept_lengths(
    positions: pd.DataFrame,
    truth: Mapping[int, TrueLine],
    owned: Mapping[int, int],
    frame_times_s: np.ndarray,
    visible: Callable[[np.ndarray], np.ndarray],
    among: Collection[int] = (),
) -> pd.DataFrame:
    """Length in view of every true line, and how much of it the lines followed from the first frames on still follow.

    Parameters
    ----------
    positions : DataFrame
        As `rapidstem.lines.motion` gives them (`POSITION_COLUMNS`), moved onto the truth.
    truth
        The true lines by number.
    owned
        As `owned_lines` gives it.
    frame_times_s : (frame,)
        When the frames begin, s.
    visible
        Which of some points (n, 3) the frames show.
    among : collection of int
        Further true lines that count beside those that were followed.

    Returns
    -------
    DataFrame
        `true_line, visible_nm, kept_nm`, summed over the frames, and whether the line was followed or is one of `among` (`counts`).
    """
    sums = {number: np.zeros(2) for number in truth}
    counting = {*owned.values(), *among}
    by_frame = dict(tuple(positions.groupby("frame")))
    for frame, time in enumerate(frame_times_s):
        rows = by_frame.get(frame, positions.iloc[:0])
        lines = {int(line): own[AXES].to_numpy(float) for line, own in rows.groupby("line", sort=True) if len(own) > 1}
        dense = {line: resampled(points, LENGTH_NM) for line, points in lines.items()}
        tree = scipy.spatial.cKDTree(np.concatenate([*dense.values(), np.full((1, 3), NOWHERE_NM)]))
        owner = np.repeat([owned.get(line, -1) for line in [*dense, -1]], [*map(len, dense.values()), 1])
        for number, total in sums.items():
            if time >= truth[number].until_s:
                continue
            points = truth[number].moved(float(time) + (rows["time_s"].mean() - time if len(rows) else 0.0))
            points = points[visible(points)]
            distance, nearest = tree.query(points) if len(points) else (np.zeros(0), np.zeros(0, int))
            total += np.array([len(points), np.count_nonzero((distance < NEAR_NM) & (owner[nearest] == number))], float)
    spacing = {number: float(np.linalg.norm(np.diff(truth[number].moved(0.0)[:2], axis=0))) for number in sums}
    rows_of = [(number, *(total * spacing[number]), number in counting) for number, total in sums.items()]
    return pd.DataFrame(rows_of, columns=["true_line", "visible_nm", "kept_nm", "counts"])


def score_motion(
    positions: pd.DataFrame,
    errors: pd.DataFrame,
    kept: pd.DataFrame,
    followed: pd.DataFrame,
    truth: Mapping[int, TrueLine],
    owned: Mapping[int, int],
) -> pd.DataFrame:
    """Errors and identity of every followed line.

    Parameters
    ----------
    positions : DataFrame
        Of the followed lines, as `motion_errors` takes them.
    errors : DataFrame
        As `motion_errors` gives them.
    kept : DataFrame
        As `kept_lengths` gives it.
    followed : DataFrame
        `line, beam_angle_deg`, one row a line: the angle between its plane and the beam.
    truth
        The true lines by number.
    owned
        As `owned_lines` gives it.

    Returns
    -------
    DataFrame
        `MOTION_COLUMNS` without the first two: one row a line; the last row, of line -1, is of all together. It alone says how much of
        the length of all true lines in view was kept, followed or not (`visible_kept_percent`), and how many of the followed lines are
        next to no true one (`false_lines`), which are in no other number.
    """
    angles = followed.set_index("line")["beam_angle_deg"]
    shares = kept.set_index("true_line")
    rows = []
    for line, own in errors.groupby("line", sort=True):
        number = owned[int(line)]
        names = {"line": int(line), "true_line": number, "course": truth[number].course, "beam_angle_deg": float(angles[line])}
        rows.append(names | _summary(own) | {"kept_percent": _percent(shares.loc[number])})
    together: dict[str, object] = {"line": -1, "true_line": -1, "course": "all"} | _summary(errors)
    together |= {"kept_percent": _percent(kept[kept["counts"].astype(bool)].sum()), "visible_kept_percent": _percent(kept.sum())}
    rows.append(together | {"false_lines": len(set(positions["line"]) - set(owned))})
    return pd.DataFrame(rows, columns=MOTION_COLUMNS[2:])


def _summary(errors: pd.DataFrame) -> dict[str, float]:
    gliding = errors[errors["gliding"].astype(bool)]
    row: dict[str, float] = {"points": len(errors), "gliding_points": len(gliding)}
    for axis in "xyz":
        own, sigma = errors[f"{axis}_nm"].to_numpy(float), errors[f"sigma_{axis}_nm"].to_numpy(float)
        told = sigma > 0.1
        row |= {f"{axis}_rms_nm": _rms(own), f"{axis}_stated_nm": _rms(sigma), f"{axis}_ratio": _rms(own[told] / sigma[told])}
        row[f"{axis}_gliding_rms_nm"] = _rms(gliding[f"{axis}_nm"].to_numpy(float))
    velocity = errors["velocity_nm_per_s"].to_numpy(float)
    return row | dict(zip(_VELOCITY, (_rms(velocity), _rms(velocity / errors["sigma_velocity_nm_per_s"].to_numpy(float))), strict=True))


def _percent(row: pd.Series) -> float:
    return 100.0 * float(row["kept_nm"]) / float(row["visible_nm"]) if row["visible_nm"] > 0 else float("nan")


def _rms(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")
