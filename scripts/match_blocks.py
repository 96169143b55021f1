"""Denoise the frames of one acquisition with BM3D, then correct them for the scan distortion."""

from pathlib import Path

import numpy as np
from reading_support import open_raw
from script_support import logged

from rapidstem.denoising.bm3d import denoise_with_bm3d, read_filter
from rapidstem.distortion import read_map, to_slow_geometry
from rapidstem.files import write_images
from rapidstem.frames import check_numbers, read_drift

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    tuned = read_filter(Path(snakemake.input.card).parent)
    shown = read_drift(snakemake.input.drift).first_used(snakemake.params.frames) if snakemake.input.drift else slice(None)
    frames = stack.frames[shown]
    check_numbers(frames, np.arange(stack.shape[0])[shown])
    denoised = denoise_with_bm3d(frames, tuned, snakemake.threads)
    write_images(snakemake.output.images, to_slow_geometry(denoised, read_map(snakemake.input.map)), stack.pixel_size_nm)
    print(f"{len(denoised)} frames denoised")
