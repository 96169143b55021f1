"""What the scripts that learn from training fields share."""

from pathlib import Path
from typing import Any

from script_support import read_raw

from rapidstem.denoising.fields import CHOICE_COLUMNS, TrainingField, own_reference_field, read_training_field
from rapidstem.files import read_table


def training_fields(job: Any, target: str) -> list[TrainingField]:
    """The chosen training fields of a job: its inputs `rapid` and `pairs`, without those that its table `choice`, if any, leaves out.

    Where the target is `none`, `pairs` are the tables of the drift.
    """
    left_out: set[str] = set()
    if job.input.choice:
        choice = read_table(job.input.choice, CHOICE_COLUMNS)
        left_out = set(choice.loc[~choice["kept"], "acquisition"])
    fields = []
    for raw, pair in zip(job.input.rapid, job.input.pairs, strict=True):
        name = Path(pair).name.removesuffix(".drift.csv") if target == "none" else Path(pair).parent.name
        if name in left_out:
            continue
        stack = read_raw(raw, job.params.reading)
        if target == "none":
            drift = read_table(pair, ["dy_px", "dx_px", "used"])
            shift_px, used = drift[["dy_px", "dx_px"]].to_numpy(float), drift["used"].to_numpy(bool)
            fields.append(own_reference_field(name, stack.frames, shift_px, used, stack.pixel_size_nm, stack.dwell_time_s))
        else:
            fields.append(read_training_field(Path(pair).parent, stack.frames, target, name, stack.dwell_time_s))
    return fields
