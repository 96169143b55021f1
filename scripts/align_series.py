"""Find angles and shifts of one tilt series, and align it."""

import pandas as pd
from script_support import logged, read_raw

from rapidstem.errors import InputError
from rapidstem.files.mrc_volumes import write_series
from rapidstem.files.ome_tiff import read_images
from rapidstem.files.tables import write_table
from rapidstem.tomography.reported_angles import middle_angles_deg
from rapidstem.tomography.series_alignment import align_series, apply_alignment
from rapidstem.tomography.tilt_geometry import write_angles

with logged(snakemake):
    parameters, variant = snakemake.params, snakemake.wildcards.variant
    record = read_raw(snakemake.input.record, parameters.reading)
    slow = variant == "slow"
    per_row = not slow and parameters.geometry == "per-row"
    if per_row and (record.time_s is None or record.line_time_s is None):
        raise InputError(
            f"{record.path}: has no time stamps of its frames or no line time, so that the tilt of a row is not known; "
            "set tomography.geometry to per-frame in the configuration"
        )
    series = record.frames if slow else read_images(snakemake.input.images)[0]
    times = (None, None) if slow else (record.time_s, record.line_time_s)
    reported_deg = middle_angles_deg(record.tilt_deg, *times, series.shape[1])
    used_times = times if per_row else (None, None)
    found = align_series(
        series,
        reported_deg,
        record.pixel_size_nm,
        parameters.thickness_nm,
        *used_times,
        angle_sigma_deg=parameters.angle_sigma_deg,
        line_scale_px=parameters.line_width_nm / (2 * record.pixel_size_nm),
        threads=snakemake.threads,
    )
    write_angles(snakemake.output.angles, found.geometry, reported_deg, found.sigma_deg)
    write_series(snakemake.output.series, apply_alignment(series, found.geometry), record.pixel_size_nm)
    summary = {
        "frames": len(series),
        "points": len(found.points.position_px),
        "matches": found.matches,
        "rms_residual_px": found.rms_residual_px,
        "mean_sigma_deg": found.sigma_deg.mean(),
        "largest_shift_px": abs(found.geometry.shift_px).max(),
    }
    write_table(snakemake.output.summary, pd.DataFrame([summary]))
    print(", ".join(f"{name} {value:.3g}" for name, value in summary.items()))
