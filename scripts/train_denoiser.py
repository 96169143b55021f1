"""Train a network on the pairs of the chosen training fields."""

from pathlib import Path

from script_support import logged
from training_support import chosen_fields, training_fields

from rapidstem.denoising import denoiser_settings
from rapidstem.denoising.fields import in_one_array, training_frames
from rapidstem.denoising.training import train_denoiser

with logged(snakemake):
    name = snakemake.wildcards.denoiser
    settings = denoiser_settings(name, snakemake.params.settings)
    chosen = training_fields(snakemake, settings.target, chosen_fields(snakemake))
    fields = in_one_array(training_frames(list(chosen), settings, name))
    train_denoiser(fields, settings, Path(snakemake.output.weights).parent, name, snakemake.threads)
