"""Denoise an in-situ series block by block; take drift and scan distortion back."""

from denoising_support import fitting_model
from reading_support import open_raw
from script_support import logged

from rapidstem.denoising import denoise_stack
from rapidstem.distortion import in_common_geometry, read_map
from rapidstem.files import write_frames
from rapidstem.frames import checked_blocks, frame_blocks, read_drift
from rapidstem.progress import tracked

TRIED_FRAMES = 20

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    model = fitting_model(snakemake, stack, range(min(TRIED_FRAMES, len(stack.frames))))
    column_map = read_map(snakemake.input.map)
    shift_px = read_drift(snakemake.input.frames).shift_px
    parts = list(frame_blocks(stack.shape))
    raw = checked_blocks(stack.frames[part] for part in parts)
    blocks = (in_common_geometry(denoise_stack(model, frames), shift_px[part], column_map) for part, frames in zip(parts, raw, strict=True))
    blocks = tracked(blocks, "denoising", stack.shape[0], "frame", size=len)
    write_frames(snakemake.output.images, blocks, stack.shape, stack.pixel_size_nm, stack.time_s)
    print(f"{len(shift_px)} frames denoised")
