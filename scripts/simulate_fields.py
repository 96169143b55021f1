"""Simulate fields of random microscopes, with their noise-free images."""

from script_support import logged

from rapidstem.files import write_noise_free
from rapidstem.microscope.recording import simulate_fields

with logged(snakemake):
    settings = snakemake.params.settings
    first = int(snakemake.wildcards.first)
    numbers = range(first, min(first + snakemake.params.most, settings["fields"]))
    fields = simulate_fields(settings["seed"], numbers, settings["size_px"], settings["frames_per_field"])
    write_noise_free(snakemake.output.fields, fields)
