"""Put the tables of all fields and series together."""

import pandas as pd
from script_support import logged

from rapidstem.files import read_table, write_table
from rapidstem.scores import (
    DETECTION_COLUMNS,
    ERROR_COLUMNS,
    IDENTITY_COLUMNS,
    IMAGE_COLUMNS,
    IN_SITU_COLUMNS,
    INTERVAL_COLUMNS,
    LINE_COLUMNS,
    SPECTRUM_COLUMNS,
)

COLUMNS = {
    "denoising": ["acquisition", "tilt", *IMAGE_COLUMNS],
    "lines": ["acquisition", "tilt", *LINE_COLUMNS],
    "spectra": ["acquisition", "tilt", *SPECTRUM_COLUMNS],
    "intervals": ["acquisition", "tilt", *INTERVAL_COLUMNS],
    "positional_error": ERROR_COLUMNS,
    "line_detection": DETECTION_COLUMNS,
    "line_identity": IDENTITY_COLUMNS,
    "in_situ": IN_SITU_COLUMNS,
}

with logged(snakemake):
    for name, path in snakemake.output.items():
        tables = [read_table(table, ()) for table in snakemake.input[name]]
        write_table(path, pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS[name]))
