"""Bright-field contrast of dislocations from the Howie-Whelan equations.

Two beams, column approximation, anomalous absorption, isotropic elasticity of an infinite body. As in Head's method (Aust. J. Phys. 20
(1967) 557), the equations are integrated once down a column that is longer than the foil, with the dislocation in its middle: every
foil thickness and every depth of the dislocation is a window of that column, and the transfer matrix of a window follows from those of
its two ends.

Sources: Hirsch, Howie, Nicholson, Pashley, Whelan, Electron Microscopy of Thin Crystals (1977);
Head, Humble, Clarebrough, Morton, Forwood, Computed Electron Micrographs and Defect Identification (1973).
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import REFLECTION

# Thickness of a layer of constant displacement: a tenth of the extinction distance and less; tested against a general integrator
# (tests/unit/test_microscope_two_beam_contrast.py).
LAYER_NM = 4.0
# A line steeper than 12 degrees to the beam is drawn as one of 12 degrees: end-on it has no projected direction.
SMALLEST_SINE = 0.2
# Gauss-Legendre nodes over the probe's disk.
CONVERGENCE_POINTS = 4
# Of the series of a layer's matrix exponential, for layers of a tenth of the extinction distance.
SERIES_TERMS = 7
# Within this distance of the core layers are cut in four, as the phase turns quickly there.
CORE_NM = 24.0
CORE_PARTS = 4


@dataclass(frozen=True)
class DislocationGeometry:
    """How straight dislocations lie to the beam and to g; all arrays (n,).

    Attributes
    ----------
    sine : sine of the angle between line and beam
    edge_angle_rad : direction of the Burgers vector's edge part about the line, from the axis beam x line
    g_b, g_edge, g_cross : g.b, g.b_e and g.(b x u)
    """

    sine: np.ndarray
    edge_angle_rad: np.ndarray
    g_b: np.ndarray
    g_edge: np.ndarray
    g_cross: np.ndarray


def dislocation_geometry(direction: np.ndarray, burgers: np.ndarray) -> DislocationGeometry:
    """Work out the geometry of straight dislocations.

    Parameters
    ----------
    direction : (n, 3) unit vectors along the lines, in microscope axes (x along g, row direction, beam)
    burgers : (n, 3) in microscope axes, in units of the lattice parameter
    """
    beam = np.array((0.0, 0.0, 1.0))
    across = np.cross(beam, direction)
    sine = np.linalg.norm(across, axis=1)
    endless = sine < 1e-9
    across = np.where(endless[:, None], (1.0, 0.0, 0.0), across / np.where(endless, 1, sine)[:, None])
    upward = np.cross(direction, across)
    edge = burgers - np.sum(burgers * direction, axis=1, keepdims=True) * direction
    angle = np.arctan2(np.sum(edge * upward, axis=1), np.sum(edge * across, axis=1))
    cross = np.cross(burgers, direction)
    return DislocationGeometry(np.maximum(sine, SMALLEST_SINE), angle, burgers @ REFLECTION, edge @ REFLECTION, cross @ REFLECTION)


def displacement_phase(
    geometry: DislocationGeometry, distance_nm: np.ndarray, beam_nm: float, poisson_ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give 2 pi g.R of a column through the displacement field of dislocations, split to be differenced without jumps.

    Parameters
    ----------
    geometry
        n dislocations.
    distance_nm : (m,)
        Signed distances of the columns from the projected line.
    beam_nm
        Position along the beam, from where the column passes the line.
    poisson_ratio
        Of the isotropic crystal.

    Returns
    -------
    angle, rest : (n, m)
        The angle about the line in (-pi, pi], whose multiple g.b belongs to the phase, and the single-valued rest of the phase.

    Notes
    -----
    R = [b phi + b_e sin(2 phi) / (4 (1 - nu)) + b x u ((1 - 2 nu) ln(r) / (2 (1 - nu)) + cos(2 phi) / (4 (1 - nu)))] / (2 pi),
    Hirsch et al. (1977); phi is counted from the edge part of the Burgers vector.
    """
    height = beam_nm * geometry.sine[:, None]
    about = np.arctan2(height, distance_nm)
    phi = about - geometry.edge_angle_rad[:, None]
    radius = np.hypot(height, distance_nm)
    quarter = 1 / (4 * (1 - poisson_ratio))
    edge = geometry.g_edge[:, None] * quarter * np.sin(2 * phi)
    logarithm = 2 * quarter * (1 - 2 * poisson_ratio) * np.log(radius)
    return about, edge + geometry.g_cross[:, None] * (logarithm + quarter * np.cos(2 * phi))


