"""Draw the histograms of the training fields beside those of the tilt series."""

from pathlib import Path

from script_support import logged

from rapidstem.denoising.fields import CHOICE_COLUMNS, HISTOGRAM_COLUMNS
from rapidstem.figures import draw_figures
from rapidstem.files import read_table

with logged(snakemake):
    data = {
        "choice": read_table(snakemake.input.choice, CHOICE_COLUMNS),
        "histograms": read_table(snakemake.input.histograms, HISTOGRAM_COLUMNS),
    }
    draw_figures(snakemake.params.figures, data, Path(snakemake.output[0]).parent)
