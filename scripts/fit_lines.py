"""Fit the dislocation lines to all frames; give their evidence, lengths, planes and density, and files for ParaView and ParaDiS."""

import numpy as np
from script_support import logged

from rapidstem.dislocations import (
    SLIP_NAMES,
    SLIP_NORMALS,
    TRACED_COLUMNS,
    crystal_orientation,
    foil_box,
    line_density,
    line_points,
    line_summary,
    polylines_of,
)
from rapidstem.files import read_series, read_table, write_paradis, write_polydata, write_table
from rapidstem.lines import FittingSettings, fit_lines
from rapidstem.tomography import read_geometry

with logged(snakemake):
    output, parameters = snakemake.output, snakemake.params
    series, pixel_size_nm = read_series(snakemake.input.series)
    geometry = read_geometry(snakemake.input.angles)
    traced = read_table(snakemake.input.traced, TRACED_COLUMNS)
    box_nm = foil_box(traced, series.shape[1:], pixel_size_nm, parameters.thickness_nm)
    depth_px = round((parameters.thickness_nm + parameters.margin_nm) / pixel_size_nm)
    settings = FittingSettings(line_width_nm=parameters.line_width_nm)
    found = fit_lines(series, geometry, polylines_of(traced), box_nm, depth_px, settings)
    network, crystal = found.network, parameters.crystal
    orientation = crystal_orientation(crystal["x"], crystal["z"]) if crystal else None
    summary = line_summary(network, orientation).assign(
        probability=found.probability, p_value=found.p_value, hidden_percent=100 * found.hidden_share, hidden_by=found.hidden_by
    )
    points, density = line_points(network, summary), line_density(network, summary)
    sigma, evidence = (np.concatenate([*each, np.zeros((0, *tail))]) for each, tail in ((found.sigma_nm, (3,)), (found.evidence, ())))
    points = points.assign(**dict(zip(("sigma_x_nm", "sigma_y_nm", "sigma_z_nm"), sigma.T, strict=True)), evidence=evidence)
    points["probability"] = np.repeat(found.probability, [len(line.points_nm) for line in network.lines])
    polylines = [line.points_nm for line in network.lines]
    planes = points.groupby("line", sort=True)["slip_plane"].first()
    normals = dict(zip(SLIP_NAMES, orientation.to_specimen(SLIP_NORMALS), strict=True)) if orientation else {}
    write_table(output.lines, points)
    write_table(output.summary, summary)
    write_table(output.density, density)
    of_lines = {"line": summary["line"], "length_nm": summary["length_nm"], "slip_plane": list(planes)}
    of_points = {name: points[name] for name in ("sigma_x_nm", "sigma_y_nm", "sigma_z_nm", "evidence", "probability")}
    write_polydata(output.polydata, polylines, of_lines, of_points)
    nodes = [(line.start_node, line.end_node) for line in network.lines]
    write_paradis(output.paradis, polylines, nodes, np.array([normals.get(name, np.zeros(3)) for name in planes]), network.box_nm)
    print(density[["slip_plane", "lines", "length_nm", "density_per_m2", "sampling_sd_per_m2"]].to_string(index=False))
