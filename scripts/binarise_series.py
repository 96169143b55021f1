"""Bring out the dark lines of an aligned tilt series."""

from script_support import logged

from rapidstem.files.mrc_volumes import read_series, write_series
from rapidstem.tomography.binarisation import binarise

with logged(snakemake):
    series, pixel_size_nm = read_series(snakemake.input.series)
    binary = binarise(series, snakemake.params.method)
    write_series(snakemake.output.series, binary, pixel_size_nm)
    print(f"{100 * binary.mean():.1f} % of the series is line")
