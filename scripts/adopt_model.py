"""Take a network that was trained earlier, as it is."""

import shutil
from dataclasses import replace
from pathlib import Path

from script_support import logged

from rapidstem.denoising import load_model, model_folder, save_model

with logged(snakemake):
    name = snakemake.params.model
    given = model_folder(name)
    model = load_model(given)
    shutil.copyfile(given / Path(snakemake.output.losses).name, snakemake.output.losses)
    save_model(Path(snakemake.output.card).parent, replace(model, card=model.card | {"adopted_from": name}))
    print(f"{model.card['denoiser']}, trained with {model.settings.steps} steps, taken from {given}")
