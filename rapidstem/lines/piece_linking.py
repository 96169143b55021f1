"""Which ends of pieces continue each other: the least bending, and what the frames say of the way between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy.spatial import cKDTree

from rapidstem.dislocations import end_direction, steps_along

STEP_NM = 5.0
SHARPEST_DEG = 70.0


@dataclass(frozen=True)
class LinkSettings:
    """How ends are linked; lengths in nm.

    Attributes
    ----------
    reach_nm : largest distance of two ends
    direction_nm : length that gives the direction at an end
    set_back_nm : where lines meet, their ridges merge over this length, which is bridged anew
    bend_deg : standard deviation of the bend of a line over 100 nm
    overcount : how many points of how many frames say the same as one independent one
    """

    reach_nm: float = 150.0
    direction_nm: float = 60.0
    set_back_nm: float = 15.0
    bend_deg: float = 12.0
    overcount: float = 40.0


DEFAULT_LINKS = LinkSettings()


def linked_pieces(
    pieces: Sequence[np.ndarray], evidence_at: Callable[[np.ndarray], np.ndarray], settings: LinkSettings = DEFAULT_LINKS
) -> list[np.ndarray]:
    """Join pieces whose ends continue each other, all at once (matching of the largest weight).

    The weight of a link is how much more probable its bend is for a line than for two ends that meet by chance, and the evidence of the
    way between them.

    Parameters
    ----------
    pieces : sequence of np.ndarray, (n, 3)
        nm.
    evidence_at : callable
        Log likelihood ratio, summed over the frames, at points (n, 3).
    """
    ends = [set_back(piece, last, settings.set_back_nm) for piece in pieces for last in (False, True)]
    places = np.array([end[-1] for end in ends]).reshape(-1, 3)
    outward = np.array([end_direction(end, settings.direction_nm) for end in ends]).reshape(-1, 3)
    graph = nx.Graph()
    for one, two in cKDTree(places).query_pairs(settings.reach_nm) if len(places) else ():
        if one // 2 == two // 2:
            continue
        weight = _link_weight(places[[one, two]], outward[[one, two]], evidence_at, settings)
        if weight > 0:
            graph.add_edge(one, two, weight=weight)
    return _chains(pieces, nx.max_weight_matching(graph), places, outward, settings)


def set_back(piece: np.ndarray, last: bool, length_nm: float) -> np.ndarray:
    """A piece that ends at its last, or at its first, point, without the last stretch there; a third of the piece at most."""
    points = piece if last else piece[::-1]
    along = steps_along(points)
    return points[: max(2, int(np.searchsorted(along, along[-1] - min(length_nm, along[-1] / 3))) + 1)]


def bridge(places: np.ndarray, outward: np.ndarray) -> np.ndarray:
    """Points (n, 3) of the cubic curve between two ends that leaves both in their directions (Hermite), the ends included."""
    span = float(np.linalg.norm(places[1] - places[0]))
    t = np.linspace(0, 1, max(3, int(span / STEP_NM) + 1))[:, None]
    start, stop = outward[0] * span, -outward[1] * span
    return (2 * t**3 - 3 * t**2 + 1) * places[0] + (t**3 - 2 * t**2 + t) * start + (3 * t**2 - 2 * t**3) * places[1] + (t**3 - t**2) * stop


def _link_weight(places: np.ndarray, outward: np.ndarray, evidence_at: Callable, settings: LinkSettings) -> float:
    """Logarithm of how much more probable it is that the two ends are one line than that they are two."""
    gap = places[1] - places[0]
    span = float(np.linalg.norm(gap))
    along = gap / max(span, 1e-9)
    cosines = np.clip([outward[0] @ along, -outward[1] @ along, -outward[0] @ outward[1]], -1, 1)
    bends = np.arccos(cosines)
    if np.rad2deg(bends.max()) > SHARPEST_DEG:
        return -np.inf
    spread = np.deg2rad(settings.bend_deg) * np.sqrt(max(span, settings.direction_nm) / 100)
    logs = [2 * np.log(1 / spread) - bend**2 / (2 * spread**2) for bend in bends[:2]]
    way = bridge(places, outward)
    evidence = evidence_at(way)[1:-1].sum() / settings.overcount
    return float(sum(logs) + min(evidence, 0))


def _chains(
    pieces: Sequence[np.ndarray], matching: set[tuple[int, int]], places: np.ndarray, outward: np.ndarray, settings: LinkSettings
) -> list[np.ndarray]:
    """The pieces along every chain of links, as one curve each."""
    partner = {one: two for pair in matching for one, two in (pair, pair[::-1])}
    chains, done = [], set()
    starts = [2 * number + last for number in range(len(pieces)) for last in (0, 1) if 2 * number + last not in partner]
    for start in [*starts, *range(0, 2 * len(pieces), 2)]:
        if start // 2 in done:
            continue
        parts, end = [], start
        while end // 2 not in done:
            done.add(end // 2)
            piece = pieces[end // 2] if end % 2 == 0 else pieces[end // 2][::-1]
            far = end ^ 1
            parts.append(_middle(piece, end in partner, far in partner, settings.set_back_nm))
            if far not in partner:
                break
            end = partner[far]
            parts.append(bridge(places[[far, end]], outward[[far, end]])[1:-1])
        chains.append(np.concatenate(parts))
    return chains


def _middle(piece: np.ndarray, cut_first: bool, cut_last: bool, length_nm: float) -> np.ndarray:
    first = len(piece) - len(set_back(piece, False, length_nm)) if cut_first else 0
    stop = len(set_back(piece, True, length_nm)) if cut_last else len(piece)
    return piece[first:stop]
