"""Keep the training fields whose intensities are distributed as those of the tilt series."""

from script_support import logged, read_raw

from rapidstem.denoising.fields import choose_fields, field_sample, histograms, series_sample
from rapidstem.files import write_table

with logged(snakemake):
    parameters = snakemake.params
    record = read_raw(snakemake.input.series, parameters.reading)
    fields = [
        field_sample(name, tilt_deg, read_raw(path, parameters.reading).frames)
        for (name, tilt_deg), path in zip(parameters.tilts_deg.items(), snakemake.input.rapid, strict=True)
    ]
    beside = {
        tilt_deg: series_sample(parameters.series, record.tilt_deg, record.frames, tilt_deg)
        for tilt_deg in sorted({field.tilt_deg for field in fields})
    }
    choice = choose_fields(fields, {field.name: beside[field.tilt_deg] for field in fields}, parameters.largest_distance)
    shown = [*fields, *beside.values()]
    write_table(snakemake.output.choice, choice)
    write_table(snakemake.output.histograms, histograms(shown, [*choice["kept"], *[True] * len(beside)]))
    left_out = choice.loc[~choice["kept"], "acquisition"].to_list()
    print(f"{choice['kept'].sum()} of {len(choice)} training fields kept" + (f", left out: {', '.join(left_out)}" if left_out else ""))
