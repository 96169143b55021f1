"""Compare the dislocation positions of a tilt acquisition's tomograms with each other and with the truth."""

from collections.abc import Iterator

import pandas as pd
from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, rigid_motion
from rapidstem.files import read_table, read_volume_shape, write_table
from rapidstem.microscope import read_truth
from rapidstem.scores import ERROR_COLUMNS, cross_calibrated, errors_of_pairs, line_centroids, position_pairs

PAIR_COLUMNS = ["plane", "slice", "x_nm", "y_nm", "z_nm", "dx_nm", "dy_nm", "dz_nm", "variant", "against", "line"]


def named_pairs(variant: str, found: pd.DataFrame, calibrated: dict[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Pairs of a variant; with one angle a frame also with the time lag calibrated away as Zhao et al. propose."""
    yield variant, found
    if variant in calibrated:
        yield calibrated[variant], cross_calibrated(found)


with logged(snakemake):
    parameters = snakemake.params
    paths = dict(zip(parameters.variants, snakemake.input.centroids, strict=True))
    measured = {name: read_table(path, CENTROID_COLUMNS) for name, path in paths.items()}
    comparisons = [(name, "slow", measured["slow"]) for name in parameters.against_slow]
    if snakemake.input.truth:
        shape, voxel_size_nm = read_volume_shape(snakemake.input.volume)
        truth = read_truth(snakemake.input.truth)
        lines = {name: [line.points_nm for line in truth.contrast_lines(slow=name == "slow")] for name in measured}
        comparisons += [(name, "truth", line_centroids(lines[name], shape, voxel_size_nm)) for name in measured]
    errors, pairs = [], []
    for variant, against, reference in comparisons:
        motion = rigid_motion(measured[variant], reference)
        found = position_pairs(measured[variant], reference, parameters.radius_nm, motion)
        for name, variant_pairs in named_pairs(variant, found, parameters.calibrated):
            tables = variant_pairs, measured[variant], reference
            names = {"acquisition": snakemake.wildcards.acquisition, "variant": name, "against": against}
            errors.append(errors_of_pairs(*tables, parameters.radius_nm, motion, **names))
            pairs.append(variant_pairs.assign(variant=name, against=against))
    table = pd.concat(errors, ignore_index=True) if errors else pd.DataFrame(columns=ERROR_COLUMNS)
    write_table(snakemake.output.errors, table)
    every_pair = pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame(columns=PAIR_COLUMNS)
    write_table(snakemake.output.pairs, every_pair[PAIR_COLUMNS + [name for name in every_pair if name not in PAIR_COLUMNS]])
    print(table[ERROR_COLUMNS[1:8]].to_string(index=False))
