"""Lines that are fitted, trimmed, led on and linked in rounds, each with the likelihoods learnt from the lines of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rapidstem.dislocations import resampled
from rapidstem.lines.crossing_partners import exchanged
from rapidstem.lines.curve_fit import FittedCurve, fit_curves
from rapidstem.lines.evidence import CoveredFrames, FrameCurvature, NullEvidence, SeriesEvidence, likelihood_of, null_evidence
from rapidstem.lines.foil_height import NEAR_FACE_NM, foil_plane
from rapidstem.lines.kinked_lines import linked_at_kinks
from rapidstem.lines.line_ends import continued, trimmed
from rapidstem.lines.line_selection import needed_lines
from rapidstem.lines.piece_linking import LinkSettings, linked_pieces
from rapidstem.lines.spline_curves import curve_through
from rapidstem.tomography import TiltGeometry

# Of a cubic spline.
FEWEST_POINTS = 4
# So far beyond the border, in y, lines are followed: tilted frames show them there, and what explains that as a line inside the field bends
# towards the beam. The shortest line that is traced (tried on a network, seed 1).
BORDER_NM = 80.0


@dataclass(frozen=True)
class FittingSettings:
    """How lines are fitted.

    Attributes
    ----------
    line_width_nm : full width of the lines at half depth in the frames
    knot_nm : distance of the knots of the splines
    piece_evidence, line_evidence : what a piece and what a whole line must add to the explanation of the frames, in natural units of
        independent evidence
    rounds : how often lines are fitted, trimmed, led on and linked
    """

    line_width_nm: float = 13.7
    knot_nm: float = 50.0
    piece_evidence: float = 8.0
    line_evidence: float = 8.0
    rounds: int = 2


DEFAULT_FITTING = FittingSettings()


@dataclass(frozen=True)
class FitConditions:
    """What stays the same in all rounds.

    Attributes
    ----------
    curvature : FrameCurvature
    geometry : TiltGeometry
    box_nm : np.ndarray, (2, 3)
        Field of view and foil, lowest and highest x, y, z.
    stiffness : float
        As `typical_curvature` gives it.
    settings : FittingSettings
    threads : int
        Lines that the frames are asked for at once.
    """

    curvature: FrameCurvature
    geometry: TiltGeometry
    box_nm: np.ndarray
    stiffness: float
    settings: FittingSettings
    threads: int

    def curves(self, lines: Sequence[np.ndarray], evidence: SeriesEvidence) -> list[FittedCurve]:
        """Lines (n, 3), nm, fitted to the frames as splines."""
        return fit_curves([curve_through(line, self.settings.knot_nm) for line in lines], evidence, self.stiffness)

    def learnt_from(self, lines: list[np.ndarray]) -> "SettledLines":
        """Lines (n, 3), nm, with the evidence that is learnt from them."""
        return SettledLines(lines, *asked(lines, self.curvature, self.geometry, self.threads))


@dataclass(frozen=True)
class SettledLines:
    """Lines after all rounds, (n, 3) in nm, the evidence with likelihoods learnt from them, and that of lines where none are."""

    lines: list[np.ndarray]
    evidence: SeriesEvidence
    null: NullEvidence


def asked(
    lines: Sequence[np.ndarray], curvature: FrameCurvature, geometry: TiltGeometry, threads: int
) -> tuple[SeriesEvidence, NullEvidence]:
    """Learn the likelihoods from some lines, and ask the frames for lines where none are, without letting those settle.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.
    curvature : FrameCurvature
    geometry : TiltGeometry
    threads : int
        Lines that the frames are asked for at once.

    Returns
    -------
    SeriesEvidence
    NullEvidence
    """
    evidence = SeriesEvidence(curvature, likelihood_of(lines, curvature, geometry), geometry, threads)
    return evidence, null_evidence(lines, CoveredFrames(evidence, lines), settled=False)


def settled(lines: Sequence[np.ndarray], evidence: SeriesEvidence, null: NullEvidence, conditions: FitConditions) -> SettledLines:
    """Fit lines in rounds: as splines, trimmed, led on and linked as far as the frames speak for them.

    Parameters
    ----------
    lines : sequence of np.ndarray, (n, 3)
        nm.
    evidence, null
        As `asked` gives them for the lines to begin with.
    conditions : FitConditions

    Returns
    -------
    SettledLines
        Without lines where the frames speak for none.
    """
    found = SettledLines(list(lines), evidence, null)
    for _ in range(conditions.settings.rounds):
        refined = _refined(conditions.curves(found.lines, found.evidence), found, conditions) if found.lines else []
        if not refined:
            return SettledLines([], found.evidence, found.null)
        found = conditions.learnt_from(refined)
    return found


def _refined(fitted: Sequence[FittedCurve], before: SettledLines, conditions: FitConditions) -> list[np.ndarray]:
    """Curves as far as the frames speak for them, linked where they continue each other, and those alone that explain something."""
    evidence, overcount = before.evidence, before.null.overcount
    reaching = _reaching(fitted, evidence, conditions.box_nm, overcount)
    linked = exchanged(linked_pieces(reaching, evidence.total, LinkSettings(overcount=overcount)))
    linked = linked_at_kinks(linked, _widened(conditions.box_nm, 0.0))
    return [linked[number] for number in needed_lines(linked, evidence, conditions.settings.line_evidence * overcount)]


def _reaching(fitted: Sequence[FittedCurve], evidence: SeriesEvidence, box_nm: np.ndarray, overcount: float) -> list[np.ndarray]:
    """The curves as polylines, trimmed and led on at both ends as far as the frames speak for them."""
    step_nm = evidence.step_nm
    lines = [resampled(each.curve.at(each.curve.samples_nm(step_nm)), step_nm) for each in fitted]
    covered = CoveredFrames(evidence, lines)
    near_nm = _widened(box_nm, NEAR_FACE_NM + foil_plane(lines, evidence, box_nm, overcount).rise_nm(box_nm))
    reaching = []
    for number, line in enumerate(lines):
        points = trimmed(line, covered.own(number))
        if len(points) < FEWEST_POINTS:
            continue
        for _ in range(2):
            points = np.vstack([points, continued(points, number, covered, near_nm, overcount)])[::-1]
        reaching.append(points)
    return reaching


def _widened(box_nm: np.ndarray, height_nm: float) -> np.ndarray:
    """The box as far as lines are followed beyond the border, which tilted frames show, and beyond faces whose height is not yet known."""
    return box_nm + np.array([[-1.0], [1.0]]) * np.array([0.0, BORDER_NM, height_nm])
