"""Bend contours: dark bands where a bent foil meets the Bragg condition of a reflection, and which wander when the foil is tilted.

A foil bent to a radius R meets the condition at another place when it is tilted by a: the band has moved by R a, far more than any point
of the foil. A band's profile is the envelope of the two-beam rocking curve, 1 / (1 + (s xi)^2), with the deviation s growing in
proportion to the distance from its centre.

Source: Hirsch, Howie, Nicholson, Pashley, Whelan, Electron Microscopy of Thin Crystals (1977), chapters 7 and 8.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import LARGEST_TILT_DEG, MicroscopeSettings

# Angle to the contour before it: bent in two directions, a foil has families of contours that cross.
CROSSING_DEG = (50.0, 130.0)
# Radius of a contour's bow in fields of view; by judgement.
BOW_FIELDS = 6.0


@dataclass(frozen=True)
class BendContours:
    """Bands in the plane of the specimen, one a pass; all arrays (band,).

    Attributes
    ----------
    direction_rad : of the band's normal, from x towards y
    offset_nm : of its centre line from the origin along the normal, at zero tilt
    speed_nm_per_rad : how the offset grows with the tilt
    bow_per_nm : curvature of the centre line
    width_nm : full width at half depth
    depth : share of the intensity that is lost at its centre
    """

    direction_rad: np.ndarray
    offset_nm: np.ndarray
    speed_nm_per_rad: np.ndarray
    bow_per_nm: np.ndarray
    width_nm: np.ndarray
    depth: np.ndarray

    def transmission(self, x_nm: np.ndarray, row_nm: np.ndarray, row_tilt_rad: np.ndarray) -> np.ndarray:
        """Give the factor (row, column) by which the bands darken the image.

        Parameters
        ----------
        x_nm : (column,)
            Position of the columns in the specimen.
        row_nm : (row,)
            Height of the rows in the image; a row shows the specimen's middle plane at y = row / cos(tilt).
        row_tilt_rad : (row,)
            Tilt when the row is scanned.

        Returns
        -------
        (row, column)
            From 0 to 1.
        """
        y_nm = (row_nm / np.cos(row_tilt_rad))[:, None]
        product = np.ones((len(row_nm), len(x_nm)))
        for band in range(len(self.depth)):
            cosine, sine = np.cos(self.direction_rad[band]), np.sin(self.direction_rad[band])
            along = y_nm * cosine - x_nm * sine
            centre = self.offset_nm[band] + self.speed_nm_per_rad[band] * row_tilt_rad[:, None] + self.bow_per_nm[band] * along**2 / 2
            away = x_nm * cosine + y_nm * sine - centre
            product *= 1 - self.depth[band] / (1 + (2 * away / self.width_nm[band]) ** 2)
        return product


def draw_contours(settings: MicroscopeSettings, rng: np.random.Generator) -> BendContours | None:
    """Draw the bands of a foil: as many in view at any tilt, on average, as the settings say, each crossing the one before it.

    Parameters
    ----------
    settings
        Of the virtual microscope.
    rng
        Source of the random numbers.

    Returns
    -------
    BendContours or None
        None where the settings ask for none.
    """
    if not settings.bend_contours:
        return None
    families = []
    direction = rng.uniform(0, np.pi)
    for _ in range(settings.bend_contours):
        families.append(_family(direction, settings, rng))
        direction += np.deg2rad(rng.uniform(*CROSSING_DEG))
    return BendContours(*np.concatenate(families, axis=1))


def _family(direction_rad: float, settings: MicroscopeSettings, rng: np.random.Generator) -> np.ndarray:
    """Bands (attribute, band) of one direction, some one field apart, so that another comes into view when one has left."""
    field = settings.field_nm
    speed = rng.choice((-1, 1)) * np.rad2deg(rng.uniform(*settings.bend_contour_speed_nm_per_deg))
    reach = field / 2 + abs(speed) * np.deg2rad(LARGEST_TILT_DEG)
    count = max(1, round(2 * reach / field))
    offset = -reach + (np.arange(count) + rng.uniform(0, 1, count)) * 2 * reach / count
    return np.array(
        (
            direction_rad + rng.normal(0, np.deg2rad(8), count),
            offset,
            np.full(count, speed),
            rng.normal(0, 1 / (BOW_FIELDS * field), count),
            rng.uniform(*settings.bend_contour_width_nm, count),
            rng.uniform(*settings.bend_contour_depth, count),
        )
    )
