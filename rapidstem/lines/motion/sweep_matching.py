"""Which line of one tilt series is which of an earlier one of the same field, how far it has moved, and what area it has swept.

Every sweep has a tomogram of its own. Lines that rest lie on each other after the motion between the two tomograms; one that has moved lies
in its glide plane still, is about as long, and is not far away. All lines are assigned at once.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy

from rapidstem.dislocations import loop_from, polylines_of, resampled, steps_along
from rapidstem.errors import InputError
from rapidstem.lines.motion.glide_planes import GlidePlane
from rapidstem.lines.motion.moving_lines import NODE_NM

SWEEP_COLUMNS = [
    *["line", "earlier_line", "what", "plane", "distance_nm", "largest_nm", "off_plane_nm", "area_nm2", "earlier_length_nm", "length_nm"],
    *["velocity_nm_per_s", "margin", "certain"],
]
DISTANCE = SWEEP_COLUMNS.index("distance_nm")
# By judgement: a line that has gone farther is not told from another one of its plane.
REACH_NM = 300.0
# By judgement: a natural unit for so much of a way, or for so large a ratio of lengths; lines at the border change their lengths.
WAY_NM, LENGTH_RATIO = 60.0, 2.0
# Errors of planes and lines together, across the plane (`glide_planes.LARGEST_DISTANCE_NM`); and what it can cost at most.
OFF_PLANE_NM, MOST_OFF_PLANE = 6.0, 12.0
# By judgement, in natural units: screws slip across seldom.
CROSS_SLIP = 2.0
# What a line costs that has no partner: as much as one that has gone as far as is sought, in its plane.
ALONE = REACH_NM / WAY_NM
# A rival that costs so much more in natural units is e to the second less likely; both by judgement.
CERTAIN = 2.0
# Several times what lines that rest differ by in two tomograms (0.5 to 3 nm).
RESTING_NM = 10.0
# Two fields of the same foil share some length by chance: as for in-situ series (`tomogram_match.LEAST_OVER_CHANCE`), against the mirrored.
NEAR_NM, LEAST_OVER_CHANCE = 20.0, 1.25
# So near that the distance from the nearest point is that from the line.
DENSE_NM = 1.0
# By judgement: ranges that share so much of the larger one resolve the same lines.
LEAST_COMMON = 0.9


def matched_sweeps(
    earlier: pd.DataFrame, later: pd.DataFrame, planes: Mapping[int, Sequence[GlidePlane]], interval_s: float | None
) -> pd.DataFrame:
    """Match the lines of two tomograms of one field.

    Parameters
    ----------
    earlier, later : DataFrame
        `lines.csv` of both, in the coordinates of the earlier one.
    planes : mapping
        Planes of the earlier lines by their number, as `line_planes` gives them; lines without one may go anywhere.
    interval_s : float or None
        From the middle of the earlier sweep to that of the later one; None where it is not known.

    Returns
    -------
    DataFrame
        `SWEEP_COLUMNS`, one row a line of either: what it has done (`rested`, `moved`, `cross slip`, `new`, `gone`), the mean and the
        largest distance between both, how far the later one lies off the plane of the earlier one (root mean square), the area between
        them, the mean velocity between the sweeps (NaN without an interval), and by how many natural units the best other partner of
        either is less likely (`margin`; `certain` above 2). -1 stands for no line.
    """
    numbers = [sorted(table["line"].unique().tolist()) for table in (earlier, later)]
    lines = [[resampled(line, NODE_NM) for line in polylines_of(table)] for table in (earlier, later)]
    cost = np.array(
        [[_cost(one, two, planes.get(number, [])) for two in lines[1]] for number, one in zip(numbers[0], lines[0], strict=True)]
    )
    cost = cost.reshape(len(lines[0]), len(lines[1]))
    padded = np.pad(cost, ((0, len(lines[1])), (0, len(lines[0]))), constant_values=ALONE / 2)
    padded[len(lines[0]) :, len(lines[1]) :] = 0
    pairs = [
        (row, column)
        for row, column in zip(*scipy.optimize.linear_sum_assignment(padded), strict=True)
        if row < len(lines[0]) and column < len(lines[1])
    ]
    pairs = [(row, column) for row, column in pairs if cost[row, column] < ALONE]
    rows = [[numbers[1][j], numbers[0][i], *_moved(lines[0][i], lines[1][j], planes.get(numbers[0][i], []))] for i, j in pairs]
    margins = [_margin(cost, i, j) for i, j in pairs]
    between_s = np.nan if interval_s is None else interval_s
    rows = [[*row, row[DISTANCE] / between_s, margin, int(margin > CERTAIN)] for row, margin in zip(rows, margins, strict=True)]
    left = [set(range(len(each))) - {pair[side] for pair in pairs} for side, each in enumerate(lines)]
    alone = [np.nan] * 4
    rows += [[-1, numbers[0][i], "gone", "", *alone, _length(lines[0][i]), np.nan, np.nan, np.nan, 0] for i in sorted(left[0])]
    rows += [[numbers[1][j], -1, "new", "", *alone, np.nan, _length(lines[1][j]), np.nan, np.nan, 0] for j in sorted(left[1])]
    return pd.DataFrame(rows, columns=SWEEP_COLUMNS)


def check_same_field(earlier: pd.DataFrame, later: pd.DataFrame, mirrored: pd.DataFrame) -> tuple[float, float]:
    """How much of the later lines lies on the earlier ones, and how much by chance, in percent.

    Parameters
    ----------
    earlier, later : DataFrame
        `lines.csv` of both, in the coordinates of the earlier one.
    mirrored : DataFrame
        The later lines mirrored in x, and brought onto the earlier ones as the later ones were.

    Returns
    -------
    found, chance : float
        In percent of the length; NaN where either sweep shows no line.

    Raises
    ------
    InputError
        Both agree hardly better than with the mirrored lines, or nowhere: they are of another field, or most of their lines have moved.
    """
    if earlier.empty or later.empty:
        return np.nan, np.nan
    tree = scipy.spatial.cKDTree(np.concatenate([resampled(line, NODE_NM) for line in polylines_of(earlier)]))
    found, chance = (
        100 * float(np.mean(tree.query(np.concatenate([resampled(line, NODE_NM) for line in polylines_of(table)]))[0] < NEAR_NM))
        for table in (later, mirrored)
    )
    if found == 0 or found < LEAST_OVER_CHANCE * chance:
        raise InputError(
            f"the sweeps show different fields: {found:.0f} % of the later lines lie on earlier ones, and {chance:.0f} % of their mirror "
            "image, which is chance; name an earlier tilt series of this field in the column 'tomogram', or leave it empty"
        )
    return found, chance


def _cost(one: np.ndarray, two: np.ndarray, planes: Sequence[GlidePlane]) -> float:
    """Minus the logarithm of how likely it is that two lines (n, 3) are one, but for a constant; large where they lie out of reach."""
    way = _distances(one, two).mean()
    if way > REACH_NM:
        return 10 * ALONE
    misfit = min(*_misfits(two, planes), MOST_OFF_PLANE)
    return float(way / WAY_NM + misfit + abs(np.log(_length(one) / _length(two))) / np.log(LENGTH_RATIO))


def _misfits(two: np.ndarray, planes: Sequence[GlidePlane]) -> tuple[float, float]:
    """What it costs that a line has stayed in a plane, and that it has slipped across: it lies along both of its planes, but in neither."""
    if not planes:
        return 0.0, np.inf
    within = min(_off_plane(two, plane) for plane in planes)
    along = np.sqrt(sum(float(np.var(two @ plane.normal)) for plane in planes)) if len(planes) > 1 else np.inf
    return (within / OFF_PLANE_NM) ** 2 / 2, CROSS_SLIP + (along / OFF_PLANE_NM) ** 2 / 2


def _moved(one: np.ndarray, two: np.ndarray, planes: Sequence[GlidePlane]) -> list[object]:
    """What, plane, mean and largest distance, distance from the plane, area, both lengths."""
    distance = _distances(one, two)
    within, across = _misfits(two, planes)
    what = "rested" if distance.mean() < RESTING_NM else "cross slip" if across < within else "moved"
    plane = min(planes, key=lambda each: _off_plane(two, each)) if planes else None
    known = ["" if plane is None else plane.name, float(distance.mean()), float(distance.max())]
    return [what, *known, np.nan if plane is None else _off_plane(two, plane), swept_area_nm2(one, two), _length(one), _length(two)]


def swept_area_nm2(one: np.ndarray, two: np.ndarray) -> float:
    """The area between two lines (n, 3), (m, 3), nm, whose points correspond by their share of the length.

    Parameters
    ----------
    one, two : np.ndarray, (n, 3) and (m, 3)
        In either direction; two loops may begin anywhere.

    Returns
    -------
    float
        In nm^2.
    """
    first, second = _corresponding(one, two)
    corners = [np.cross(first[1:] - first[:-1], second[:-1] - first[:-1]), np.cross(second[1:] - second[:-1], second[1:] - first[1:])]
    return float(sum(np.linalg.norm(each, axis=1).sum() for each in corners) / 2)


def _corresponding(one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) of both lines at equal shares of their lengths; direction, and where loops begin, are those that bring them nearest."""
    share = np.linspace(0, 1, max(len(one), len(two)))
    first, second = (
        np.column_stack([np.interp(share, steps_along(line) / steps_along(line)[-1], axis) for axis in line.T]) for line in (one, two)
    )
    ways = [second, second[::-1]]
    if np.array_equal(one[0], one[-1]) and np.array_equal(two[0], two[-1]):
        ways = [loop_from(way, begin) for way in ways for begin in range(len(way) - 1)]
        return first, min(ways, key=lambda way: float(np.linalg.norm(way - first, axis=1).sum()))
    return first, min(ways, key=lambda way: float(np.linalg.norm((way - first)[[0, -1]], axis=1).sum()))


