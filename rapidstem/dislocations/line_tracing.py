"""Dislocations as polylines in three dimensions, traced in a tomogram."""

from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
import scipy
from skimage.filters import apply_hysteresis_threshold

from rapidstem.dislocations.foil_clipping import all_clipped, box_around, foil_middle, with_ends, without_forks
from rapidstem.dislocations.line_centring import centred_path
from rapidstem.dislocations.line_crossings import lead_through
from rapidstem.dislocations.line_joining import Following, follow_ends, join_ends
from rapidstem.dislocations.line_pruning import cut_hairpins, drop_short, drop_streaks, trim_hooks
from rapidstem.dislocations.line_ridges import ridge_strength, typical_top
from rapidstem.dislocations.path_graph import contract, dissolve, line_graph, prune
from rapidstem.dislocations.polylines import INSIDE, JUNCTION, LineNetwork, Polyline, longest_first
from rapidstem.dislocations.standing_out import line_stands_out, noise_levels, noise_strength
from rapidstem.errors import InputError
from rapidstem.numerics import FWHM_PER_SIGMA

# Of the typical strength: only clear lines say where the foil lies; by judgement.
CLEAR_SHARE = 0.3
# Of `least_nm`. Simulated sessions of seeds 1 and 102: none of three such pieces below 100 nm was real, two of two up to 140 nm were.
FRAGMENT_SHARE = 1.25
# In voxels: the height of a tomogram is rounded to whole ones.
_ROUNDING = 0.5


@dataclass(frozen=True)
class TracingSettings:
    """How lines are traced. Strengths are shares of the typical ridge strength of a clear line.

    Attributes
    ----------
    line_width_nm : full width at half maximum of the lines in the images; the lengths below are for lines of this width
    low, high : ridges above `low` that reach `high` are lines
    weak : paths of the length `least_nm` below this must go on in the direction of another path
    faint : a line that ends is followed on as long as its ridge is above this
    spur_nm : side branches shorter than this are no lines
    crossing_nm : lines whose paths meet at junctions with bridges shorter than this between them are led through
    node_nm : junctions nearer to each other than this are one
    direction_nm : length over which a line's direction at its end is measured
    gap_nm : longest gap across which a line is followed
    join_nm : largest distance at which two ends that face each other are joined
    least_nm : lines, with those that they meet, shorter than this are left out
    extension_nm : ends this near to a surface, or to the border of the field, are led on to it
    smoothing_nm : length over which positions are smoothed by a parabola
    """

    line_width_nm: float = 13.7
    low: float = 0.10
    high: float = 0.15
    weak: float = 0.08
    faint: float = 0.05
    spur_nm: float = 55.0
    crossing_nm: float = 82.0
    node_nm: float = 27.0
    direction_nm: float = 55.0
    gap_nm: float = 37.0
    join_nm: float = 90.0
    least_nm: float = 80.0
    extension_nm: float = 35.0
    smoothing_nm: float = 50.0

    def for_width(self, line_width_nm: float) -> "TracingSettings":
        """The settings for lines of another width: all lengths but that at the surfaces are as many line widths as before."""
        ratio = line_width_nm / self.line_width_nm
        return replace(self, **{name: getattr(self, name) * ratio for name in _LENGTHS_IN_WIDTHS})


_LENGTHS_IN_WIDTHS = ("line_width_nm", "spur_nm", "crossing_nm", "node_nm", "direction_nm", "gap_nm", "join_nm", "least_nm", "smoothing_nm")
DEFAULT_TRACING = TracingSettings()


