"""Compare the dislocation positions of a tilt acquisition's tomograms with each other and with the truth."""

import pandas as pd
from script_support import logged

from rapidstem.dislocations.centroids import CENTROID_COLUMNS
from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.files.mrc_volumes import read_volume
from rapidstem.files.tables import read_table, write_table
from rapidstem.microscope.truth import read_truth
from rapidstem.scores.positional_error import ERROR_COLUMNS, line_centroids, position_pairs, positional_errors

PAIR_COLUMNS = ["plane", "slice", "x_nm", "y_nm", "z_nm", "dx_nm", "dy_nm", "dz_nm", "variant", "against"]

with logged(snakemake):
    parameters = snakemake.params
    paths = dict(zip(parameters.variants, snakemake.input.centroids, strict=True))
    references = {name: read_table(path, CENTROID_COLUMNS) for name, path in paths.items()}
    measured = dict(references)
    comparisons = [(name, "slow") for name in measured if name != "slow" and "slow" in measured]
    if snakemake.input.truth:
        volume, voxel_size_nm = read_volume(snakemake.input.volumes[0])
        lines = [line.points_nm for line in read_truth(snakemake.input.truth).lines if line.visible]
        references["truth"] = line_centroids(lines, volume.shape, voxel_size_nm)
        comparisons += [(name, "truth") for name in measured]
    errors, pairs = [], []
    for variant, against in comparisons:
        motion = rigid_motion(measured[variant], references[against])
        names = {"acquisition": snakemake.wildcards.acquisition, "variant": variant, "against": against}
        errors.append(positional_errors(measured[variant], references[against], parameters.radius_nm, motion, **names))
        found = position_pairs(measured[variant], references[against], parameters.radius_nm, motion)
        pairs.append(found.assign(variant=variant, against=against))
    table = pd.concat(errors, ignore_index=True) if errors else pd.DataFrame(columns=ERROR_COLUMNS)
    write_table(snakemake.output.errors, table)
    write_table(snakemake.output.pairs, pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame(columns=PAIR_COLUMNS))
    print(table[ERROR_COLUMNS[1:8]].to_string(index=False))