def _distances(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Distance of the nodes of the shorter line from the longer one, which may go on where the other has left the field."""
    short, long = (one, two) if _length(one) <= _length(two) else (two, one)
    return np.asarray(scipy.spatial.cKDTree(resampled(long, DENSE_NM)).query(short)[0])


def _off_plane(points: np.ndarray, plane: GlidePlane) -> float:
    return float(np.sqrt(np.mean(((points - plane.centre_nm) @ plane.normal) ** 2)))


def _margin(cost: np.ndarray, row: int, column: int) -> float:
    """By how much the best other partner of either costs more; against none, what it costs to be alone."""
    rivals = [*np.delete(cost[row], column), *np.delete(cost[:, column], row), ALONE]
    return float(min(rivals) - cost[row, column])


def _length(line: np.ndarray) -> float:
    return float(max(steps_along(line)[-1], NODE_NM))


def interval_between(starts_s: Sequence[float | None], times_s: Sequence[np.ndarray | None]) -> float | None:
    """From the middle of the earlier sweep to that of the later one; None where a beginning is not known, or the later one is no later.

    Where the times of the frames of either are not known, both are taken to have lasted equally long.

    Parameters
    ----------
    starts_s : sequence of float or None
        Unix times of the first frames of the earlier and of the later one.
    times_s : sequence of np.ndarray, (frame,), or None
        Of their frames, since the first of each.

    Returns
    -------
    float or None
        In seconds.
    """
    begin_s, end_s = starts_s
    if begin_s is None or end_s is None:
        return None
    middles = [0.0 if each is None else float(np.mean(each)) for each in times_s]
    between = end_s - begin_s + (middles[1] - middles[0] if all(each is not None for each in times_s) else 0.0)
    return between if between > 0 else None


def sweep_words(earlier_deg: np.ndarray, later_deg: np.ndarray) -> str:
    """How two sweeps differ in range or direction, in a sentence; empty where they do not.

    Parameters
    ----------
    earlier_deg, later_deg : np.ndarray, (frame,)
        Tilts of both, in the order in which they were taken.

    Returns
    -------
    str
    """
    spans = [(float(each.min()), float(each.max())) for each in (earlier_deg, later_deg)]
    common = min(spans[0][1], spans[1][1]) - max(spans[0][0], spans[1][0])
    words = []
    if common < LEAST_COMMON * max(high - low for low, high in spans):
        (low, high), (other_low, other_high) = spans
        words.append(f"the earlier sweep goes from {low:.0f} to {high:.0f} degrees, this one from {other_low:.0f} to {other_high:.0f}")
        words.append("what only one of them shows may count as new or gone")
    if (earlier_deg[-1] - earlier_deg[0]) * (later_deg[-1] - later_deg[0]) < 0:
        words.append("the stage turned the other way, and its backlash is in the motion between both")
    return "; ".join(words)
