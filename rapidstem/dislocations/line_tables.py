"""Tables of traced lines: their points, what is known of each line, and the dislocation density."""

import numpy as np
import pandas as pd

from rapidstem.dislocations.foil_clipping import box_around
from rapidstem.dislocations.polylines import LineNetwork
from rapidstem.dislocations.slip_planes import SLIP_NAMES, CrystalOrientation, best_plane, nearest_slip_plane

UNDETERMINED = "undetermined"
POINT_COLUMNS = ["line", "point", "x_nm", "y_nm", "z_nm", "length_nm", "start_node", "end_node", "slip_plane"]
TRACED_COLUMNS = ["line", "point", "x_nm", "y_nm", "z_nm"]
SUMMARY_COLUMNS = [
    *["line", "length_nm", "start_node", "end_node", "start_kind", "end_kind", "direction_x", "direction_y", "direction_z"],
    *["plane_x", "plane_y", "plane_z", "plane_distance_nm", "plane_width_nm", "plane_sd_deg", "plane_conditioned"],
    *["slip_plane", "slip_distance_nm", "slip_margin", "slip_conditioned", "direction_misfit_deg", "normal_misfit_deg"],
]
DENSITY_COLUMNS = [
    *["slip_plane", "lines", "length_nm", "density_per_m2", "sampling_sd_per_m2", "field_um2", "thickness_nm", "volume_um3"],
]
# How the foil lies in which fitted lines end, in the same table: the height of its middle over the middle of the field, and its slopes.
FOIL_COLUMNS = ["foil_middle_nm", "foil_slope_x", "foil_slope_y"]
NO_SLIP = {
    "slip_plane": UNDETERMINED,
    "slip_distance_nm": np.nan,
    "slip_margin": np.nan,
    "slip_conditioned": False,
    "direction_misfit_deg": np.nan,
    "normal_misfit_deg": np.nan,
}


def line_summary(network: LineNetwork, orientation: CrystalOrientation | None) -> pd.DataFrame:
    """Give one row a line: length, ends, best plane and slip plane.

    Parameters
    ----------
    network : LineNetwork
    orientation : CrystalOrientation or None
        Without it no slip planes are given (`undetermined`).

    Returns
    -------
    DataFrame
        `line`, `length_nm`, the nodes and what is there (`surface`, `border` of the field, `junction`, `loop`, `inside`); the main
        direction; the best plane's normal, the rms distance from it, the rms width across the direction in it, the standard deviation
        of the normal and whether the line fixes its plane (`plane_conditioned`); the nearest {111} plane, the rms distance from it, how
        many times farther every other one lies, at least (`slip_margin`), whether that is enough to name it (`slip_conditioned`, twice),
        and the misfits of direction and normal in degrees. `slip_plane` is the nearest plane even where it is not conditioned.
    """
    rows = []
    for number, line in enumerate(network.lines):
        plane = best_plane(line.points_nm)
        ends = {"start_node": line.start_node, "end_node": line.end_node, "start_kind": line.start_kind, "end_kind": line.end_kind}
        vectors = [*plane.direction, *plane.normal]
        names = ["direction_x", "direction_y", "direction_z", "plane_x", "plane_y", "plane_z"]
        fitted = {"plane_distance_nm": plane.distance_nm, "plane_width_nm": plane.width_nm, "plane_sd_deg": plane.normal_sd_deg}
        slip = NO_SLIP if orientation is None else _slip(line.points_nm, orientation)
        row = {"line": number, "length_nm": line.length_nm} | ends | dict(zip(names, vectors, strict=True))
        rows.append(row | fitted | {"plane_conditioned": plane.conditioned} | slip)
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def line_points(network: LineNetwork, summary: pd.DataFrame) -> pd.DataFrame:
    """Give one row a point of every line; length, nodes and slip plane of the line are repeated in each.

    Parameters
    ----------
    network : LineNetwork
        The lines.
    summary : DataFrame
        As `line_summary` gives it for the same network. Slip planes that are not conditioned become `undetermined`.

    Returns
    -------
    DataFrame
        With the columns `POINT_COLUMNS`.
    """
    certain = summary["slip_plane"].where(summary["slip_conditioned"].astype(bool), UNDETERMINED)
    tables = []
    for number, line in enumerate(network.lines):
        table = pd.DataFrame(line.points_nm, columns=["x_nm", "y_nm", "z_nm"])
        table.insert(0, "line", number)
        table.insert(1, "point", np.arange(len(table)))
        nodes = {"start_node": line.start_node, "end_node": line.end_node}
        tables.append(table.assign(length_nm=line.length_nm, **nodes, slip_plane=certain.iloc[number]))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=POINT_COLUMNS)


