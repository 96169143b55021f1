"""What the scripts that learn from training fields share."""

from pathlib import Path
from typing import Any

from script_support import read_raw

from rapidstem.denoising.fields import CHOICE_COLUMNS, TrainingField, own_reference_field, read_training_field
from rapidstem.files import read_table
from rapidstem.frames import read_drift


def training_fields(job: Any, target: str) -> list[TrainingField]:
    """The chosen training fields of a job: its inputs `rapid` and `pairs`, without those that its table `choice`, if any, leaves out.

    Where the target is `none`, there are no pairs.
    """
    left_out: set[str] = set()
    if job.input.choice:
        choice = read_table(job.input.choice, CHOICE_COLUMNS)
        left_out = set(choice.loc[~choice["kept"], "acquisition"])
    fields = []
    for number, (raw, drift_path) in enumerate(zip(job.input.rapid, job.input.drift, strict=True)):
        name = Path(drift_path).name.removesuffix(".drift.csv")
        if name in left_out:
            continue
        stack, drift = read_raw(raw, job.params.reading), read_drift(drift_path)
        if target == "none":
            fields.append(own_reference_field(name, stack.frames, drift, stack.pixel_size_nm, stack.dwell_time_s))
        else:
            folder = Path(job.input.pairs[number]).parent
            fields.append(read_training_field(folder, stack.frames, drift, target, name, stack.dwell_time_s))
    return fields
