"""Draw the map of a sweep, and say where each limit is passed."""

from pathlib import Path

import pandas as pd
from script_support import logged

from rapidstem.figures import draw_figures
from rapidstem.files import read_table, write_table
from rapidstem.scores import POINT_COLUMNS, passed_limits, sweep_curves

LABELS = ["value", "second_value", "said"]

with logged(snakemake):
    base = snakemake.params.base
    points = read_table(snakemake.input.points, POINT_COLUMNS)
    points[LABELS] = pd.read_csv(snakemake.input.points, dtype=str, keep_default_na=False)[LABELS]
    limits = passed_limits(sweep_curves(points, base), base)
    write_table(snakemake.output.limits, limits)
    draw_figures(snakemake.params.figures, {"points": points, "base": base}, Path(snakemake.output[0]).parent)
    print(limits.to_string(index=False))
