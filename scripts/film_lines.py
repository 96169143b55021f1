"""Film followed lines: frames with their projections beside the lines in three dimensions."""

import numpy as np
from script_support import logged

from rapidstem.figures import LineMovieLayout, frame_rate, grey_limits, picture_words, write_movie
from rapidstem.files import open_frames, read_table
from rapidstem.lines.motion import MATCH_COLUMNS, POSITION_COLUMNS, view_of
from rapidstem.numerics import evenly_spread
from rapidstem.progress import tracked

LIMIT_FRAMES = 12

with logged(snakemake), open_frames(snakemake.input.denoised) as series:
    files = snakemake.input
    table = read_table(files.frames, ["time_s", "temperature_c"])
    positions = read_table(files.positions, POSITION_COLUMNS)
    view, in_images = view_of(read_table(files.match, MATCH_COLUMNS)), [0, 1] if snakemake.params.tilt_axis == "x" else [1, 0]
    axes = ["x_nm", "y_nm", "z_nm"]
    box_nm = np.stack([positions[axes].min(), positions[axes].max()]) if len(positions) else np.array([[-1.0] * 3, [1.0] * 3])
    limits = grey_limits(np.stack([series.frames[number] for number in evenly_spread(len(table), LIMIT_FRAMES).tolist()]))
    layout = LineMovieLayout(series.shape[1:], series.pixel_size_nm, limits, box_nm)
    by_frame = dict(tuple(positions.groupby("frame")))

    def picture(row):
        rows = by_frame.get(row.Index, positions.iloc[:0])
        lines = {int(number): line[axes].to_numpy() for number, line in rows.groupby("line") if len(line) > 1}
        projected = {number: view.seen_at(points)[:, in_images] for number, points in lines.items()}
        return layout.picture(series.frames[row.Index], projected, lines, picture_words(row.time_s, row.temperature_c))

    pictures = tracked((picture(row) for row in table.itertuples()), "filming", len(table), "frame")
    write_movie(snakemake.output.movie, pictures, layout.size_px, frame_rate(table["time_s"].to_numpy(float)))
    print(f"{len(table)} pictures")
