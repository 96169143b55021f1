"""Find the drift of an in-situ series, and the time and temperature of its frames."""

from dataclasses import replace

from reading_support import open_raw
from script_support import logged

from rapidstem.files import frame_temperatures, write_table
from rapidstem.frames import drift_table, filled_shifts, register_series

with logged(snakemake), open_raw(snakemake.input.rapid, snakemake.params.reading) as stack:
    count = len(stack.frames)
    temperature_c = frame_temperatures(snakemake.params.temperature, stack.time_s, count)
    drift = register_series(stack.frames)
    table = drift_table(replace(drift, shift_px=filled_shifts(drift)))
    table.insert(1, "time_s", stack.time_s)
    table.insert(2, "temperature_c", temperature_c)
    write_table(snakemake.output.frames, table)
    print(f"{drift.used.sum()} of {count} frames registered, residual {drift.residual_px[drift.used].mean():.2f} px in the mean")
