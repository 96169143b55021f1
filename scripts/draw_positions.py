"""Draw the rapid on the slow reconstruction, their centres and the differences between them."""

from pathlib import Path

import pandas as pd
from script_support import logged

from rapidstem.figures.position_figures import centres_3d, depth_differences, difference_histograms
from rapidstem.figures.style import save_drawing
from rapidstem.figures.volume_figures import projections
from rapidstem.files.mrc_volumes import read_volume
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM

with logged(snakemake):
    folder = Path(snakemake.output[0]).parent
    (rapid, voxel_size_nm), (slow, _) = (read_volume(path) for path in (snakemake.input.rapid, snakemake.input.slow))
    pairs = pd.read_csv(snakemake.input.pairs)
    pairs = pairs[(pairs["variant"] == snakemake.wildcards.variant) & (pairs["against"] == "slow")]
    drawings = {
        "projections": projections(rapid, slow, voxel_size_nm),
        "centres": centres_3d(pd.read_csv(snakemake.input.rapid_centroids), pd.read_csv(snakemake.input.slow_centroids)),
        "depth": depth_differences(pairs),
        "differences": difference_histograms(pairs, ZHAO_MEAN_ABS_NM),
    }
    for kind, drawing in drawings.items():
        save_drawing(drawing, folder / kind)
