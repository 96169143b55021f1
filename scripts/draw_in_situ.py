"""Draw stills of an in-situ series, and its drift and temperature."""

from pathlib import Path

import numpy as np
from reading_support import open_raw
from script_support import logged

from rapidstem.distortion import in_common_geometry, read_map
from rapidstem.figures import draw_figures
from rapidstem.files import open_frames, read_images, read_table, write_images
from rapidstem.frames import read_drift
from rapidstem.numerics import evenly_spread

STILLS = 4

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    files, output = snakemake.input, snakemake.output
    table, shift_px = read_table(files.frames, ["time_s", "temperature_c"]), read_drift(files.frames).shift_px
    column_map = read_map(files.map)
    chosen = evenly_spread(len(table), STILLS).tolist()
    raw = in_common_geometry(np.stack([stack.frames[number] for number in chosen]), shift_px[chosen], column_map)
    with open_frames(files.denoised) as series:
        denoised = np.stack([series.frames[number] for number in chosen])
    slow = read_images(files.slow)[0] if files.slow else None
    stills = table.loc[chosen, ["frame", "time_s", "temperature_c"]].reset_index(drop=True)
    denoiser = snakemake.wildcards.denoiser
    data = {"raw": raw, "denoised": denoised, "stills": stills, "denoiser": denoiser, "slow": slow, "frames": table}
    data["pixel_size_nm"] = stack.pixel_size_nm
    draw_figures(snakemake.params.figures, data, Path(output.images).parent)
    write_images(output.images, np.stack([raw[-1], denoised[-1]]), stack.pixel_size_nm, channel_names=["raw", denoiser])
