"""What a sweep has found so far: every finished point, and for each factor where a limit is passed; how many points are missing.

`python -m benchmarks.session_sweep results/sweep config/examples/sweep.yaml` reads the rows of `snakemake sweep`, which may still run
or have been stopped. A limit counts as passed where the mean over the seeds that are finished passes it. With `--draw FOLDER` the map is
drawn of what there is. Points that were recorded before and whose results are not there any more count as well.
"""

import argparse
from pathlib import Path

import pandas as pd
import yaml

from benchmarks.measured_tables import FOLDER, read_measured, record_table
from rapidstem.figures import SWEEP_MAP, draw_figures, figures_of
from rapidstem.scores import passed_limits, sweep_curves
from rapidstem_workflow.session_opening import open_session
from rapidstem_workflow.sweep_points import base_labels, sweep_points

LABELS = ["factor", "value", "second_factor", "second_value", "seed"]
TEXTS = ["factor", "value", "second_factor", "second_value", "said"]
DIGITS = 3


def finished_points(folder: Path) -> pd.DataFrame:
    """The rows of all points of a sweep that are finished, with or without a result."""
    rows = [
        pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, na_values={})
        for path in sorted(folder.rglob("seed*.csv"))
    ]
    return pd.concat(
        [row.apply(lambda column: column if column.name in TEXTS else pd.to_numeric(column)) for row in rows], ignore_index=True
    )


def main() -> None:
    """Print and record the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results/sweep"))
    parser.add_argument("configuration", type=Path, nargs="?", default=Path("config/examples/sweep.yaml"))
    parser.add_argument("--draw", type=Path)
    given = parser.parse_args()
    config = open_session(yaml.safe_load(given.configuration.read_text(encoding="utf-8"))).config
    finished, base = finished_points(given.folder / "sweep/points").round(DIGITS), base_labels(config)
    planned = pd.DataFrame([point.labels for point in sweep_points(config)])
    record_table("session_sweep", finished.replace({"said": {"": None}}), LABELS)
    points = read_measured(FOLDER / "session_sweep.csv").fillna({"said": ""})
    found = points[LABELS].astype(str).merge(planned, on=LABELS)
    print(f"{len(found)} of {len(planned)} points are finished, {len(planned) - len(found)} are missing")
    curves = sweep_curves(points, base)
    limits = passed_limits(curves, base).replace("", "none")
    record_table("session_sweep.limits", limits.assign(points=len(found), planned=len(planned)), ["factor", "quantity"])
    if given.draw:
        given.draw.mkdir(parents=True, exist_ok=True)
        draw_figures({entry.name: entry.function for entry in figures_of(SWEEP_MAP)}, {"points": points, "base": base}, given.draw)


if __name__ == "__main__":
    main()
