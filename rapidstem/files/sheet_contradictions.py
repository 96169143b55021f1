"""What raw files say that contradicts the sheet, or each other: nothing is refused for it, but a person must know."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rapidstem.files.image_stacks import StackHeader

# the stage's tilt and the sheet's may differ by this much: a sheet gives what was aimed at
TILT_TOLERANCE_DEG = 1.0


def file_remarks(row: Mapping[Any, Any], headers: Mapping[str, StackHeader]) -> Iterator[str]:
    """Say for each file of a row what is doubtful about it.

    Parameters
    ----------
    row
        Of the sheet: `kind` and `tilt` (degrees, NaN for a tilt series).
    headers
        Of its files, by column.

    Yields
    ------
    str
        What is doubtful, a sentence each.
    """
    for column, header in headers.items():
        said = [*header.remarks, *_tilt_remarks(row, header), *_frame_remarks(row, column, header)]
        yield from (f"column {column}: {header.path}: {remark}" for remark in said)


def _tilt_remarks(row: Mapping[Any, Any], header: StackHeader) -> Iterator[str]:
    if row["kind"] != "tilt_series" and header.tilt_deg is not None and np.ptp(header.tilt_deg) > TILT_TOLERANCE_DEG:
        low, high = header.tilt_deg.min(), header.tilt_deg.max()
        yield f"its tilts go from {low:.2f} to {high:.2f} degrees, the sheet says that it is at rest. Is it a tilt series?"
        return
    if header.stage_tilt_deg is not None and abs(header.stage_tilt_deg - row["tilt"]) > TILT_TOLERANCE_DEG:
        said = f"the stage stood at {header.stage_tilt_deg:.2f} degrees when it was taken, the sheet says {row['tilt']:g}"
        yield f"{said}; the sheet's tilt is used. Is it the right file?"


def _frame_remarks(row: Mapping[Any, Any], column: str, header: StackHeader) -> Iterator[str]:
    wanted = {"slow": "slow image", "dcfi": "instrument's integrated image"}.get(column)
    if wanted and row["kind"] != "tilt_series" and header.shape[0] > 1:
        yield f"holds {header.shape[0]} frames, of which the first is used as the {wanted}; give a file with that image alone"


def tomogram_problems(rows: list[tuple[int, dict[str, str]]]) -> Iterator[str]:
    """Tilt series that in-situ series or later tilt series name and that are none."""
    series = [row["acquisition"] for _, row in rows if row["kind"] == "tilt_series"]
    earlier: list[str] = []
    for number, row in rows:
        name, place = row["tomogram"], f"line {number}, acquisition {row['acquisition']!r}, column tomogram"
        if name and row["kind"] not in ("in_situ", "tilt_series"):
            yield f"{place}: {name!r}, but only an in-situ series or a later tilt series is held against a tomogram; leave it empty"
        elif name in series and row["kind"] == "tilt_series" and name not in earlier:
            yield f"{place}: {name!r} does not stand above this row; a tilt series is held against an earlier one of the same field"
        elif name and name not in series:
            known = f"those of the sheet are {', '.join(series)}" if series else "the sheet has none"
            yield f"{place}: {name!r} is no tilt series; {known}"
        earlier += [row["acquisition"]] if row["kind"] == "tilt_series" else []
