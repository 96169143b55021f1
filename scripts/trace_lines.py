"""Trace the dislocations of a tomogram as lines: where the lines that are fitted to the frames start from."""

from script_support import logged

from rapidstem.dislocations import DEFAULT_TRACING, trace_lines, traced_points
from rapidstem.files import read_volume, write_table

with logged(snakemake):
    settings = DEFAULT_TRACING.for_width(snakemake.params.line_width_nm)
    even, odd = (read_volume(path)[0] for path in (snakemake.input.even, snakemake.input.odd))
    network = trace_lines(*read_volume(snakemake.input.volume), snakemake.params.thickness_nm, settings, (even, odd))
    write_table(snakemake.output.traced, traced_points(network))
    length_nm = sum(line.length_nm for line in network.lines)
    print(f"{len(network.lines)} lines traced, {length_nm:.0f} nm" if network.lines else "no line stands out from the noise")
