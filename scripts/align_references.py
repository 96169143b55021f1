"""Bring the references of one field into the geometry of its rapid frames."""

from pathlib import Path

from reading_support import read_raw
from script_support import logged

from rapidstem.distortion import AlignedReference, align_reference, read_map, resampling_note, write_pair
from rapidstem.files import read_images, say_warnings
from rapidstem.frames import read_drift
from rapidstem.numerics import whole_pixels

with logged(snakemake):
    dcfi, pixel_size_nm = read_images(snakemake.input.dcfi)
    drift = read_drift(snakemake.input.drift)
    shift_px = drift.shift_px[drift.used]
    if snakemake.input.slow:
        slow = read_raw(snakemake.input.slow, snakemake.params.reading)
        name = snakemake.wildcards.acquisition
        note = resampling_note(name, slow.pixel_size_nm, pixel_size_nm, (slow.frames.shape[1:], dcfi.shape))
        if note:
            say_warnings([note])
        column_map = read_map(snakemake.input.map)
        feature_px = whole_pixels(snakemake.params.feature_width_nm, pixel_size_nm)
        aligned = align_reference(dcfi, slow.frames[0], column_map, shift_px, slow.pixel_size_nm / pixel_size_nm, feature_px)
        dy, dx = aligned.slow_shift_px
        print(f"slow image shifted by {dy:.2f}, {dx:.2f} px, correlation {aligned.correlation:.2f}")
    else:
        aligned = AlignedReference.without_slow_image(dcfi, shift_px)
        print("there is no slow image: the mean of the rapid frames is the only reference")
    write_pair(Path(snakemake.output.field).parent, dcfi, aligned, pixel_size_nm)
