"""Put the tables of all fields and series together."""

import pandas as pd
from script_support import logged

from rapidstem.files.tables import write_table
from rapidstem.scores.field_scores import IMAGE_COLUMNS, LINE_COLUMNS
from rapidstem.scores.image_spectra import SPECTRUM_COLUMNS
from rapidstem.scores.in_situ_scores import IN_SITU_COLUMNS
from rapidstem.scores.line_detection import DETECTION_COLUMNS
from rapidstem.scores.positional_error import ERROR_COLUMNS

COLUMNS = {
    "denoising": ["acquisition", "tilt", *IMAGE_COLUMNS],
    "lines": ["acquisition", "tilt", *LINE_COLUMNS],
    "spectra": ["acquisition", "tilt", *SPECTRUM_COLUMNS],
    "positional_error": ERROR_COLUMNS,
    "line_detection": DETECTION_COLUMNS,
    "in_situ": IN_SITU_COLUMNS,
}

with logged(snakemake):
    for name, path in snakemake.output.items():
        tables = [pd.read_csv(table) for table in snakemake.input[name]]
        write_table(path, pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS[name]))
