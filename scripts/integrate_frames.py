"""Register the rapid frames of one field and average them."""

import pandas as pd
from script_support import logged, open_raw

from rapidstem.files import write_images, write_table
from rapidstem.frames import drift_of_single_frame, integrate_frames, register_frames

with logged(snakemake):
    with open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
        drift = register_frames(stack.frames) if len(stack.frames) > 1 else drift_of_single_frame()
        write_images(snakemake.output.image, integrate_frames(stack.frames, drift), stack.pixel_size_nm)
    write_table(
        snakemake.output.drift,
        pd.DataFrame(
            {
                "frame": range(len(drift.used)),
                "dy_px": drift.shift_px[:, 0],
                "dx_px": drift.shift_px[:, 1],
                "residual_px": drift.residual_px,
                "used": drift.used,
                "reason": drift.reason,
            }
        ),
    )
    print(f"{drift.used.sum()} of {len(drift.used)} frames used, residual {drift.residual_px[drift.used].mean():.2f} px in the mean")
