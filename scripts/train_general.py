"""Train a network on simulated fields of random microscopes."""

from dataclasses import replace
from pathlib import Path

from script_support import logged

from rapidstem.denoising import denoiser_settings, save_model
from rapidstem.denoising.fields import simulated_training_fields
from rapidstem.denoising.training import train_denoiser
from rapidstem.files import read_noise_free

with logged(snakemake):
    name, folder = snakemake.wildcards.denoiser, Path(snakemake.output.weights).parent
    simulated = read_noise_free(snakemake.input.fields)
    fields = simulated_training_fields(simulated)
    model = train_denoiser(fields, denoiser_settings(name, snakemake.params.settings), folder, name, snakemake.threads)
    data = model.card["data"] | {"training": [], "validation": [], "simulated_fields": len(fields), "ranges": simulated.ranges()}
    save_model(folder, replace(model, card=model.card | {"data": data}))
