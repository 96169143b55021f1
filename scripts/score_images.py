"""Score every filter on the frames of one test field, against the slow and the DCFI image."""

import pandas as pd
from script_support import logged, read_raw

from rapidstem.distortion import match_pixel_size, read_map
from rapidstem.files import read_images, read_table, write_table
from rapidstem.scores import FieldReferences, score_field

with logged(snakemake):
    parameters = snakemake.params
    stack = read_raw(snakemake.input.rapid, parameters.reading)
    slow = read_raw(snakemake.input.slow, parameters.reading)
    dcfi, slow_in_rapid = read_images(snakemake.input.references)[0]
    resampled = match_pixel_size(slow.frames[0], slow.pixel_size_nm / stack.pixel_size_nm)
    field = pd.read_csv(snakemake.input.field).iloc[0]
    references = FieldReferences.from_field(dcfi, slow_in_rapid, resampled, field, read_map(snakemake.input.map))
    denoised = {name: read_images(path)[0] for name, path in zip(parameters.denoisers, snakemake.input.denoised, strict=True)}
    shift_px = read_table(snakemake.input.frames, ["dy_px", "dx_px"])[["dy_px", "dx_px"]].to_numpy(float)[: parameters.frames]
    scores = score_field(stack.frames, denoised, references, shift_px, stack.pixel_size_nm)
    for name in ("images", "lines", "spectra"):
        table, path = getattr(scores, name), snakemake.output[name]
        table.insert(1, "acquisition", snakemake.wildcards.acquisition)
        table.insert(2, "tilt", parameters.tilt_deg)
        write_table(path, table)
    print(scores.images.groupby(["denoiser", "reference"])[["psnr_db", "psnr_affine_db", "ssim"]].mean().to_string())
