"""Choose the noise model of BM3D on training fields."""

from pathlib import Path

from script_support import logged, read_raw

from rapidstem.denoising.block_matching import tune, write_filter
from rapidstem.denoising.settings import denoiser_settings
from rapidstem.denoising.training_pairs import read_training_field

with logged(snakemake):
    settings = denoiser_settings("bm3d", snakemake.params.settings)
    fields = []
    for raw, pair in zip(snakemake.input.rapid, snakemake.input.pairs, strict=True):
        folder = Path(pair).parent
        frames = read_raw(raw, snakemake.params.reading).frames
        fields.append(read_training_field(folder, frames, settings.target, folder.name))
    tuned, trials = tune(fields, settings, snakemake.threads)
    write_filter(Path(snakemake.output.card).parent, tuned, trials)
    print(f"best of {len(trials)} noise models: {tuned.model}, variance times {tuned.variance_factor:g}")
