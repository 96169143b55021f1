"""The shape of a foil that is no even plate: a wedge, steps on its upper surface, a hole in it, an edge where it ends.

What the beam goes through is followed through the tilted foil, so that a step moves with the surface that it lies on, and the rim of a
hole with the depth at which it is thick.
"""

from dataclasses import dataclass

import numpy as np

from rapidstem.microscope.settings import MicroscopeSettings

# Of the sum along the beam: by how much it may move sideways in a layer, and the grid of the surfaces along y; finer than any detail of the
# shape.
FEWEST_LAYERS = 8
SIDEWAYS_NM = 12.0
GRID_NM = 2.0
# Of a hole's rim, relative to its radius, in its second and third harmonic; by judgement.
ROUGHNESS = (0.12, 0.08)
# Of the field: holes and steps lie near its middle, so that they are seen at every tilt.
OFF_CENTRE = 0.3
# Out of any field.
FAR_NM = 1e9


@dataclass(frozen=True)
class FoilShape:
    """Upper and lower surface of a foil over its plane.

    Attributes
    ----------
    thickness_nm : at the origin, far from hole and edge
    wedge_per_nm : (2,) how the thickness grows along x and y, as a share of it
    steps : (step, 3) direction of the normal (rad), offset (nm) and height (nm): beyond the offset the upper surface is that much higher
    hole : (5,) centre x, y and mean radius in nm, phases of its roughness (rad); a radius of 0 is no hole
    edge : (2,) direction of the outward normal (rad) and offset (nm): the foil ends there
    taper_nm : distance from a rim over which the thickness rises to its full value
    """

    thickness_nm: float
    wedge_per_nm: np.ndarray
    steps: np.ndarray
    hole: np.ndarray
    edge: np.ndarray
    taper_nm: float

    def surfaces_nm(self, x_nm: np.ndarray, y_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give z of the lower and of the upper surface at places of any common shape; both are 0 where there is no foil.

        Parameters
        ----------
        x_nm, y_nm
            Places in the specimen, of any common shape.

        Returns
        -------
        lower, upper
            z in nm, of the same shape.
        """
        thinned = np.clip(self.from_rim_nm(x_nm, y_nm) / self.taper_nm, 0, 1)
        half = self.thickness_nm / 2 * np.maximum(1 + self.wedge_per_nm[0] * x_nm + self.wedge_per_nm[1] * y_nm, 0.1)
        upper = half
        for direction, offset, height in self.steps:
            upper = upper + height * (x_nm * np.cos(direction) + y_nm * np.sin(direction) > offset)
        return -half * thinned, np.maximum(upper, 0) * thinned

    def from_rim_nm(self, x_nm: np.ndarray, y_nm: np.ndarray) -> np.ndarray:
        """Give the distance of places of any common shape from the hole or the edge, whichever is nearer; negative in the vacuum.

        Parameters
        ----------
        x_nm, y_nm
            Places in the specimen, of any common shape.

        Returns
        -------
        ndarray
            In nm, of the same shape.
        """
        direction, offset = self.edge
        from_edge = offset - x_nm * np.cos(direction) - y_nm * np.sin(direction)
        x, y, radius, *phases = self.hole
        if not radius:
            return from_edge
        away = (x_nm - x) + 1j * (y_nm - y)
        distance = np.abs(away)
        around = away / np.maximum(distance, 1e-9)
        rough = ROUGHNESS[0] * around**2 * np.exp(1j * phases[0]) + ROUGHNESS[1] * around**3 * np.exp(1j * phases[1])
        return np.minimum(from_edge, distance - radius * (1 + rough.real))

    def inside(self, points_nm: np.ndarray) -> np.ndarray:
        """Say which of the points (n, 3) lie in the foil.

        Parameters
        ----------
        points_nm : (n, 3)
            x, y, z in the specimen.

        Returns
        -------
        (n,) bool
            Points on a surface count.
        """
        x, y, z = points_nm.T
        lower, upper = self.surfaces_nm(x, y)
        return (z >= lower) & (z <= upper) & (upper > lower)

    def path_nm(self, x_nm: np.ndarray, row_nm: np.ndarray, row_tilt_rad: np.ndarray) -> np.ndarray:
        """Give the way of the beam through the foil (row, column), for columns at `x_nm` and rows at heights `row_nm` in the image.

        Parameters
        ----------
        x_nm : (column,)
            Position of the columns in the specimen.
        row_nm : (row,)
            Height of the rows in the image, from the tilt axis.
        row_tilt_rad : (row,)
            Tilt when the row is scanned.

        Returns
        -------
        (row, column)
            In nm; 0 in a hole.

        Notes
        -----
        The foil is cut into layers so thin that the tilted beam moves sideways by no more than `SIDEWAYS_NM` in each; its surfaces
        are read from a grid of `GRID_NM` along y.
        """
        cosine, sine = np.cos(row_tilt_rad)[:, None], np.sin(row_tilt_rad)[:, None]
        highest = self.thickness_nm + np.abs(self.steps[:, 2]).sum()
        layers = max(FEWEST_LAYERS, int(np.ceil(2 * highest * np.abs(np.tan(row_tilt_rad)).max() / SIDEWAYS_NM)))
        layer = 2 * highest / layers
        height = -highest + (np.arange(layers) + 0.5) * layer
        y_nm = (row_nm[:, None] - height * sine) / cosine
        first, last = y_nm.min(), y_nm.max()
        grid = np.linspace(first, last, int(np.ceil((last - first) / GRID_NM)) + 2)
        lower, upper = self.surfaces_nm(x_nm[None, :], grid[:, None])
        place = np.rint((y_nm - first) / (grid[1] - first)).astype(int)
        path = np.zeros((len(row_nm), len(x_nm)))
        for z, here in zip(height, place.T, strict=True):
            path += np.maximum(np.minimum(upper[here], z + layer / 2) - np.maximum(lower[here], z - layer / 2), 0)
        return path / cosine


def draw_shape(settings: MicroscopeSettings, rng: np.random.Generator) -> FoilShape | None:
    """Draw the shape of a foil; None where the settings ask for an even plate without end."""
    if not (settings.thickness_wedge or settings.thickness_steps or settings.hole_radius_nm or settings.foil_edge_share):
        return None
    field = settings.field_nm
    thicker = rng.uniform(0, 2 * np.pi)
    count = settings.thickness_steps
    steps = np.column_stack(
        (
            rng.uniform(0, 2 * np.pi, count),
            rng.uniform(-OFF_CENTRE, OFF_CENTRE, count) * field,
            rng.choice((-1, 1), count) * settings.thickness_step_nm,
        )
    )
    hole = np.array((*rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2) * field, settings.hole_radius_nm, *rng.uniform(0, 2 * np.pi, 2)))
    offset = field * (0.5 - settings.foil_edge_share) if settings.foil_edge_share else FAR_NM
    return FoilShape(
        settings.foil_thickness_nm,
        settings.thickness_wedge / field * np.array((np.cos(thicker), np.sin(thicker))),
        steps,
        hole,
        np.array((np.deg2rad(settings.foil_edge_direction_deg), offset)),
        settings.edge_taper_nm,
    )
