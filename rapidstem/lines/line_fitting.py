"""Dislocation lines fitted to all frames of a tilt series at once, each with the evidence for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from rapidstem.dislocations import LineNetwork
from rapidstem.errors import InputError
from rapidstem.lines.close_lines import told_apart, unfollowed, with_traced
from rapidstem.lines.crossing_partners import doubtful_partners
from rapidstem.lines.curve_fit import FittedCurve
from rapidstem.lines.evidence import (
    CoveredFrames,
    NullEvidence,
    SeriesEvidence,
    curvature_of_frames,
    evidence_volume,
    frame_evidence,
    null_evidence,
)
from rapidstem.lines.fitted_network import fitted_network
from rapidstem.lines.foil_height import FoilPlane, foil_plane
from rapidstem.lines.line_pieces import PieceSettings, line_pieces
from rapidstem.lines.line_rounds import BORDER_NM, DEFAULT_FITTING, FitConditions, FittingSettings, SettledLines, asked, settled
from rapidstem.lines.line_selection import needed_lines
from rapidstem.lines.piece_linking import LinkSettings, linked_pieces
from rapidstem.lines.rim_ends import with_rims
from rapidstem.lines.rim_lines import without_rims
from rapidstem.lines.spline_curves import typical_curvature
from rapidstem.tomography import TiltGeometry
from rapidstem.tomography.vacuum import vacuum_places


@dataclass(frozen=True)
class FittedLines:
    """Dislocation lines and how sure they are.

    Attributes
    ----------
    network : LineNetwork
    sigma_nm : list of np.ndarray, (n, 3)
        Standard deviations of x, y, z of every line's points, across the line.
    evidence : list of np.ndarray, (n,)
        What the frames say for every point, in natural units of independent evidence.
    time_s : list of np.ndarray, (n, 2)
        When the frames were taken that speak for every point, mean and standard deviation by their evidence, since the first frame; NaN
        for a series without times, and for points that no frame speaks for. Where a line moves during the series, its points are where it
        was then, in the mean.
    probability, p_value : np.ndarray, (line,)
        That the line is real; and how often a line moved aside has as much evidence.
    hidden_share : np.ndarray, (line,)
        Share of the line's points in the frames that lie behind or before another line, where it cannot be told from that one.
    hidden_by : np.ndarray, (line,), int
        The line that hides most of those points; -1 where none hides any.
    exchange_with : np.ndarray, (line,), int
        The line that passes this one so that their courses do not tell by 20 to 1 which half goes on into which; -1 where there is none.
    exchange_odds : np.ndarray, (line,)
        Odds of the halves as they are joined over the other way; NaN where there is no such line.
    foil : FoilPlane
        How the foil lies in which the lines end.
    """

    network: LineNetwork
    sigma_nm: list[np.ndarray]
    evidence: list[np.ndarray]
    time_s: list[np.ndarray]
    probability: np.ndarray
    p_value: np.ndarray
    hidden_share: np.ndarray
    hidden_by: np.ndarray
    exchange_with: np.ndarray
    exchange_odds: np.ndarray
    foil: FoilPlane

    def scaled(self, factor: float) -> "FittedLines":
        """The same lines in a specimen of other size.

        Parameters
        ----------
        factor : float
            By which all lengths are multiplied.

        Returns
        -------
        FittedLines
        """
        lines = [replace(line, points_nm=factor * line.points_nm) for line in self.network.lines]
        return replace(
            self,
            network=replace(self.network, lines=lines, box_nm=factor * self.network.box_nm),
            sigma_nm=[factor * sigma for sigma in self.sigma_nm],
            foil=replace(self.foil, middle_nm=factor * self.foil.middle_nm),
        )


def fit_lines(
    series: np.ndarray,
    geometry: TiltGeometry,
    traced: Sequence[np.ndarray],
    box_nm: np.ndarray,
    depth_px: int,
    settings: FittingSettings = DEFAULT_FITTING,
    candidates: Sequence[np.ndarray] | None = None,
    threads: int = 1,
) -> FittedLines:
    """Fit the dislocation lines of a foil to the frames of its tilt series.

    What a dark line in a frame says for a dislocation is learnt from the traced lines and from copies of them moved aside. The sum over
    the frames gives candidates, weaker ones than a tomogram shows. Candidates that explain nothing which others do not go; ends that
    continue each other are linked; lines are fitted as splines, trimmed and led on as far as the frames speak for them. Lines along the rim
    of a hole are left out; ends at it are ends at a surface. Lengths of the fit are those for lines 13.7 nm wide, and grow with the width.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Aligned bright-field series.
    geometry : TiltGeometry
    traced : sequence of np.ndarray, (n, 3)
        Lines of the tomogram, x, y, z in nm.
    box_nm : np.ndarray, (2, 3)
        Field of view and foil, lowest and highest x, y, z.
    depth_px : int
        Height of the volume in which candidates are sought.
    settings : FittingSettings
        Width of the lines, and how much evidence they need.
    candidates : sequence of np.ndarray, (n, 3), or None
        Lines to begin with in place of those that the sum over the frames shows, as the true ones of a simulated series, which tell how far
        the fit itself carries.
    threads : int
        Lines that the frames are asked for at once.

    Returns
    -------
    FittedLines
        Without lines where none was traced, or where the frames speak for none of those that were.

    Raises
    ------
    InputError
        If series and geometry do not fit together.

    References
    ----------
    Weights of evidence: I. J. Good, Probability and the Weighing of Evidence (Griffin 1950); splines fitted to images: M. Kass, A. Witkin,
    D. Terzopoulos, Int. J. Comput. Vis. 1 (1988) 321.
    """
    if series.shape[0] != geometry.frames or series.shape[1] != geometry.rows:
        raise InputError(
            f"a series of {series.shape[0]} frames of {series.shape[1]} rows does not fit to angles of {geometry.frames} frames of "
            f"{geometry.rows} rows; align the series again"
        )
    if not traced:
        return _no_lines(box_nm)
    unit = DEFAULT_FITTING.line_width_nm / settings.line_width_nm
    series, geometry = _in_order_of_tilt(series, replace(geometry, pixel_size_nm=unit * geometry.pixel_size_nm))
    begun = None if candidates is None else [unit * line for line in candidates]
    settings = replace(settings, line_width_nm=unit * settings.line_width_nm)
    return _fitted(series, geometry, [unit * line for line in traced], unit * box_nm, depth_px, settings, begun, threads).scaled(1 / unit)


def _fitted(
    series: np.ndarray,
    geometry: TiltGeometry,
    traced: Sequence[np.ndarray],
    box_nm: np.ndarray,
    depth_px: int,
    settings: FittingSettings,
    candidates: Sequence[np.ndarray] | None,
    threads: int,
) -> FittedLines:
    """Lines of the width for which all lengths of the fit are stated, of frames in the order of their tilts."""
    curvature = curvature_of_frames(series, settings.line_width_nm / (2 * geometry.pixel_size_nm), threads)
    evidence, null = asked(traced, curvature, geometry, threads)
    needed = [traced[number] for number in needed_lines(traced, evidence, settings.piece_evidence * null.overcount)]
    if not needed:
        return _no_lines(box_nm)
    if len(needed) < len(traced):
        evidence, null = asked(needed, curvature, geometry, threads)
    conditions = FitConditions(curvature, geometry, box_nm, typical_curvature(needed, settings.knot_nm), settings, threads)
    begun = list(candidates) if candidates else _candidates(evidence, needed, depth_px, null.overcount, settings)
    found = settled(begun, evidence, null, conditions)
    if not candidates and found.lines and unfollowed(traced, found.lines):
        found = _told_apart(found, settled(_linked_with_traced(begun, traced, evidence, null), evidence, null, conditions), conditions)
    vacuum = vacuum_places(series, curvature.scale_px)
    lines = without_rims(found.lines, vacuum, found.evidence)
    if not lines:
        return _no_lines(box_nm)
    fitted = conditions.curves(lines, found.evidence)
    return _judged(fitted, found.evidence, null_evidence(lines, CoveredFrames(found.evidence, lines)), box_nm, vacuum)


def _linked_with_traced(
    candidates: Sequence[np.ndarray], traced: Sequence[np.ndarray], evidence: SeriesEvidence, null: NullEvidence
) -> list[np.ndarray]:
    """Traced lines and what only the candidates show, linked where they continue each other."""
    return linked_pieces(with_traced(candidates, traced), evidence.total, LinkSettings(overcount=null.overcount))


def _told_apart(found: SettledLines, other: SettledLines, conditions: FitConditions) -> SettledLines:
    """Lines that `other` tells apart in the place of those that run together, with likelihoods learnt from all."""
    lines = told_apart(found.lines, other.lines, found.evidence, found.null.overcount)
    if len(lines) == len(found.lines) and all(one is two for one, two in zip(lines, found.lines, strict=True)):
        return found
    return conditions.learnt_from(lines)


def _no_lines(box_nm: np.ndarray) -> FittedLines:
    none, no_line = np.zeros(0), np.zeros(0, int)
    level = FoilPlane(float(box_nm[:, 2].mean()), np.zeros(2))
    return FittedLines(LineNetwork([], box_nm), [], [], [], none, none, none, no_line, no_line, none, level)


def _in_order_of_tilt(series: np.ndarray, geometry: TiltGeometry) -> tuple[np.ndarray, TiltGeometry]:
    """A slow series in the order of its tilts: frames beside each other are taken to show lines alike."""
    order = np.argsort(geometry.angle_rad, kind="stable")
    if geometry.time_s is not None or np.array_equal(order, np.arange(len(order))):
        return series, geometry
    return series[order], replace(
        geometry, angle_rad=geometry.angle_rad[order], shift_px=geometry.shift_px[order], used=geometry.used[order]
    )


def _candidates(
    evidence: SeriesEvidence, traced: Sequence[np.ndarray], depth_px: int, overcount: float, settings: FittingSettings
) -> list[np.ndarray]:
    """Lines of pieces of the evidence volume, linked, without those that explain nothing of their own."""
    pixel_size_nm = evidence.geometry.pixel_size_nm
    frames = frame_evidence(evidence.curvature, evidence.likelihood, evidence.geometry)
    volume = evidence_volume(frames, evidence.geometry, depth_px, round(BORDER_NM / pixel_size_nm))
    middle = (np.array(volume.shape) - 1) / 2

    def volume_at(points_nm: np.ndarray) -> np.ndarray:
        return scipy.ndimage.map_coordinates(volume, (points_nm[:, ::-1] / pixel_size_nm + middle).T, order=1, mode="nearest")

    clear = max(float(np.median(volume_at(np.concatenate(traced)))), overcount)
    pieces = line_pieces(volume, pixel_size_nm, clear, PieceSettings(width_nm=settings.line_width_nm))
    pieces = [pieces[number] for number in needed_lines(pieces, evidence, settings.piece_evidence * overcount)]
    lines = linked_pieces(pieces, volume_at, LinkSettings(overcount=overcount))
    return [lines[number] for number in needed_lines(lines, evidence, settings.line_evidence * overcount)]


def _times(ratio: np.ndarray, geometry: TiltGeometry) -> np.ndarray:
    """Mean and standard deviation (point, 2) of the times of the frames, by what each says for a point; ratios are (frame, point).

    NaN without times, and for a point that no frame speaks for.
    """
    if geometry.time_s is None or geometry.line_time_s is None:
        return np.full((ratio.shape[1], 2), np.nan)
    middle_s = geometry.time_s + geometry.scan_lines * geometry.line_time_s / 2
    speaking = np.maximum(ratio, 0)
    total = speaking.sum(axis=0)
    weight = speaking / np.where(total > 0, total, np.nan)
    mean = middle_s @ weight
    return np.column_stack([mean, np.sqrt(np.sum(weight * (middle_s[:, None] - mean) ** 2, axis=0))])


def _judged(
    fitted: Sequence[FittedCurve], evidence: SeriesEvidence, null: NullEvidence, box_nm: np.ndarray, vacuum: np.ndarray
) -> FittedLines:
    """The network of fitted curves, with standard deviations and evidence of points, and probabilities of lines."""
    step_nm = evidence.step_nm
    along = [each.curve.samples_nm(step_nm) for each in fitted]
    places = [each.curve.at(at) for each, at in zip(fitted, along, strict=True)]
    plane = foil_plane(places, evidence, box_nm, null.overcount)
    against = -DEFAULT_FITTING.line_evidence * null.overcount
    network = fitted_network(places, box_nm, plane, lambda pieces: needed_lines(pieces, evidence, against))
    network = with_rims(network, vacuum, evidence)
    sigma = np.concatenate([each.sigma_nm(at) for each, at in zip(fitted, along, strict=True)])
    tree = scipy.spatial.cKDTree(np.concatenate(places))
    polylines = [line.points_nm for line in network.lines]
    covered = CoveredFrames(evidence, polylines)
    asked = [covered.asked(line, number) for number, line in enumerate(polylines)]
    own = [evidence_there.sum(axis=0) for evidence_there, _ in asked]
    sums = np.array([each.sum() for each in own])
    alone = np.array([np.count_nonzero(speaking) for _, speaking in asked])
    seen = np.array([np.count_nonzero(evidence.places(line).seen) for line in polylines])
    p_value = np.array([null.p_value(int(samples), total) for samples, total in zip(alone, sums, strict=True)])
    probability = 1 / (1 + np.exp(-np.clip(sums / null.overcount, -50, 50)))
    point_sigma, point_evidence = [sigma[tree.query(line)[1]] for line in polylines], [each / null.overcount for each in own]
    covering = [covered.covering(number) for number in range(len(polylines))]
    hidden_by = np.array([int(np.argmax(counts)) if counts.any() else -1 for counts in covering], int)
    times = [_times(speaks, evidence.geometry) for speaks, _ in asked]
    hidden = 1 - alone / np.maximum(seen, 1)
    doubts = doubtful_partners(polylines)
    return FittedLines(network, point_sigma, point_evidence, times, probability, p_value, hidden, hidden_by, *doubts, plane)
