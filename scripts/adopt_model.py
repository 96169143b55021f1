"""Take a network that was trained earlier, as it is."""

import shutil
from dataclasses import replace
from pathlib import Path

from script_support import logged

from rapidstem.denoising import load_model, save_model

with logged(snakemake):
    given = Path(snakemake.input.given[0]).parent
    model = load_model(given)
    shutil.copyfile(given / Path(snakemake.output.losses).name, snakemake.output.losses)
    save_model(Path(snakemake.output.card).parent, replace(model, card=model.card | {"adopted_from": str(given)}))
    print(f"{model.card['denoiser']}, trained with {model.settings.steps} steps, taken from {given}")
