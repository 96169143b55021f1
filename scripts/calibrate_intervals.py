"""Calibrate the intervals that a trained denoiser states for every pixel, on training and validation fields."""

from pathlib import Path

import torch
from script_support import logged
from training_support import recorded_reference, training_fields

from rapidstem.denoising import calibrated_intervals, compared_field, load_model, write_intervals

# The spread has four parameters; its multiple is a quantile of half a million pixels of each field.
FRAMES_LEARNT_ON, FRAMES_CALIBRATED_ON = 1, 8

with logged(snakemake):
    torch.set_num_threads(snakemake.threads)
    model = load_model(Path(snakemake.input.weights).parent)
    target, data = model.settings.target, model.card["data"]
    compared: dict[str, list] = {"training": [], "validation": []}
    for field in training_fields(snakemake, target):
        part = "validation" if field.name in data["validation"] else "training"
        most = FRAMES_CALIBRATED_ON if part == "validation" else FRAMES_LEARNT_ON
        compared[part].append(compared_field(model, field, recorded_reference(snakemake, field, target), most))
    intervals = calibrated_intervals(target, compared["training"], compared["validation"])
    write_intervals(snakemake.output.intervals, intervals)
    print(f"{100 * intervals.coverage:.0f} % of the {target} image's pixels lie within {intervals.spreads:.2f} spreads of the answer")
