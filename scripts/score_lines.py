"""Compare the traced lines of a tilt acquisition's tomograms with each other and with the truth."""

import pandas as pd
from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, polylines_of, rigid_motion
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.microscope import read_truth
from rapidstem.scores import (
    DETECTION_COLUMNS,
    IDENTITY_COLUMNS,
    PAIR_COLUMNS,
    common_field,
    identify_lines,
    identity_scores,
    line_centroids,
    line_detection,
    paired_lines,
    whole_field,
)


def gathered(tables, columns):
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


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
    detection, scores, pairs = [], [], []
    for variant, against in comparisons:
        motion = rigid_motion(centres[variant], centres[against])
        names = {"acquisition": snakemake.wildcards.acquisition, "variant": variant, "against": against}
        detection.append(line_detection(lines[variant], lines[against], field_nm, motion=motion, **names))
        compared_nm = whole_field(field_nm) if against == "truth" else common_field(field_nm, motion)
        identity = identify_lines(lines[variant], lines[against], compared_nm, motion)
        scores.append(identity_scores(identity, **names))
        if against != "truth":
            pairs.append(paired_lines(identity, variant, against))
    write_table(snakemake.output.detection, gathered(detection, DETECTION_COLUMNS))
    write_table(snakemake.output.identity, gathered(scores, IDENTITY_COLUMNS))
    write_table(snakemake.output.pairs, gathered(pairs, PAIR_COLUMNS))
    print(gathered(detection, DETECTION_COLUMNS)[DETECTION_COLUMNS[1:8]].to_string(index=False))
    print(gathered(scores, IDENTITY_COLUMNS)[IDENTITY_COLUMNS[1:]].to_string(index=False))
