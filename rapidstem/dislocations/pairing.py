"""Which dislocation centres of two tomograms belong together, and the motion between the two tomograms."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from rapidstem.dislocations.section_links import COORDINATES, SECTION_NORMAL, line_directions, mutually_nearest, section_grid
from rapidstem.numerics import robust_spread

PAIR_COLUMNS = ["plane", "slice", *COORDINATES, "dx_nm", "dy_nm", "dz_nm", "first_index", "second_index"]
# Of a table of lines: their main directions, and the normals of their own planes.
VECTORS = [["direction_x", "direction_y", "direction_z"], ["plane_x", "plane_y", "plane_z"]]
MOTION_COLUMNS = ["rotation_deg", "shift_x_nm", "shift_y_nm", "shift_z_nm"]


@dataclass(frozen=True)
class RigidMotion:
    """Rotation about the tilt axis x, then translation; `pairs` say how many centres it rests on (0: not determined).

    A positive rotation turns +y towards +z.
    """

    rotation_deg: float = 0.0
    shift_x_nm: float = 0.0
    shift_y_nm: float = 0.0
    shift_z_nm: float = 0.0
    pairs: int = 0

    @property
    def shift_nm(self) -> np.ndarray:
        """The translation as an array (x, y, z)."""
        return np.array([self.shift_x_nm, self.shift_y_nm, self.shift_z_nm])

    @property
    def columns(self) -> dict[str, float]:
        """The motion as columns of a table: `rotation_deg`, `shift_x_nm`, `shift_y_nm`, `shift_z_nm`."""
        return {name: getattr(self, name) for name in MOTION_COLUMNS}

    def turn(self, vectors: np.ndarray) -> np.ndarray:
        """Rotate vectors (n, 3) in the order x, y, z.

        Parameters
        ----------
        vectors : np.ndarray, (n, 3)
            In any unit.

        Returns
        -------
        np.ndarray, (n, 3)
            In the same unit.
        """
        return vectors @ _rotation(np.deg2rad(self.rotation_deg)).T

    def apply(self, points_nm: np.ndarray) -> np.ndarray:
        """Move points (n, 3), nm, in the order x, y, z.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)
            x, y, z from the centre of the volume.

        Returns
        -------
        np.ndarray, (n, 3)
            In nm.
        """
        return self.turn(points_nm) + self.shift_nm

    def undo(self, points_nm: np.ndarray) -> np.ndarray:
        """Move points (n, 3) back, so that `undo(apply(points))` gives the points.

        Parameters
        ----------
        points_nm : np.ndarray, (n, 3)
            x, y, z from the centre of the volume.

        Returns
        -------
        np.ndarray, (n, 3)
            In nm.
        """
        return (np.asarray(points_nm, float) - self.shift_nm) @ self.turn(np.eye(3)).T

    def applied_to(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table with its points (`x_nm`, `y_nm`, `z_nm`) moved, and its directions and planes (`line_tables.SUMMARY_COLUMNS`) turned.

        Parameters
        ----------
        table : DataFrame
            One row a point, or one a line.

        Returns
        -------
        DataFrame
            With the other columns as they were.
        """
        changes = [(COORDINATES, self.apply), *((names, self.turn) for names in VECTORS)]
        present = [(names, change(table[names].to_numpy(float))) for names, change in changes if set(names) <= set(table)]
        return table.assign(**{name: column for names, moved in present for name, column in zip(names, moved.T, strict=True)})


NO_MOTION = RigidMotion()


def pair_centroids(first: pd.DataFrame, second: pd.DataFrame, radius_nm: float) -> pd.DataFrame:
    """Pair the centres of two tomograms that are each other's nearest in the same cross-section (Zhao et al. 2021).

    Parameters
    ----------
    first, second : DataFrame
        Columns `plane` (yz or xz), `slice`, `x_nm`, `y_nm`, `z_nm`; both on the same sections, see `moved_to_sections`.
    radius_nm : float
        Largest distance within the section.

    Returns
    -------
    DataFrame
        One row a pair: `plane`, `slice`, the place of the second centre (`x_nm`, `y_nm`, `z_nm`), the difference first - second
        (`dx_nm`, `dy_nm`, `dz_nm`) and the row numbers (`first_index`, `second_index`) in the two tables.
    """
    found = [_section_pairs(first, second, plane, radius_nm) for plane in SECTION_NORMAL]
    first_rows, second_rows = (np.concatenate(rows) for rows in zip(*found, strict=True))
    pairs = second.iloc[second_rows][["plane", "slice", *COORDINATES]].reset_index(drop=True)
    differences = first.iloc[first_rows][COORDINATES].to_numpy(float) - pairs[COORDINATES].to_numpy(float)
    pairs[["dx_nm", "dy_nm", "dz_nm"]] = differences
    pairs["first_index"] = first_rows
    pairs["second_index"] = second_rows
    return pairs[PAIR_COLUMNS]


