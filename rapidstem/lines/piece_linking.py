"""Which ends of pieces continue each other: the least bending, and what the frames say of the way between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import scipy

from rapidstem.dislocations import end_direction, steps_along

# A third of a line width.
STEP_NM = 5.0
# A bend of several standard deviations: such links are not weighed, for speed.
SHARPEST_DEG = 70.0


@dataclass(frozen=True)
class LinkSettings:
    """How ends are linked; lengths in nm.

    Attributes
    ----------
    reach_nm : largest distance of two ends
    direction_nm : length that gives the direction at an end
    set_backs_nm : where lines meet, their ridges merge over one of these lengths, which is bridged anew
    passed_set_back_nm : of ends that have passed each other, and cannot be linked so: in yz sections, where depth is known least, both lead
        a line on side by side, some 40 nm apart (chosen on the demo and the simulated seeds 22, 26, 32 and networks 1 and 2)
    bend_deg : standard deviation of the bend of a line over 100 nm
    overcount : how many points of how many frames say the same as one independent one
    """

    reach_nm: float = 150.0
    direction_nm: float = 60.0
    set_backs_nm: tuple[float, ...] = (15.0, 40.0)
    passed_set_back_nm: float = 80.0
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
    settings : LinkSettings
        How far ends are linked, and what a bend costs.

    Returns
    -------
    list of np.ndarray, (n, 3)
        Chains of pieces, and the pieces that are left alone, nm.
    """
    graph = nx.Graph()
    for length_nm in settings.set_backs_nm:
        ends = _Ends.of(pieces, length_nm, settings.direction_nm)
        for pair in ends.near(settings.reach_nm):
            _link(graph, pair, ends, evidence_at, settings)
    tips, farther = (_Ends.of(pieces, length_nm, settings.direction_nm) for length_nm in (0.0, settings.passed_set_back_nm))
    for pair in farther.near(settings.reach_nm):
        if not graph.has_edge(*pair) and tips.passed(*pair):
            _link(graph, pair, farther, evidence_at, settings)
    return _chains(pieces, graph.edge_subgraph(nx.max_weight_matching(graph)))


@dataclass(frozen=True)
class _Ends:
    """Both ends of every piece, the first one before the last.

    Attributes
    ----------
    places, outward : (2 pieces, 3), where they are and in which direction the piece leaves
    set_back_nm : what was taken off
    """

    places: np.ndarray
    outward: np.ndarray
    set_back_nm: float

    @classmethod
    def of(cls, pieces: Sequence[np.ndarray], set_back_nm: float, direction_nm: float) -> "_Ends":
        ends = [set_back(piece, last, set_back_nm) for piece in pieces for last in (False, True)]
        outward = [end_direction(end, direction_nm) for end in ends]
        return cls(np.array([end[-1] for end in ends]).reshape(-1, 3), np.array(outward).reshape(-1, 3), set_back_nm)

    def near(self, reach_nm: float) -> list[tuple[int, int]]:
        """Pairs of ends of two pieces within reach of each other."""
        if not len(self.places):
            return []
        pairs = scipy.spatial.cKDTree(self.places).query_pairs(reach_nm)
        return [pair for pair in pairs if pair[0] // 2 != pair[1] // 2]

    def passed(self, one: int, two: int) -> bool:
        """Whether either end lies behind the other one."""
        way = self.places[two] - self.places[one]
        return bool(way @ self.outward[one] < 0 < way @ self.outward[two])


def _link(
    graph: nx.Graph, pair: tuple[int, int], ends: _Ends, evidence_at: Callable[[np.ndarray], np.ndarray], settings: LinkSettings
) -> None:
    """Link two ends where they are more probably one line than two, and more probably so than by a link that is there."""
    weight = _link_weight(ends.places[list(pair)], ends.outward[list(pair)], evidence_at, settings)
    if weight > graph.get_edge_data(*pair, default={"weight": 0.0})["weight"]:
        ways = {end: (ends.places[end], ends.outward[end]) for end in pair}
        graph.add_edge(*pair, weight=weight, ways=ways, set_back_nm=ends.set_back_nm)


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


def _chains(pieces: Sequence[np.ndarray], links: nx.Graph) -> list[np.ndarray]:
    """The pieces along every chain of links, as one curve each."""
    partner = {one: two for pair in links.edges for one, two in (pair, pair[::-1])}
    chains, done = [], set()
    starts = [2 * number + last for number in range(len(pieces)) for last in (0, 1) if 2 * number + last not in partner]
    for start in [*starts, *range(0, 2 * len(pieces), 2)]:
        if start // 2 in done:
            continue
        parts, end = [], start
        while end // 2 not in done:
            done.add(end // 2)
            far = end ^ 1
            first_nm, last_nm = (links.edges[each, partner[each]]["set_back_nm"] if each in partner else 0.0 for each in (end, far))
            parts.append(_middle(pieces[end // 2][:: -1 if end % 2 else 1], first_nm, last_nm))
            if far not in partner:
                break
            end = partner[far]
            ways = links.edges[far, end]["ways"]
            parts.append(bridge(*(np.array(each) for each in zip(ways[far], ways[end], strict=True)))[1:-1])
        chains.append(np.concatenate(parts))
    return chains


def _middle(points: np.ndarray, first_nm: float, last_nm: float) -> np.ndarray:
    """A piece without the stretches at its ends that are bridged anew."""
    first = len(points) - len(set_back(points, False, first_nm)) if first_nm else 0
    stop = len(set_back(points, True, last_nm)) if last_nm else len(points)
    return points[first:stop]
