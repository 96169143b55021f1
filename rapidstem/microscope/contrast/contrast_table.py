"""Contrast profiles for every vertex of the lines, tabulated by tilt, line direction and depth.

For each slip system and each of a set of directions in its plane the two-beam profile is computed once at each tilt, for all depths;
the vertices interpolate. The profile is blurred by the probe before it is tabulated.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from rapidstem.microscope.contrast.line_drawing import OUTSIDE_NM, DrawnLines
from rapidstem.microscope.contrast.two_beam_contrast import dislocation_geometry, intensity_ratio
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.crystal import specimen_axes, to_microscope
from rapidstem.numerics import FWHM_PER_SIGMA

# More than an extinction distance, beyond which little contrast is left; it fades to nothing over the last 12 nm, so that no edge is seen.
PROFILE_REACH_NM = 46.0
# One a nanometre: a fifteenth of the line's width.
PROFILE_SAMPLES = 93
FADE_NM = 12.0
# Of lines in their glide plane, 15 degrees apart, interpolated.
DIRECTIONS = 24
# Contrast oscillates with depth over the extinction distance, tens of nm.
DEPTH_STEP_NM = 7.0
# From 0.7 nm on, denser at the core, where the contrast changes fastest.
COMPUTED_DISTANCES_NM = 0.7 * np.sinh(np.linspace(-5.2, 5.2, 24))
# Bounds the memory of the integration.
CHUNK = 24


@dataclass(frozen=True)
class VertexContrast:
    """Profiles of all visible vertices at a few tilts.

    Attributes
    ----------
    tilt_rad : (node,) increasing
    log_ratio : (node, vertex, distance) logarithm of the intensity ratio at distances from -PROFILE_REACH_NM to +PROFILE_REACH_NM
    """

    tilt_rad: np.ndarray
    log_ratio: np.ndarray

    def at(self, tilt_rad: float) -> np.ndarray:
        """Give the profiles (vertex, distance) at a tilt, interpolated between nodes.

        Parameters
        ----------
        tilt_rad
            Within the range of the nodes.

        Returns
        -------
        (vertex, distance)
            Logarithm of the intensity ratio.
        """
        if len(self.tilt_rad) == 1:
            return self.log_ratio[0]
        upper = int(np.clip(np.searchsorted(self.tilt_rad, tilt_rad), 1, len(self.tilt_rad) - 1))
        low, high = self.tilt_rad[upper - 1], self.tilt_rad[upper]
        share = np.float32(np.clip((tilt_rad - low) / (high - low), 0, 1))
        return (1 - share) * self.log_ratio[upper - 1] + share * self.log_ratio[upper]

    def of_vertices(self, mask: np.ndarray) -> "VertexContrast":
        """The profiles of some vertices, by a mask (vertex,).

        Parameters
        ----------
        mask : (vertex,) bool
            Which vertices are kept.
        """
        return VertexContrast(self.tilt_rad, self.log_ratio[:, mask])


@dataclass(frozen=True)
class _DirectionNodes:
    """The tabulated directions and how the vertices lie between them.

    Attributes
    ----------
    direction, burgers : (key, 3) in specimen axes
    lower, upper : (vertex,) keys on either side of a vertex's direction
    share : (vertex,) weight of the upper one
    """

    direction: np.ndarray
    burgers: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    share: np.ndarray


def vertex_contrast(vertices: DrawnLines, tilt_nodes_rad: np.ndarray, settings: MicroscopeSettings) -> VertexContrast:
    """Compute the profiles of all vertices at the given tilts.

    Parameters
    ----------
    vertices
        Of the lines as they are drawn.
    tilt_nodes_rad : (node,)
        Increasing.
    settings
        Of the virtual microscope.
    """
    log_ratio = np.zeros((len(tilt_nodes_rad), len(vertices.line), PROFILE_SAMPLES), np.float32)
    if len(vertices.line):
        nodes = _direction_nodes(vertices, specimen_axes(settings.foil_normal))
        fade = vertices.fade.astype(np.float32)[:, None]
        for index, tilt in enumerate(tilt_nodes_rad):
            depths, table = _profiles_at_tilt(nodes, tilt, settings)
            log_ratio[index] = fade * _interpolated(nodes, vertices.fraction, depths, table)
    return VertexContrast(np.asarray(tilt_nodes_rad, float), log_ratio)


def _direction_nodes(vertices: DrawnLines, axes: np.ndarray) -> _DirectionNodes:
    """Find the slip systems and in-plane directions that occur."""
    systems, system = np.unique(np.round(np.hstack((vertices.burgers, vertices.plane_normal)), 4), axis=0, return_inverse=True)
    first, second = _plane_axes(systems[:, 3:] @ axes.T)
    tangent = _line_tangents(vertices)
    turn = np.arctan2(np.sum(tangent * second[system], axis=1), np.sum(tangent * first[system], axis=1)) * DIRECTIONS / (2 * np.pi)
    below = np.floor(turn).astype(int)
    numbers = system * DIRECTIONS + np.stack((below, below + 1)) % DIRECTIONS
    used, key = np.unique(numbers, return_inverse=True)
    angle = 2 * np.pi / DIRECTIONS * (used % DIRECTIONS)[:, None]
    of_key = used // DIRECTIONS
    direction = np.cos(angle) * first[of_key] + np.sin(angle) * second[of_key]
    lower, upper = key.reshape(numbers.shape)
    return _DirectionNodes(direction, systems[of_key, :3] @ axes.T, lower, upper, turn - below)


def _plane_axes(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give two perpendicular directions (system, 3) in each plane."""
    first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal), axis=1)])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.cross(normal, first)