def trace_lines(
    volume: np.ndarray,
    voxel_size_nm: float,
    thickness_nm: float,
    settings: TracingSettings = DEFAULT_TRACING,
    halves: tuple[np.ndarray, np.ndarray] | None = None,
    threads: int = 1,
) -> LineNetwork:
    """Trace the dislocations of a tomogram.

    Ridges of the volume are thresholded with hysteresis and thinned (scikit-image, skan); side branches and streaks are removed,
    crossings led through, faint continuations followed and gaps joined. Then every point is moved onto the centre of its line, and the
    lines are cut at the foil's surfaces.

    Parameters
    ----------
    volume : np.ndarray, (z, y, x)
    voxel_size_nm : float
    thickness_nm : float
        Of the foil; its height in the volume is found from the lines.
    settings : TracingSettings
    halves : tuple of two np.ndarray, (z, y, x), optional
        Tomograms from every second tilt and from the others. Where no ridge stands out from half their difference, there is no line,
        and nothing is traced.
    threads : int
        Of the processor, for the ridges.

    Returns
    -------
    LineNetwork
        Without lines where there are none to see.

    Raises
    ------
    InputError
        If the volume holds values that are no numbers, or the foil does not fit into it.

    References
    ----------
    Ridges: Y. Sato et al., Med. Image Anal. 2 (1998) 143; thinning: T. Lee, R. Kashyap, C. Chu, CVGIP: Graph. Models Image Process. 56
    (1994) 462; paths: J. Nunez-Iglesias et al., PeerJ 6 (2018) e4312.
    """
    _check(volume, voxel_size_nm, thickness_nm)
    volume = volume.astype(np.float32, copy=False)
    sigma = settings.line_width_nm / FWHM_PER_SIGMA / voxel_size_nm
    strength = ridge_strength(volume, sigma, threads)
    middle_nm = foil_middle(strength > CLEAR_SHARE * typical_top(strength), voxel_size_nm, thickness_nm)
    box_nm = box_around(middle_nm, volume.shape[1:], voxel_size_nm, thickness_nm)
    noise = None if halves is None else noise_strength(*halves, sigma, threads)
    if noise is not None and not line_stands_out(strength, noise, settings.least_nm / voxel_size_nm):
        return LineNetwork([], box_nm)
    graph = traced_graph(strength, voxel_size_nm, settings, noise)
    lines = _polylines(graph, volume, voxel_size_nm, settings)
    pieces = all_clipped(lines, box_nm)
    whole = without_forks(pieces, box_nm, settings.extension_nm + settings.line_width_nm, settings.spur_nm)
    finished = with_ends(_without_short(whole, settings.least_nm), box_nm, settings.extension_nm)
    return LineNetwork(longest_first(_without_fragments(finished, settings.least_nm)), box_nm)


def traced_graph(strength: np.ndarray, voxel_size_nm: float, settings: TracingSettings, noise: np.ndarray | None = None) -> nx.MultiGraph:
    """Paths of voxels, joined and cleaned, in the form of `rapidstem.dislocations.path_graph.line_graph`.

    Parameters
    ----------
    strength : np.ndarray, (z, y, x)
        Ridge strength.
    voxel_size_nm : float
    settings : TracingSettings
    noise : np.ndarray, (z, y, x), optional
        The same of the noise, which holds no candidates (`rapidstem.dislocations.standing_out.noise_levels`).

    Returns
    -------
    nx.MultiGraph
    """
    clear, faint = _levels(strength, settings, noise)
    if clear <= 0:
        return nx.MultiGraph()
    lengths_nm = (settings.spur_nm, settings.crossing_nm, settings.node_nm, settings.direction_nm, settings.gap_nm)
    spur, crossing, node, reach, gap = (length_nm / voxel_size_nm for length_nm in lengths_nm)
    join, least, width = (length_nm / voxel_size_nm for length_nm in (settings.join_nm, settings.least_nm, settings.line_width_nm))
    mask = apply_hysteresis_threshold(strength, settings.low * clear, settings.high * clear)
    graph = line_graph(mask, spur)
    cut_hairpins(graph, strength, reach)
    lead_through(graph, crossing, reach, width)
    contract(graph, node)
    prune(graph, spur)
    drop_short(graph, spur)
    drop_streaks(graph, strength, settings.weak * clear, least, reach)
    drop_short(graph, least / 2)
    hook = (2 * settings.weak * clear, reach, width)
    trim_hooks(graph, strength, *hook)
    follow_ends(graph, strength, Following(faint, gap, reach))
    trim_hooks(graph, strength, *hook)
    join_ends(graph, join, reach, width)
    dissolve(graph)
    return graph


