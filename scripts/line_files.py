"""What the scripts that fit lines share: their tables, and files for ParaView and ParaDiS."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rapidstem.dislocations import FOIL_COLUMNS, crystal_orientation, line_density, line_points, line_summary, slip_normals
from rapidstem.files import write_paradis, write_polydata, write_table
from rapidstem.lines import FittedLines


def write_fitted_lines(output: Any, found: FittedLines, crystal: Mapping[str, Any] | None) -> None:
    """Write lines with their evidence, lengths, planes and density to the files `lines`, `summary`, `density`, `polydata`, `paradis`.

    The log says the density, and by how much a foil leans.
    """
    network = found.network
    orientation = crystal_orientation(crystal["x"], crystal["z"]) if crystal else None
    summary = line_summary(network, orientation).assign(
        probability=found.probability,
        p_value=found.p_value,
        hidden_percent=100 * found.hidden_share,
        hidden_by=found.hidden_by,
        exchange_with=found.exchange_with,
        exchange_odds=found.exchange_odds,
    )
    foil = dict(zip(FOIL_COLUMNS, (found.foil.middle_nm, *found.foil.slopes), strict=True))
    points, density = line_points(network, summary), line_density(network, summary, orientation).assign(**foil)
    of_each = ((found.sigma_nm, (3,)), (found.time_s, (2,)), (found.evidence, ()))
    sigma, time, evidence = (np.concatenate([*each, np.zeros((0, *tail))]) for each, tail in of_each)
    points = points.assign(**dict(zip(("sigma_x_nm", "sigma_y_nm", "sigma_z_nm"), sigma.T, strict=True)), evidence=evidence)
    points = points.assign(time_s=time[:, 0], time_spread_s=time[:, 1])
    points["probability"] = np.repeat(found.probability, [len(line.points_nm) for line in network.lines])
    polylines = [line.points_nm for line in network.lines]
    planes = points.groupby("line", sort=True)["slip_plane"].first()
    normals = slip_normals(crystal)
    write_table(output.lines, points)
    write_table(output.summary, summary)
    write_table(output.density, density)
    of_lines = {"line": summary["line"], "length_nm": summary["length_nm"], "slip_plane": list(planes)}
    of_points = {name: points[name] for name in ("sigma_x_nm", "sigma_y_nm", "sigma_z_nm", "evidence", "probability", "time_s")}
    write_polydata(output.polydata, polylines, of_lines, of_points)
    nodes = [(line.start_node, line.end_node) for line in network.lines]
    write_paradis(output.paradis, polylines, nodes, np.array([normals.get(name, np.zeros(3)) for name in planes]), network.box_nm)
    print(density[["slip_plane", "lines", "length_nm", "density_per_m2", "sampling_sd_per_m2"]].to_string(index=False))
    if found.foil.slopes.any():
        along_x, along_y = np.rad2deg(np.arctan(found.foil.slopes))
        print(f"the foil leans: it rises by {along_x:.1f} degrees along x and {along_y:.1f} degrees along y")
