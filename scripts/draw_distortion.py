"""Draw the distortion map, and a DCFI image on its slow image before and after the correction."""

from pathlib import Path

import pandas as pd
from script_support import logged, read_raw

from rapidstem.distortion.column_map import read_map
from rapidstem.distortion.image_warping import match_pixel_size, resample_grid, to_slow_geometry
from rapidstem.figures.distortion_figures import map_deviation, superposition
from rapidstem.figures.style import save_drawing
from rapidstem.files.ome_tiff import read_images
from rapidstem.files.tables import read_table
from rapidstem.scores.frame_references import without_gaps

with logged(snakemake):
    files = snakemake.input
    folder = Path(snakemake.output[0]).parent
    column_map = read_map(files.map)
    dcfi, pixel_size_nm = read_images(files.dcfi)
    recorded = read_raw(files.slow, snakemake.params.reading)
    shift = read_table(files.field, ["slow_dy_px", "slow_dx_px"]).iloc[0]
    slow = match_pixel_size(recorded.frames[0], recorded.pixel_size_nm / pixel_size_nm)
    rows, columns = (range(length) for length in dcfi.shape)
    slow = resample_grid(slow, pd.Series(rows) + shift["slow_dy_px"], pd.Series(columns) + shift["slow_dx_px"])
    dcfi = without_gaps(dcfi)
    residual_px = float(pd.read_csv(files.residual).loc[0, "residual_px"]) if files.residual else None
    save_drawing(map_deviation(column_map.rapid_px, column_map.slow_px, pixel_size_nm, residual_px), folder / "distortion-map")
    save_drawing(superposition(dcfi, to_slow_geometry(dcfi, column_map), slow, pixel_size_nm), folder / "superposition")
