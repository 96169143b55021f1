"""The Howie-Whelan equations against closed forms and a general integrator."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rapidstem.microscope.contrast.two_beam_contrast import (
    convergence_deviations,
    dislocation_geometry,
    displacement_phase,
    intensity_ratio,
    perfect_intensity,
)
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import REFLECTION

SETTINGS = MicroscopeSettings()
NO_ABSORPTION = MicroscopeSettings(absorption_distance_nm=1e12)
MIXED = dislocation_geometry(np.array([[0.6, 0.48, 0.64]]), np.array([[0.5, -0.5, 0.0]]))


def test_perfect_crystal_without_absorption_has_thickness_fringes():
    deviation = np.array((0.0, 0.004, 0.02))
    effective = np.sqrt(deviation**2 + SETTINGS.extinction_distance_nm**-2)
    for thickness in (17.0, 63.0, 300.0):
        expected = 1 - (np.sin(np.pi * thickness * effective) / (SETTINGS.extinction_distance_nm * effective)) ** 2
        np.testing.assert_allclose(perfect_intensity(thickness, deviation, NO_ABSORPTION), expected, atol=1e-9)


def test_perfect_crystal_with_absorption_at_the_bragg_position():
    thickness = np.array(150.0)
    wave = np.pi * thickness * (1j / SETTINGS.extinction_distance_nm - 1 / SETTINGS.absorption_distance_nm)
    np.testing.assert_allclose(perfect_intensity(150.0, np.zeros(1), SETTINGS), abs(np.cosh(wave)) ** 2, rtol=1e-12)


def test_screw_with_g_b_zero_is_invisible():
    geometry = dislocation_geometry(np.array([[0, 0.6, 0.8]]), np.array([[0, 0.6, 0.8]]) / np.sqrt(2))
    _, ratio = intensity_ratio(geometry, np.array((-20.0, -2, 1, 9)), 300, 20, 20, SETTINGS)
    np.testing.assert_allclose(ratio, 1, atol=1e-9)


def test_a_mixed_dislocation_against_a_general_integrator():
    thickness, distance = 200.0, 6.0
    depths, ratio = intensity_ratio(MIXED, np.array((distance,)), thickness, 9, 0, SETTINGS)
    slot = 3
    deviations, weights = convergence_deviations(SETTINGS)
    expected = sum(
        w * _integrated_intensity(s, distance, depths[slot] * thickness, thickness) for s, w in zip(deviations, weights, strict=True)
    )
    perfect = perfect_intensity(thickness, deviations, SETTINGS) @ weights
    assert abs(expected / perfect - 1) > 0.1
    assert ratio[0, slot, 0] == pytest.approx(expected / perfect, abs=0.005)


def _integrated_intensity(deviation: float, distance: float, depth: float, thickness: float) -> float:
    coupling = 1j * np.pi / SETTINGS.extinction_distance_nm - np.pi / SETTINGS.absorption_distance_nm

    def phase(z: float) -> float:
        about, rest = displacement_phase(MIXED, np.array((distance,)), z - depth, SETTINGS.poisson_ratio)
        return float(MIXED.g_b[0] * about[0, 0] + rest[0, 0])

    def change(z: float, waves: np.ndarray) -> np.ndarray:
        bending = (phase(z + 1e-3) - phase(z - 1e-3)) / 2e-3
        return np.array((coupling * waves[1], coupling * waves[0] + 1j * (2 * np.pi * deviation + bending) * waves[1]))

    result = solve_ivp(change, (0, thickness), np.array((1.0 + 0j, 0j)), rtol=1e-7, atol=1e-9, max_step=2)
    return float(abs(result.y[0, -1]) ** 2)


def test_displacement_of_an_edge_dislocation_jumps_by_the_burgers_vector():
    geometry = dislocation_geometry(np.array([[0, 1.0, 0]]), np.array([[0.5, 0, 0]]))
    below, rest_below = displacement_phase(geometry, np.array((-10.0,)), -1e-6, 0.3)
    above, rest_above = displacement_phase(geometry, np.array((-10.0,)), 1e-6, 0.3)
    total = geometry.g_b[0] * (above - below) + rest_above - rest_below
    assert total[0, 0] / (2 * np.pi) == pytest.approx(REFLECTION @ (0.5, 0, 0), abs=1e-6)


def test_contrast_fades_far_from_the_line_and_oscillates_near_the_surfaces():
    screw = dislocation_geometry(np.array([[np.sqrt(0.5), np.sqrt(0.5), 0]]), np.array([[0.5, 0.5, 0]]))
    depths, ratio = intensity_ratio(screw, np.array((-400.0, -5, 5, 400.0)), 300, 80, 0, SETTINGS)
    profile = ratio[0]
    assert np.abs(profile[:, [0, 3]] - 1).max() < 0.06
    near, middle = profile[depths < 0.3], profile[(depths > 0.4) & (depths < 0.6)]
    turns = np.flatnonzero(np.diff(np.sign(np.diff(near[:, 1]))) != 0)
    assert len(turns) >= 3
    assert np.ptp(near[:, 1]) > 3 * np.ptp(middle[:, 1])
    assert middle[:, 1:3].max() < 0.85


def test_a_line_run_through_backwards_is_the_same_dislocation():
    direction, burgers = np.array([[0.8, 0.48, 0.36]]), np.array([[0.5, 0.0, 0.5]])
    distance = np.array((-8.0, -3, 3, 8))
    forwards = intensity_ratio(dislocation_geometry(direction, burgers), distance, 200, 20, 0, SETTINGS)[1]
    backwards = intensity_ratio(dislocation_geometry(-direction, -burgers), -distance, 200, 20, 0, SETTINGS)[1]
    np.testing.assert_allclose(backwards, forwards, rtol=1e-9)
    assert np.abs(forwards - forwards[..., ::-1]).max() > 0.1