def _line_tangents(vertices: DrawnLines) -> np.ndarray:
    """Give tangents (vertex, 3), the mean of the segments before and after, where the line has both."""
    step = np.diff(vertices.points_nm, axis=0)
    step[vertices.line[1:] != vertices.line[:-1]] = 0
    tangent = np.zeros_like(vertices.points_nm)
    tangent[:-1] += step
    tangent[1:] += step
    return tangent


def _profiles_at_tilt(nodes: _DirectionNodes, tilt_rad: float, settings: MicroscopeSettings) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate (key, depth, distance) logarithms of the intensity ratio, with the depths as fractions of the thickness."""
    thickness = settings.foil_thickness_nm / np.cos(tilt_rad)
    count = max(16, round(thickness / DEPTH_STEP_NM))
    direction, burgers = to_microscope(nodes.direction, tilt_rad), to_microscope(nodes.burgers, tilt_rad)
    parts = []
    for start in range(0, len(direction), CHUNK):
        geometry = dislocation_geometry(direction[start : start + CHUNK], burgers[start : start + CHUNK])
        depths, ratio = intensity_ratio(geometry, COMPUTED_DISTANCES_NM, thickness, count, OUTSIDE_NM / np.cos(tilt_rad), settings)
        parts.append(_blurred_logarithm(ratio, settings))
    return depths, np.concatenate(parts)


def _blurred_logarithm(ratio: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Bring ratios (..., computed distance) to even distances, blur them with the probe and let them fade out at the ends."""
    fine = np.linspace(-PROFILE_REACH_NM, PROFILE_REACH_NM, 2 * PROFILE_SAMPLES - 1)
    upper = np.clip(np.searchsorted(COMPUTED_DISTANCES_NM, fine), 1, len(COMPUTED_DISTANCES_NM) - 1)
    below, above = COMPUTED_DISTANCES_NM[upper - 1], COMPUTED_DISTANCES_NM[upper]
    share = (fine - below) / (above - below)
    even = ratio[..., upper - 1] * (1 - share) + ratio[..., upper] * share
    fade = np.clip((PROFILE_REACH_NM - np.abs(fine)) / FADE_NM, 0, 1)
    even = 1 + (even - 1) * fade * fade * (3 - 2 * fade)
    sigma = settings.probe_size_nm / FWHM_PER_SIGMA / (fine[1] - fine[0])
    return np.log(scipy.ndimage.gaussian_filter1d(even, sigma, axis=-1, mode="nearest")[..., ::2]).astype(np.float32)


def _interpolated(nodes: _DirectionNodes, fraction: np.ndarray, depths: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Read (vertex, distance) profiles between the tabulated directions and depths."""
    below = np.clip(np.searchsorted(depths, fraction) - 1, 0, len(depths) - 2)
    deeper = ((fraction - depths[below]) / (depths[below + 1] - depths[below])).astype(np.float32)[:, None]
    turned = nodes.share.astype(np.float32)[:, None]

    def at_direction(key: np.ndarray) -> np.ndarray:
        return (1 - deeper) * table[key, below] + deeper * table[key, below + 1]

    return (1 - turned) * at_direction(nodes.lower) + turned * at_direction(nodes.upper)
