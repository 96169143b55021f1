"""Train a network on the pairs of the chosen training fields."""

from pathlib import Path

from script_support import logged
from training_support import training_fields

from rapidstem.denoising import denoiser_settings
from rapidstem.denoising.fields import training_frames
from rapidstem.denoising.training import train_denoiser

with logged(snakemake):
    name = snakemake.wildcards.denoiser
    settings = denoiser_settings(name, snakemake.params.settings)
    fields = training_frames(training_fields(snakemake, settings.target), settings, name)
    train_denoiser(fields, settings, Path(snakemake.output.weights).parent, name, snakemake.threads)
