"""Match the dislocation lines of a tilt series with those of an earlier one of the same field."""

import numpy as np
import pandas as pd
from reading_support import read_raw_header
from script_support import logged

from rapidstem.dislocations import CENTROID_COLUMNS, POINT_COLUMNS, SUMMARY_COLUMNS, rigid_motion, slip_normals
from rapidstem.files import read_table, say_warnings, write_table
from rapidstem.lines.motion import check_same_field, interval_between, line_planes, matched_sweeps, sweep_words
from rapidstem.tomography import read_geometry

with logged(snakemake):
    files = snakemake.input
    earlier, later = (read_table(path, POINT_COLUMNS) for path in (files.earlier_lines, files.lines))
    centres, earlier_centres = (read_table(path, CENTROID_COLUMNS) for path in (files.centroids, files.earlier_centroids))
    motion = rigid_motion(centres, earlier_centres)
    mirrored = rigid_motion(centres.assign(x_nm=-centres["x_nm"]), earlier_centres).applied_to(later.assign(x_nm=-later["x_nm"]))
    later = motion.applied_to(later)
    found, chance = check_same_field(earlier, later, mirrored)
    planes = line_planes(earlier, read_table(files.earlier_summary, SUMMARY_COLUMNS), slip_normals(snakemake.params.crystal))
    records = [read_raw_header(path, snakemake.params.reading) for path in (files.earlier_record, files.record)]
    stated_s = snakemake.params.started_s
    starts_s = [stated if record.started_s is None else record.started_s for record, stated in zip(records, stated_s, strict=True)]
    interval_s = interval_between(starts_s, [record.time_s for record in records])
    if interval_s is None:
        why = "the files do not say when they were recorded" if None in starts_s else "this sweep is stated to be no later than the other"
        say_warnings([f"{why}, so that no velocities are given; write into the sheet's column 'started' when each began"])
    table = matched_sweeps(earlier, later, planes, interval_s)
    write_table(snakemake.output.matched, table)
    write_table(
        snakemake.output.motion,
        pd.DataFrame([{**motion.columns, "found_percent": found, "chance_percent": chance, "interval_s": interval_s}]),
    )
    print(table.groupby("what").size().to_string())
    either = "one of the sweeps shows no line, so that nothing says whether they are of one field"
    both = f"{found:.0f} % of the lines lie on earlier ones, {chance:.0f} % of their mirror image"
    print(either if np.isnan(found) else both)
    differences = sweep_words(*(np.rad2deg(read_geometry(path).angle_rad) for path in (files.earlier_angles, files.angles)))
    say_warnings([differences] if differences else [])
