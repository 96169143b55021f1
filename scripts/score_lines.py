"""Compare the traced lines of a tilt acquisition's tomograms with each other and with the truth."""

import pandas as pd
from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, polylines_of
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.microscope import read_truth
from rapidstem.scores import DETECTION_COLUMNS, IDENTITY_COLUMNS, PAIR_COLUMNS, PlacedLines, compare_lines, paired_lines


def gathered(tables, columns):
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


with logged(snakemake):
    variants, true, shown = snakemake.params.variants, {}, {}
    tables = zip(variants, snakemake.input.lines, snakemake.input.centroids, strict=True)
    found = {
        name: PlacedLines(polylines_of(read_table(lines, POINT_COLUMNS)), read_table(centres, CENTROID_COLUMNS))
        for name, lines, centres in tables
    }
    shape, voxel_size_nm = read_volume_shape(snakemake.input.volume)
    if snakemake.input.truth:
        truth = read_truth(snakemake.input.truth)
        lines = {name: [line.points_nm for line in truth.dislocations(slow=name == "slow")] for name in variants}
        true = {name: PlacedLines.true(lines[name], shape, voxel_size_nm) for name in variants}
        shown = {name: [line.points_nm for line in truth.dislocations(slow=name == "slow", by_course=True)] for name in variants}
    widths_nm = (shape[2] * voxel_size_nm, shape[1] * voxel_size_nm)
    compared = list(compare_lines(found, snakemake.params.against_slow, true, widths_nm, snakemake.wildcards.acquisition, shown))
    detection = gathered([each.detection for each in compared], DETECTION_COLUMNS)
    identity = gathered([each.scores for each in compared], IDENTITY_COLUMNS)
    pairs = [paired_lines(each.identity, each.variant, each.against) for each in compared if each.against == "slow"]
    write_table(snakemake.output.detection, detection)
    write_table(snakemake.output.identity, identity)
    write_table(snakemake.output.pairs, gathered(pairs, PAIR_COLUMNS))
    print(detection[DETECTION_COLUMNS[1:8]].to_string(index=False))
    print(identity[IDENTITY_COLUMNS[1:]].to_string(index=False))
