"""Which dislocation centres of one tomogram follow each other from section to section."""

import numpy as np
import pandas as pd
import scipy

COORDINATES = ["x_nm", "y_nm", "z_nm"]
# Axis (x, y, z) that a plane's sections are numbered along.
SECTION_NORMAL = {"yz": 0, "xz": 1}
# Section distances: a line may be inclined by up to 72 degrees to the section's normal.
LINK_SECTIONS = 3.0


def line_directions(centroids: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Unit direction of the dislocation line at each centre, from the centres in the two adjacent sections.

    Centres of adjacent sections are linked if they are each other's nearest and not more than three section distances apart within the
    section, which a line does that is inclined by at most 72 degrees to the section's normal.

    Parameters
    ----------
    centroids : DataFrame
        As `locate_centroids` gives it.

    Returns
    -------
    directions : ndarray (n, 3)
        In the order x, y, z, pointing to increasing section numbers; along the section's normal where no neighbour is linked.
    linked : ndarray (n,) of bool
        Whether there was a neighbour.
    """
    directions = np.zeros((len(centroids), 3))
    linked = np.zeros(len(centroids), bool)
    for plane, axis in SECTION_NORMAL.items():
        rows = np.flatnonzero((centroids["plane"] == plane).to_numpy())
        directions[rows, axis] = 1.0
        table = centroids.iloc[rows]
        points = table[COORDINATES].to_numpy(float)
        lower, upper = _linked_rows(table, axis)
        steps = np.zeros_like(points)
        np.add.at(steps, lower, points[upper] - points[lower])
        np.add.at(steps, upper, points[upper] - points[lower])
        has_link = np.isin(np.arange(len(rows)), np.concatenate([lower, upper]))
        lengths = np.linalg.norm(steps[has_link], axis=1, keepdims=True)
        directions[rows[has_link]] = steps[has_link] / lengths
        linked[rows[has_link]] = True
    return directions, linked


def chain_labels(centroids: pd.DataFrame) -> np.ndarray:
    """Number of the chain that each centre belongs to, (n,): centres linked from section to section, the two planes apart.

    Centres are linked as in `line_directions`; a chain is a dislocation line, or as much of it as one plane's sections follow.

    Parameters
    ----------
    centroids : DataFrame
        As `locate_centroids` gives it.

    Returns
    -------
    np.ndarray, (n,) of int
        In the order of the rows.
    """
    lower_rows, upper_rows = [np.empty(0, int)], [np.empty(0, int)]
    for plane, axis in SECTION_NORMAL.items():
        rows = np.flatnonzero((centroids["plane"] == plane).to_numpy())
        lower, upper = _linked_rows(centroids.iloc[rows], axis)
        lower_rows.append(rows[lower])
        upper_rows.append(rows[upper])
    joined = np.concatenate(lower_rows), np.concatenate(upper_rows)
    links = scipy.sparse.coo_array((np.ones(len(joined[0])), joined), shape=(len(centroids), len(centroids)))
    return scipy.sparse.csgraph.connected_components(links, directed=False)[1]


def mutually_nearest(first: np.ndarray, second: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the points that are each other's nearest and not further apart than the radius."""
    if len(first) == 0 or len(second) == 0:
        return np.empty(0, int), np.empty(0, int)
    distance, partner = scipy.spatial.cKDTree(second).query(first)
    _, back = scipy.spatial.cKDTree(first).query(second)
    chosen = np.flatnonzero((distance <= radius) & (back[partner] == np.arange(len(first))))
    return chosen, partner[chosen]


def section_grid(centroids: pd.DataFrame, axis: int) -> tuple[float, float] | None:
    """Give the place of section 0 and the distance of the sections in nm; None from fewer than two sections."""
    sections = centroids["slice"].to_numpy(float)
    if len(sections) == 0 or np.ptp(sections) == 0:
        return None
    spacing, origin = np.polyfit(sections, centroids[COORDINATES[axis]].to_numpy(float), 1)
    return float(origin), float(spacing)


def _linked_rows(centroids: pd.DataFrame, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the linked centres of one plane: those in the lower and those in the upper of two adjacent sections."""
    grid = section_grid(centroids, axis)
    if grid is None:
        return np.empty(0, int), np.empty(0, int)
    within = np.delete(centroids[COORDINATES].to_numpy(float), axis, axis=1)
    sections = centroids["slice"].to_numpy(float)
    radius_nm = LINK_SECTIONS * grid[1]
    far = 4.0 * radius_nm
    return mutually_nearest(np.column_stack([within, far * (sections + 1.0)]), np.column_stack([within, far * sections]), radius_nm)
