"""Denoise a tilt series with a network that learns from it alone, then correct it for the scan distortion."""

from pathlib import Path

import numpy as np
import torch
from reading_support import read_raw
from script_support import logged

from rapidstem.denoising import NEIGHBOURS, NetworkSettings, denoiser_settings
from rapidstem.denoising.neighbours import SeriesContext, denoise_series, levelled_rows
from rapidstem.denoising.networks import best_device, computing_words
from rapidstem.denoising.training import train_on_series
from rapidstem.distortion import read_map, to_slow_geometry
from rapidstem.files import write_images
from rapidstem.frames import check_numbers
from rapidstem.tomography.alignment import coarse_shifts

with logged(snakemake):
    torch.set_num_threads(snakemake.threads)
    stack = read_raw(snakemake.input.rapid, snakemake.params.reading)
    check_numbers(stack.frames)
    settings = denoiser_settings(NEIGHBOURS, snakemake.params.settings)
    assert isinstance(settings, NetworkSettings)
    print(computing_words(settings.precision, best_device()))
    tilt_rad = np.deg2rad(stack.tilt_deg)
    shift_px = coarse_shifts(levelled_rows(stack.frames), tilt_rad)
    series = SeriesContext(stack.frames, tilt_rad, shift_px, settings.neighbour_frames)
    model = train_on_series(series, settings, Path(snakemake.output.weights).parent, snakemake.wildcards.acquisition)
    denoised = denoise_series(model, series)
    write_images(snakemake.output.images, to_slow_geometry(denoised, read_map(snakemake.input.map)), stack.pixel_size_nm)
    print(f"{len(denoised)} frames denoised")