def moved_to_sections(first: pd.DataFrame, second: pd.DataFrame, motion: RigidMotion) -> pd.DataFrame:
    """Move the first tomogram's centres and bring each into the nearest section of the second.

    After the motion a centre lies between two sections. It slides along its dislocation line, by half a section at most, so that its own
    error stays as it is; averaging two neighbours instead would make it look smaller. The line's direction comes from the centres of the
    adjacent sections (`line_directions`).

    Parameters
    ----------
    first, second : DataFrame
        Tables of centres, as `locate_centroids` gives them.
    motion : RigidMotion
        Brings the first tomogram onto the second.

    Returns
    -------
    DataFrame
        `first` with new `slice`, `x_nm`, `y_nm`, `z_nm`, in the order of its rows; without the planes in which the second tomogram has
        centres in fewer than two sections.
    """
    first = first.reset_index(drop=True)
    moved = []
    for plane, axis in SECTION_NORMAL.items():
        rows = first[first["plane"] == plane]
        grid = section_grid(second[second["plane"] == plane], axis)
        if grid is None:
            continue
        origin, spacing = grid
        points = motion.apply(rows[COORDINATES].to_numpy(float))
        directions = motion.turn(line_directions(rows)[0])
        nearest = np.rint((points[:, axis] - origin) / spacing)
        way = (origin + nearest * spacing - points[:, axis]) / directions[:, axis]
        points += way[:, None] * directions
        moved.append(rows.assign(slice=nearest.astype(int), **dict(zip(COORDINATES, points.T, strict=True))))
    return pd.concat(moved).sort_index(kind="stable") if moved else first.iloc[:0]


def rigid_motion(
    first: pd.DataFrame, second: pd.DataFrame, largest_rotation_deg: float = 10.0, largest_shift_nm: float = 200.0
) -> RigidMotion:
    """Find the rotation about the tilt axis and the translation that bring the first tomogram's lines onto the second's.

    The zero of the tilt angle and the origin of a tilt series are arbitrary. A coarse search correlates the densities of the centres for
    rotations one degree apart; then the distances of the first centres from the second tomogram's lines are minimised (iterative closest
    points, point to line, so that the sections' spacing pulls nothing along the lines), with pairs beyond three robust standard
    deviations, or a quarter of the shrinking search radius where that is more, left out.

    Parameters
    ----------
    first, second : DataFrame
        Tables of centres; centres without a neighbour in the adjacent section are not used.
    largest_rotation_deg, largest_shift_nm : float
        Limits of the coarse search, to either side.

    Returns
    -------
    RigidMotion
        No motion, with `pairs` = 0, if either table has fewer than 10 linked centres.
    """
    points, _ = _linked_points(first)
    targets, directions = _linked_points(second)
    if min(len(points), len(targets)) < 10:
        return NO_MOTION
    motion = _coarse_motion(points, targets, largest_rotation_deg, largest_shift_nm)
    tree = scipy.spatial.cKDTree(targets)
    for radius_nm in np.concatenate([np.geomspace(80.0, 25.0, 12), np.full(12, 25.0)]):
        motion = _refined_motion(motion, points, tree, directions, radius_nm)
    return motion


def _rotation(angle_rad: float) -> np.ndarray:
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def _section_pairs(first: pd.DataFrame, second: pd.DataFrame, plane: str, radius_nm: float) -> tuple[np.ndarray, np.ndarray]:
    rows, places = [], []
    for table in (first, second):
        chosen = np.flatnonzero((table["plane"] == plane).to_numpy())
        within = np.delete(table[COORDINATES].to_numpy(float)[chosen], SECTION_NORMAL[plane], axis=1)
        rows.append(chosen)
        places.append(np.column_stack([within, 4.0 * radius_nm * table["slice"].to_numpy()[chosen]]))
    one, other = mutually_nearest(places[0], places[1], radius_nm)
    return rows[0][one], rows[1][other]


