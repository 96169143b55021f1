"""Keep the training fields whose intensities are distributed as those of the tilt series."""

from reading_support import open_raw
from script_support import logged

from rapidstem.denoising.fields import FieldSample, choose_fields, field_sample, histograms, series_sample
from rapidstem.files import write_table


def sampled(name: str, tilt_deg: float, path: str) -> FieldSample:
    """A field's intensities."""
    with open_raw(path, snakemake.params.reading) as stack:
        return field_sample(name, tilt_deg, stack.frames)


with logged(snakemake), open_raw(snakemake.input.series, snakemake.params.reading) as record:
    parameters = snakemake.params
    fields = [
        sampled(name, tilt_deg, path) for (name, tilt_deg), path in zip(parameters.tilts_deg.items(), snakemake.input.rapid, strict=True)
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
