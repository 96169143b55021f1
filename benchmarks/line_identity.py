"""Which dislocation line of a finished simulated session is which true one, and which of the rapid series is which of the slow one.

`python -m benchmarks.line_identity results/demo` compares the lines that were traced in the tomograms, and those that were then fitted to
the frames, with the truth and with the slow series. Prints for each: lines one to one, split, merged, missed and invented, the expected
run length and its bound, junctions, and how much of the length was found and is real.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations import CENTROID_COLUMNS, TRACED_COLUMNS, polylines_of, rigid_motion
from rapidstem.files import read_table, read_volume_shape
from rapidstem.microscope import read_truth
from rapidstem.scores import common_field, identify_lines, identity_scores, line_centroids, line_detection, whole_field

KEYS = ["session", "acquisition", "variant", "against", "lines"]
STAGES = {"traced": "traced.csv", "fitted": "lines.csv"}


def compared(folder: Path, acquisition: str) -> list[pd.DataFrame]:
    """The scores of one acquisition, a row for every comparison and stage."""
    results = folder / "dislocations" / acquisition
    variants = sorted(path.name.removesuffix(".traced.csv") for path in results.glob("*.traced.csv"))
    truth = [line.points_nm for line in read_truth(folder / f"truth/{acquisition}.h5").lines if line.visible]
    shape, voxel_size_nm = read_volume_shape(folder / f"tomograms/{acquisition}/{variants[0]}.mrc")
    widths_nm = (shape[2] * voxel_size_nm, shape[1] * voxel_size_nm)
    centres = {name: read_table(results / f"{name}.centroids.csv", CENTROID_COLUMNS) for name in variants}
    centres["truth"] = line_centroids(truth, shape, voxel_size_nm)
    comparisons = [(name, "truth") for name in variants] + [(name, "slow") for name in variants if name != "slow" and "slow" in variants]
    motions = {(variant, against): rigid_motion(centres[variant], centres[against]) for variant, against in comparisons}
    rows = []
    for stage, ending in STAGES.items():
        lines = {name: polylines_of(read_table(results / f"{name}.{ending}", TRACED_COLUMNS)) for name in variants} | {"truth": truth}
        for (variant, against), motion in motions.items():
            field_nm = whole_field(widths_nm) if against == "truth" else common_field(widths_nm, motion)
            scores = identity_scores(
                identify_lines(lines[variant], lines[against], field_nm, motion), acquisition=acquisition, variant=variant, against=against
            )
            detection = line_detection(
                lines[variant], lines[against], widths_nm, motion=motion, acquisition=acquisition, variant=variant, against=against
            ).set_index("place")
            shares = detection.loc["all", ["found_percent", "real_percent"]]
            rows.append(scores.assign(lines=stage, **shares))
    return rows


def main(folder: Path) -> None:
    """Print the table of one session."""
    acquisitions = [path.stem for path in sorted((folder / "truth").glob("*.h5")) if (folder / "dislocations" / path.stem).is_dir()]
    tables = [row for acquisition in acquisitions for row in compared(folder, acquisition)]
    table = pd.concat(tables, ignore_index=True).round(1).assign(session=folder.name)
    record_table("line_identity", table[[*KEYS, *(column for column in table if column not in KEYS)]], KEYS)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
