"""Choose the noise model of BM3D on training fields."""

from pathlib import Path

from script_support import logged
from training_support import chosen_fields, training_fields

from rapidstem.denoising import denoiser_settings
from rapidstem.denoising.bm3d import tune, write_filter
from rapidstem.numerics import evenly_spread
from rapidstem.scores import psnr_affine_db

with logged(snakemake):
    settings = denoiser_settings("bm3d", snakemake.params.settings)
    names = chosen_fields(snakemake)
    chosen = [names[index] for index in evenly_spread(len(names), settings.tuning_fields)]
    fields = list(training_fields(snakemake, settings.target, chosen))
    tuned, trials = tune(fields, settings, psnr_affine_db, snakemake.threads)
    write_filter(Path(snakemake.output.card).parent, tuned, trials)
    print(f"best of {len(trials)} noise models: {tuned.model}, variance times {tuned.variance_factor:g}")
