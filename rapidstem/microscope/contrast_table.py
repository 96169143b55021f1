"""Contrast profiles of the vertices of dislocation lines."""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.crystal import to_microscope
from rapidstem.microscope.line_networks import DislocationLine
from rapidstem.microscope.settings import MicroscopeSettings

PROFILE_REACH_NM = 36.0
PROFILE_SAMPLES = 81


@dataclass(frozen=True)
class VertexContrast:
    """Profiles of all visible vertices at a few tilts.

    Attributes
    ----------
    tilt_rad : (node,) increasing
    log_ratio : (node, vertex, distance)
    """

    tilt_rad: np.ndarray
    log_ratio: np.ndarray

    def at(self, tilt_rad: float) -> np.ndarray:
        """Give the profiles (vertex, distance) at a tilt, interpolated between nodes."""
        if len(self.tilt_rad) == 1:
            return self.log_ratio[0]
        upper = int(np.clip(np.searchsorted(self.tilt_rad, tilt_rad), 1, len(self.tilt_rad) - 1))
        low, high = self.tilt_rad[upper - 1], self.tilt_rad[upper]
        share = np.clip((tilt_rad - low) / (high - low), 0, 1)
        return (1 - share) * self.log_ratio[upper - 1] + share * self.log_ratio[upper]


def vertex_contrast(lines: list[DislocationLine], tilt_nodes_rad: np.ndarray, settings: MicroscopeSettings) -> VertexContrast:
    """Tabulate."""
    points = np.vstack([line.points_nm for line in lines if line.visible])
    distance = np.linspace(-PROFILE_REACH_NM, PROFILE_REACH_NM, PROFILE_SAMPLES)
    base = -0.7 * np.exp(-(distance**2) / (2 * 6.0**2))
    result = np.empty((len(tilt_nodes_rad), len(points), PROFILE_SAMPLES), np.float32)
    for node, tilt in enumerate(tilt_nodes_rad):
        depth = (points[:, 2] + settings.foil_thickness_nm / 2) / np.cos(tilt)
        result[node] = (1 + 0.2 * np.cos(2 * np.pi * depth / settings.extinction_distance_nm))[:, None] * base
    return VertexContrast(tilt_nodes_rad, result)
