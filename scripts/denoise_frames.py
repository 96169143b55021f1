"""Denoise the frames of one acquisition with a trained network, then correct them for the scan distortion."""

from pathlib import Path

import numpy as np
import torch
from script_support import logged, read_raw

from rapidstem.denoising.frame_shifts import averaged
from rapidstem.denoising.model_files import check_fit, load_model
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.distortion.column_map import read_map
from rapidstem.distortion.image_warping import to_slow_geometry
from rapidstem.files.ome_tiff import write_images
from rapidstem.files.tables import read_table

with logged(snakemake):
    torch.set_num_threads(snakemake.threads)
    stack = read_raw(snakemake.input.rapid, snakemake.params.reading)
    model = load_model(Path(snakemake.input.weights).parent)
    if "adopted_from" in model.card:
        check_fit(model, stack.frames, stack.pixel_size_nm, stack.dwell_time_s)
    if snakemake.input.drift:
        drift = read_table(snakemake.input.drift, ["dy_px", "dx_px", "used"])
        chosen = np.flatnonzero(drift["used"])[: model.settings.averaged_frames]
        shift_px = drift[["dy_px", "dx_px"]].to_numpy(float)
        denoised = averaged(denoise_stack(model, stack.frames[chosen]), shift_px[chosen], shift_px[: snakemake.params.frames])
    else:
        denoised = denoise_stack(model, stack.frames[: snakemake.params.frames])
    corrected = to_slow_geometry(denoised, read_map(snakemake.input.map))
    write_images(snakemake.output.images, corrected, stack.pixel_size_nm)
    print(f"{len(corrected)} frames denoised")
