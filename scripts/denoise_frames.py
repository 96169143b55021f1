"""Denoise the frames of one acquisition with a trained network, then correct them for the scan distortion."""

from denoising_support import fitting_model
from reading_support import open_raw
from script_support import logged

from rapidstem.denoising import denoise_blocks, denoise_field
from rapidstem.distortion import read_map, to_slow_geometry
from rapidstem.files import write_frames
from rapidstem.frames import checked_blocks, read_drift
from rapidstem.numerics import evenly_spread
from rapidstem.progress import tracked

_FRAMES_LOOKED_AT = 8


with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    model = fitting_model(snakemake, stack, evenly_spread(len(stack.frames), _FRAMES_LOOKED_AT))
    column_map = read_map(snakemake.input.map)
    if snakemake.input.drift:
        drift = read_drift(snakemake.input.drift)
        shown = drift.first_used(snakemake.params.frames)
        answers, count = denoise_field(model, stack.frames, drift, shown), len(shown)
    else:
        answers, count = checked_blocks(denoise_blocks(model, stack.frames)), len(stack.frames)
    denoised = tracked(answers, "denoising", count, "frame", size=len)
    blocks = (to_slow_geometry(block, column_map) for block in denoised)
    write_frames(snakemake.output.images, blocks, (count, *stack.shape[1:]), stack.pixel_size_nm)
    print(f"{count} frames denoised")
