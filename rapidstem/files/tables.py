"""Tables as CSV, with units in the column names."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside


def write_table(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table as CSV without its index; it appears only when it is complete.

    Numbers keep nine significant digits: every float32 comes back as it was, a float64 to 5e-10 of its value.

    Parameters
    ----------
    path
        File to write, `.csv`.
    table
        Its index is not kept.
    """
    with written_beside(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.9g", lineterminator="\n", encoding="utf-8")


def read_table(path: Path | str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV table.

    Parameters
    ----------
    path
        File to read.
    columns
        Columns that must be there; others may be there too and are kept.

    Returns
    -------
    DataFrame
        With all columns of the file.

    Raises
    ------
    InputError
        when the file is missing, no table, or lacks a column.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; make it with the step that writes it")
    try:
        table = pd.read_csv(path, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no CSV table ({error}); delete it and make it again") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        present = ", ".join(str(column) for column in table.columns)
        raise InputError(f"{path}: lacks the column(s) {', '.join(missing)}; it has {present}. Delete it and make it again")
    return table
