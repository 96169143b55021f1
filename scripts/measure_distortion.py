"""Fit the scan distortion to all calibration fields."""

import pandas as pd
from script_support import logged, read_raw

from rapidstem.distortion.column_map import write_map
from rapidstem.distortion.map_measurement import measure_map
from rapidstem.files.ome_tiff import read_images
from rapidstem.files.tables import write_table

with logged(snakemake):
    references, pixel_sizes_nm = zip(*(read_images(path) for path in snakemake.input.references), strict=True)
    slow = [read_raw(path, snakemake.params.reading) for path in snakemake.input.slow]
    pixel_ratio = slow[0].pixel_size_nm / pixel_sizes_nm[0]
    column_map, residual_px = measure_map(references, [stack.frames[0] for stack in slow], pixel_ratio)
    write_map(snakemake.output.map, column_map)
    write_table(snakemake.output.residual, pd.DataFrame([{"fields": len(references), "residual_px": residual_px}]))
    print(f"map from {len(references)} fields, residual {residual_px:.2f} px")