def _linked_points(centroids: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    directions, linked = line_directions(centroids)
    return centroids[COORDINATES].to_numpy(float)[linked], directions[linked]


def _coarse_motion(points: np.ndarray, targets: np.ndarray, largest_rotation_deg: float, largest_shift_nm: float) -> RigidMotion:
    candidates = _correlated_motions(points, targets, largest_rotation_deg, largest_shift_nm, bin_nm=15.0)
    return max(candidates, key=lambda candidate: candidate[0])[1]


def _correlated_motions(
    points: np.ndarray, targets: np.ndarray, largest_rotation_deg: float, largest_shift_nm: float, bin_nm: float
) -> Iterator[tuple[float, RigidMotion]]:
    """Give, for each rotation, the highest correlation of the two smoothed densities and its motion."""
    reach = int(np.ceil(largest_shift_nm / bin_nm))
    corner = np.minimum(points.min(axis=0), targets.min(axis=0)) - 4.0 * bin_nm
    extent = np.maximum(points.max(axis=0), targets.max(axis=0)) - corner + 4.0 * bin_nm
    turn_margin = np.deg2rad(largest_rotation_deg) * np.abs(points).max()
    corner -= turn_margin * np.array([0.0, 1.0, 1.0])
    extent += 2.0 * turn_margin * np.array([0.0, 1.0, 1.0])
    shape = tuple(scipy.fft.next_fast_len(int(np.ceil(length / bin_nm)) + reach, real=True) for length in extent)
    steps = np.ix_(*[np.arange(-reach, reach + 1) for _ in shape])
    spectrum = scipy.fft.rfftn(_density(targets, corner, bin_nm, shape))
    for rotation_deg in np.arange(-np.floor(largest_rotation_deg), largest_rotation_deg + 0.5):
        turned = RigidMotion(rotation_deg).turn(points)
        correlation = scipy.fft.irfftn(spectrum * np.conj(scipy.fft.rfftn(_density(turned, corner, bin_nm, shape))), shape)[steps]
        peak = np.unravel_index(np.argmax(correlation), correlation.shape)
        yield float(correlation[peak]), RigidMotion(float(rotation_deg), *(bin_nm * (np.array(peak) - reach)))


def _density(points: np.ndarray, corner: np.ndarray, bin_nm: float, shape: tuple[int, ...]) -> np.ndarray:
    cells = np.floor((points - corner) / bin_nm).astype(int)
    counts = np.bincount(np.ravel_multi_index(tuple(cells.T), shape, mode="clip"), minlength=int(np.prod(shape)))
    return scipy.ndimage.gaussian_filter(counts.reshape(shape).astype(np.float32), 1.0, mode="constant")


def _refined_motion(
    motion: RigidMotion, points: np.ndarray, tree: "scipy.spatial.cKDTree", directions: np.ndarray, radius_nm: float
) -> RigidMotion:
    """One Gauss-Newton step on the distances of the moved points from the lines at their nearest targets."""
    turned = motion.turn(points)
    distance, partner = tree.query(turned + motion.shift_nm, distance_upper_bound=radius_nm)
    near = np.flatnonzero(np.isfinite(distance))
    if len(near) < 10:
        return motion
    along = directions[partner[near]]
    offsets = turned[near] + motion.shift_nm - tree.data[partner[near]]
    offsets -= np.sum(offsets * along, axis=1, keepdims=True) * along
    size = np.linalg.norm(offsets, axis=1)
    kept = size <= max(3.0 * robust_spread(size, 0.0), radius_nm / 4.0)
    near, along, offsets = near[kept], along[kept], offsets[kept]
    lever = np.column_stack([np.zeros(len(near)), -turned[near, 2], turned[near, 1]])
    jacobian = np.concatenate([lever[:, :, None], np.broadcast_to(np.eye(3), (len(near), 3, 3))], axis=2)
    jacobian -= along[:, :, None] * np.einsum("ni,nij->nj", along, jacobian)[:, None, :]
    step = np.linalg.lstsq(jacobian.reshape(-1, 4), -offsets.ravel(), rcond=None)[0]
    shift = (motion.shift_nm + step[1:]).tolist()
    return RigidMotion(motion.rotation_deg + float(np.rad2deg(step[0])), shift[0], shift[1], shift[2], len(near))
