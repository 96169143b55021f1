"""Curves as splines and their fit: closed forms, known places, stated deviations across the line alone."""

import numpy as np
import pytest

from rapidstem.dislocations import steps_along
from rapidstem.lines.curve_fit import FittedCurve, fit_curves
from rapidstem.lines.spline_curves import LEAST_CURVATURE_PER_NM, SplineCurve, bending, curve_through, typical_curvature
from tests.unit.line_phantoms import arc, straight
from tests.unit.test_lines_close import evidence_of
from tests.unit.test_lines_fitting import FALLING, RISING, bent, distances, inside

AXES = ((0.6, 0.8, 0.0), (0.0, 0.0, 1.0))


def cubic(length_nm: float = 240.0) -> SplineCurve:
    """x = s, y = (s / 100)^2 and z = (s / 100)^3 on knots that are not evenly spaced."""
    inner = np.array([0.0, 30.0, 100.0, 140.0, length_nm])
    curve = SplineCurve(np.concatenate([[0.0] * 3, inner, [length_nm] * 3]), np.zeros((7, 3)))
    along = np.linspace(0, length_nm, 60)
    points = np.column_stack([along, (along / 100) ** 2, (along / 100) ** 3])
    return SplineCurve(curve.knots_nm, np.linalg.lstsq(curve.basis(along), points, rcond=None)[0])


def test_bending_is_the_integral_of_the_squared_second_derivative() -> None:
    curve, length = cubic(), 240.0
    integrals = np.diag(curve.coefficients_nm.T @ bending(curve) @ curve.coefficients_nm)
    np.testing.assert_allclose(integrals, [0, 4e-8 * length, 36e-12 * length**3 / 3], rtol=1e-6, atol=1e-12)


def test_a_curve_runs_through_its_points_and_is_straight_where_it_is_stiff() -> None:
    points = arc(150.0, 2.0, AXES)
    curve = curve_through(points, 50.0)
    assert curve.length_nm == pytest.approx(300, abs=0.1) and len(curve.coefficients_nm) == 9
    along = curve.samples_nm(5.0)
    assert along[[0, -1]].tolist() == [0, curve.length_nm] and np.allclose(np.diff(along), 5.0, atol=0.01)
    assert max(np.linalg.norm(points - each, axis=1).min() for each in curve.at(along)) < 0.6
    np.testing.assert_allclose(np.linalg.norm(curve.at(along, 1), axis=1), 1, atol=0.02)
    stiff = curve_through(points, 50.0, stiffness=1e12).at(along)
    assert np.linalg.norm(stiff[-1] - stiff[0]) == pytest.approx(steps_along(stiff)[-1], rel=1e-4)
    np.testing.assert_allclose(stiff.mean(axis=0), points.mean(axis=0), atol=1.0)


@pytest.mark.parametrize("radius_nm", [150.0, 600.0])
def test_the_typical_curvature_of_arcs_is_one_over_their_radius_but_for_a_few_sharp_ones(radius_nm: float) -> None:
    arcs = [arc(radius_nm, 800 / radius_nm, AXES), arc(30.0, 2.5, AXES)]
    assert typical_curvature(arcs, 50.0) == pytest.approx(1 / radius_nm, rel=0.04)
    halves = [arcs[0], straight((0, 0, 0), (0, 0, 800))]
    assert typical_curvature(halves, 50.0) == pytest.approx(np.sqrt(4 / 9) / radius_nm, rel=0.04), "of nine tenths, five are straight"
    assert typical_curvature([straight((0, 0, 0), (200, 100, 50))], 50.0) == LEAST_CURVATURE_PER_NM


def test_what_moves_a_point_along_its_line_is_no_error() -> None:
    """Of variances 1, 4 and 9 along x, y and z the line across, (0.8, -0.6, 0), sees 0.64 + 0.36 * 4, and z all."""
    curve = curve_through(straight((0, 0, 0), (120, 160, 0)), 50.0)
    moved = np.kron(np.ones((len(curve.coefficients_nm),) * 2), np.diag([1.0, 4.0, 9.0]))
    expected = [0.8 * np.sqrt(2.08), 0.6 * np.sqrt(2.08), 3.0]
    np.testing.assert_allclose(FittedCurve(curve, moved).sigma_nm(curve.samples_nm(20.0)), np.tile(expected, (11, 1)), rtol=1e-6)


@pytest.mark.parametrize("off_nm", [(0.0, 0.0, 0.0), (0.0, 5.0, -6.0)])
def test_curves_come_to_where_the_frames_show_their_lines(off_nm: tuple[float, float, float]) -> None:
    lines = [inside(line) for line in (RISING, FALLING)]
    fitted = fit_curves([curve_through(bent(line, 2) + off_nm, 50.0) for line in lines], evidence_of(lines), 1e-3)
    for found, line in zip(fitted, lines, strict=True):
        along = found.curve.samples_nm(5.0)[3:-3]
        assert np.sqrt(np.mean(distances(found.curve.at(along), line) ** 2)) < 0.3
        assert 0.15 < np.linalg.norm(found.sigma_nm(along), axis=1).mean() < 0.35
