"""Put the tables of all fields and series together."""

import pandas as pd
from script_support import logged

from rapidstem.files.tables import write_table

with logged(snakemake):
    for name, table in snakemake.output.items():
        write_table(table, pd.concat([pd.read_csv(path) for path in snakemake.input[name]], ignore_index=True))
