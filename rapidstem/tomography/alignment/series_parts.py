"""Whether all frames of a tilt series show one part of the specimen: two parts in one volume look well aligned, and are not."""

from itertools import pairwise

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.tomography.alignment.coarse_alignment import far_peak
from rapidstem.tomography.alignment.line_points import Matches

# Frames on either side, in the order of the tilts, that a frame is compared with.
_NEIGHBOURS = 4
# Of the usual share of points in common: two parts of a specimen share points by chance alone.
_SHARE_OF_USUAL = 0.6
# A part of fewer is lost frames.
_FEWEST_FRAMES = 3
# Fewer may be the frames at the highest tilts, whose lines are too faint to be followed: they are left out with a warning.
_LEFT_OUT_SHARE = 0.25
_LIKE_NEIGHBOURS = 0.6
# Steps of 7 degrees were followed and some of 10 were not (benchmarks/session_sweep.py); beyond, the step is the likelier reason.
_COARSE_STEP_DEG = 7


def check_one_part(matches: Matches, used: np.ndarray, angle_rad: np.ndarray, lines: np.ndarray) -> None:
    """See whether the frames of a series follow the same points, from one end to the other.

    Parameters
    ----------
    matches : Matches
        Of the frames that are used.
    used : np.ndarray, (frame,), bool
    angle_rad : np.ndarray, (frame,)
    lines : np.ndarray, (frame, y, x)
        Line images.

    Raises
    ------
    InputError
        If three frames or more share no points with the others; or if a quarter of the frames or more, one after the other in tilt, are
        left out although they show the same lines as each other.
    """
    order = np.argsort(angle_rad, kind="stable")
    apart = [*_unlinked(matches, order[used[order]], len(used)), *_left_out_together(lines, order, used)]
    if apart:
        frames = "; ".join(_listed(each) for each in apart)
        raise InputError(f"frames {frames} (counted from 0) {_why_apart(float(np.median(np.diff(np.rad2deg(angle_rad[order])))))}")


def _why_apart(step_deg: float) -> str:
    if step_deg > _COARSE_STEP_DEG:
        return (
            f"share no points with the others: lines cannot be followed here over steps of {step_deg:.3g} degrees. Tilt in steps of at "
            f"most {_COARSE_STEP_DEG} degrees, choose a view with more lines, or leave these frames out"
        )
    return (
        "show another part of the specimen than the others, with which they share no points: the stage has moved by more than half a field "
        "in between. Align the parts as series of their own, or leave these frames out"
    )


def _unlinked(matches: Matches, order: np.ndarray, frames: int) -> list[np.ndarray]:
    """Groups of used frames, in the order of their tilts, that share far fewer points with the largest group than neighbours usually do."""
    seen = np.zeros((frames, matches.point.max(initial=0) + 1), bool)
    seen[matches.frame, matches.point] = True
    first, second = np.array([(a, b) for i, a in enumerate(order) for b in order[i + 1 : i + 1 + _NEIGHBOURS]]).reshape(-1, 2).T
    fewer = np.minimum(seen[first].sum(axis=1), seen[second].sum(axis=1))
    share = (seen[first] & seen[second]).sum(axis=1) / np.maximum(fewer, 1)
    linked = share > _SHARE_OF_USUAL * np.median(share)
    links = scipy.sparse.coo_array((np.ones(linked.sum()), (first[linked], second[linked])), shape=(frames, frames))
    label = scipy.sparse.csgraph.connected_components(links, directed=False)[1][order]
    sizes = np.bincount(label)
    small = [number for number in np.flatnonzero(sizes >= _FEWEST_FRAMES) if number != np.argmax(sizes)]
    return [order[label == number] for number in small]


def _left_out_together(lines: np.ndarray, order: np.ndarray, used: np.ndarray) -> list[np.ndarray]:
    """Runs of frames, in the order of their tilts, that are not used and yet agree with each other as used ones do."""
    left_out = np.flatnonzero(np.diff(np.concatenate([[False], ~used[order], [False]])))
    runs = [order[start:stop] for start, stop in left_out.reshape(-1, 2) if stop - start >= _LEFT_OUT_SHARE * len(used)]
    if not runs:
        return []
    usual = _agreement(lines, order[used[order]])
    return [run for run in runs if _agreement(lines, run) > _LIKE_NEIGHBOURS * usual]


def _agreement(lines: np.ndarray, order: np.ndarray) -> float:
    """Median correlation coefficient of neighbours."""
    return float(np.median([far_peak(lines[a], lines[b])[1] for a, b in pairwise(order)]))


def _listed(frames: np.ndarray) -> str:
    frames = np.sort(frames)
    if len(frames) > 2 and frames[-1] - frames[0] == len(frames) - 1:
        return f"{frames[0]} to {frames[-1]}"
    return ", ".join(map(str, frames))
