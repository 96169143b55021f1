"""Register the rapid frames of one field and average them."""

from reading_support import open_raw
from script_support import logged

from rapidstem.files import write_images
from rapidstem.frames import drift_of_single_frame, integrate_frames, register_frames, write_drift

with logged(snakemake):
    with open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
        drift = register_frames(stack.frames) if len(stack.frames) > 1 else drift_of_single_frame(stack.frames[0])
        write_images(snakemake.output.image, integrate_frames(stack.frames, drift), stack.pixel_size_nm)
    write_drift(snakemake.output.drift, drift)
    print(f"{drift.used.sum()} of {len(drift.used)} frames used, residual {drift.residual_px[drift.used].mean():.2f} px in the mean")
