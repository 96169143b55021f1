"""Candidates for dislocation lines: pieces of the ridges of the evidence, from one meeting of ridges to the next."""

from dataclasses import dataclass

import networkx as nx
import numpy as np
import scipy
from skimage.filters import apply_hysteresis_threshold

from rapidstem.dislocations import centred_path, contract, lead_through, line_graph, split_corners, steps_along

# In line widths; of the evidence, before its ridges are sought (simulated seeds 22 and 26).
SMOOTHING_WIDTHS = 0.23
# Of the voxels: the densest foils of which lines came out filled a twentieth. Where the frames hardly tell lines from noise, more are above
# the share of a clear line, and thousands of pieces would be noise.
LARGEST_SHARE = 0.1


@dataclass(frozen=True)
class PieceSettings:
    """How pieces are found; lengths in nm, levels as shares of the evidence of a clear line.

    Attributes
    ----------
    low, high : ridges of evidence above `low` that reach `high` are followed; both are higher where a tenth of all voxels exceeds `low`
    spur_nm : side branches shorter than this are left out
    node_nm : meetings nearer to each other than this are one
    direction_nm : length that gives the direction of a piece at its end
    least_nm : pieces shorter than this are left out
    width_nm : full width of the lines at half maximum
    smoothing_nm : length over which positions are smoothed by a parabola
    """

    low: float = 0.1
    high: float = 0.3
    spur_nm: float = 35.0
    node_nm: float = 20.0
    direction_nm: float = 55.0
    least_nm: float = 20.0
    width_nm: float = 13.7
    smoothing_nm: float = 50.0


DEFAULT_PIECES = PieceSettings()


def line_pieces(evidence: np.ndarray, voxel_size_nm: float, clear: float, settings: PieceSettings = DEFAULT_PIECES) -> list[np.ndarray]:
    """Thin the places where the frames speak for a line to pieces, cut where ridges meet and where they bend sharply.

    Parameters
    ----------
    evidence : np.ndarray, (z, y, x)
        Log likelihood ratio of a line, summed over the frames.
    voxel_size_nm : float
    clear : float
        Evidence of a clear line.
    settings : PieceSettings

    Returns
    -------
    list of np.ndarray, (n, 3)
        Points x, y, z in nm from the centre of the volume, about one a voxel.
    """
    positive = scipy.ndimage.gaussian_filter(np.maximum(evidence, 0), SMOOTHING_WIDTHS * settings.width_nm / voxel_size_nm)
    level = max(settings.low * clear, float(np.quantile(positive, 1 - LARGEST_SHARE)))
    mask = apply_hysteresis_threshold(positive, level, level * settings.high / settings.low)
    spur, node, reach = (length / voxel_size_nm for length in (settings.spur_nm, settings.node_nm, settings.direction_nm))
    graph: nx.MultiGraph = line_graph(mask, spur)
    lead_through(graph, node, reach, settings.width_nm / voxel_size_nm)
    contract(graph, node)
    split_corners(graph, reach)
    radius, window = settings.width_nm / voxel_size_nm / 2, 2 * int(settings.smoothing_nm / voxel_size_nm / 2) + 1
    middle = (np.array(evidence.shape) - 1) / 2
    pieces = []
    for *_, data in graph.edges(data=True):
        if steps_along(data["points"])[-1] * voxel_size_nm >= settings.least_nm:
            path = centred_path(data["points"], positive, radius, window)
            pieces.append(((path - middle) * voxel_size_nm)[:, ::-1])
    return pieces
