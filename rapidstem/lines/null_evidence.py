"""What the frames say for lines where none are: the fitted lines moved aside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.dislocations import resampled
from rapidstem.lines.line_coverage import CoveredFrames
from rapidstem.lines.line_likelihood import moved_aside

STEP_NM = 5.0
COPIES = 6
REFINED_NM = 7.0
FEWEST_POINTS = 6


@dataclass(frozen=True)
class NullEvidence:
    """Evidence of copies of lines that lie where no line is known.

    Attributes
    ----------
    length_nm, evidence : np.ndarray, (copy,)
        Length in the field and summed log likelihood ratio.
    """

    length_nm: np.ndarray
    evidence: np.ndarray

    @property
    def _per_nm(self) -> float:
        return float(self.evidence.sum() / max(float(self.length_nm.sum()), 1e-9))

    @property
    def overcount(self) -> float:
        """How many points of how many frames say the same as an independent one: variance over twice the mean.

        A log likelihood ratio that is the sum of many independent ones has, where the line is not, a variance of twice its mean's size.
        """
        per_nm = self._per_nm
        spread = float(np.sum((self.evidence - per_nm * self.length_nm) ** 2) / max(float(self.length_nm.sum()), 1e-9))
        return max(1.0, spread / max(2 * abs(per_nm), 1e-9))

    def p_value(self, length_nm: float, evidence: float) -> float:
        """Share of copies, brought to the length of a line, with as much evidence; one copy is counted in favour of chance."""
        per_nm = self._per_nm
        scaled = per_nm * length_nm + (self.evidence - per_nm * self.length_nm) * np.sqrt(length_nm / self.length_nm)
        return float((1 + np.count_nonzero(scaled >= evidence)) / (1 + len(scaled)))


def null_evidence(lines: Sequence[np.ndarray], covered: CoveredFrames, seed: int = 0) -> NullEvidence:
    """Move every line aside by 40 to 200 nm, several times, let it settle, and ask what the frames say for it.

    Pixels that the lines themselves cover say nothing. A copy settles at the best of seven places 7 nm apart, as a candidate would that
    is fitted to the frames.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.
    covered : CoveredFrames
        Of the same lines.
    seed : int
        Of the displacements.
    """
    rng = np.random.default_rng(seed)
    around = REFINED_NM * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])
    lengths, sums = [], []
    for line in lines:
        points = resampled(line, STEP_NM)
        for _ in range(COPIES):
            copies = points + moved_aside(rng) + around[:, None]
            seen = covered.evidence.places(copies[len(copies) // 2]).seen.any(axis=0)
            if np.count_nonzero(seen) >= FEWEST_POINTS:
                lengths.append(np.count_nonzero(seen) * STEP_NM)
                sums.append(covered.own_of(copies).sum(axis=1).max())
    return NullEvidence(np.array(lengths), np.array(sums))
