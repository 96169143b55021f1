"""Compare the drift and the integrated image of every field with those of the instrument, where it gives any."""

from functools import partial

import pandas as pd
from reading_support import read_raw, read_raw_header
from script_support import logged

from rapidstem.files import read_images, say_warnings, write_table
from rapidstem.frames import COMPARISON_COLUMNS, compare_with_instrument, read_drift
from rapidstem.progress import tracked


def _instrument_image(path):
    return read_raw(path, snakemake.params.reading, integrated=True).frames[0]


with logged(snakemake):
    files, fields = snakemake.input, snakemake.params.fields
    theirs = dict(zip(snakemake.params.with_image, files.dcfi, strict=True))
    ours = zip(fields, files.rapid, files.drift, files.images, strict=True)
    rows = []
    for name, rapid, drift, image in tracked(ours, "comparing", len(fields), "field"):
        shifts_px = read_raw_header(rapid, snakemake.params.reading).velox_shift_px
        read_theirs = partial(_instrument_image, theirs[name]) if name in theirs else None
        rows.append({"acquisition": name} | compare_with_instrument(read_drift(drift), read_images(image)[0], shifts_px, read_theirs))
    table = pd.DataFrame(rows, columns=COMPARISON_COLUMNS).dropna(thresh=2)
    write_table(snakemake.output.comparison, table)
    say_warnings(f"{row.acquisition}: {row.not_compared}" for row in table.dropna(subset="not_compared").itertuples())
    print(
        table.dropna(axis=1, how="all").to_string(index=False)
        if len(table)
        else "the instrument gives neither shifts nor an integrated image"
    )
