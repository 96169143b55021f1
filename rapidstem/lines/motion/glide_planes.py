"""The planes that dislocations glide in, and what a single view fixes in them.

A line in the plane p = c + u e1 + v e2 appears at two coordinates, which are two equations for u and v. Their determinant is the sine of
the angle between the plane and the beam.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.dislocations import FOIL_COLUMNS, RigidMotion
from rapidstem.numerics import plane_trace

# A plane nearer to edge-on than this fixes nothing across: an error of the image is one of four times its size along the beam.
EDGE_ON_DEG = 15.0
# Twice the error of a traced point, as lines are called flat (`rapidstem.dislocations`); no direction lies in more than two {111} planes.
LARGEST_DISTANCE_NM, MOST_PLANES = 6.0, 2
# Normal of the faces of a foil that lies level.
LEVEL = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class FoilFaces:
    """The lower and the upper face of the foil.

    Attributes
    ----------
    normal : (3,) unit vector, upwards
    heights_nm : along the normal, the lower one first
    """

    normal: np.ndarray
    heights_nm: tuple[float, float]

    @classmethod
    def of_lines(cls, density: pd.DataFrame, thickness_nm: float) -> "FoilFaces":
        """The faces at which the fitted lines of a tomogram were cut.

        Parameters
        ----------
        density : DataFrame
            `line_density.csv`, with `rapidstem.dislocations.FOIL_COLUMNS`.
        thickness_nm : float
            Along z.

        Returns
        -------
        FoilFaces
        """
        middle_nm, *slopes = density[FOIL_COLUMNS].iloc[0].astype(float)
        return cls.of(middle_nm, thickness_nm, (slopes[0], slopes[1]))

    @classmethod
    def of(cls, middle_nm: float, thickness_nm: float, slopes: tuple[float, float] = (0.0, 0.0)) -> "FoilFaces":
        """Give the faces of a foil.

        Parameters
        ----------
        middle_nm : float
            Height of its middle over the middle of the field.
        thickness_nm : float
            Along z.
        slopes : tuple of float
            By which it rises along x and y.

        Returns
        -------
        FoilFaces
        """
        upwards = np.array([-slopes[0], -slopes[1], 1.0])
        length = float(np.linalg.norm(upwards))
        return cls(upwards / length, ((middle_nm - thickness_nm / 2) / length, (middle_nm + thickness_nm / 2) / length))

    def moved(self, motion: RigidMotion) -> "FoilFaces":
        """The faces in coordinates into which a motion leads.

        Parameters
        ----------
        motion : RigidMotion

        Returns
        -------
        FoilFaces
        """
        normal = motion.turn(self.normal[None])[0]
        lower, upper = motion.apply(np.outer(self.heights_nm, self.normal)) @ normal
        return FoilFaces(normal, (float(lower), float(upper)))


@dataclass(frozen=True)
class GlidePlane:
    """The plane of one line, in the coordinates of the tomogram.

    Attributes
    ----------
    name : of the slip plane, or `own` where the line's own shape fixes it
    centre_nm : (3,) a point of it
    normal : (3,) unit vector
    along, steep : (3,) unit vectors in it: its trace in the foil's surface, and at right angles to that, upwards
    sigma_nm : standard deviation of its place along the normal
    """

    name: str
    centre_nm: np.ndarray
    normal: np.ndarray
    along: np.ndarray
    steep: np.ndarray
    sigma_nm: float

    @property
    def axes(self) -> np.ndarray:
        """Both directions in the plane, (2, 3)."""
        return np.stack([self.along, self.steep])

    def coordinates(self, points_nm: np.ndarray) -> np.ndarray:
        """In-plane coordinates u, v (..., 2) of points (..., 3), which are brought into the plane along its normal."""
        return (points_nm - self.centre_nm) @ self.axes.T

    def points(self, coordinates_nm: np.ndarray) -> np.ndarray:
        """Points (..., 3) of in-plane coordinates (..., 2)."""
        return self.centre_nm + coordinates_nm @ self.axes

    def beam_angle_deg(self, beam: np.ndarray) -> float:
        """Angle between the plane and the beam, 0 where it is seen on edge."""
        return float(np.rad2deg(np.arcsin(min(abs(float(self.normal @ beam)), 1.0))))


def glide_plane(name: str, normal: np.ndarray, centre_nm: np.ndarray, sigma_nm: float = 0.0, surface: np.ndarray = LEVEL) -> GlidePlane:
    """A plane through a point.

    Parameters
    ----------
    name : str
        Of the slip plane, or `own`.
    normal : np.ndarray, (3,)
        Of any length.
    centre_nm : np.ndarray, (3,)
        The point.
    sigma_nm : float
        Standard deviation of its place along the normal.
    surface : np.ndarray, (3,)
        Normal of the foil's faces.
    """
    normal = np.asarray(normal, float) / np.linalg.norm(normal)
    along = plane_trace(normal, surface)
    steep = np.cross(normal, along)
    return GlidePlane(name, np.asarray(centre_nm, float), normal, along, steep if steep @ surface >= 0 else -steep, sigma_nm)


def line_planes(
    points: pd.DataFrame, summary: pd.DataFrame, slip_normals: Mapping[str, np.ndarray], surface: np.ndarray = LEVEL
) -> dict[int, list[GlidePlane]]:
    """The planes of the fitted lines of a tomogram, by the line's number; lines whose plane is not known are left out.

    A straight line along a <110> direction lies in two {111} planes: both are given, the nearer one first. What such a line does when it
    moves tells which one it is.

    Parameters
    ----------
    points : DataFrame
        `lines.csv` of the tomogram: `line, x_nm, y_nm, z_nm, sigma_x_nm, sigma_y_nm, sigma_z_nm`.
    summary : DataFrame
        `line_summary.csv`: the line's {111} plane, where it is named, goes before the plane that its own shape fixes.
    slip_normals : mapping
        Names of the {111} planes to their normals in specimen axes; empty where the crystal's orientation is not known.
    surface : np.ndarray, (3,)
        Normal of the foil's faces.

    Returns
    -------
    dict of int to list of GlidePlane
        Of one plane, or of two for a straight line along <110>.
    """
    planes = {}
    rows = points.groupby("line", sort=True)
    for line in summary.to_dict("records"):
        if line["line"] not in rows.groups:
            continue
        own = rows.get_group(line["line"])
        places, sigma = own[["x_nm", "y_nm", "z_nm"]].to_numpy(float), own[["sigma_x_nm", "sigma_y_nm", "sigma_z_nm"]].to_numpy(float)
        centre = places.mean(axis=0)
        found = [
            glide_plane(name, normal, centre, float(np.sqrt(np.mean(np.sum((sigma * normal) ** 2, axis=1)))), surface)
            for name, normal in _normals_of(line, places - centre, slip_normals)
        ]
        if found:
            planes[int(line["line"])] = found
    return planes


def _normals_of(line: Mapping[str, object], centred_nm: np.ndarray, slip_normals: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """Names and normals of the planes that a line may lie in."""
    if line["slip_plane"] in slip_normals and bool(line["slip_conditioned"]):
        return [(str(line["slip_plane"]), slip_normals[str(line["slip_plane"])])]
    distances = {name: float(np.sqrt(np.mean((centred_nm @ normal) ** 2))) for name, normal in slip_normals.items()}
    fitting = sorted((name for name in distances if distances[name] <= LARGEST_DISTANCE_NM), key=lambda name: distances[name])
    if 0 < len(fitting) <= MOST_PLANES:
        return [(name, slip_normals[name]) for name in fitting]
    if bool(line["plane_conditioned"]):
        return [("own", np.array([line["plane_x"], line["plane_y"], line["plane_z"]], float))]
    return []
