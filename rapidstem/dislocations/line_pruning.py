"""Which of the paths of a line graph are dislocations and which are streaks of the reconstruction."""

import networkx as nx
import numpy as np

from rapidstem.dislocations.line_joining import sampled_strength
from rapidstem.dislocations.path_graph import STRAIGHTEST_BEND_DEG, arm_direction, dissolve, oriented, straight_bend_deg
from rapidstem.dislocations.polylines import end_direction, steps_along

# Dislocations bend gently over `reach`, streaks leave lines sideways; by judgement.
CORNER_DEG = 45.0
# To turn so far within eight line widths, a radius of some 60 nm, takes a stress of about 200 MPa (G b / radius, copper).
HAIRPIN_DEG = 100.0
# A streak is fainter than the line that it leaves; two lines that were thinned to one path are about as strong as each other.
STREAK_SHARE = 0.5


def drop_streaks(graph: nx.MultiGraph, strength: np.ndarray, weak: float, reference: float, reach: float) -> None:
    """Remove weak paths that continue no other path.

    The streaks that a limited number of views leaves in a tomogram start at strong lines and leave them sideways; the faint part of a
    line goes on in the direction of its clear part. A path with a corner is judged part by part.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place; paths that only one other path meets are joined with it.
    strength : np.ndarray, (z, y, x)
        Ridge strength.
    weak : float
        Paths of the length `reference` with a median strength below this must continue another one; for longer ones the limit falls
        with the root of the length, as the noise of a mean does.
    reference : float
        In voxels.
    reach : float
        Length over which the direction of a path at its end is measured, in voxels.
    """
    while True:
        dissolve(graph)
        split_corners(graph, reach)
        found = [
            (level, first, second, key)
            for first, second, key, data in graph.edges(keys=True, data=True)
            if (level := _evidence(data["points"], strength, reference)) < weak
            and not any(_continues(graph, node, data, reach) for node in (first, second))
        ]
        if not found:
            dissolve(graph)
            return
        graph.remove_edge(*min(found)[1:])
        graph.remove_nodes_from(list(nx.isolates(graph)))


def cut_hairpins(graph: nx.MultiGraph, strength: np.ndarray, reach: float) -> None:
    """Cut every path where it turns back within twice `reach` voxels: there two lines, or a line and a streak, were thinned to one path.

    Of the two parts, one that ends free and has less than half of the other's median strength is a streak and goes.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place.
    strength : np.ndarray, (z, y, x)
        Ridge strength.
    reach : float
        In voxels, about a line width.
    """
    fresh = max(graph.nodes, default=0) + 1
    waiting = list(graph.edges(keys=True, data=True))
    while waiting:
        first, second, key, data = waiting.pop()
        corner = _corner(data["points"], 2 * reach, HAIRPIN_DEG)
        if corner is None:
            continue
        end = second if data["start"] == first else first
        parts = [(data["start"], data["points"][: corner + 1][::-1]), (end, data["points"][corner:])]
        levels = [float(np.median(sampled_strength(strength, points))) for _, points in parts]
        free = [graph.degree(node) == 1 for node, _ in parts]
        graph.remove_edge(first, second, key)
        for side, (node, points) in enumerate(parts):
            if free[side] and levels[side] < STREAK_SHARE * levels[1 - side]:
                continue
            new_key = graph.add_edge(fresh + side, node, points=points, start=fresh + side)
            waiting.append((fresh + side, node, new_key, graph.edges[fresh + side, node, new_key]))
        fresh += 2
    graph.remove_nodes_from(list(nx.isolates(graph)))


def drop_short(graph: nx.MultiGraph, least: float) -> None:
    """Remove connected groups of paths whose whole length is below `least`, in voxels."""
    for group in list(nx.connected_components(graph)):
        length = sum(steps_along(data["points"])[-1] for *_, data in graph.subgraph(group).edges(data=True))
        if length < least:
            graph.remove_nodes_from(group)


def _evidence(points: np.ndarray, strength: np.ndarray, reference: float) -> float:
    """Median strength along a path times the root of its length in units of `reference`."""
    return float(np.median(sampled_strength(strength, points)) * np.sqrt(steps_along(points)[-1] / reference))


