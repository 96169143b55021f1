"""Denoise the frames of one acquisition with a trained network, then correct them for the scan distortion."""

from pathlib import Path

import torch
from script_support import logged, read_raw

from rapidstem.denoising.model_files import load_model
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.distortion.column_map import read_map
from rapidstem.distortion.image_warping import to_slow_geometry
from rapidstem.files.ome_tiff import write_images

with logged(snakemake):
    torch.set_num_threads(snakemake.threads)
    stack = read_raw(snakemake.input.rapid, snakemake.params.reading)
    model = load_model(Path(snakemake.input.weights).parent)
    denoised = denoise_stack(model, stack.frames[: snakemake.params.frames])
    corrected = to_slow_geometry(denoised, read_map(snakemake.input.map))
    write_images(snakemake.output.images, corrected, stack.pixel_size_nm)
    print(f"{len(corrected)} frames denoised")
