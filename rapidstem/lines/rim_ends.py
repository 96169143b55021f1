"""Ends of lines at the rim of a hole, which are ends at a surface, and the share of the field that is foil."""

from dataclasses import replace

import numpy as np
import scipy

from rapidstem.dislocations import INSIDE, SURFACE, LineNetwork
from rapidstem.lines.evidence import SeriesEvidence
from rapidstem.tomography.vacuum import FOIL, VACUUM

# Frames nearest to zero tilt, in which the rim of a hole lies where it is at any depth of the foil; one or two of them may mistake vacuum.
NEAREST_FRAMES = 5
# In scales of the lines, by which frames are smoothed: from three quarters of a blurred step, where vacuum is said to begin, to its half.
_HALFWAY_SCALES = 0.67


def with_rims(network: LineNetwork, places: np.ndarray, evidence: SeriesEvidence) -> LineNetwork:
    """State ends beside vacuum as ends at a surface, and how much of the field is foil.

    An end inside the foil lies at a rim where most of the five frames nearest to zero tilt show vacuum or its rim within a line width of
    it: that rim reaches 1.5 line widths beyond the rise of the brightness, as far as its blur hides lines, and a line is trimmed up to a
    width before.

    Parameters
    ----------
    network : LineNetwork
    places : np.ndarray, (frame, y, x)
        Of the series, as `vacuum_places` gives them.
    evidence : SeriesEvidence
        Of the same series.

    Returns
    -------
    LineNetwork
        The same lines; the same network where none of those frames shows vacuum.
    """
    tilt_rad = np.where(evidence.geometry.used, np.abs(evidence.geometry.angle_rad), np.inf)
    nearest = np.argsort(tilt_rad, kind="stable")[:NEAREST_FRAMES]
    if not np.any(places[nearest] == VACUUM):
        return network
    scale_px = evidence.curvature.scale_px
    beside = np.stack([_within(places[number] != FOIL, 2 * scale_px) for number in nearest])
    vacuum = np.stack([_within(places[number] == VACUUM, 0.5 + _HALFWAY_SCALES * scale_px) for number in nearest])
    ends = np.array([line.points_nm[[0, -1]] for line in network.lines]).reshape(-1, 3)
    at_rim = _mostly(beside, nearest, ends, evidence).reshape(-1, 2)
    lines = [
        replace(line, start_kind=_kind(line.start_kind, start), end_kind=_kind(line.end_kind, end))
        for line, (start, end) in zip(network.lines, at_rim, strict=True)
    ]
    field_nm = _field(network.box_nm, 2 * scale_px * evidence.geometry.pixel_size_nm)
    return replace(network, lines=lines, foil_share=1 - float(_mostly(vacuum, nearest, field_nm, evidence).mean()))


def _kind(kind: str, at_rim: bool) -> str:
    return SURFACE if at_rim and kind == INSIDE else kind


def _within(marked: np.ndarray, reach_px: float) -> np.ndarray:
    """Pixels no farther than that from those that are marked."""
    return scipy.ndimage.distance_transform_edt(~marked) <= reach_px if marked.any() else marked


def _field(box_nm: np.ndarray, step_nm: float) -> np.ndarray:
    """Places (n, 3) spread evenly over the field of view, in the middle of the foil."""
    x, y = (np.arange(low + step_nm / 2, high, step_nm) for low, high in box_nm.T[:2])
    return np.stack([*np.meshgrid(x, y), np.full((len(y), len(x)), box_nm[:, 2].mean())], axis=-1).reshape(-1, 3)


def _mostly(marked: np.ndarray, frames: np.ndarray, points_nm: np.ndarray, evidence: SeriesEvidence) -> np.ndarray:
    """Points (n,) that lie on marked pixels in more than half of those frames that show them; the marks are (frame, y, x)."""
    found = evidence.places(points_nm)
    seen, pixels = found.seen[frames], evidence.pixels(found)[frames] % marked[0].size
    there = np.take_along_axis(marked.reshape(len(frames), -1), pixels, axis=1) & seen
    return there.sum(axis=0) > seen.sum(axis=0) / 2
