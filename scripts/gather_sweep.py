"""Gather the rows of all points of a sweep in one table."""

import pandas as pd
from script_support import logged

from rapidstem.files import read_table, write_table
from rapidstem.scores import POINT_COLUMNS

with logged(snakemake):
    rows = [read_table(path, POINT_COLUMNS) for path in snakemake.input.rows]
    table = pd.concat(rows, ignore_index=True)
    last = ["said", "cpu_s", "wall_s"]
    write_table(snakemake.output.table, table[[name for name in table if name not in last] + last])
    failed = table["said"].notna() & (table["said"] != "")
    print(f"{len(table)} points, {failed.sum()} of them could not be finished")
    for row in table[failed].itertuples():
        print(f"  {row.factor} {row.value}, {row.second_factor} {row.second_value}, seed {row.seed}: {row.said}")
