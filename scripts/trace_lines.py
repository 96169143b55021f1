"""Trace the dislocations of a tomogram as lines: where the lines that are fitted to the frames start from."""

from script_support import logged

from rapidstem.dislocations import DEFAULT_TRACING, trace_lines, traced_points
from rapidstem.files import read_volume, write_table

with logged(snakemake):
    settings = DEFAULT_TRACING.for_width(snakemake.params.line_width_nm)
    network = trace_lines(*read_volume(snakemake.input.volume), snakemake.params.thickness_nm, settings)
    write_table(snakemake.output.traced, traced_points(network))
    print(f"{len(network.lines)} lines traced, {sum(line.length_nm for line in network.lines):.0f} nm")
