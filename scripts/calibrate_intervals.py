"""Calibrate the intervals that a trained denoiser states for every pixel, on training and validation fields."""

from pathlib import Path

import torch
from reading_support import read_raw
from script_support import logged
from training_support import training_fields

from rapidstem.denoising import RecordedReference, calibrated_intervals, compared_field, frames_to_compare, load_model, write_intervals
from rapidstem.denoising.fields import TrainingField
from rapidstem.distortion import match_pixel_size, read_map, read_pair


def recorded_reference(field: TrainingField, target: str) -> RecordedReference:
    """The reference of a training field in pixels of its own: its slow image from the inputs `slow` and `map`, or its DCFI image."""
    number = [Path(path).name for path in snakemake.input.drift].index(f"{field.name}.drift.csv")
    dcfi, aligned, pixel_size_nm = read_pair(Path(snakemake.input.pairs[number]).parent)
    if target == "dcfi":
        return RecordedReference.of_mean(dcfi)
    slow = read_raw(snakemake.input.slow[number], snakemake.params.reading)
    image = match_pixel_size(slow.frames[0], slow.pixel_size_nm / pixel_size_nm)
    return RecordedReference.of_slow_image(image, aligned.slow_shift_px, read_map(snakemake.input.map))


with logged(snakemake):
    torch.set_num_threads(snakemake.threads)
    model = load_model(Path(snakemake.input.weights).parent)
    target, data = model.settings.target, model.card["data"]
    frames = frames_to_compare(data["training"], data["validation"])
    compared = {
        field.name: compared_field(model, field, recorded_reference(field, target), frames[field.name])
        for field in training_fields(snakemake, target, list(frames))
    }
    learnt_on, calibrated_on = ([compared[name] for name in data[part] if name in frames] for part in ("training", "validation"))
    intervals = calibrated_intervals(target, learnt_on, calibrated_on)
    write_intervals(snakemake.output.intervals, intervals)
    if intervals.spreads is None:
        print("no field is left to calibrate on: nothing is stated")
    else:
        print(f"{100 * intervals.coverage:.0f} % of the {target} image's pixels lie within {intervals.spreads:.2f} spreads of the answer")
