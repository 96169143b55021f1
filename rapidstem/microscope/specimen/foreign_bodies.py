"""Foreign bodies: particles and contamination on either surface of the foil, precipitates inside it.

Each is an ellipsoid whose axis of rotation is z, which absorbs in proportion to the way of the beam through it: a particle is a sphere,
a patch of contamination a flat lens. It is projected as the point at its centre is, and widens with the tilt as an ellipsoid does.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.foil_shape import FoilShape

KINDS = ("particle", "contamination", "precipitate")
# Contamination is a flat patch.
CONTAMINATION_HEIGHT_NM = 12.0
# Gauss-Hermite quadrature of order three of a normal distribution.
BLUR_NODES = np.array((-np.sqrt(3), 0.0, np.sqrt(3)))
BLUR_WEIGHTS = np.array((1, 4, 1)) / 6


@dataclass(frozen=True)
class ForeignBodies:
    """Ellipsoids on and in a foil; all arrays (body,) unless stated.

    Attributes
    ----------
    kind : index in `KINDS`
    centre_nm : (body, 3) in specimen axes
    radius_nm : semi-axis along x and y
    height_nm : semi-axis along z
    opacity : minus the logarithm of the transmission along z through the centre
    """

    kind: np.ndarray
    centre_nm: np.ndarray
    radius_nm: np.ndarray
    height_nm: np.ndarray
    opacity: np.ndarray

    def transmission(
        self,
        position_px: np.ndarray,
        tilt_rad: np.ndarray,
        row_px: np.ndarray,
        column_px: np.ndarray,
        settings: MicroscopeSettings,
    ) -> np.ndarray:
        """Give the factor (row, column) by which the bodies darken the image.

        Parameters
        ----------
        position_px : (body, 2)
            Row and column of the projected centres, in slow geometry.
        tilt_rad : (body,)
            Tilt when a body's row is scanned.
        row_px, column_px : (row,), (column,)
            Where the image's rows and columns lie in slow geometry, increasing.
        settings
            Of the virtual microscope.

        Returns
        -------
        (row, column)
            From 0 to 1.

        Notes
        -----
        An ellipsoid with semi-axes r, r and h appears with the half width s = sqrt(r^2 cos^2 + h^2 sin^2) across the tilt axis, and the
        chord through its centre is 2 r h / s.
        """
        logarithm = np.zeros((len(row_px), len(column_px)))
        half = np.hypot(self.radius_nm * np.cos(tilt_rad), self.height_nm * np.sin(tilt_rad)) / settings.pixel_size_nm
        blur = settings.probe_size_nm / np.sqrt(8 * np.log(2)) / settings.pixel_size_nm
        strength = self.opacity * self.radius_nm / (half * settings.pixel_size_nm)
        for body, (row, column) in enumerate(position_px):
            wide = self.radius_nm[body] / settings.pixel_size_nm
            rows = slice(*np.searchsorted(row_px, (row - half[body] - 2 * blur, row + half[body] + 2 * blur)))
            columns = slice(*np.searchsorted(column_px, (column - wide - 2 * blur, column + wide + 2 * blur)))
            for node, weight in zip(BLUR_NODES * blur, BLUR_WEIGHTS, strict=True):
                for other, other_weight in zip(BLUR_NODES * blur, BLUR_WEIGHTS, strict=True):
                    away = ((row_px[rows, None] - row - node) / half[body]) ** 2 + ((column_px[columns] - column - other) / wide) ** 2
                    chord = np.sqrt(np.clip(1 - away, 0, None))
                    logarithm[rows, columns] -= strength[body] * weight * other_weight * chord
        return np.exp(logarithm)


def draw_bodies(
    settings: MicroscopeSettings, half_box_nm: np.ndarray, shape: FoilShape | None, rng: np.random.Generator
) -> ForeignBodies | None:
    """Draw the bodies in and on the foil of a box; None where the settings ask for none.

    Parameters
    ----------
    settings
        Of the virtual microscope.
    half_box_nm : (3,)
        Half widths of the box in x, y and z.
    shape
        Of the foil, where it is no even plate; no body lies over a hole or beyond an edge.
    rng
        Source of the random numbers.
    """
    if not (settings.particles_per_um2 or settings.contamination_per_um2 or settings.precipitates_per_um2):
        return None
    particles = _draw_kind(0, settings.particles_per_um2, settings.particle_radius_nm, settings.particle_absorption, half_box_nm, rng)
    patches = _draw_kind(
        1, settings.contamination_per_um2, settings.contamination_radius_nm, settings.contamination_absorption, half_box_nm, rng
    )
    inner = _draw_kind(2, settings.precipitates_per_um2, settings.precipitate_radius_nm, settings.precipitate_absorption, half_box_nm, rng)
    kind, x, y, level, radius, opacity = np.concatenate((particles, patches, inner), axis=1)
    lower, upper = shape.surfaces_nm(x, y) if shape else (np.full(len(x), -half_box_nm[2]), np.full(len(x), half_box_nm[2]))
    within = np.maximum((upper - lower) / 2 - radius, 0)
    z = np.where(kind == 2, (upper + lower) / 2 + level * within, np.where(level > 0, upper, lower))
    height = np.where(kind == 1, CONTAMINATION_HEIGHT_NM, radius)
    kept = upper > lower
    return ForeignBodies(*(values[kept] for values in (kind.astype(int), np.column_stack((x, y, z)), radius, height, opacity)))


def _draw_kind(
    kind: int,
    per_um2: float,
    radius_nm: tuple[float, float],
    absorption: tuple[float, float],
    half_box_nm: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Kind, x, y, level between the surfaces (-1 to 1), radius and opacity (attribute, body) of one kind."""
    count = rng.poisson(per_um2 * 4e-6 * half_box_nm[0] * half_box_nm[1])
    x, y, level = rng.uniform(-1, 1, (3, count)) * np.array((half_box_nm[0], half_box_nm[1], 1))[:, None]
    opacity = -np.log(1 - rng.uniform(*absorption, count))
    return np.array((np.full(count, float(kind)), x, y, level, rng.uniform(*radius_nm, count), opacity))
