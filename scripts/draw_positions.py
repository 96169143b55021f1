"""Draw the rapid on the slow reconstruction, brought onto it, their centres and the differences between them."""

from pathlib import Path

from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS
from rapidstem.figures import draw_figures
from rapidstem.files import read_table, read_volume
from rapidstem.scores import ERROR_COLUMNS, ZHAO_MEAN_ABS_NM, line_agreement, removed_motion
from rapidstem.tomography import moved_volume

with logged(snakemake):
    files, parameters, variant = snakemake.input, snakemake.params, snakemake.wildcards.variant
    (rapid, voxel_size_nm), (slow, _) = (read_volume(path) for path in (files.rapid, files.slow))
    rapid_centroids, slow_centroids = (read_table(path, CENTROID_COLUMNS) for path in (files.rapid_centroids, files.slow_centroids))
    motion = removed_motion(read_table(files.errors, ERROR_COLUMNS), snakemake.wildcards.acquisition, variant, "slow")
    against_slow = read_table(files.pairs, ["variant", "against"]).query("against == 'slow'")
    by_variant = dict(list(against_slow.groupby("variant")))
    pairs = by_variant.get(variant, against_slow.iloc[:0])
    rapid_lines, slow_lines = (read_table(path, POINT_COLUMNS) for path in (files.rapid_lines, files.slow_lines))
    line_pairs = read_table(files.line_pairs, ["variant", "against"]).query("variant == @variant and against == 'slow'")
    treated = {words: by_variant[name] for words, name in parameters.treatments.items() if name in by_variant}
    data = {
        "rapid": moved_volume(rapid, motion.rotation_deg, motion.shift_nm, voxel_size_nm),
        "slow": slow,
        "voxel_size_nm": voxel_size_nm,
        "rapid_centres": motion.applied_to(rapid_centroids),
        "slow_centres": slow_centroids,
        "points": motion.applied_to(rapid_lines),
        "against_points": slow_lines,
        "agreement": line_agreement(line_pairs),
        "variant": variant,
        "against": "slow",
        "pairs": pairs,
        "treatments": {"as reconstructed": pairs} | treated,
        "published_nm": ZHAO_MEAN_ABS_NM,
    }
    draw_figures(parameters.figures, data, Path(snakemake.output[0]).parent)
