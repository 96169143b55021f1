"""Find angles, shifts and axis of one tilt series, and align it."""

import numpy as np
import pandas as pd
from script_support import logged, read_raw

from rapidstem.errors import InputError
from rapidstem.files import read_images, read_table, write_angle_file, write_series, write_table
from rapidstem.tomography import apply_alignment, middle_angles_deg, with_axis_along_x, write_angles
from rapidstem.tomography.alignment import align_series

with logged(snakemake):
    parameters, variant = snakemake.params, snakemake.wildcards.variant
    record = read_raw(snakemake.input.record, parameters.reading)
    slow = variant == "slow"
    per_row = not slow and parameters.geometry == "per-row"
    if per_row and (record.time_s is None or record.line_time_s is None):
        raise InputError(
            f"{record.path}: has no time stamps of its frames or no line time, so that the tilt of a row is not known; "
            "give reading.frame_interval_s and reading.line_time_s in the configuration, or set tomography.geometry to per-frame"
        )
    tilt_axis = parameters.tilt_axis
    scanned = record.frames if slow else read_images(snakemake.input.images)[0]
    times = (None, None) if slow else (record.time_s, record.line_time_s)
    reported_deg = None if record.tilt_deg is None else middle_angles_deg(record.tilt_deg, *times, scanned.shape[1])
    series = with_axis_along_x(scanned, tilt_axis)
    found = align_series(
        series,
        reported_deg,
        record.pixel_size_nm,
        parameters.thickness_nm,
        *(times if per_row else (None, None)),
        angle_sigma_deg=parameters.angle_sigma_deg,
        line_scale_px=parameters.line_width_nm / (2 * record.pixel_size_nm),
        threads=snakemake.threads,
        slow_scan="columns" if tilt_axis == "y" else "rows",
        fallback=parameters.alignment_fallback,
        features=parameters.alignment_features,
    )
    write_angles(snakemake.output.angles, found.geometry, found.reported_deg, found.sigma_deg, found.shift_sigma_px, found.used)
    write_angle_file(snakemake.output.tilts, read_table(snakemake.output.angles, ["angle_deg"])["angle_deg"])
    write_series(snakemake.output.series, apply_alignment(series, found.geometry), record.pixel_size_nm)
    summary = {
        "method": found.method,
        "frames": len(series),
        "frames_used": int(found.used.sum()),
        "points": len(found.points.position_px),
        "matches": found.matches,
        "rms_residual_px": found.rms_residual_px,
        "mean_sigma_deg": found.sigma_deg.mean(),
        "mean_shift_sigma_px": float(np.nanmean(found.shift_sigma_px)) if np.isfinite(found.shift_sigma_px).any() else np.nan,
        "largest_shift_px": abs(found.geometry.shift_px).max(),
        "axis_rotation_deg": found.axis_rotation_deg,
        "axis_rotation_sigma_deg": found.axis_rotation_sigma_deg,
        "axis_offset_px": found.axis_offset_px,
        "axis_offset_sigma_px": found.axis_offset_sigma_px,
        "warnings": " | ".join(found.warnings),
    }
    write_table(snakemake.output.summary, pd.DataFrame([summary]))
    print(", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in summary.items()))
    for warning in found.warnings:
        print(f"warning: {warning}")
