"""Lines whose courses are known beforehand, moved to where the frames show them: how well frames and geometry say where a line is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rapidstem.dislocations import resampled
from rapidstem.lines.curve_fit import fit_curves
from rapidstem.lines.evidence import SeriesEvidence, curvature_of_frames, likelihood_of
from rapidstem.lines.line_rounds import DEFAULT_FITTING, FittingSettings
from rapidstem.lines.spline_curves import curve_through, typical_curvature
from rapidstem.tomography import TiltGeometry


def refit_lines(
    series: np.ndarray, geometry: TiltGeometry, known: Sequence[np.ndarray], settings: FittingSettings = DEFAULT_FITTING
) -> list[np.ndarray]:
    """Fit lines that are known to be there to the frames of a tilt series: none is sought, none is left out.

    Parameters
    ----------
    series : np.ndarray, (frame, y, x)
        Aligned bright-field series.
    geometry : TiltGeometry
        Of the series.
    known : sequence of np.ndarray, (n, 3)
        x, y, z in nm from the centre of the volume, within two thirds of a line width of where the frames show the lines.
    settings : FittingSettings
        Width of the lines, with which all lengths of the fit grow, and distance of the knots.

    Returns
    -------
    list of np.ndarray, (m, 3)
        In the order of the known lines.
    """
    if not known:
        return []
    unit = DEFAULT_FITTING.line_width_nm / settings.line_width_nm
    known, geometry = [unit * line for line in known], replace(geometry, pixel_size_nm=unit * geometry.pixel_size_nm)
    curvature = curvature_of_frames(series, DEFAULT_FITTING.line_width_nm / (2 * geometry.pixel_size_nm))
    evidence = SeriesEvidence(curvature, likelihood_of(known, curvature, geometry), geometry)
    curves = [curve_through(line, settings.knot_nm) for line in known]
    fitted = fit_curves(curves, evidence, typical_curvature(known, settings.knot_nm))
    places = [each.curve.at(each.curve.samples_nm(evidence.step_nm)) for each in fitted]
    return [resampled(line, evidence.step_nm) / unit for line in places]
