"""What the scripts that learn from training fields share."""

from pathlib import Path
from typing import Any

from script_support import read_raw

from rapidstem.denoising.fields import CHOICE_COLUMNS, TrainingField, own_reference_field, read_training_field
from rapidstem.files import read_table
from rapidstem.frames import read_drift
from rapidstem.numerics import evenly_spread


def training_fields(job: Any, target: str, most: int | None = None) -> list[TrainingField]:
    """The chosen training fields of a job: its inputs `rapid` and `pairs`, without those that its table `choice`, if any, leaves out.

    Where the target is `none`, there are no pairs. Of more fields than `most`, as many are read, evenly spread.
    """
    left_out: set[str] = set()
    if job.input.choice:
        choice = read_table(job.input.choice, CHOICE_COLUMNS)
        left_out = set(choice.loc[~choice["kept"], "acquisition"])
    names = [Path(path).name.removesuffix(".drift.csv") for path in job.input.drift]
    kept = [number for number, name in enumerate(names) if name not in left_out]
    fields = []
    for number in [kept[index] for index in evenly_spread(len(kept), most or len(kept))] if kept else []:
        name, stack, drift = names[number], read_raw(job.input.rapid[number], job.params.reading), read_drift(job.input.drift[number])
        if target == "none":
            fields.append(own_reference_field(name, stack.frames, drift, stack.pixel_size_nm, stack.dwell_time_s))
        else:
            folder = Path(job.input.pairs[number]).parent
            fields.append(read_training_field(folder, stack.frames, drift, target, name, stack.dwell_time_s))
    return fields
