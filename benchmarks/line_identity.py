"""Which dislocation line of a finished simulated session is which true one, and which of the rapid tomogram is which of the slow one.

`python -m benchmarks.line_identity results/demo` traces every tomogram of the session. Prints for each, against the truth
and against the slow one: lines one to one, split, merged, missed and invented, the expected run length, and junctions.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations.centroids import locate_centroids
from rapidstem.dislocations.line_tracing import trace_lines
from rapidstem.dislocations.pairing import rigid_motion
from rapidstem.files.mrc_volumes import read_volume
from rapidstem.microscope.truth import read_truth
from rapidstem.scores.line_identity import common_field, identify_lines, identity_scores, whole_field
from rapidstem.scores.positional_error import line_centroids


def traced(path: Path, thickness_nm: float) -> tuple[list[np.ndarray], pd.DataFrame]:
    """Lines and centres of one tomogram."""
    volume, voxel_size_nm = read_volume(path)
    network = trace_lines(volume, voxel_size_nm, thickness_nm)
    return [line.points_nm for line in network.lines], locate_centroids(volume, voxel_size_nm)


def main(folder: Path) -> None:
    """Print the table of one session."""
    tables = []
    for truth_path in sorted((folder / "truth").glob("*.h5")):
        paths = sorted((folder / "tomograms" / truth_path.stem).glob("*.mrc"), key=lambda path: path.stem != "slow")
        paths = [path for path in paths if path.stem.count(".") == 0]
        if not paths:
            continue
        truth = read_truth(truth_path)
        true_lines = [line.points_nm for line in truth.lines if line.visible]
        volume, voxel_size_nm = read_volume(paths[0])
        widths_nm = (volume.shape[2] * voxel_size_nm, volume.shape[1] * voxel_size_nm)
        sides = {path.stem: traced(path, truth.foil_thickness_nm) for path in paths}
        sides["truth"] = true_lines, line_centroids(true_lines, volume.shape, voxel_size_nm)
        variants = [path.stem for path in paths]
        pairs = [(name, "truth") for name in variants] + [(name, "slow") for name in variants if name != "slow" and "slow" in variants]
        for variant, against in pairs:
            motion = rigid_motion(sides[variant][1], sides[against][1])
            field_nm = whole_field(widths_nm) if against == "truth" else common_field(widths_nm, motion)
            identity = identify_lines(sides[variant][0], sides[against][0], field_nm, motion)
            tables.append(identity_scores(identity, acquisition=truth_path.stem, variant=variant, against=against))
    table = pd.concat(tables, ignore_index=True).round(1).assign(session=folder.name)
    record_table("line_identity", table, ["session", "acquisition", "variant", "against"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
