"""Calibrate the intervals that a trained denoiser states for every pixel, on training and validation fields."""

from pathlib import Path

import torch
from script_support import logged, read_raw
from training_support import training_fields

from rapidstem.denoising import RecordedReference, calibrated_intervals, compared_field, load_model, write_intervals
from rapidstem.denoising.fields import TrainingField
from rapidstem.distortion import match_pixel_size, read_map, read_pair

# The spread has four parameters; its multiple is a quantile of half a million pixels of each field.
FRAMES_LEARNT_ON, FRAMES_CALIBRATED_ON = 1, 8


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
    compared: dict[str, list] = {"training": [], "validation": []}
    for field in training_fields(snakemake, target):
        part = "validation" if field.name in data["validation"] else "training"
        most = FRAMES_CALIBRATED_ON if part == "validation" else FRAMES_LEARNT_ON
        compared[part].append(compared_field(model, field, recorded_reference(field, target), most))
    intervals = calibrated_intervals(target, compared["training"], compared["validation"])
    write_intervals(snakemake.output.intervals, intervals)
    print(f"{100 * intervals.coverage:.0f} % of the {target} image's pixels lie within {intervals.spreads:.2f} spreads of the answer")
