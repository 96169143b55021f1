"""Train a network on the pairs of all training fields."""

from pathlib import Path

from script_support import logged, read_raw

from rapidstem.denoising.settings import denoiser_settings
from rapidstem.denoising.training import train_denoiser
from rapidstem.denoising.training_pairs import read_training_field

with logged(snakemake):
    name = snakemake.wildcards.denoiser
    settings = denoiser_settings(name, snakemake.params.settings)
    fields = []
    for raw, pair in zip(snakemake.input.rapid, snakemake.input.pairs, strict=True):
        stack = read_raw(raw, snakemake.params.reading)
        folder = Path(pair).parent
        fields.append(read_training_field(folder, stack.frames, settings.target, folder.name, stack.dwell_time_s))
    train_denoiser(fields, settings, Path(snakemake.output.weights).parent, name, snakemake.threads)
