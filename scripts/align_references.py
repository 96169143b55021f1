"""Bring the references of one field into the geometry of its rapid frames."""

from pathlib import Path

import numpy as np
from script_support import logged, read_raw

from rapidstem.denoising.fields import PairField, write_pair
from rapidstem.distortion import align_reference, read_map, resampling_note
from rapidstem.files import read_images, read_table
from rapidstem.frames import valid_area

with logged(snakemake):
    dcfi, pixel_size_nm = read_images(snakemake.input.dcfi)
    drift = read_table(snakemake.input.drift, ["dy_px", "dx_px", "used"])
    shift_px, used = drift[["dy_px", "dx_px"]].to_numpy(float), drift["used"].to_numpy(bool)
    if snakemake.input.slow:
        slow = read_raw(snakemake.input.slow, snakemake.params.reading)
        pixel_ratio = slow.pixel_size_nm / pixel_size_nm
        name = snakemake.wildcards.acquisition
        note = resampling_note(name, slow.pixel_size_nm, pixel_size_nm, (slow.frames.shape[1:], dcfi.shape))
        if note:
            print(note)
        aligned = align_reference(dcfi, slow.frames[0], read_map(snakemake.input.map), shift_px[used], pixel_ratio)
        field = PairField(tuple(aligned.slow_shift_px), aligned.correlation, aligned.rows, aligned.columns)
        slow_image = aligned.slow
    else:
        field = PairField((np.nan, np.nan), np.nan, *valid_area(shift_px[used], dcfi.shape))
        slow_image = np.full_like(dcfi, np.nan)
    folder = Path(snakemake.output.field).parent
    write_pair(folder, {"dcfi": dcfi, "slow": slow_image}, pixel_size_nm, shift_px, used, field)
    print(f"slow image shifted by {field.slow_shift_px[0]:.2f}, {field.slow_shift_px[1]:.2f} px, correlation {field.correlation:.2f}")
