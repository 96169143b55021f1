"""Where a line has slid to in one frame: the best path over places beside it, then its place between them.

The path is found by dynamic programming over the nodes, which misses no line that lies within reach, however far the guess is off; what
it finds on a grid is then refined by a smoothing spline through the vertices of the curvature.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view

from rapidstem.lines.motion.moving_lines import NODE_NM, MovingLine
from rapidstem.lines.motion.tilted_view import TiltedView
from rapidstem.lines.motion.view_evidence import FrameLines
from rapidstem.numerics import parabola_vertex

# By judgement: a seventh of the width of a line (13.7 nm), between whose steps a parabola finds the vertex.
STEP_NM = 2.0
# Steepest change of the slide from node to node in one frame; a bow of 80 nm between pins 300 nm apart reaches 1.1.
LARGEST_SLOPE = 1.25
# By judgement: the steepest change then costs some six natural units a node.
USUAL_SLOPE = 0.35
# Dislocations under stress bend to some 300 nm (line tension over Burgers vector and stress, austenite at 100 MPa).
CURVATURE_PER_NM = 1 / 300
# By judgement: bends that lie farther apart are independent of each other.
CURVATURE_LENGTH_NM = 100.0
# Neighbouring nodes see the same noise over one to two line widths.
OVERCOUNT = 2.5
# By judgement; `track_smoothing.noise_scale` corrects variances by the scatter of the series itself. The guess hardly pulls.
NODE_SD_NM = 2.5
GUESS_SD_NM = 50.0
# By judgement: nm across the projected line by nm slid; with less, the image hardly changes as a node slides.
LEAST_SENSITIVITY = 0.25
# Of the nodes that speak, so many must be in one stretch that the frame speaks for: a line that leaves its plane is short of one face.
LEAST_STRETCH = 0.4


@dataclass(frozen=True)
class LinePath:
    """A line in one frame.

    Attributes
    ----------
    slid_nm, variance_nm2 : (node,) by how far the nodes have slid
    support : (node,) log likelihood ratio of a line there
    speaking : (node,) bool, where the frame says something that no other line explains; nodes that the tomogram has not shown say nothing
        against the line
    """

    slid_nm: np.ndarray
    variance_nm2: np.ndarray
    support: np.ndarray
    speaking: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """The stretch (node,) bool for which the frame speaks most."""
        total = np.concatenate([[0.0], np.cumsum(self.support)])
        stop = int(np.argmax(total - np.minimum.accumulate(total)))
        start = int(np.argmin(total[: stop + 1]))
        number = np.arange(len(self.support))
        return (number >= start) & (number < stop)

    @property
    def stretch_share(self) -> float:
        """Share of the nodes that speak which lie in that stretch."""
        return float((self.speaking & self.present).sum() / max(int(self.speaking.sum()), 1))

    @property
    def mean_support(self) -> float:
        """Log likelihood ratio per node that speaks in that stretch; 0 where it is too small a part of the line."""
        there = self.speaking & self.present
        if self.stretch_share < LEAST_STRETCH:
            return 0.0
        return float(self.support[there].sum() / max(int(there.sum()), 1))


def found_path(
    line: MovingLine, guess_nm: np.ndarray, reach_nm: float, frame: FrameLines, view: TiltedView, moving_cost: float = 0.0
) -> LinePath:
    """Find a line within `reach_nm` of where it is guessed to be.

    Parameters
    ----------
    line : MovingLine
    guess_nm : np.ndarray, (node,)
        By how far its nodes should have slid.
    reach_nm : float
        Largest distance from the guess that is tried, along the slide.
    frame : FrameLines
    view : TiltedView
        Of the series.
    moving_cost : float
        What the frame must say more, in natural units, for any place that is not the guess.
    """
    offsets = np.arange(-round(reach_nm / STEP_NM), round(reach_nm / STEP_NM) + 1) * STEP_NM
    curvature, support, speaking = frame.asked(line.points(guess_nm + offsets[:, None]), view)
    inside = line.in_foil(guess_nm + offsets[:, None])
    support, speaking = np.where(inside, support, 0.0), speaking & inside
    score = support.T / OVERCOUNT - (np.abs(offsets) > STEP_NM) * moving_cost / len(guess_nm)
    best = best_path(score)
    node = np.arange(len(guess_nm))
    middle = np.clip(best, 1, len(offsets) - 2)
    before, top, after = (curvature[middle + side, node] for side in (-1, 0, 1))
    measured = guess_nm + offsets[middle] + STEP_NM * parabola_vertex(before, top, after)
    chosen = support[best, node]
    within = frame.seen(line.points(guess_nm + offsets[best]), view)
    speaks = speaking[best, node] & within & (line.known | (chosen > 0))
    sharp = np.abs(line.sensitivity(guess_nm + offsets[best], view)) * view.pixel_size_nm
    good = speaks & (chosen > 0) & (top >= np.maximum(before, after)) & (sharp > LEAST_SENSITIVITY)
    slid, variance = smoothed_slide(measured, np.where(good, sharp, 0.0) / NODE_SD_NM, guess_nm + offsets[best])
    return LinePath(slid, variance, chosen, speaks)


def best_path(score: np.ndarray) -> np.ndarray:
    """Offsets (node,), as numbers of columns, that together score most.

    Parameters
    ----------
    score : (node, offset)
        Natural units; two neighbours pay for the change of their offset as for a Gaussian slope.

    Returns
    -------
    np.ndarray, (node,), int
        One column of the score a node.

    References
    ----------
    A. A. Amini, T. E. Weymouth and R. C. Jain, IEEE Trans. Pattern Anal. Mach. Intell. 12 (1990) 855.
    """
    nodes, count = score.shape
    width = min(int(LARGEST_SLOPE * NODE_NM / STEP_NM), count - 1)
    change = np.arange(-width, width + 1) * STEP_NM / (USUAL_SLOPE * NODE_NM)
    cost = change**2 / 2
    padded = np.full(count + 2 * width, -np.inf)
    total, windows = padded[width : width + count], sliding_window_view(padded, 2 * width + 1)
    total[:] = score[0]
    came, column = np.zeros((nodes, count), int), np.arange(count)
    for node in range(1, nodes):
        around = windows - cost
        came[node] = around.argmax(axis=1)
        total[:] = around[column, came[node]] + score[node]
    path = np.zeros(nodes, int)
    path[-1] = int(np.argmax(total))
    for node in range(nodes - 1, 0, -1):
        path[node - 1] = path[node] + came[node, path[node]] - width
    return path


def smoothed_slide(measured_nm: np.ndarray, root_weight: np.ndarray, guess_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A smoothing spline through measured slides, and the variance of each (node,).

    Parameters
    ----------
    measured_nm : (node,)
    root_weight : (node,)
        One over the standard deviation of each; 0 for none.
    guess_nm : (node,)
        Holds weakly where nothing is measured.

    Returns
    -------
    slid : np.ndarray, (node,)
        In nm.
    variance : np.ndarray, (node,)
        In nm^2.
    """
    prior = _bending(len(measured_nm)).copy()
    prior[-1] += 1 / GUESS_SD_NM**2
    pull = guess_nm / GUESS_SD_NM**2
    slid, scale = guess_nm, np.ones(len(measured_nm))
    for _ in range(3):
        weight = root_weight**2 * scale / OVERCOUNT
        bands = prior.copy()
        bands[-1] += weight
        slid = scipy.linalg.solveh_banded(bands, weight * measured_nm + pull)
        scale = 1 / (1 + ((measured_nm - slid) * root_weight / 3) ** 2)
    return slid, scipy.linalg.solveh_banded(bands, np.eye(len(slid))).diagonal().copy()


@cache
def _bending(nodes: int) -> np.ndarray:
    """Diagonals (3, node) of the matrix of what bends cost, as `solveh_banded` wants them."""
    second = np.diff(np.eye(nodes), 2, axis=0) / NODE_NM**2 if nodes > 2 else np.zeros((0, nodes))
    cost = second.T @ second * NODE_NM / (CURVATURE_PER_NM**2 * CURVATURE_LENGTH_NM)
    return np.stack([np.pad(cost.diagonal(off), (off, 0)) for off in (2, 1, 0)])
