"""Trace the dislocations of a tomogram as lines; give their lengths, planes and density, and files for ParaView and ParaDiS."""

import numpy as np
from script_support import logged

from rapidstem.dislocations import (
    DEFAULT_TRACING,
    SLIP_NAMES,
    SLIP_NORMALS,
    crystal_orientation,
    line_density,
    line_points,
    line_summary,
    trace_lines,
)
from rapidstem.files import read_volume, write_paradis, write_polydata, write_table

with logged(snakemake):
    output, parameters, crystal = snakemake.output, snakemake.params, snakemake.params.crystal
    orientation = crystal_orientation(crystal["x"], crystal["z"]) if crystal else None
    settings = DEFAULT_TRACING.for_width(parameters.line_width_nm)
    network = trace_lines(*read_volume(snakemake.input.volume), parameters.thickness_nm, settings)
    summary = line_summary(network, orientation)
    points, density = line_points(network, summary), line_density(network, summary)
    polylines = [line.points_nm for line in network.lines]
    planes = points.groupby("line", sort=True)["slip_plane"].first()
    normals = dict(zip(SLIP_NAMES, orientation.to_specimen(SLIP_NORMALS), strict=True)) if orientation else {}
    write_table(output.lines, points)
    write_table(output.summary, summary)
    write_table(output.density, density)
    write_polydata(output.polydata, polylines, {"line": summary["line"], "length_nm": summary["length_nm"], "slip_plane": list(planes)})
    nodes = [(line.start_node, line.end_node) for line in network.lines]
    write_paradis(output.paradis, polylines, nodes, np.array([normals.get(name, np.zeros(3)) for name in planes]), network.box_nm)
    print(density[["slip_plane", "lines", "length_nm", "density_per_m2", "sampling_sd_per_m2"]].to_string(index=False))
