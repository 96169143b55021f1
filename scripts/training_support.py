"""What the scripts that learn from training fields share."""

from pathlib import Path
from typing import Any

from script_support import read_raw

from rapidstem.denoising.field_choice import CHOICE_COLUMNS
from rapidstem.denoising.training_pairs import TrainingField, read_training_field
from rapidstem.files.tables import read_table


def training_fields(job: Any, target: str) -> list[TrainingField]:
    """The chosen training fields of a job: its inputs `rapid` and `pairs`, without those that its table `choice`, if any, leaves out."""
    left_out: set[str] = set()
    if job.input.choice:
        choice = read_table(job.input.choice, CHOICE_COLUMNS)
        left_out = set(choice.loc[~choice["kept"], "acquisition"])
    fields = []
    for raw, pair in zip(job.input.rapid, job.input.pairs, strict=True):
        folder = Path(pair).parent
        if folder.name not in left_out:
            stack = read_raw(raw, job.params.reading)
            fields.append(read_training_field(folder, stack.frames, target, folder.name, stack.dwell_time_s))
    return fields