def perfect_intensity(thickness_nm: float, deviation_per_nm: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Give the bright-field intensity of the perfect crystal for each deviation (s,), without the mean absorption."""
    coupling, deviation = _coupling(settings), np.asarray(deviation_per_nm, complex)
    cosh, sinhc = _hyperbolic((coupling**2 - (np.pi * deviation) ** 2) * thickness_nm**2, exact=True)
    return np.abs(cosh - 1j * np.pi * deviation * thickness_nm * sinhc) ** 2


def convergence_deviations(settings: MicroscopeSettings) -> tuple[np.ndarray, np.ndarray]:
    """Sample the deviations s that a convergent probe contains: values (s,) in 1/nm and their weights (s,), which sum to one.

    Parameters
    ----------
    settings
        Of the virtual microscope.

    Returns
    -------
    deviation : (s,)
        In 1/nm.
    weight : (s,)
        Sums to one.

    Notes
    -----
    A ray inclined by an angle towards g has its deviation changed by |g| times the angle; the weights are those of a round disk.
    """
    node, weight = np.polynomial.legendre.leggauss(CONVERGENCE_POINTS)
    weight = weight * np.sqrt(1 - node**2)
    g_per_nm = np.linalg.norm(REFLECTION) / settings.lattice_parameter_nm
    return settings.deviation_per_nm + g_per_nm * settings.convergence_mrad * 1e-3 * node, weight / weight.sum()


def intensity_ratio(
    geometry: DislocationGeometry,
    distance_nm: np.ndarray,
    thickness_nm: float,
    depth_count: int,
    outside_nm: float,
    settings: MicroscopeSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Give the bright-field intensity beside dislocations, divided by that of the perfect crystal, for many depths at once.

    Parameters
    ----------
    geometry
        n dislocations.
    distance_nm : (m,)
        Signed distances from the projected line; none may be 0.
    thickness_nm
        Path of the beam through the foil.
    depth_count
        Number of depths inside the foil wished for, denser near the surfaces.
    outside_nm
        How far outside the foil along the beam the dislocation may lie.
    settings
        Of the virtual microscope.

    Returns
    -------
    depth : (d,)
        Depths along the beam as fractions of the thickness, 0 and 1 being the surfaces.
    ratio : (n, d, m)
        Averaged over the convergence of the probe.
    """
    layers = max(8, round(thickness_nm / LAYER_NM))
    margin = int(np.ceil(outside_nm * layers / thickness_nm))
    inside = np.rint(layers * (1 - np.cos(np.linspace(0, np.pi, depth_count))) / 2)
    beyond = np.arange(-margin, 0, 2)
    chosen = np.unique(np.concatenate((beyond, inside, layers - beyond))).astype(int)
    deviations, weights = convergence_deviations(settings)
    starts, stops = _window_ends(geometry, distance_nm, deviations, thickness_nm / layers, layers, chosen, settings)
    # of a matrix product stop . start^-1 with determinants of one, only the element that keeps the direct beam
    amplitude = stops[0] * starts[3] - stops[1] * starts[2]
    intensity = np.abs(amplitude) ** 2 @ weights
    perfect = perfect_intensity(thickness_nm, deviations, settings) @ weights
    return chosen / layers, np.moveaxis(intensity, 0, 1) / perfect


def _window_ends(
    geometry: DislocationGeometry,
    distance_nm: np.ndarray,
    deviations: np.ndarray,
    layer_nm: float,
    layers: int,
    chosen: np.ndarray,
    settings: MicroscopeSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Integrate down a column that contains all windows; keep the transfer matrices (4, depth, n, m, s) at their two ends."""
    shape = (len(geometry.sine), len(distance_nm), len(deviations))
    matrix = [np.ones(shape, complex), np.zeros(shape, complex), np.zeros(shape, complex), np.ones(shape, complex)]
    starts = np.empty((4, len(chosen), *shape), complex)
    stops = np.empty_like(starts)
    slot_of_start = {-depth: slot for slot, depth in enumerate(chosen)}
    slot_of_stop = {layers - depth: slot for slot, depth in enumerate(chosen)}
    first, last = -chosen[-1], layers - chosen[0]
    phase = displacement_phase(geometry, distance_nm, first * layer_nm, settings.poisson_ratio)
    for boundary in range(first, last + 1):
        for slots, kept in ((slot_of_start, starts), (slot_of_stop, stops)):
            if boundary in slots:
                kept[:, slots[boundary]] = matrix
        parts = CORE_PARTS if abs(boundary + 0.5) * layer_nm < CORE_NM else 1
        for part in range(1, parts + 1):
            after = displacement_phase(geometry, distance_nm, (boundary + part / parts) * layer_nm, settings.poisson_ratio)
            turned = (after[0] - phase[0] + np.pi) % (2 * np.pi) - np.pi
            bending = (geometry.g_b[:, None] * turned + after[1] - phase[1]) / (2 * np.pi)
            matrix = _through_layer(matrix, deviations * (layer_nm / parts) + bending[:, :, None], _coupling(settings) * layer_nm / parts)
            phase = after
    return starts, stops


def _through_layer(matrix: list[np.ndarray], deviation: np.ndarray, coupling: complex) -> list[np.ndarray]:
    """Multiply by the matrix exponential of one layer, in which s + d(g.R)/dz is constant; a common phase is left out.

    Notes
    -----
    d(T, S)/dz = [[0, a], [a, 2 pi i (s + beta)]] (T, S) with a = i pi / xi - pi / xi' (Hirsch et al. 1977).
    """
    half = 1j * np.pi * deviation
    cosh, sinhc = _hyperbolic(coupling**2 + half**2)
    across, along = coupling * sinhc, half * sinhc
    first, last = cosh - along, cosh + along
    return [
        first * matrix[0] + across * matrix[2],
        first * matrix[1] + across * matrix[3],
        across * matrix[0] + last * matrix[2],
        across * matrix[1] + last * matrix[3],
    ]


def _hyperbolic(square: np.ndarray, exact: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Give cosh(q) and sinh(q) / q for the squares of q, by their power series unless `exact`."""
    if exact:
        root = np.sqrt(square)
        return np.cosh(root), np.sinh(root) / root
    cosh, sinhc = np.ones_like(square), np.ones_like(square)
    for term in range(SERIES_TERMS, 0, -1):
        cosh = 1 + square / ((2 * term - 1) * 2 * term) * cosh
        sinhc = 1 + square / (2 * term * (2 * term + 1)) * sinhc
    return cosh, sinhc


def _coupling(settings: MicroscopeSettings) -> complex:
    return 1j * np.pi / settings.extinction_distance_nm - np.pi / settings.absorption_distance_nm
