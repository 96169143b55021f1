"""How well the dislocation lines of a tilt series fix its angles."""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from rapidstem.tomography.bundle_adjustment import LinePoints, Measurement, point_equations, prior_equations, reduced_equations
from rapidstem.tomography.tilt_geometry import TiltGeometry


def angle_sigma_rad(points: LinePoints, geometry: TiltGeometry, measured: Measurement) -> np.ndarray:
    """Standard deviation of every angle after their common zero is taken away, (frame,).

    A jackknife over the lines, each left out in turn with one Gauss-Newton step: the points of a line share their errors, above all
    the distance of a dislocation's image from its core. An error that all lines have in common cannot be seen.

    References
    ----------
    B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM 1982);
    J. MacKinnon and H. White, J. Econometrics 29 (1985) 305.
    """
    equations = point_equations(points, geometry, measured)
    prior, _ = prior_equations(geometry, measured)
    information, score = reduced_equations(equations)
    line = line_labels(points)
    steps = []
    for index in range(line.max() + 1):
        share, _ = reduced_equations(equations.of_points(line == index))
        steps.append(np.linalg.solve(information + prior - share, score[line == index].sum(axis=0))[::3])
    without_zero = np.array(steps) - np.mean(steps, axis=1, keepdims=True)
    return np.sqrt((len(steps) - 1) * np.var(without_zero, axis=0))


def line_labels(points: LinePoints, distance_px: float = 8.0, least_cosine: float = 0.9) -> np.ndarray:
    """Number of the line that each point belongs to, (point,): near points of nearly the same direction are joined."""
    pairs = cKDTree(points.position_px).query_pairs(distance_px, output_type="ndarray")
    cosine = np.abs(np.sum(points.tangent[pairs[:, 0]] * points.tangent[pairs[:, 1]], axis=1))
    joined = pairs[cosine > least_cosine]
    count = len(points.position_px)
    links = sparse.coo_array((np.ones(len(joined)), joined.T), shape=(count, count))
    return csgraph.connected_components(links, directed=False)[1]
