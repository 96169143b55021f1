"""What followed lines are held against: true lines, jumps that they answer to, and lines of a static fit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from rapidstem.scores.motion_scores import AXES, SIGMAS, Course, TrueLine, kept_lengths, motion_errors, owned_lines, score_motion

# By judgement: the virtual microscope's jumps are 60 to 160 nm in 20 ms; a shorter or slower way is a glide.
LEAST_JUMP_NM, LONGEST_JUMP_S = 50.0, 0.05
RESPONSE_COLUMNS = ["acquisition", "denoiser", "line", "true_line", "time_s", "jump_nm", "response_frames", "settled_nm"]


class KnownLine(Protocol):
    """A line of the virtual microscope at rest (`rapidstem.microscope.DislocationLine`)."""

    @property
    def points_nm(self) -> np.ndarray:
        """Points (n, 3)."""

    @property
    def visible(self) -> bool:
        """Whether it has any contrast."""


def true_lines(lines: Sequence[KnownLine], courses: Mapping[int, Course]) -> dict[int, TrueLine]:
    """The true lines that frames can show, by their numbers.

    Parameters
    ----------
    lines
        At rest, all of a specimen.
    courses
        How those of them move that do.

    Returns
    -------
    dict
        Of `TrueLine`.
    """
    return {number: TrueLine.of(line.points_nm, courses.get(number)) for number, line in enumerate(lines) if line.visible}


def jump_responses(positions: pd.DataFrame, truth: Mapping[int, TrueLine], owned: Mapping[int, int]) -> pd.DataFrame:
    """How many frames it takes from 10 to 90 % of each true jump by 50 nm or more across the line; along itself it shows nothing.

    The share of a jump that a frame shows is the median, over the nodes, of their way from their mean place in the two frames before,
    along the jump.

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
        `RESPONSE_COLUMNS` without the first two, one row a jump that is seen on both sides; `settled_nm` is what is missing two frames
        after.
    """
    rows = []
    for line, number in owned.items():
        own = positions[positions["line"] == line]
        middle = truth[number].moved(0.0)
        along = middle[-1] - middle[0]
        along /= np.linalg.norm(along)
        for begin, end in truth[number].jumps_s:
            way = truth[number].moved(float(end))[len(middle) // 2] - truth[number].moved(float(begin))[len(middle) // 2]
            way = way - (way @ along) * along
            size = float(np.linalg.norm(way))
            if size >= LEAST_JUMP_NM and end - begin <= LONGEST_JUMP_S:
                found = _response(own, way, float(begin))
                rows += [] if found is None else [(line, number, begin, size, *found)]
    return pd.DataFrame(rows, columns=RESPONSE_COLUMNS[2:])


def _response(own: pd.DataFrame, way: np.ndarray, begin_s: float) -> tuple[int, float] | None:
    """Frames between 10 and 90 % of a jump, and what is missing two frames after; None where it is not seen on both sides."""
    table = {axis: own.pivot(index="frame", columns="node", values=axis) for axis in AXES}
    frames = table["x_nm"].index.to_numpy()
    middle_s = own.groupby("frame")["time_s"].median().to_numpy()
    before = np.flatnonzero(middle_s < begin_s - 0.5 * np.median(np.diff(middle_s)) if len(frames) > 1 else [])
    if len(before) < 2 or before[-1] + 4 >= len(frames):
        return None
    places = np.stack([each.to_numpy(float) for each in table.values()], axis=-1)
    from_before = places[before[-1] : before[-1] + 5] - places[before[-2:]].mean(axis=0)
    share = np.nanmedian(from_before @ way, axis=1) / float(way @ way)
    late = np.flatnonzero(share > 0.9)
    if not len(late):
        return len(share), float((1 - share[-1]) * np.linalg.norm(way))
    early = int(np.flatnonzero(share > 0.1)[0])
    return int(late[0] - early), float((1 - share[min(late[0] + 2, len(share) - 1)]) * np.linalg.norm(way))


def resting_positions(
    points: pd.DataFrame, truth: Mapping[int, TrueLine], frame_times_s: np.ndarray
) -> tuple[pd.DataFrame, dict[int, int]]:
    """What lines of a static fit say of every frame, the same places each time; and which true line each is next to at its own time.

    Parameters
    ----------
    points : DataFrame
        As `lines.csv` of a tilt series: `line, x_nm, y_nm, z_nm, time_s` (the mean time of the frames that show the point) and deviations.
    truth
        The true lines by number.
    frame_times_s : (frame,)
        When the frames begin, s.

    Returns
    -------
    positions : DataFrame
        As lines that were followed (`POSITION_COLUMNS`, as far as scores need them).
    owned : dict
        The true line's number by that of the static one; without those that are next to none.
    """
    owned: dict[int, int] = {}
    for _, rows in points.groupby("line", sort=True):
        owned |= owned_lines(rows.assign(frame=0), truth, float(rows["time_s"].median()))
    kept = points[["line", *AXES, *SIGMAS]]
    still = {"velocity_nm_per_s": 0.0, "sigma_velocity_nm_per_s": np.nan, "measured": 1}
    frames = [kept.assign(frame=frame, time_s=time, **still) for frame, time in enumerate(frame_times_s)]
    return pd.concat(frames, ignore_index=True), owned


def sweep_scores(
    moving: pd.DataFrame,
    static: pd.DataFrame,
    truth: Mapping[int, TrueLine],
    frame_times_s: np.ndarray,
    visible: Callable[[np.ndarray], np.ndarray],
) -> pd.DataFrame:
    """Scores of the lines that were followed through a tilt series, and of those of its static fit, over the same true lines.

    Parameters
    ----------
    moving : DataFrame
        As `rapidstem.lines.motion` gives them (`POSITION_COLUMNS`), moved onto the truth.
    static : DataFrame
        As `resting_positions` takes them, moved onto the truth.
    truth
        The true lines by number.
    frame_times_s : (frame,)
        When the frames begin, s.
    visible
        Which of some points (n, 3) the frames show.

    Returns
    -------
    DataFrame
        As of `score_motion`, with `fit`: `in time` or `static`. There is no angle to the beam, as the specimen turns.
    """
    resting, owned = resting_positions(static, truth, frame_times_s)
    followed = owned_lines(moving, truth)
    among, tables = {*followed.values(), *owned.values()}, []
    for name, positions, owners in (("in time", moving, followed), ("static", resting, owned)):
        kept = kept_lengths(positions, truth, owners, frame_times_s, visible, among)
        angles = pd.DataFrame({"line": list(owners), "beam_angle_deg": np.nan})
        scores = score_motion(positions, motion_errors(positions, truth, owners), kept, angles, truth, owners)
        tables.append(scores.assign(fit=name))
    return pd.concat(tables, ignore_index=True)