def _levels(strength: np.ndarray, settings: TracingSettings, noise: np.ndarray | None) -> tuple[float, float]:
    """Strength of a clear line, and down to which ridges are followed: where noise is as strong as what is typical, above its strongest."""
    clear = typical_top(strength)
    if noise is not None:
        low, high = noise_levels(noise)
        least = max(low / settings.low, high / settings.high)
        if least > clear:
            return least, high
    return clear, settings.faint * clear


def _check(volume: np.ndarray, voxel_size_nm: float, thickness_nm: float) -> None:
    if volume.ndim != 3 or not np.all(np.isfinite(volume)):
        raise InputError("the tomogram cannot be traced: it must be (z, y, x) and of finite values; reconstruct it again")
    if not 0 < thickness_nm / voxel_size_nm <= volume.shape[0] + _ROUNDING:
        height_nm = volume.shape[0] * voxel_size_nm
        raise InputError(
            f"a foil of {thickness_nm:g} nm does not fit into a tomogram {height_nm:g} nm high; set thickness_nm to the foil's"
        )


def _polylines(graph: nx.MultiGraph, volume: np.ndarray, voxel_size_nm: float, settings: TracingSettings) -> list[Polyline]:
    """The graph's paths on the lines' centres, in nm and the order x, y, z; paths that meet share the junction's place."""
    radius = settings.line_width_nm / voxel_size_nm
    window = 2 * int(settings.smoothing_nm / voxel_size_nm / 2) + 1
    smooth = scipy.ndimage.gaussian_filter(volume, 0.5)
    paths = []
    for first, second, data in graph.edges(data=True):
        start, end = (first, second) if data["start"] == first else (second, first)
        paths.append((start, end, centred_path(data["points"], smooth, radius, window, closed=start == end and graph.degree(start) == 2)))
    places = _junction_places(paths)
    middle = (np.array(volume.shape) - 1) / 2
    lines = []
    for start, end, points in paths:
        ends = [places[node][None] if node in places else np.empty((0, 3)) for node in (start, end)]
        joined = np.vstack([ends[0], points, ends[1]])
        lines.append(Polyline(((joined - middle) * voxel_size_nm)[:, ::-1], start, end))
    return lines


def _junction_places(paths: list[tuple[int, int, np.ndarray]]) -> dict[int, np.ndarray]:
    """Mean end point of the paths that meet at a node."""
    met: dict[int, list[np.ndarray]] = {}
    for start, end, points in paths:
        met.setdefault(start, []).append(points[0])
        met.setdefault(end, []).append(points[-1])
    return {node: np.mean(ends, axis=0) for node, ends in met.items() if len(ends) > 1}


def _without_short(lines: list[Polyline], least_nm: float) -> list[Polyline]:
    """Leave out groups of connected lines whose whole length is below `least_nm`."""
    graph = nx.MultiGraph([(line.start_node, line.end_node, {"line": line}) for line in lines])
    groups = (graph.subgraph(nodes).edges(data="line") for nodes in nx.connected_components(graph))
    return [line for group in groups if sum(line.length_nm for *_, line in group) >= least_nm for *_, line in group]


def _without_fragments(lines: list[Polyline], least_nm: float) -> list[Polyline]:
    """Leave out short lines with an end lost inside the foil and no junction: smear along z is left in such pieces."""
    kinds = [{line.start_kind, line.end_kind} for line in lines]
    lost = [INSIDE in each and JUNCTION not in each for each in kinds]
    return [line for line, alone in zip(lines, lost, strict=True) if not alone or line.length_nm >= FRAGMENT_SHARE * least_nm]
