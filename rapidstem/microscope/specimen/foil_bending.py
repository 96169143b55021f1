"""A foil that has bent between the rapid and the slow series."""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings


@dataclass(frozen=True)
class FoilBending:
    """A foil bent about an axis in its plane, as a parabola.

    Attributes
    ----------
    direction_rad : of the normal of that axis, from x towards y
    sag_per_nm : by how much a point is raised along z for the square of its distance from the axis
    """

    direction_rad: float
    sag_per_nm: float

    def moved(self, points_nm: np.ndarray) -> np.ndarray:
        """Where points (n, 3) of the foil lie after it has bent."""
        away = points_nm[:, 0] * np.cos(self.direction_rad) + points_nm[:, 1] * np.sin(self.direction_rad)
        return points_nm + (self.sag_per_nm * away**2)[:, None] * np.array((0.0, 0.0, 1.0))


def draw_bending(settings: MicroscopeSettings, rng: np.random.Generator) -> FoilBending | None:
    """Draw how the foil bends: by `slow_bend_nm` at half a field from the axis, up or down; None where it stays as it is."""
    if not settings.slow_bend_nm:
        return None
    sag = rng.choice((-1, 1)) * settings.slow_bend_nm / (settings.field_nm / 2) ** 2
    return FoilBending(rng.uniform(0, np.pi), float(sag))
