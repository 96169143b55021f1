"""Bring the first looks at all acquisitions onto one page."""

from pathlib import Path

import pandas as pd
from script_support import logged

from rapidstem.files import read_table, write_table
from rapidstem.report import look_sentence, write_look

with logged(snakemake):
    table = pd.concat([read_table(path, ()) for path in snakemake.input.looks], ignore_index=True)
    pictures = {Path(path).stem: Path(path) for path in snakemake.input.pictures}
    write_table(snakemake.output.table, table)
    write_look(snakemake.output.page, snakemake.params.session, table, pictures)
    print(look_sentence(table))
