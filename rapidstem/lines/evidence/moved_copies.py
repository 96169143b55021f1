"""What the frames say for lines where none are: the fitted lines moved aside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.dislocations import resampled
from rapidstem.lines.evidence.line_coverage import CoveredFrames
from rapidstem.lines.evidence.line_likelihood import moved_aside
from rapidstem.thread_maps import mapped_by_threads

# A third of a line width.
STEP_NM = 5.0
# In all, however many lines: a p-value of 1 in 240 is the least that can be told.
COPIES = 240
# Half a line width: where a candidate would settle that is fitted.
REFINED_NM = 7.0
# By judgement: copies of fewer do not count, as most of them lies outside of the frames or behind lines.
FEWEST_SAMPLES = 100


@dataclass(frozen=True)
class NullEvidence:
    """Evidence of copies of lines that lie where no line is known.

    Attributes
    ----------
    samples : np.ndarray, (copy,)
        How many points of how many frames say something for or against a copy: those that are seen and that no line covers.
    evidence : np.ndarray, (copy,)
        Their summed log likelihood ratios.
    settled_samples, settled_evidence : np.ndarray, (copy,)
        The same at the best place near by.
    """

    samples: np.ndarray
    evidence: np.ndarray
    settled_samples: np.ndarray
    settled_evidence: np.ndarray

    @property
    def overcount(self) -> float:
        """How many points of how many frames say the same as an independent one: variance over twice the mean.

        A log likelihood ratio that is the sum of many independent ones has, where the line is not, a variance of twice its mean's size.
        """
        mean = self.evidence.sum() / max(float(self.samples.sum()), 1e-9)
        spread = float(np.sum((self.evidence - mean * self.samples) ** 2) / max(float(self.samples.sum()), 1e-9))
        return max(1.0, spread / max(2 * abs(float(mean)), 1e-9))

    def p_value(self, samples: float, evidence: float) -> float:
        """Share of the settled copies, brought to a line's number of samples, with as much evidence; one counts in favour of chance.

        Parameters
        ----------
        samples : float
            How many points of how many frames say something about the line.
        evidence : float
            What they say, summed.

        Returns
        -------
        float
        """
        mean = self.settled_evidence.sum() / max(float(self.settled_samples.sum()), 1e-9)
        deviation = self.settled_evidence - mean * self.settled_samples
        scaled = mean * samples + deviation * np.sqrt(samples / self.settled_samples)
        return float((1 + np.count_nonzero(scaled >= evidence)) / (1 + len(scaled)))


def null_evidence(lines: Sequence[np.ndarray], covered: CoveredFrames, settled: bool = True, seed: int = 0) -> NullEvidence:
    """Move every line aside by 40 to 200 nm, so often that 240 copies are asked, let each settle, and ask what the frames say for it.

    Pixels that the lines themselves cover say nothing. A copy settles at the best of seven places 7 nm apart, as a candidate would that
    is fitted to the frames.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.
    covered : CoveredFrames
        Of the same lines.
    settled : bool
        Whether copies settle; only p-values need that, and it takes seven times as long.
    seed : int
        Of the displacements.
    """
    rng = np.random.default_rng(seed)
    around = REFINED_NM * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])[: None if settled else 1]
    copies = -(-COPIES // max(len(lines), 1))
    places = [points + moved_aside(rng) + around[:, None] for points in (resampled(line, STEP_NM) for line in lines) for _ in range(copies)]

    def asked(copy: np.ndarray) -> tuple[float, float, float, float]:
        evidence, speaking = covered.asked(copy)
        sums, counts = evidence.sum(axis=(0, 2)), np.count_nonzero(speaking, axis=(0, 2))
        best = int(np.argmax(sums))
        return counts[0], sums[0], counts[best], sums[best]

    rows = np.array(mapped_by_threads(asked, covered.evidence.threads, places), float).reshape(-1, 4)
    return NullEvidence(*rows[np.minimum(rows[:, 0], rows[:, 2]) >= FEWEST_SAMPLES].T)
