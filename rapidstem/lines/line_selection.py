"""Which candidates are needed to explain the frames, and how far each line reaches."""

from collections.abc import Sequence

import numpy as np

from rapidstem.dislocations import steps_along
from rapidstem.lines.evidence import CoveredFrames, SeriesEvidence


def needed_lines(lines: Sequence[np.ndarray], evidence: SeriesEvidence, least: float) -> list[int]:
    """Numbers of the lines that are left when those are taken away, one by one, that explain nothing which others do not.

    Of the lines whose own evidence is below `least`, the one goes first that the frames speak for least per length: of a line and its
    ghosts, which cover the same pixels, the line stays.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.
    evidence : SeriesEvidence
    least : float
        Least log likelihood that a line must add, summed over its points and the frames.

    Returns
    -------
    list of int
        In rising order.
    """
    covered = CoveredFrames(evidence, lines)
    density = np.array([covered.whole(number).sum() / max(steps_along(line)[-1], 1e-9) for number, line in enumerate(lines)])
    left = set(range(len(lines)))
    own = {number: covered.own(number).sum() for number in left}
    while weak := [number for number in left if own[number] < least]:
        weakest = min(weak, key=lambda number: density[number])
        left.remove(weakest)
        touched = covered.remove(weakest)
        own = {number: covered.own(number).sum() if number in touched else own[number] for number in left}
    return sorted(left)
