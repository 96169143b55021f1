"""Draw the distortion map, what it leaves over by strip, and a DCFI image beside its slow image before and after the correction."""

from pathlib import Path

import numpy as np
from reading_support import read_raw
from script_support import logged

from rapidstem.distortion import match_pixel_size, read_map, read_pair, resample_view, strip_residuals, to_slow_geometry
from rapidstem.figures import draw_figures
from rapidstem.files import read_images, read_table
from rapidstem.numerics import whole_pixels
from rapidstem.scores import without_gaps

with logged(snakemake):
    files = snakemake.input
    column_map = read_map(files.map)
    dcfi, pixel_size_nm = read_images(files.dcfi)
    recorded = read_raw(files.slow, snakemake.params.reading)
    shift = read_pair(Path(files.field).parent)[1].slow_shift_px
    matched = match_pixel_size(recorded.frames[0].astype(float), recorded.pixel_size_nm / pixel_size_nm)
    slow = resample_view(matched, np.arange(dcfi.shape[0]) + shift[0], np.arange(dcfi.shape[1]) + shift[1])
    residual_px = float(read_table(files.residual, ["residual_px"]).loc[0, "residual_px"]) if files.get("residual") else None
    strips = read_table(files.strips, ["field"]) if files.get("strips") else None
    feature_px = whole_pixels(snakemake.params.feature_width_nm, pixel_size_nm)
    data = {
        "rapid_px": column_map.rapid_px,
        "slow_px": column_map.slow_px,
        "pixel_size_nm": pixel_size_nm,
        "feature_px": feature_px,
        "residual_px": residual_px,
        "strips": strips,
        "field_strips": strips if strips is not None else strip_residuals([dcfi], [matched], column_map, shift[None], feature_px),
        "rapid_before": without_gaps(dcfi),
        "rapid_after": to_slow_geometry(without_gaps(dcfi), column_map),
        "slow": slow,
    }
    draw_figures(snakemake.params.figures, data, Path(snakemake.output[0]).parent)
