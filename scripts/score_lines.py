"""Compare the traced lines of a tilt acquisition's tomograms with each other and with the truth."""

import pandas as pd
from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, polylines_of, rigid_motion
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.microscope import read_truth
from rapidstem.scores import DETECTION_COLUMNS, line_centroids, line_detection

with logged(snakemake):
    variants = snakemake.params.variants
    lines = {name: polylines_of(read_table(path, POINT_COLUMNS)) for name, path in zip(variants, snakemake.input.lines, strict=True)}
    centres = {name: read_table(path, CENTROID_COLUMNS) for name, path in zip(variants, snakemake.input.centroids, strict=True)}
    shape, voxel_size_nm = read_volume_shape(snakemake.input.volume)
    field_nm = (shape[2] * voxel_size_nm, shape[1] * voxel_size_nm)
    comparisons = [(name, "slow") for name in snakemake.params.against_slow]
    if snakemake.input.truth:
        lines["truth"] = [line.points_nm for line in read_truth(snakemake.input.truth).lines if line.visible]
        centres["truth"] = line_centroids(lines["truth"], shape, voxel_size_nm)
        comparisons += [(name, "truth") for name in variants]
    tables = []
    for variant, against in comparisons:
        motion = rigid_motion(centres[variant], centres[against])
        names = {"acquisition": snakemake.wildcards.acquisition, "variant": variant, "against": against}
        tables.append(line_detection(lines[variant], lines[against], field_nm, motion=motion, **names))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=DETECTION_COLUMNS)
    write_table(snakemake.output.detection, table)
    print(table[DETECTION_COLUMNS[1:8]].to_string(index=False))
