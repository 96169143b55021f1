"""What a dark line in a frame says for a dislocation there: the log likelihood ratio, learnt from the series itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.dislocations import resampled
from rapidstem.lines.evidence.frame_curvature import FrameCurvature, curvature_across
from rapidstem.lines.evidence.frame_projection import project
from rapidstem.tomography import TiltGeometry

# Classes of curvature, each with as many samples: fine enough for a ratio that rises smoothly.
BINS = 24
# Frames on either side that share their ratio, some 6 degrees of tilt each way at 2 degrees a frame.
NEIGHBOURS = 3
# Natural logarithm: no pixel speaks for or against a line by more than 55 to 1, as pixels of one frame are not independent.
LARGEST_RATIO = 4.0
# A third of a line width.
STEP_NM = 5.0
# Aside, for each line: the classes beside lines have four times the samples of those on them.
COPIES = 4
# Three line widths aside nothing of the line is left; within 200 nm background and thickness are the same.
NEAREST_NM, FARTHEST_NM = 40.0, 200.0


@dataclass(frozen=True)
class LineLikelihood:
    """Log likelihood ratios of line and no line by the curvature across it.

    Attributes
    ----------
    edges : np.ndarray, (frame, bin - 1)
        Inner edges of the classes of curvature.
    ratio : np.ndarray, (frame, bin)
        Natural logarithm of how much more frequent a class is on lines than beside them.
    """

    edges: np.ndarray
    ratio: np.ndarray

    def __call__(self, curvature: np.ndarray) -> np.ndarray:
        """The ratios of curvatures (frame, ...)."""
        rows = curvature.reshape(len(curvature), -1)
        number = np.zeros(rows.shape, np.intp)
        for edge in self.edges.T:
            number += edge[:, None] < rows
        return np.take_along_axis(self.ratio, number, axis=1).reshape(curvature.shape)


def learnt_likelihood(on_lines: np.ndarray, beside: np.ndarray, on_seen: np.ndarray, beside_seen: np.ndarray) -> LineLikelihood:
    """Learn the ratios from curvatures on lines that are there and on the same lines moved aside.

    The frames of similar tilt share theirs; the ratio rises with the curvature (isotonic regression). It is about 0 where a frame shows no
    known line, or nothing beside one.

    Parameters
    ----------
    on_lines, beside : np.ndarray, (frame, point)
    on_seen, beside_seen : np.ndarray, (frame, point), bool
        Which of them count.
    """
    frames = len(on_lines)
    edges, ratio = np.empty((frames, BINS - 1)), np.empty((frames, BINS))
    for frame in range(frames):
        near = slice(max(0, frame - NEIGHBOURS), frame + NEIGHBOURS + 1)
        line, none = on_lines[near][on_seen[near]], beside[near][beside_seen[near]]
        both = np.concatenate([line, none])
        edges[frame] = np.quantile(both, np.arange(1, BINS) / BINS) if len(both) else np.arange(1, BINS)
        counts = [np.bincount(np.searchsorted(edges[frame], values), minlength=BINS) + 1.0 for values in (line, none)]
        raw = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
        rising = scipy.optimize.isotonic_regression(raw, weights=counts[0] + counts[1]).x
        ratio[frame] = np.clip(rising, -LARGEST_RATIO, LARGEST_RATIO)
    return LineLikelihood(edges, ratio)


def likelihood_of(lines: Sequence[np.ndarray], curvature: FrameCurvature, geometry: TiltGeometry, seed: int = 0) -> LineLikelihood:
    """Learn the ratios from the lines (n, 3), nm, that are known so far, and from copies of them 40 to 200 nm aside.

    Frames that are not used do not count.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        x, y, z in nm.
    curvature : FrameCurvature
        Of the aligned series.
    geometry : TiltGeometry
        Of the same series.
    seed : int
        Of the displacements.
    """
    rng = np.random.default_rng(seed)
    curvatures: list[list[np.ndarray]] = [[], []]
    counted: list[list[np.ndarray]] = [[], []]
    for line in lines:
        points = resampled(line, STEP_NM)
        for kind, place in ((0, points), *((1, points + moved_aside(rng)) for _ in range(COPIES))):
            seen = project(place, geometry, curvature.second.shape[2])
            curvatures[kind].append(curvature_across(curvature, seen))
            counted[kind].append(seen.seen & geometry.used[:, None])
    on_lines, beside = (np.concatenate(each, axis=1) for each in curvatures)
    return learnt_likelihood(on_lines, beside, *(np.concatenate(each, axis=1) for each in counted))


def moved_aside(rng: np.random.Generator) -> np.ndarray:
    """A displacement (3,) of 40 to 200 nm in any direction."""
    direction = rng.normal(size=3)
    return direction / np.linalg.norm(direction) * rng.uniform(NEAREST_NM, FARTHEST_NM)
