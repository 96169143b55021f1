"""Film an in-situ series: raw and denoised frames side by side."""

import numpy as np
from reading_support import open_raw
from script_support import logged

from rapidstem.distortion import in_common_geometry, read_map
from rapidstem.figures import MovieLayout, frame_rate, grey_limits, picture_words, write_movie
from rapidstem.files import open_frames, read_table
from rapidstem.frames import read_drift
from rapidstem.numerics import evenly_spread
from rapidstem.progress import tracked

LIMIT_FRAMES = 12

with (
    logged(snakemake),
    open_raw(snakemake.input.rapid, snakemake.params.reading) as stack,
    open_frames(snakemake.input.denoised) as denoised,
):
    column_map = read_map(snakemake.input.map)
    table = read_table(snakemake.input.frames, ["time_s", "temperature_c"])
    shift_px = read_drift(snakemake.input.frames).shift_px

    def raw_frame(number):
        return in_common_geometry(stack.frames[number : number + 1], shift_px[number : number + 1], column_map)[0]

    chosen = evenly_spread(len(table), LIMIT_FRAMES).tolist()
    sides = (raw_frame, denoised.frames.__getitem__)
    limits = tuple(grey_limits(np.stack([side(number) for number in chosen])) for side in sides)
    layout = MovieLayout(stack.shape[1:], stack.pixel_size_nm, ("raw", snakemake.wildcards.denoiser), limits)
    pictures = (
        layout.picture(raw_frame(row.Index), denoised.frames[row.Index], picture_words(row.time_s, row.temperature_c))
        for row in table.itertuples()
    )
    rate = frame_rate(table["time_s"].to_numpy(float))
    pictures = tracked(pictures, "filming", len(table), "frame")
    write_movie(snakemake.output.movie, pictures, layout.size_px, rate)
    print(f"{len(table)} pictures, {float(rate):.3g} a second")
