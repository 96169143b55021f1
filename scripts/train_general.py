"""Train a network on simulated fields of random microscopes."""

from pathlib import Path

from script_support import logged

from rapidstem.denoising import denoiser_settings
from rapidstem.denoising.fields import simulated_training_fields
from rapidstem.denoising.training import train_denoiser
from rapidstem.files import read_noise_free

with logged(snakemake):
    name = snakemake.wildcards.denoiser
    simulated = read_noise_free(snakemake.input.fields)
    fields = simulated_training_fields(simulated)
    settings = denoiser_settings(name, snakemake.params.settings)
    data = {"training": [], "validation": [], "simulated_fields": len(fields), "ranges": simulated.ranges()}
    train_denoiser(fields, settings, Path(snakemake.output.weights).parent, name, snakemake.threads, data)
