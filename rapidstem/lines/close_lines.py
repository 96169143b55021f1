"""Lines side by side that the sum over the frames shows as one: told apart by the traced lines, where the frames speak for them."""

from collections.abc import Sequence

import networkx as nx
import numpy as np
import scipy

from rapidstem.dislocations import resampled, steps_along
from rapidstem.lines.evidence import CoveredFrames, SeriesEvidence

# A line width: what lies farther from all fitted lines is another line.
APART_NM = 13.7
# Seven line widths: so far a traced line runs beside all fitted ones before the fit is begun anew; and ten: so much more length must be
# explained, as two lines that run side by side for less look like one that bends.
BESIDE_NM = 100.0
LEAST_NM = 137.0
# Two line widths: lines of two explanations that run so near to each other explain the same dark lines, if they do so as far as three.
NEAR_NM = 27.0
SHARED_NM = 41.0
# A candidate starts anew where it is farther than this from every traced line, and is taken up from this length on.
NEW_NM, LEAST_NEW_NM = 18.0, 50.0
# Of the points that distances are taken between.
STEP_NM = 5.0
# Natural units of independent evidence, as for a line (`FittingSettings.line_evidence`).
LEAST_GAIN = 8.0


def unfollowed(traced: Sequence[np.ndarray], lines: Sequence[np.ndarray]) -> bool:
    """Whether a traced line (n, 3), nm, runs beside all fitted ones over more than seven line widths."""
    return bool(_apart(traced, lines, APART_NM, BESIDE_NM))


def with_traced(candidates: Sequence[np.ndarray], traced: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The traced lines, and of the candidates (n, 3), nm, what none of them shows."""
    return [*map(np.asarray, traced), *_apart(candidates, traced, NEW_NM, LEAST_NEW_NM)]


def told_apart(lines: Sequence[np.ndarray], others: Sequence[np.ndarray], evidence: SeriesEvidence, overcount: float) -> list[np.ndarray]:
    """Take other lines in the place of those that they explain better, with more length and with no fewer lines.

    Parameters
    ----------
    lines, others : sequence of np.ndarray, (n, 3)
        Two explanations of the same frames, nm.
    evidence : SeriesEvidence
        Of these frames.
    overcount : float
        By how much summed log likelihoods exceed independent evidence.

    Returns
    -------
    list of np.ndarray, (n, 3)
        The lines, and others in the place of all that run near them.
    """
    chosen = list(lines)
    for ours, theirs in _places(lines, others):
        longer = len(theirs) >= len(ours) and _length_nm(theirs) - _length_nm(ours) > LEAST_NM
        changed = [line for line in chosen if not any(line is each for each in ours)] + theirs
        if longer and _explained(changed, evidence) - _explained(chosen, evidence) > LEAST_GAIN * overcount:
            chosen = changed
    return chosen


def _apart(lines: Sequence[np.ndarray], from_lines: Sequence[np.ndarray], distance_nm: float, least_nm: float) -> list[np.ndarray]:
    """Stretches of lines, longer than `least_nm`, that are farther than a distance from all points of others."""
    tree = scipy.spatial.cKDTree(np.concatenate([resampled(line, STEP_NM) for line in from_lines]))
    pieces = []
    for points in (resampled(line, STEP_NM) for line in lines):
        change = np.flatnonzero(np.diff((tree.query(points)[0] > distance_nm).astype(int), prepend=0, append=0))
        pieces += [points[start:stop] for start, stop in zip(change[::2], change[1::2], strict=True)]
    return [piece for piece in pieces if steps_along(piece)[-1] > least_nm]


def _places(lines: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> list[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Lines of both explanations that run near each other, or near others that do."""
    every = [resampled(line, STEP_NM) for line in (*lines, *others)]
    trees = [scipy.spatial.cKDTree(points) for points in every]
    graph = nx.Graph()
    graph.add_nodes_from(range(len(every)))
    for one, points in enumerate(every):
        near = (other for other in range(one) if STEP_NM * np.count_nonzero(trees[other].query(points)[0] < NEAR_NM) > SHARED_NM)
        graph.add_edges_from((one, other) for other in near)
    together = map(sorted, nx.connected_components(graph))
    return [([lines[n] for n in place if n < len(lines)], [others[n - len(lines)] for n in place if n >= len(lines)]) for place in together]


def _length_nm(lines: Sequence[np.ndarray]) -> float:
    return float(sum(steps_along(line)[-1] for line in lines))


def _explained(lines: Sequence[np.ndarray], evidence: SeriesEvidence) -> float:
    """Evidence of all lines; what several of them cover counts once."""
    covered = CoveredFrames(evidence, lines)
    return float(sum(np.sum(line.ratio / np.maximum(covered.counts[line.pixels], 1)) for line in covered.samples))
