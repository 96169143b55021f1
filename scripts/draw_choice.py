"""Draw the histograms of the training fields beside those of the tilt series."""

from pathlib import Path

from script_support import logged

from rapidstem.denoising.fields import CHOICE_COLUMNS, HISTOGRAM_COLUMNS
from rapidstem.figures import chosen_fields, save_drawing
from rapidstem.files import read_table

with logged(snakemake):
    choice = read_table(snakemake.input.choice, CHOICE_COLUMNS)
    histograms = read_table(snakemake.input.histograms, HISTOGRAM_COLUMNS)
    picture = Path(snakemake.output[0])
    save_drawing(chosen_fields(choice, histograms), picture.with_suffix(""))
