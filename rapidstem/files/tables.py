"""Tables as CSV, with units in the column names."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rapidstem.errors import InputError
from rapidstem.files.atomic import written_beside

# Columns that hold names which people chose, numbers and `NA` among them.
LABEL_COLUMNS = ("acquisition", "series", "field", "denoiser", "variant", "against")
# Of a table that people write by hand; the names of its columns come before it.
WRITTEN_BY_HAND = "in the first line, a row a line, commas between the values and decimal points"


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


def read_table(path: Path | str, columns: Sequence[str], remedy: str = "") -> pd.DataFrame:
    """Read a CSV table; the names of acquisitions, denoisers and variants (`LABEL_COLUMNS`) stay text, whatever they look like.

    Parameters
    ----------
    path
        File to read.
    columns
        Columns that must be there; others may be there too and are kept.
    remedy
        What to do about a table that cannot be read; empty for one that a step of the workflow makes.

    Returns
    -------
    DataFrame
        With all columns of the file.

    Raises
    ------
    InputError
        when the file is missing, no table, lacks a column, or has more values in its rows than columns.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; {remedy or 'make it with the step that writes it'}")
    remedy = remedy or "delete it and make it again"
    try:
        table = _as_stored(path)
    except pd.errors.ParserWarning as error:
        raise InputError(f"{path}: is no CSV table (its rows have more values than its first line has columns); {remedy}") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no CSV table ({str(error).strip()}); {remedy}") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        present = ", ".join(str(column) for column in table.columns)
        raise InputError(f"{path}: lacks the column(s) {', '.join(missing)}; it has {present}; {remedy}")
    return table


def _as_stored(path: Path) -> pd.DataFrame:
    """The table with its names as they are written; a row with more values than columns is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        table = pd.read_csv(path, encoding="utf-8", index_col=False)
    labels = [column for column in LABEL_COLUMNS if column in table.columns]
    if labels:
        table[labels] = pd.read_csv(path, encoding="utf-8", usecols=labels, dtype=str, keep_default_na=False)[labels]
    return table
