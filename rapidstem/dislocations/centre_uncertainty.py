"""Standard deviation of every dislocation centre, from independent halves of the tilt series and from its neighbours on the line."""

import numpy as np
import pandas as pd

from rapidstem.dislocations.pairing import pair_centroids
from rapidstem.dislocations.section_links import COORDINATES, SECTION_NORMAL, chain_labels

# In line widths: the largest distance of a pair; over what a line is smooth; over what its deviations are pooled.
_LENGTHS_IN_WIDTHS = (40.0 / 13.7, 18.0 / 13.7, 60.0 / 13.7)
SIGMA_COLUMNS = ["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]
# As many centres the mean variance of all counts for where a line has few of its own: empirical Bayes; by judgement.
_PRIOR_CENTRES = 10.0
# Where the parabola through the neighbours leaves less than this share of a centre free, its deviation says nothing.
_LEAST_FREEDOM = 0.1


def position_uncertainty(full: pd.DataFrame, even: pd.DataFrame, odd: pd.DataFrame, line_width_nm: float = 13.7) -> pd.DataFrame:
    """Estimate the standard deviation of every centre's coordinates.

    Two parts are added in quadrature. The scatter of the frames: the centres of two tomograms, from the even and from the odd frames,
    are paired with those of all frames; half of their difference has the variance of the mean of the halves. What all frames share
    (filter, contrast along the line, distance of the voxels), which the halves cannot show: the deviation from a parabola fitted along
    the line with Gaussian weights of 1.3 line widths; a dislocation is smooth on that scale. Both are pooled with the neighbours on the
    line (Gaussian weights of 4.4 line widths) and with ten centres of the plane's mean variance. Displacements of a whole line, such as
    the distance of its image from the dislocation's core, stay unseen.

    Parameters
    ----------
    full, even, odd : DataFrame
        Centres from all frames, the even and the odd ones (`rapidstem.dislocations.centroids.locate_centroids`), in the same coordinates.
    line_width_nm : float
        Full width at half maximum of the lines: the largest distance of a pair within its section is 2.9 of it.

    Returns
    -------
    DataFrame
        `sigma_x_nm`, `sigma_y_nm`, `sigma_z_nm` for the rows of `full`; NaN for the coordinate that the section itself fixes.
    """
    radius_nm, smooth_nm, pooled_nm = (widths * line_width_nm for widths in _LENGTHS_IN_WIDTHS)
    scatter = _half_differences(full, even, odd, radius_nm)
    points, label = full[COORDINATES].to_numpy(float), chain_labels(full)
    variance = np.full((len(full), 3), np.nan)
    for plane, normal in SECTION_NORMAL.items():
        rows = np.flatnonzero((full["plane"] == plane).to_numpy())
        within = np.delete(np.arange(3), normal)
        variance[np.ix_(rows, within)] = 0.0
        chains = [rows[label[rows] == number] for number in np.unique(label[rows])]
        roughness = np.full((len(full), 3), np.nan)
        for chain in chains:
            roughness[np.ix_(chain, within)] = _squared_deviations(points[chain, normal], points[np.ix_(chain, within)], smooth_nm)
        for part in (scatter**2, roughness):
            prior = _mean_of_known(part[np.ix_(rows, within)])
            for chain in chains:
                pooled = _pooled(points[chain, normal], part[np.ix_(chain, within)], prior, pooled_nm)
                variance[np.ix_(chain, within)] += pooled
    return pd.DataFrame(np.sqrt(variance), columns=SIGMA_COLUMNS, index=full.index)


def _half_differences(full: pd.DataFrame, even: pd.DataFrame, odd: pd.DataFrame, radius_nm: float) -> np.ndarray:
    """Half of the difference of the two halves' centres, (n, 3); NaN where one of them has none."""
    sides = []
    for half in (even, odd):
        pairs = pair_centroids(half, full, radius_nm)
        side = np.full((len(full), 3), np.nan)
        side[pairs["second_index"]] = pairs[["dx_nm", "dy_nm", "dz_nm"]]
        sides.append(side)
    return (sides[0] - sides[1]) / 2.0


def _squared_deviations(along_nm: np.ndarray, points_nm: np.ndarray, smooth_nm: float) -> np.ndarray:
    """Squares of the deviations from local parabolas, (n, 2), each over its share of freedom; NaN where there is too little of it."""
    distance = (along_nm - along_nm[:, None]) / smooth_nm
    weight = np.exp(-0.5 * distance**2)
    powers = np.stack([np.ones_like(distance), distance, distance**2], axis=2)
    normal = np.einsum("nmi,nm,nmj->nij", powers, weight, powers)
    solver = np.linalg.pinv(normal)[:, 0]
    fitting = np.einsum("ni,nmi,nm->nm", solver, powers, weight)
    freedom = 1.0 - np.diag(fitting)
    squares = (points_nm - fitting @ points_nm) ** 2 / np.maximum(freedom, _LEAST_FREEDOM)[:, None]
    return np.where(freedom[:, None] > _LEAST_FREEDOM, squares, np.nan)


def _mean_of_known(squares: np.ndarray) -> np.ndarray:
    known = np.isfinite(squares)
    return np.where(known, squares, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


def _pooled(along_nm: np.ndarray, squares: np.ndarray, prior: np.ndarray, pooled_nm: float) -> np.ndarray:
    """Weighted means of the squares along a chain and of the prior, (n, 2)."""
    weight = np.exp(-0.5 * ((along_nm - along_nm[:, None]) / pooled_nm) ** 2)
    known = np.isfinite(squares)
    total = weight @ np.where(known, squares, 0.0) + _PRIOR_CENTRES * prior
    return total / (weight @ known + _PRIOR_CENTRES)
