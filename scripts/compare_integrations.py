"""Compare a field's drift and integrated image with those of the instrument, where it gives any."""

import pandas as pd
from script_support import logged, read_raw, read_raw_header

from rapidstem.files import read_images, write_table
from rapidstem.frames import compare_drift, compare_images, read_drift

COLUMNS = ["dy_rms_px", "dx_rms_px", "remark", "image_dy_px", "image_dx_px", "image_correlation", "relative_sharpness"]

with logged(snakemake):
    files, row = snakemake.input, dict.fromkeys(COLUMNS)
    velox_shift_px = read_raw_header(files.rapid, snakemake.params.reading).velox_shift_px
    if velox_shift_px is not None:
        found = compare_drift(read_drift(files.drift), velox_shift_px)
        row |= {"dy_rms_px": found.rms_px[0], "dx_rms_px": found.rms_px[1], "remark": found.remark}
    if files.dcfi:
        images = compare_images(read_images(files.image)[0], read_raw(files.dcfi, snakemake.params.reading).frames[0])
        row |= {"image_dy_px": images.shift_px[0], "image_dx_px": images.shift_px[1], "image_correlation": images.correlation}
        row["relative_sharpness"] = images.relative_sharpness
    table = pd.DataFrame([row], columns=COLUMNS).dropna(how="all")
    write_table(snakemake.output.comparison, table)
    print(table.to_string(index=False) if len(table) else "the instrument gives neither shifts nor an integrated image")
