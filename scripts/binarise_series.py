"""Bring out the dark lines of an aligned tilt series."""

from script_support import logged

from rapidstem.files import read_series, read_table, write_angle_file, write_series
from rapidstem.tomography import binarise

with logged(snakemake):
    series, pixel_size_nm = read_series(snakemake.input.series)
    line_scale_px = snakemake.params.line_width_nm / (2 * pixel_size_nm)
    binary = binarise(series, snakemake.params.method, line_scale_px)
    write_series(snakemake.output.series, binary, pixel_size_nm)
    write_angle_file(snakemake.output.tilts, read_table(snakemake.input.angles, ["angle_deg"])["angle_deg"])
    print(f"{100 * binary.mean():.1f} % of the series is line")
