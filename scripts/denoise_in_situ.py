"""Denoise an in-situ series block by block; take drift and scan distortion back."""

from pathlib import Path

import torch
from script_support import logged, open_raw, say_warnings

from rapidstem.denoising import check_fit, denoise_stack, load_model
from rapidstem.denoising.networks import best_device, computing_words
from rapidstem.distortion import in_common_geometry, read_map
from rapidstem.files import write_frames
from rapidstem.frames import frame_blocks, read_drift
from rapidstem.progress import tracked

TRIED_FRAMES = 20

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    torch.set_num_threads(snakemake.threads)
    model = load_model(Path(snakemake.input.weights).parent)
    print(computing_words(model.settings.precision, best_device()))
    if "adopted_from" in model.card:
        say_warnings(check_fit(model, stack.frames[:TRIED_FRAMES], stack.pixel_size_nm, stack.dwell_time_s))
    column_map = read_map(snakemake.input.map)
    shift_px = read_drift(snakemake.input.frames).shift_px
    blocks = (
        in_common_geometry(denoise_stack(model, stack.frames[block]), shift_px[block], column_map) for block in frame_blocks(stack.shape)
    )
    blocks = tracked(blocks, "denoising", stack.shape[0], "frame", size=len)
    write_frames(snakemake.output.images, blocks, stack.shape, stack.pixel_size_nm, stack.time_s)
    print(f"{len(shift_px)} frames denoised")
