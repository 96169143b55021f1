"""Which dislocation line of a finished simulated session is which true one, and which of the rapid series is which of the slow one.

`python -m benchmarks.line_identity results/demo` compares the lines that were traced in the tomograms, and those that were then fitted to
the frames, with the truth and with the slow series. Prints for each: lines one to one, split, merged, missed and invented, the expected
run length and its bound, junctions, and how much of the length was found and is real.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import record_table
from rapidstem.dislocations import CENTROID_COLUMNS, TRACED_COLUMNS, polylines_of
from rapidstem.files import read_table, read_volume_shape
from rapidstem.microscope import read_truth
from rapidstem.scores import PlacedLines, compare_lines

KEYS = ["session", "acquisition", "variant", "against", "lines"]
STAGES = {"traced": "traced.csv", "fitted": "lines.csv"}


def compared(folder: Path, acquisition: str) -> list[pd.DataFrame]:
    """The scores of one acquisition, a row for every comparison and stage."""
    results = folder / "dislocations" / acquisition
    variants = sorted(path.name.removesuffix(".traced.csv") for path in results.glob("*.traced.csv"))
    truth = read_truth(folder / f"truth/{acquisition}.h5")
    shape, voxel_size_nm = read_volume_shape(folder / f"tomograms/{acquisition}/{variants[0]}.mrc")
    widths_nm = (shape[2] * voxel_size_nm, shape[1] * voxel_size_nm)
    centres = {name: read_table(results / f"{name}.centroids.csv", CENTROID_COLUMNS) for name in variants}
    lines = {name: [line.points_nm for line in truth.dislocations(slow=name == "slow")] for name in variants}
    true = {name: PlacedLines.true(lines[name], shape, voxel_size_nm) for name in variants}
    shown = {name: [line.points_nm for line in truth.dislocations(name == "slow", by_course=True)] for name in variants}
    against_slow = [name for name in variants if name != "slow" and "slow" in variants]
    rows = []
    for stage, ending in STAGES.items():
        tables = {name: read_table(results / f"{name}.{ending}", TRACED_COLUMNS) for name in variants}
        found = {name: PlacedLines(polylines_of(table), centres[name]) for name, table in tables.items()}
        for each in compare_lines(found, against_slow, true, widths_nm, acquisition, shown):
            shares = each.detection.set_index("place").loc["all", ["found_percent", "real_percent"]]
            rows.append(each.scores.assign(lines=stage, **shares))
    return rows


def main(folder: Path) -> None:
    """Print the table of one session."""
    acquisitions = [path.stem for path in sorted((folder / "truth").glob("*.h5")) if (folder / "dislocations" / path.stem).is_dir()]
    tables = [row for acquisition in acquisitions for row in compared(folder, acquisition)]
    table = pd.concat(tables, ignore_index=True).round(1).assign(session=folder.name)
    record_table("line_identity", table[[*KEYS, *(column for column in table if column not in KEYS)]], KEYS)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
