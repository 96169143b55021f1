"""Draw the rapid on the slow reconstruction, brought onto it, their centres and the differences between them."""

from pathlib import Path

import pandas as pd
from script_support import logged

from rapidstem.figures import (
    centres_3d,
    depth_differences,
    difference_histograms,
    line_differences,
    projections,
    save_drawing,
    time_lag_profiles,
)
from rapidstem.files import read_volume
from rapidstem.scores import ZHAO_MEAN_ABS_NM, line_agreement, removed_motion
from rapidstem.tomography import moved_volume

with logged(snakemake):
    folder = Path(snakemake.output[0]).parent
    (rapid, voxel_size_nm), (slow, _) = (read_volume(path) for path in (snakemake.input.rapid, snakemake.input.slow))
    rapid_centroids, slow_centroids = (pd.read_csv(path) for path in (snakemake.input.rapid_centroids, snakemake.input.slow_centroids))
    motion = removed_motion(pd.read_csv(snakemake.input.errors), snakemake.wildcards.acquisition, snakemake.wildcards.variant, "slow")
    against_slow = pd.read_csv(snakemake.input.pairs).query("against == 'slow'")
    by_variant = dict(list(against_slow.groupby("variant")))
    pairs = by_variant.get(snakemake.wildcards.variant, against_slow.iloc[:0])
    rapid_lines, slow_lines = (pd.read_csv(path) for path in (snakemake.input.rapid_lines, snakemake.input.slow_lines))
    line_pairs = pd.read_csv(snakemake.input.line_pairs).query("variant == @snakemake.wildcards.variant and against == 'slow'")
    treated = {words: by_variant.get(name) for words, name in snakemake.params.treatments.items()}
    drawings = {
        "projections": projections(moved_volume(rapid, motion.rotation_deg, motion.shift_nm, voxel_size_nm), slow, voxel_size_nm),
        "centres": centres_3d(motion.applied_to(rapid_centroids), slow_centroids),
        "depth": depth_differences(pairs),
        "time-lag": time_lag_profiles(
            {"as reconstructed": pairs} | {words: table for words, table in treated.items() if table is not None}
        ),
        "line-differences": line_differences(
            motion.applied_to(rapid_lines), slow_lines, line_agreement(line_pairs), snakemake.wildcards.variant, "slow"
        ),
        "differences": difference_histograms(pairs, ZHAO_MEAN_ABS_NM),
    }
    for kind, drawing in drawings.items():
        save_drawing(drawing, folder / kind)