def _continues(graph: nx.MultiGraph, node: int, data: dict, reach: float) -> bool:
    """Whether a path goes straight on into another one at a node."""
    own = arm_direction(oriented(data, node), reach)
    others = [each for *_, each in graph.edges(node, data=True) if each is not data]
    bends = [straight_bend_deg(own, arm_direction(oriented(each, node), reach)) for each in others]
    return min(bends, default=180.0) < STRAIGHTEST_BEND_DEG


def split_corners(graph: nx.MultiGraph, reach: float) -> None:
    """Put a node into every path where it bends by more than 45 degrees within `reach`.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place.
    reach : float
        In voxels, about a line width.
    """
    fresh = max(graph.nodes, default=0) + 1
    waiting = list(graph.edges(keys=True, data=True))
    while waiting:
        first, second, key, data = waiting.pop()
        corner = _corner(data["points"], reach)
        if corner is None:
            continue
        end = second if data["start"] == first else first
        graph.remove_edge(first, second, key)
        parts = ((data["start"], fresh, data["points"][: corner + 1]), (fresh, end, data["points"][corner:]))
        for start, stop, points in parts:
            new_key = graph.add_edge(start, stop, points=points, start=start)
            waiting.append((start, stop, new_key, graph.edges[start, stop, new_key]))
        fresh += 1


def _corner(points: np.ndarray, reach: float, least_deg: float = CORNER_DEG) -> int | None:
    """Index of the sharpest bend above `least_deg` between the stretches of `reach` / 2 on both sides of a point."""
    along = steps_along(points)
    half = reach / 2
    inner = np.flatnonzero((along >= half) & (along <= along[-1] - half))
    if inner.size == 0:
        return None
    before, after = (np.column_stack([np.interp(along[inner] + side, along, axis) for axis in points.T]) for side in (-half, half))
    arriving, leaving = points[inner] - before, after - points[inner]
    lengths = np.linalg.norm(arriving, axis=1) * np.linalg.norm(leaving, axis=1)
    bend = np.rad2deg(np.arccos(np.clip(np.sum(arriving * leaving, axis=1) / np.maximum(lengths, 1e-9), -1, 1)))
    sharpest = int(np.argmax(bend))
    return int(inner[sharpest]) if bend[sharpest] > least_deg else None


def trim_hooks(graph: nx.MultiGraph, strength: np.ndarray, weak: float, reach: float, tolerance: float) -> None:
    """Cut the last stretch of a path with a free end where it turns away sharply and is weak or lies at the volume's border.

    Where a line leaves the field of view, the reconstruction bends its end towards the beam's direction.

    Parameters
    ----------
    graph : nx.MultiGraph
        Changed in place.
    strength : np.ndarray, (z, y, x)
        Ridge strength.
    weak : float
        Last stretches with a median strength above this are cut only at the border.
    reach : float
        Length of the last stretch, and of the one before that gives the direction, in voxels.
    tolerance : float
        How far the last stretch may lie from the straight continuation of the one before, in voxels.
    """
    for node in [node for node in graph if graph.degree(node) == 1]:
        ((_, other, key, data),) = graph.edges(node, keys=True, data=True)
        path = oriented(data, other)
        if other == node or (cut := _hook_start(path, reach, tolerance)) is None:
            continue
        hook = path[cut:]
        room = np.minimum(hook, np.array(strength.shape) - 1 - hook)[:, 1:].min()
        if room < reach / 2 or np.median(sampled_strength(strength, hook)) < weak:
            graph.edges[node, other, key].update(points=path[:cut], start=other)


def _hook_start(path: np.ndarray, reach: float, tolerance: float) -> int | None:
    """Index from which on a path's end leaves the straight continuation of what comes before; None if it bends by less than 45 degrees."""
    left = steps_along(path)[-1] - steps_along(path)
    last = np.flatnonzero(left < reach)
    if last[0] == 0 or left[0] < 2 * reach:
        return None
    before = path[(left >= reach) & (left < 2 * reach)]
    if len(before) < 2:
        return None
    direction = end_direction(before, reach)
    if straight_bend_deg(direction, -end_direction(path, reach / 2)) < CORNER_DEG:
        return None
    ahead = path[last] - before.mean(axis=0)
    off = np.linalg.norm(ahead - (ahead @ direction)[:, None] * direction, axis=1)
    if off.max() <= tolerance:
        return None
    return int(last[np.flatnonzero(off > tolerance / 2)[0]])
