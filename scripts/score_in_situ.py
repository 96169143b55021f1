"""Score the last frames of an in-situ series against its final slow image."""

import numpy as np
from reading_support import open_raw, read_raw
from script_support import logged

from rapidstem.distortion import align_reference, match_pixel_size, read_map
from rapidstem.files import open_frames, write_images, write_table
from rapidstem.frames import Drift, integrate_frames, read_drift
from rapidstem.numerics import whole_pixels
from rapidstem.scores import FieldReferences, score_last_frames, slow_in_series

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    files, parameters = snakemake.input, snakemake.params
    slow = read_raw(files.slow, parameters.reading)
    column_map = read_map(files.map)
    drift = read_drift(files.frames)
    chosen = np.flatnonzero(drift.used)[-parameters.last_frames :]
    frames = np.stack([stack.frames[number] for number in chosen])
    shift_px = drift.shift_px[chosen]
    origin_px = shift_px.mean(axis=0)
    shift_px = shift_px - origin_px
    reference = integrate_frames(frames, Drift(shift_px, np.zeros(len(frames)), np.ones(len(frames), bool)))
    pixel_ratio = slow.pixel_size_nm / stack.pixel_size_nm
    feature_px = whole_pixels(parameters.feature_width_nm, stack.pixel_size_nm)
    aligned = align_reference(reference, slow.frames[0], column_map, shift_px, pixel_ratio, feature_px)
    resampled = match_pixel_size(slow.frames[0], pixel_ratio)
    references = FieldReferences(reference, aligned, resampled, column_map)
    denoised = {}
    for name, path in zip(parameters.denoisers, files.denoised, strict=True):
        with open_frames(path) as series:
            denoised[name] = np.stack([series.frames[number] for number in chosen])
    scores = score_last_frames(frames, denoised, references, shift_px, origin_px)
    scores.insert(0, "acquisition", snakemake.wildcards.acquisition)
    write_table(snakemake.output.scores, scores)
    write_images(snakemake.output.slow, slow_in_series(references, origin_px).image, stack.pixel_size_nm)
    print(scores.to_string(index=False))
