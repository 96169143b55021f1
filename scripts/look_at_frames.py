"""Look at the raw files of one acquisition: numbers, a verdict and thumbnails."""

import numpy as np
import pandas as pd
from reading_support import open_raw
from script_support import logged

from rapidstem.denoising.fields import field_sample, histogram_distance, series_sample
from rapidstem.figures import write_thumbnails
from rapidstem.files import write_table
from rapidstem.frames import look_at_frames

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    parameters = snakemake.params
    distance, remarks = np.nan, list(stack.remarks)
    if snakemake.input.series:
        with open_raw(snakemake.input.series[0], parameters.reading) as series:
            beside = series_sample("series", series.tilt_deg, series.frames, parameters.tilt_deg)
        distance = histogram_distance(field_sample(snakemake.wildcards.acquisition, parameters.tilt_deg, stack.frames), beside)
        if distance > parameters.largest_distance:
            remarks.append(
                f"intensities unlike those of the tilt series, by {distance:.2f} where {parameters.largest_distance:g} is allowed"
            )
    tilts = stack.tilt_deg if parameters.kind == "tilt_series" else None
    look = look_at_frames(stack.frames, tilts, remarks)
    shown = [stack.frames[number] for number in sorted({0, len(stack.frames) // 2, len(stack.frames) - 1})]
    if snakemake.input.slow:
        with open_raw(snakemake.input.slow, parameters.reading) as slow:
            shown.append(slow.frames[len(slow.frames) // 2])
    write_thumbnails(snakemake.output.picture, shown)
    about = {
        "acquisition": snakemake.wildcards.acquisition,
        "kind": parameters.kind,
        "frames": len(stack.frames),
        "rows": stack.shape[1],
        "columns": stack.shape[2],
        "pixel_size_nm": stack.pixel_size_nm,
        "dwell_time_ns": np.nan if stack.dwell_time_s is None else 1e9 * stack.dwell_time_s,
        "tilts": f"{parameters.tilt_deg:g}" if tilts is None else f"{min(tilts):.0f} to {max(tilts):.0f}",
        "detail_nm": look.numbers.detail_px * stack.pixel_size_nm,
        "histogram_distance": distance,
    }
    write_table(snakemake.output.look, pd.DataFrame([about | look.row()]))
    print(f"{look.verdict}: {'; '.join(look.reasons)}" if look.reasons else look.verdict)
