"""Follow the dislocation lines of a tomogram through an in-situ series of the same field, in three dimensions."""

import numpy as np
from reading_support import read_raw_header
from script_support import logged

from rapidstem.dislocations import FOIL_COLUMNS, POINT_COLUMNS, SUMMARY_COLUMNS, slip_normals
from rapidstem.errors import InputError
from rapidstem.files import open_frames, read_table, write_paradis_series, write_polydata_series, write_table
from rapidstem.frames import read_drift
from rapidstem.lines.motion import FoilFaces, InSituFrames, TomogramLines, follow_series, match_table, moments, snapshots

with logged(snakemake):
    files, output, parameters = snakemake.input, snakemake.output, snakemake.params
    header = read_raw_header(files.rapid, parameters.reading)
    if header.line_time_s is None:
        raise InputError(f"{files.rapid}: states no time of a row, which moving lines need; set reading.line_time_s")
    tomogram = TomogramLines(
        points=read_table(files.lines, POINT_COLUMNS),
        summary=read_table(files.summary, SUMMARY_COLUMNS),
        foil=FoilFaces.of_lines(read_table(files.density, FOIL_COLUMNS), parameters.thickness_nm),
        slip_normals=slip_normals(parameters.crystal),
    )
    with open_frames(files.denoised) as series:
        frames = InSituFrames(
            images=series.frames,
            time_s=read_table(files.frames, ["time_s"])["time_s"].to_numpy(float),
            line_time_s=header.line_time_s,
            drift_rows=read_drift(files.frames).shift_px[:, 0],
            tilt_deg=parameters.tilt_deg,
            pixel_size_nm=series.pixel_size_nm,
            tilt_axis=parameters.tilt_axis,
        )
        motion = follow_series(tomogram, frames, parameters.line_width_nm)
    write_table(output.positions, motion.positions)
    write_table(output.flags, motion.flags)
    write_table(output.followed, motion.followed)
    write_table(output.match, match_table(motion.match))
    write_polydata_series(output.series, moments(motion.positions, frames.time_s))
    rows, columns = motion.match.view.shape
    half_nm = np.array([columns, rows]) * frames.pixel_size_nm / 2
    box_nm = np.column_stack([np.stack([-half_nm, half_nm]), tomogram.foil.heights_nm])
    write_paradis_series(output.paradis, snapshots(motion.positions, motion.followed, tomogram.slip_normals, frames.time_s), box_nm)
    print(f"{motion.followed['followed'].sum()} of {len(motion.followed)} lines followed; {len(motion.flags)} events")
    print(
        f"the tomogram's field correlates by {motion.match.correlation:.2f} with the frames, its mirror images by {motion.match.chance:.2f}"
    )
    print(motion.flags.groupby("flag").size().to_string() if len(motion.flags) else "nothing happened")
