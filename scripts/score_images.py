"""Score every filter on the frames of one test field, against the slow and the DCFI image."""

from pathlib import Path

from reading_support import open_raw, read_raw
from script_support import logged

from rapidstem.denoising import read_intervals
from rapidstem.distortion import match_pixel_size, read_map, read_pair
from rapidstem.files import read_images, write_table
from rapidstem.frames import read_drift
from rapidstem.scores import FieldReferences, ImageScale, score_field, score_intervals

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    parameters = snakemake.params
    slow = read_raw(snakemake.input.slow, parameters.reading)
    dcfi, aligned, _ = read_pair(Path(snakemake.input.field).parent)
    resampled = match_pixel_size(slow.frames[0], slow.pixel_size_nm / stack.pixel_size_nm)
    references = FieldReferences(dcfi, aligned, resampled, read_map(snakemake.input.map))
    denoised = {name: read_images(path)[0] for name, path in zip(parameters.denoisers, snakemake.input.denoised, strict=True)}
    drift = read_drift(snakemake.input.drift)
    shown = drift.first_used(parameters.frames)
    scale = ImageScale(stack.pixel_size_nm, parameters.line_width_nm)
    scores = score_field(stack.frames[shown], denoised, references, drift.shift_px[shown], scale)
    stated = dict(zip(parameters.stating_intervals, map(read_intervals, snakemake.input.intervals), strict=True))
    tables = {name: getattr(scores, name) for name in ("images", "lines", "spectra")}
    tables["intervals"] = score_intervals(stated, denoised, references, drift.shift_px[shown])
    for name, table in tables.items():
        table.insert(1, "acquisition", snakemake.wildcards.acquisition)
        table.insert(2, "tilt", parameters.tilt_deg)
        write_table(snakemake.output[name], table)
    print(scores.images.groupby(["denoiser", "reference"])[["psnr_db", "psnr_affine_db", "ssim"]].mean().to_string())
