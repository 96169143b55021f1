"""What followed lines are held against besides their places: jumps that they answer to, and lines of a static fit."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rapidstem.scores.motion_scores import AXES, SIGMAS, TrueLine, owned_lines

# By judgement: the virtual microscope's jumps are 60 to 160 nm in 20 ms; a shorter or slower way is a glide.
LEAST_JUMP_NM, LONGEST_JUMP_S = 50.0, 0.05
RESPONSE_COLUMNS = ["acquisition", "denoiser", "line", "true_line", "time_s", "jump_nm", "response_frames", "settled_nm"]


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
