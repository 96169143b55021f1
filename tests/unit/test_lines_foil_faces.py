"""Where the foil lies, what lies beyond its border, and lines that kink: fitted lines reach as far as the frames show them."""

import numpy as np
import pytest

from rapidstem.lines import curvature_of_frames, likelihood_of
from rapidstem.lines.evidence_volume import evidence_volume
from rapidstem.lines.kinked_lines import linked_at_kinks
from rapidstem.lines.line_coverage import CoveredFrames, SeriesEvidence
from rapidstem.lines.line_ends import reaimed
from rapidstem.lines.spline_curves import bending, curve_through, typical_curvature
from rapidstem.tomography import TiltGeometry
from tests.unit.test_lines_fitting import BOX_NM, PIXEL_NM, ROWS, bent, distances, fitted, moving_geometry, noisy

# Asymmetric, from face to face of a foil from -100 to 100 nm, at least 70 nm from each other.
THREADING = [
    np.linspace([-150.0, -110.0, -100.0], [-90.0, -60.0, 100.0], 150),
    np.linspace([-30.0, 60.0, -100.0], [20.0, 120.0, 100.0], 150),
    np.linspace([120.0, -40.0, -100.0], [70.0, 20.0, 100.0], 150),
]
KINK = np.array([10.0, -10.0, 15.0])
FIRST_ARM = np.linspace([-400.0, -90.0, -35.0], KINK, 300)
SECOND_ARM = np.linspace(KINK, [70.0, 60.0, 100.0], 120)


def test_foil_lies_where_its_lines_end_in_the_frames():
    for offset_nm in (-18.0, 0.0, 18.0):
        moved = BOX_NM + np.array([0.0, 0.0, offset_nm])
        geometry = moving_geometry()
        network = fitted(THREADING, [bent(line, 2.0, seed) for seed, line in enumerate(THREADING)], geometry, box_nm=moved).network
        assert abs(network.box_nm[:, 2].mean()) < 5
        assert len(network.lines) == 3
        assert {line.start_kind for line in network.lines} | {line.end_kind for line in network.lines} == {"surface"}


def test_line_that_kinks_is_followed_beyond_the_kink():
    whole = np.vstack([FIRST_ARM, SECOND_ARM])
    other = np.linspace([-400.0, 130.0, 75.0], [400.0, 170.0, -35.0], 400)
    found = fitted([whole, other], [bent(FIRST_ARM[:-20], 2.0), bent(other, 2.0)])
    assert len(found.network.lines) == 2
    line = min((line.points_nm for line in found.network.lines), key=lambda points: distances(points, FIRST_ARM).min())
    far = line if line[-1, 0] > line[0, 0] else line[::-1]
    assert distances(far[-6:], SECOND_ARM).max() < 8
    assert far[-1, 2] > KINK[2] + 35


def test_two_curves_that_stop_at_one_place_inside_are_linked_and_at_the_border_they_are_not():
    curves = [FIRST_ARM, SECOND_ARM[::-1] + 4.0]
    (line,) = linked_at_kinks(curves, BOX_NM)
    assert len(line) > 400
    close = BOX_NM.copy()
    close[0, 1] = KINK[1] - 20.0
    assert len(linked_at_kinks(curves, close)) == 2


def test_evidence_beyond_the_border_comes_from_tilted_frames_alone():
    geometry = TiltGeometry(np.deg2rad([-60.0, 0.0, 60.0]), np.zeros((3, 2)), PIXEL_NM, ROWS, columns=20)
    frames = np.ones((3, ROWS, 20), np.float32) * np.array([1, 10, 100], np.float32)[:, None, None]
    inner, wide = evidence_volume(frames, geometry, 20), evidence_volume(frames, geometry, 20, 15)
    assert np.array_equal(wide[:, 15:-15], inner)
    assert np.all(wide[10, 5] == 101)
    assert np.all(inner[10, ROWS // 2] == 111)


def evidence_of(lines, known):
    """What a noisy series of some lines says, the likelihoods learnt from those that are known."""
    geometry = moving_geometry()
    curvature = curvature_of_frames(noisy(lines, geometry), 13.7 / (2 * PIXEL_NM))
    return SeriesEvidence(curvature, likelihood_of(known, curvature, geometry), geometry)


def test_end_of_a_line_in_one_yz_section_is_laid_where_the_frames_show_it():
    """All but its end looks the same in the frames however the line bends in its section."""
    steep = np.linspace([-40.0, -70.0, -100.0], [-40.0, 40.0, 100.0], 150)
    other = np.linspace([-400.0, 130.0, 75.0], [400.0, 170.0, -35.0], 400)
    wrong = np.vstack([steep[:90], np.linspace(steep[90], [-40.0, 55.0, 92.0], 60)])
    evidence = evidence_of([steep, other], [steep, other])
    covered = CoveredFrames(evidence, [wrong, other])
    assert distances(wrong, steep).max() > 15
    mended = reaimed(wrong, 0, covered, BOX_NM, 20.0)
    assert distances(mended, steep).max() < 8
    right = CoveredFrames(evidence, [steep, other])
    assert distances(reaimed(steep, 0, right, BOX_NM, 20.0), steep).max() < 8


def test_sharp_bends_hold_the_rest_of_a_curve_no_longer():
    straight = curve_through(np.linspace([-200.0, 0.0, 0.0], [200.0, 30.0, 10.0], 100), 50.0)
    kinked = curve_through(np.vstack([FIRST_ARM[150:], SECOND_ARM]), 50.0)
    exact = bending(straight, 1e6) / 1.25
    along = np.linspace(0, 400, 900)
    parabola = curve_through(np.column_stack([along, (along / 100) ** 2, 0 * along]), 50.0)
    integral = parabola.coefficients_nm[:, 1] @ bending(parabola, 1e6) @ parabola.coefficients_nm[:, 1] / 1.25
    assert integral == pytest.approx(400 * (2 / 100**2) ** 2, rel=0.05)
    assert np.allclose(bending(straight, 1e-3), 1.25 * exact)
    whole, weighted = (kinked.coefficients_nm[:, 0] @ bending(kinked, scale) @ kinked.coefficients_nm[:, 0] for scale in (1e6, 1e-3))
    assert weighted < 0.3 * whole


def test_scale_of_curvatures_does_not_follow_a_kink():
    arc = np.linspace(0, 0.5, 200)[:, None]
    bow = 900.0 * np.hstack([np.sin(arc), 1 - np.cos(arc), 0 * arc])
    whole = np.vstack([FIRST_ARM, SECOND_ARM])
    alone, with_kink = typical_curvature([bow], 50.0), typical_curvature([bow, whole], 50.0)
    curve = curve_through(whole, 50.0)
    assert abs(alone * 900.0 - 1) < 0.15
    assert with_kink < 2 * alone
    assert np.sqrt(np.mean(np.sum(curve.at(curve.samples_nm(12.5), 2) ** 2, axis=1))) > 4 * alone
