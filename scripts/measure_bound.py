"""How far a rapid series could come: its errors with the true geometry, and with the true lines; and how far its angles are off."""

from pathlib import Path

import numpy as np
import torch
from reading_support import read_raw
from script_support import logged

from rapidstem.denoising import denoise_stack, load_model
from rapidstem.distortion import ColumnMap, to_slow_geometry
from rapidstem.files import write_table
from rapidstem.microscope import read_truth
from rapidstem.scores import BOUND_COLUMNS, accuracy_bound, angle_spread_deg
from rapidstem.tomography import TiltGeometry, read_geometry

with logged(snakemake):
    torch.set_num_threads(snakemake.threads)
    files, parameters = snakemake.input, snakemake.params
    stack, truth = read_raw(files.rapid, parameters.reading), read_truth(files.truth)
    denoised = denoise_stack(load_model(Path(files.weights).parent), stack.frames[:])
    frames = to_slow_geometry(denoised, ColumnMap(truth.rapid_px, truth.slow_px))
    angles_rad = np.deg2rad(truth.rapid.middle_tilt_deg)
    times = (stack.time_s, stack.line_time_s)
    geometry = TiltGeometry(angles_rad, truth.rapid.shift_px, stack.pixel_size_nm, frames.shape[1], *times)
    lines = [line.points_nm for line in truth.contrast_lines()]
    bound = accuracy_bound(frames, geometry, lines, parameters.depth_nm, parameters.radius_nm, parameters.line_width_nm)
    bound["angle_rms_deg"] = angle_spread_deg(read_geometry(files.angles), angles_rad)
    named = bound.assign(acquisition=snakemake.wildcards.acquisition, variant=f"rapid-{snakemake.wildcards.denoiser}")
    write_table(snakemake.output.bound, named[BOUND_COLUMNS])
    print(named[BOUND_COLUMNS[2:]].to_string(index=False))
