"""How the differences of paired dislocation centres depend on the place."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.numerics import robust_spread

AXIS_PLANE = {"x": "xz", "y": "yz", "z": "yz"}

# 95 % efficiency for normal errors (Huber, Robust Statistics, 1981).
_HUBER_LIMIT = 1.345
# Until weights no longer change.
_REWEIGHTINGS = 30
# A quadratic has three unknowns; its standard error needs a line more.
_FEWEST_LINES = 4


@dataclass(frozen=True)
class QuadraticFit:
    """dG = offset_nm + slope_nm_per_um p + curvature_nm_per_um2 p^2, p being the position in um.

    `curvature_sigma_nm_per_um2` is the standard deviation of the curvature; NaN from fewer than four lines.
    """

    offset_nm: float
    slope_nm_per_um: float
    curvature_nm_per_um2: float
    curvature_sigma_nm_per_um2: float = float("nan")

    def at(self, position_nm: np.ndarray) -> np.ndarray:
        """The fitted difference in nm at positions in nm.

        Parameters
        ----------
        position_nm
            Of any shape.

        Returns
        -------
        ndarray
            Of the same shape, in nm.
        """
        position_um = np.asarray(position_nm, float) / 1000.0
        return self.offset_nm + self.slope_nm_per_um * position_um + self.curvature_nm_per_um2 * position_um**2


NO_FIT = QuadraticFit(float("nan"), float("nan"), float("nan"))


def quadratic_fit(pairs: pd.DataFrame, along: str, of: str = "z") -> QuadraticFit:
    """Robust quadratic of the difference in one axis against the position along another (the time-lag artefact: z along y).

    Huber's estimator, so that the few large differences at ends and crossings of lines do not decide. The centres of a line share their
    errors, so the standard deviation comes from leaving out one line at a time (jackknife), not one centre.

    Parameters
    ----------
    pairs : DataFrame
        As `rapidstem.scores.positional_error.position_pairs` gives them. Differences in x come from the pairs of the xz sections, those
        in y and z from the yz sections.
    along, of : {"x", "y", "z"}

    Returns
    -------
    QuadraticFit
        NaN from fewer than three positions.

    References
    ----------
    P. Huber, Ann. Math. Statist. 35 (1964) 73; J. MacKinnon and H. White, J. Econometrics 29 (1985) 305.
    """
    rows = pairs[pairs["plane"] == AXIS_PLANE[of]]
    position_um = rows[f"{along}_nm"].to_numpy(float) / 1000.0
    if len(np.unique(position_um)) < 3:
        return NO_FIT
    powers = np.vander(position_um, 3, increasing=True)
    differences = rows[f"d{of}_nm"].to_numpy(float)
    coefficients, weight = _huber(powers, differences)
    sigma = _jackknife_sigma(powers, differences, weight, rows["line"].to_numpy())
    offset, slope, curvature = coefficients.tolist()
    return QuadraticFit(offset, slope, curvature, sigma)


def difference_profile(pairs: pd.DataFrame, along: str, bin_nm: float) -> pd.DataFrame:
    """Average the difference in z over bins of the position along x or y (Zhao et al. 2021, Fig. 7a: along y; 7b: along x).

    Parameters
    ----------
    pairs : DataFrame
        As `rapidstem.scores.positional_error.position_pairs` gives them.
    along : str
        Axis of the position, `x` or `y`.
    bin_nm : float
        Width of a bin.

    Returns
    -------
    DataFrame
        `position_nm` (centre of the bin), `mean_nm`, `standard_error_nm` (of the means of the lines in the bin; NaN for a single
        line), `pairs`.
    """
    rows = pairs[pairs["plane"] == AXIS_PLANE["z"]]
    table = pd.DataFrame({"position_nm": bin_nm * np.rint(rows[f"{along}_nm"].to_numpy(float) / bin_nm), "line": rows["line"].to_numpy()})
    table["difference"] = rows["dz_nm"].to_numpy(float)
    grouped = table.groupby("position_nm")["difference"]
    of_lines = table.groupby(["position_nm", "line"])["difference"].mean().groupby("position_nm")
    profile = pd.DataFrame({"mean_nm": grouped.mean(), "standard_error_nm": of_lines.sem(), "pairs": grouped.size()})
    return profile.reset_index()


def _huber(powers: np.ndarray, differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and weights of iteratively reweighted least squares."""
    weight = np.ones(len(differences))
    for _ in range(_REWEIGHTINGS):
        root = np.sqrt(weight)
        coefficients = np.linalg.lstsq(powers * root[:, None], differences * root, rcond=None)[0]
        size = np.abs(differences - powers @ coefficients)
        limit = _HUBER_LIMIT * robust_spread(size, 0.0)
        weight = np.where(size > limit, limit / np.maximum(size, 1e-12), 1.0) if limit > 1e-9 else np.ones(len(size))
    return coefficients, weight


def _jackknife_sigma(powers: np.ndarray, differences: np.ndarray, weight: np.ndarray, line: np.ndarray) -> float:
    numbers = np.unique(line)
    if len(numbers) < _FEWEST_LINES:
        return float("nan")
    curvatures = []
    for number in numbers:
        root = np.sqrt(weight * (line != number))
        curvatures.append(np.linalg.lstsq(powers * root[:, None], differences * root, rcond=None)[0][2])
    return float(np.sqrt((len(numbers) - 1) * np.var(curvatures)))
