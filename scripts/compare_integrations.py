"""Compare a field's drift and integrated image with those of the instrument, where it gives any."""

import pandas as pd
from script_support import logged, read_raw, read_raw_header

from rapidstem.files import read_images, say_warnings, write_table
from rapidstem.frames import COMPARISON_COLUMNS, compare_with_instrument, read_drift

with logged(snakemake):
    files, reading = snakemake.input, snakemake.params.reading
    velox_shift_px = read_raw_header(files.rapid, reading).velox_shift_px
    read_theirs = (lambda: read_raw(files.dcfi, reading, integrated=True).frames[0]) if files.dcfi else None
    row, failed = compare_with_instrument(read_drift(files.drift), read_images(files.image)[0], velox_shift_px, read_theirs)
    table = pd.DataFrame([row] if row else [], columns=COMPARISON_COLUMNS)
    write_table(snakemake.output.comparison, table)
    say_warnings(f"not compared with the instrument's own integration: {reason}" for reason in failed)
    print(table.to_string(index=False) if row else "the instrument gives neither shifts nor an integrated image")
