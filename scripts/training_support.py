"""What the scripts that learn from training fields share."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from reading_support import read_raw

from rapidstem.denoising.fields import CHOICE_COLUMNS, TrainingField, own_reference_field, read_training_field
from rapidstem.files import read_table
from rapidstem.frames import read_drift


def chosen_fields(job: Any) -> list[str]:
    """Names of a job's training fields, its inputs `rapid` and `drift`, without those that its table `choice`, if any, leaves out."""
    left_out: set[str] = set()
    if job.input.choice:
        choice = read_table(job.input.choice, CHOICE_COLUMNS)
        left_out = set(choice.loc[~choice["kept"], "acquisition"])
    return [name for name in _all_fields(job) if name not in left_out]


def training_fields(job: Any, target: str, chosen: Sequence[str]) -> Iterator[TrainingField]:
    """Training fields of a job with these names, read one by one; where the target is `none`, there are no pairs."""
    numbers = {name: number for number, name in enumerate(_all_fields(job))}
    for name in chosen:
        number = numbers[name]
        stack, drift = read_raw(job.input.rapid[number], job.params.reading), read_drift(job.input.drift[number])
        if target == "none":
            yield own_reference_field(name, stack.frames, drift, stack.pixel_size_nm, stack.dwell_time_s)
        else:
            yield read_training_field(Path(job.input.pairs[number]).parent, stack.frames, drift, target, name, stack.dwell_time_s)


def _all_fields(job: Any) -> list[str]:
    return [Path(path).name.removesuffix(".drift.csv") for path in job.input.drift]
