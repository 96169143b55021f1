"""All faults of one foil together: its shape, its bend contours, what lies on and in it, and how it bends before the slow series."""

from dataclasses import dataclass, replace

import numpy as np

from rapidstem.microscope.random_streams import random_stream
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.microscope.specimen.bend_contours import BendContours, draw_contours
from rapidstem.microscope.specimen.foil_bending import FoilBending, draw_bending
from rapidstem.microscope.specimen.foil_shape import FoilShape, draw_shape
from rapidstem.microscope.specimen.foreign_bodies import ForeignBodies, draw_bodies


@dataclass(frozen=True)
class FoilFaults:
    """Faults of a foil; each is None where it has none of the kind.

    Attributes
    ----------
    shape, contours, bodies : as the rapid series sees them
    bending : by how much the foil bends before the slow series
    slow_contours : bend contours of the bent foil, which lie elsewhere
    """

    shape: FoilShape | None = None
    contours: BendContours | None = None
    bodies: ForeignBodies | None = None
    bending: FoilBending | None = None
    slow_contours: BendContours | None = None

    def after_bending(self) -> "FoilFaults":
        """Give the faults as the slow series sees them."""
        if self.bending is None:
            return self
        bodies = None if self.bodies is None else replace(self.bodies, centre_nm=self.bending.moved(self.bodies.centre_nm))
        return replace(self, contours=self.slow_contours, bodies=bodies)


NO_FAULTS = FoilFaults()


def draw_faults(name: str, half_box_nm: np.ndarray, settings: MicroscopeSettings) -> FoilFaults:
    """Draw the faults of the foil of this name in a box with the half widths (3,) in x, y and z."""

    def stream(purpose: str) -> np.random.Generator:
        return random_stream(settings.seed, name, purpose)

    shape = draw_shape(settings, stream("foil shape"))
    bending = draw_bending(settings, stream("bending"))
    return FoilFaults(
        shape,
        draw_contours(settings, stream("bend contours")),
        draw_bodies(settings, half_box_nm, shape, stream("foreign bodies")),
        bending,
        draw_contours(settings, stream("slow bend contours")) if bending else None,
    )


def thinned(diffracting: np.ndarray, path_nm: np.ndarray, row_tilt_rad: np.ndarray, settings: MicroscopeSettings) -> np.ndarray:
    """Give the image (row, column) of a foil that is no even plate from the contrast that an even one would have.

    Parameters
    ----------
    diffracting : (row, column)
        Product of everything that the crystal does to the beam, without its mean absorption.
    path_nm : (row, column)
        Way of the beam through the foil.
    row_tilt_rad : (row,)
        Tilt when the row is scanned.
    settings
        Of the virtual microscope.

    Returns
    -------
    (row, column)
        1 on the average of the nominal foil without tilt.

    Notes
    -----
    The mean absorption is exp(-(path - t) / mean free path), t being the nominal thickness, so that vacuum shines with
    exp(t / mean free path); the logarithm of the contrast falls with the path.
    """
    thickness = settings.foil_thickness_nm
    share = np.clip(path_nm * np.cos(row_tilt_rad)[:, None] / thickness, 0, 1)
    return np.exp(-(path_nm - thickness) / settings.mean_free_path_nm) * diffracting**share
