"""Draw the dislocation lines of a tomogram, their lengths and their densities by slip plane."""

from pathlib import Path

from script_support import logged

from rapidstem.dislocations import DENSITY_COLUMNS, POINT_COLUMNS, SUMMARY_COLUMNS
from rapidstem.figures import draw_figures
from rapidstem.files import read_table

with logged(snakemake):
    data = {
        "points": read_table(snakemake.input.lines, POINT_COLUMNS),
        "summary": read_table(snakemake.input.summary, SUMMARY_COLUMNS),
        "density": read_table(snakemake.input.density, DENSITY_COLUMNS),
    }
    draw_figures(snakemake.params.figures, data, Path(snakemake.output[0]).parent)
