"""Find the drift of an in-situ series, and the time and temperature of its frames."""

import pandas as pd
from script_support import logged, open_raw

from rapidstem.files import frame_temperatures, write_table
from rapidstem.frames import filled_shifts, register_series

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    count = len(stack.frames)
    temperature_c = frame_temperatures(snakemake.params.temperature, stack.time_s, count)
    drift = register_series(stack.frames)
    shift_px = filled_shifts(drift)
    table = pd.DataFrame({"frame": range(count), "time_s": stack.time_s, "temperature_c": temperature_c})
    table = table.assign(dy_px=shift_px[:, 0], dx_px=shift_px[:, 1], residual_px=drift.residual_px, used=drift.used, reason=drift.reason)
    write_table(snakemake.output.frames, table)
    print(f"{drift.used.sum()} of {count} frames registered, residual {drift.residual_px[drift.used].mean():.2f} px in the mean")