def polylines_of(points: pd.DataFrame) -> list[np.ndarray]:
    """Give the polylines (n, 3), nm, of a table of points.

    Parameters
    ----------
    points : DataFrame
        As `line_points` gives it, or another table with `line`, `point`, `x_nm`, `y_nm`, `z_nm`.

    Returns
    -------
    list of np.ndarray, (n, 3)
        In the order of the lines' numbers.
    """
    ordered = points.sort_values(["line", "point"], kind="stable")
    return [rows[["x_nm", "y_nm", "z_nm"]].to_numpy(float) for _, rows in ordered.groupby("line", sort=True)]


def traced_points(network: LineNetwork) -> pd.DataFrame:
    """Give one row a point of traced lines, with the height of the foil's middle in each (`foil_middle_nm`).

    Parameters
    ----------
    network : LineNetwork
        The traced lines.

    Returns
    -------
    DataFrame
        With the columns `TRACED_COLUMNS` and `foil_middle_nm`.
    """
    tables = [pd.DataFrame(line.points_nm, columns=["x_nm", "y_nm", "z_nm"]) for line in network.lines]
    numbered = [table.assign(line=number, point=np.arange(len(table))) for number, table in enumerate(tables)]
    points = pd.concat(numbered, ignore_index=True) if numbered else pd.DataFrame(columns=TRACED_COLUMNS)
    return points[TRACED_COLUMNS].assign(foil_middle_nm=float(network.box_nm[:, 2].mean()))


def foil_box(traced: pd.DataFrame, shape: tuple[int, ...], pixel_size_nm: float, thickness_nm: float) -> np.ndarray:
    """Lowest and highest x, y, z, (2, 3), of the field of view (y, x) and of the foil around the middle that tracing found.

    Parameters
    ----------
    traced : DataFrame
        As `traced_points` gives it.
    shape : tuple of int
        Rows and columns.
    pixel_size_nm, thickness_nm : float
        Edge length of a pixel, and thickness of the foil.

    Returns
    -------
    np.ndarray, (2, 3)
        In nm from the centre of the volume.
    """
    return box_around(float(traced["foil_middle_nm"].iloc[0]) if len(traced) else 0.0, shape, pixel_size_nm, thickness_nm)


def line_density(network: LineNetwork, summary: pd.DataFrame, orientation: CrystalOrientation | None) -> pd.DataFrame:
    """Dislocation density, line length over foil volume, of all lines and of those on each slip plane.

    Parameters
    ----------
    network : LineNetwork
        The lines and the box that they fill.
    summary : DataFrame
        As `line_summary` gives it for the same network and orientation.
    orientation : CrystalOrientation or None

    Returns
    -------
    DataFrame
        One row for `all`; with an orientation one for each {111} plane and one for `undetermined`, too. `sampling_sd_per_m2` says how far
        the density of another field of the same specimen would differ if whole lines were strewn at random: the root of the sum of the
        squared lengths over the volume (a compound Poisson process). `field_um2`, `thickness_nm` and `volume_um3` are the foil that it
        refers to, without vacuum.
    """
    width_nm = network.box_nm[1] - network.box_nm[0]
    field_um2 = width_nm[0] * width_nm[1] * 1e-6 * network.foil_share
    field = {"field_um2": field_um2, "thickness_nm": width_nm[2], "volume_um3": network.volume_nm3 * 1e-9}
    certain = summary["slip_plane"].where(summary["slip_conditioned"].astype(bool), UNDETERMINED)
    rows = []
    for name in ("all", *((*SLIP_NAMES, UNDETERMINED) if orientation else ())):
        lengths = summary.loc[(certain == name) | (name == "all"), "length_nm"].to_numpy(float)
        per_m2 = {"density_per_m2": lengths.sum(), "sampling_sd_per_m2": np.sqrt(np.sum(lengths**2))}
        per_m2 = {key: float(value) / network.volume_nm3 * 1e18 for key, value in per_m2.items()}
        rows.append({"slip_plane": name, "lines": len(lengths), "length_nm": float(lengths.sum())} | per_m2 | field)
    return pd.DataFrame(rows, columns=DENSITY_COLUMNS)


def _slip(points_nm: np.ndarray, orientation: CrystalOrientation) -> dict[str, object]:
    found = nearest_slip_plane(points_nm, orientation)
    return {
        "slip_plane": found.name,
        "slip_distance_nm": found.distance_nm,
        "slip_margin": found.margin,
        "slip_conditioned": found.conditioned,
        "direction_misfit_deg": found.direction_misfit_deg,
        "normal_misfit_deg": found.normal_misfit_deg,
    }
