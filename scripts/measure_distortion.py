"""Fit the scan distortion to all calibration fields."""

from pathlib import Path

import pandas as pd
from reading_support import read_raw, read_raw_header
from script_support import logged

from rapidstem.distortion import measure_map, resampling_note, write_map
from rapidstem.files import ScanFormat, read_images, say_warnings, write_table
from rapidstem.numerics import whole_pixels

with logged(snakemake):
    references, pixel_sizes_nm = zip(*(read_images(path) for path in snakemake.input.references), strict=True)
    names = [Path(path).name.split(".")[0] for path in snakemake.input.references]
    slow = [read_raw(path, snakemake.params.reading) for path in snakemake.input.slow]
    for name, reference, pixel_nm, stack in zip(names, references, pixel_sizes_nm, slow, strict=True):
        note = resampling_note(name, stack.pixel_size_nm, pixel_nm, (stack.frames.shape[1:], reference.shape))
        if note:
            say_warnings([note])
    pixel_ratios = [stack.pixel_size_nm / pixel_nm for stack, pixel_nm in zip(slow, pixel_sizes_nm, strict=True)]
    feature_px = whole_pixels(snakemake.params.feature_width_nm, pixel_sizes_nm[0])
    measured = measure_map(references, [stack.frames[0] for stack in slow], pixel_ratios, snakemake.params.method, feature_px)
    scanned = ScanFormat.of(read_raw_header(snakemake.input.rapid[0], snakemake.params.reading))
    write_map(snakemake.output.map, measured.column_map, scanned)
    row = {"method": measured.method, "fields": measured.fields, "residual_px": measured.residual_px}
    if measured.strip_width_px is not None:
        row["strip_width_px"] = measured.strip_width_px
    write_table(snakemake.output.residual, pd.DataFrame([row]))
    strips = measured.strips.assign(field=[names[number - 1] for number in measured.strips["field"]])
    write_table(snakemake.output.strips, strips)
    print(f"map by {measured.method} from {measured.fields} fields, expected error {measured.residual_px:.2f} px rms over the whole width")
    if measured.strip_widths is not None:
        tried = measured.strip_widths.iloc[::10].round(2).to_string(index=False)
        print(f"strips of {measured.strip_width_px} px have the best PSNR:\n{tried}")
