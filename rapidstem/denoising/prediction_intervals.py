"""How far a reference may lie from a filter's answer: an interval for every pixel, by split conformal prediction.

The residual's spread is learnt on training fields, as a variance that grows with the brightness (counting noise of reference and frame),
with the gradient squared (places that are off by a share of a pixel) and with the curvature squared (what the filter smooths). How many
such spreads an interval must reach is then read from fields that the network has never seen. What is stated holds for the reference as it
was recorded, its own noise included.

References
----------
Split conformal prediction with a local spread: J. Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094; Y. Romano, E. Patterson, E. Candes,
NeurIPS 32 (2019); A. Angelopoulos, S. Bates, arXiv:2107.07511 (2021). Fields, not pixels, are exchangeable, and each counts alike: R. Dunn,
L. Wasserman, A. Ramdas, J. Am. Stat. Assoc. 118 (2023) 2491, "pooling CDFs".
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside

INTERVALS = "intervals.json"
# The share that the project states and tests; by convention.
COVERAGE = 0.9
# Of the derivatives, in pixels: about half a line's width on the demo's scale; by judgement.
_SCALE_PX = 1.0
# Until the weights, which are the spreads of the round before, stay the same to a per cent.
_ROUNDS = 5
# Of the median of the squared residuals: no spread is smaller, so that no weight grows without bounds.
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class ComparedField:
    """Answers of a filter beside the reference of the same field.

    Attributes
    ----------
    name
        Of the field.
    answers, references : sequence of (y, x)
        The denoised frames, and the reference where each shows the specimen.
    """

    name: str
    answers: Sequence[np.ndarray]
    references: Sequence[np.ndarray]

    def residuals(self) -> np.ndarray:
        """Reference minus answer of all pixels.

        Returns
        -------
        (pixel,)
        """
        return np.concatenate([(known - found).ravel() for found, known in zip(self.answers, self.references, strict=True)])

    def terms(self) -> np.ndarray:
        """The terms of the variance of all pixels.

        Returns
        -------
        (4, pixel)
        """
        return np.concatenate([variance_terms(answer).reshape(4, -1) for answer in self.answers], axis=1)


@dataclass(frozen=True)
class PredictionIntervals:
    """The spread of a reference around a filter's answers, and how many spreads hold 90 % of its pixels.

    Attributes
    ----------
    reference
        Which one, `slow` or `dcfi`.
    weights
        Of the terms of the variance, in the order of `variance_terms`.
    spreads
        Half width of the interval in units of the spread; None where no field was left to calibrate on, and nothing is stated.
    coverage
        Share of the reference's pixels inside.
    learnt_on, calibrated_on
        Names of the fields that the spread and its multiple come from.
    """

    reference: str
    weights: tuple[float, ...]
    spreads: float | None
    coverage: float
    learnt_on: tuple[str, ...]
    calibrated_on: tuple[str, ...]

    def half_width(self, answer: np.ndarray) -> np.ndarray:
        """How far the reference may lie from an answer (y, x), in its intensities, either way.

        Parameters
        ----------
        answer : (y, x)
            A denoised frame.

        Returns
        -------
        (y, x) float32
            In the intensities of the answer; NaN where nothing is stated.
        """
        spreads = np.nan if self.spreads is None else self.spreads
        return spreads * np.sqrt(np.tensordot(np.array(self.weights), variance_terms(answer), 1)).astype(np.float32)


def variance_terms(answer: np.ndarray) -> np.ndarray:
    """What the variance of a residual depends on: 1, brightness, squared gradient and squared curvature, (4, y, x).

    Parameters
    ----------
    answer : (y, x)
        A denoised frame.

    Returns
    -------
    (4, y, x)
    """
    image = np.asarray(answer, float)
    bright = np.maximum(scipy.ndimage.gaussian_filter(image, _SCALE_PX), 0)
    gradient = scipy.ndimage.gaussian_gradient_magnitude(image, _SCALE_PX, mode="nearest")
    curvature = scipy.ndimage.gaussian_laplace(image, _SCALE_PX, mode="nearest")
    return np.stack([np.ones_like(image), bright, gradient**2, curvature**2])


def calibrated_intervals(reference: str, learnt_on: Sequence[ComparedField], calibrated_on: Sequence[ComparedField]) -> PredictionIntervals:
    """Learn the spread on fields, and on others how many spreads hold the wanted share of the reference's pixels.

    Parameters
    ----------
    reference
        What the fields are compared with, `slow` or `dcfi`.
    learnt_on
        Fields that the network has learnt from.
    calibrated_on
        Fields that it has not seen; with none of them nothing is stated.

    Returns
    -------
    PredictionIntervals
    """
    terms = np.concatenate([field.terms() for field in learnt_on], axis=1)
    weights = _fitted_variance(terms, np.concatenate([field.residuals() for field in learnt_on]) ** 2)
    scores = [np.abs(field.residuals()) / np.sqrt(weights @ field.terms()) for field in calibrated_on]
    spreads = _pooled_quantile(scores, COVERAGE) if scores else None
    names = [tuple(field.name for field in fields) for fields in (learnt_on, calibrated_on)]
    return PredictionIntervals(reference, tuple(map(float, weights)), spreads, COVERAGE, names[0], names[1])


def _fitted_variance(terms: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Weights of the terms, none below zero, for which they are the expectation of the squares (iterated, relative least squares)."""
    least = _LEAST_SHARE * float(np.median(squares))
    size = np.maximum(terms.mean(axis=1), 1e-30)
    scaled = terms / size[:, None]
    expected = np.full(squares.shape, max(float(squares.mean()), 1e-30))
    weights = np.zeros(len(terms))
    for _ in range(_ROUNDS):
        relative = scaled / expected
        weights = scipy.optimize.nnls(relative @ relative.T, relative @ (squares / expected))[0]
        expected = np.maximum(weights @ scaled, least)
    weights[0] = max(weights[0], least)
    return weights / size


def _pooled_quantile(scores: Sequence[np.ndarray], coverage: float) -> float:
    """The value that the wanted share of the scores lies below, on the mean over the fields of their distributions."""
    values = np.concatenate(scores)
    shares = np.concatenate([np.full(len(each), 1 / (len(each) * len(scores))) for each in scores])
    order = np.argsort(values)
    below = np.cumsum(shares[order])
    return float(values[order][min(int(np.searchsorted(below, coverage)), len(values) - 1)])


def write_intervals(path: Path | str, intervals: PredictionIntervals) -> None:
    """Write intervals as JSON.

    Parameters
    ----------
    path
        File to write, `intervals.json` beside the model's card.
    intervals
        Of one denoiser.
    """
    with written_beside(path) as temporary:
        temporary.write_text(json.dumps(asdict(intervals), indent=2) + "\n", encoding="utf-8")


def read_intervals(path: Path | str) -> PredictionIntervals:
    """Read what `write_intervals` has written.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    PredictionIntervals

    Raises
    ------
    InputError
        if it holds no intervals.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        lists = {name: tuple(values[name]) for name in ("weights", "learnt_on", "calibrated_on")}
        return PredictionIntervals(**(values | lists))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: holds no intervals ({error}); calibrate the denoiser again") from error
