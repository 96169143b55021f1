"""Draw the dislocation lines of a tomogram, their lengths and their densities by slip plane."""

from pathlib import Path

from script_support import logged

from rapidstem.dislocations import DENSITY_COLUMNS, POINT_COLUMNS, SUMMARY_COLUMNS
from rapidstem.figures import line_lengths, line_projections, plane_densities, save_drawing
from rapidstem.files import read_table

with logged(snakemake):
    folder = Path(snakemake.output[0]).parent
    save_drawing(line_projections(read_table(snakemake.input.lines, POINT_COLUMNS)), folder / "lines")
    save_drawing(line_lengths(read_table(snakemake.input.summary, SUMMARY_COLUMNS)), folder / "lengths")
    save_drawing(plane_densities(read_table(snakemake.input.density, DENSITY_COLUMNS)), folder / "planes")
