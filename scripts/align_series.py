"""Find angles, shifts and axis of one tilt series, and align it."""

import pandas as pd
from reading_support import read_raw, read_raw_header
from script_support import logged

from rapidstem.errors import InputError, naming_file
from rapidstem.files import read_images, read_table, say_warnings, write_angle_file, write_series, write_table
from rapidstem.tomography import middle_angles_deg, recorded_geometry, slow_scan_along, with_axis_along_x, write_geometry
from rapidstem.tomography.alignment import AlignmentSettings, align_series

with logged(snakemake):
    files, parameters = snakemake.input, snakemake.params
    if parameters.denoised:
        record, images = read_raw_header(files.record, parameters.reading), read_images(files.images)[0]
        times = record.time_s, record.line_time_s
    else:
        record = read_raw(files.record, parameters.reading)
        images, times = record.frames, (None, None)
    turning = parameters.geometry == "per-row"
    if turning and any(time is None for time in times):
        raise InputError(
            f"{record.path}: has no time stamps of its frames or no line time, so that the tilt of a row is not known; "
            "give reading.frame_interval_s and reading.line_time_s in the configuration, or set tomography.geometry to per-frame"
        )
    reported_deg = middle_angles_deg(record.tilt_deg, *times, images.shape[1])
    series = with_axis_along_x(images, parameters.tilt_axis)
    of_rows = times if turning else (None, None)
    with naming_file(record.path):
        recorded = recorded_geometry(
            reported_deg, series.shape, record.pixel_size_nm, *of_rows, slow_scan=slow_scan_along(parameters.tilt_axis)
        )
        found = align_series(series, recorded, AlignmentSettings(**parameters.settings), snakemake.threads)
    write_geometry(snakemake.output.angles, found.geometry, found.reported_deg, found.sigma_deg, found.shift_sigma_px)
    write_angle_file(snakemake.output.tilts, read_table(snakemake.output.angles, ["angle_deg"])["angle_deg"])
    write_series(snakemake.output.series, found.applied_to(series), record.pixel_size_nm)
    summary = found.summary()
    write_table(snakemake.output.summary, summary)
    write_table(snakemake.output.warnings, pd.DataFrame({"warning": found.warnings}))
    write_table(snakemake.output.motion, found.motion_table())
    print(summary.iloc[0].to_string())
    say_warnings(found.warnings)
