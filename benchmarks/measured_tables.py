"""The tables that benchmarks leave in `docs/measured`, which the pages of the documentation show.

Every row says at which commit, on which processor and on which day it was measured, so that rows that are measured anew can stand
beside older ones. `docs/write_pages.py` puts the tables into the pages.
"""

import datetime
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rapidstem.files import write_table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/measured"
MEASURING_CODE = ("rapidstem", "benchmarks", "scripts", "workflow", "rapidstem_workflow", "Snakefile")
ORIGIN = ("commit", "processor", "measured_on")
UNKNOWN = "unknown"


def record_table(name: str, table: pd.DataFrame, keys: Sequence[str], folder: Path = FOLDER) -> None:
    """Print a table, and write it to `docs/measured/<name>.csv` with its origin.

    Rows that stand there already and have other keys stay as they are.

    Parameters
    ----------
    name
        Of the benchmark; a second table of one benchmark is called `<benchmark>.<table>`.
    table
        What was measured.
    keys
        Columns that tell what a row is of.
    folder
        Where the file lies.
    """
    path = folder / f"{name}.csv"
    measured = table.assign(commit=current_commit(), processor=processor_model(), measured_on=f"{datetime.date.today():%Y-%m-%d}")
    print(table.to_string(index=False), flush=True)
    write_table(path, updated(read_measured(path), measured, keys) if path.is_file() else measured)


def updated(known: pd.DataFrame, measured: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The known rows, those with the keys of a measured one replaced by it where they stand; new ones follow."""
    own, others = _keys_of(measured, keys), _keys_of(known, keys)
    if len(set(own)) < len(own):
        raise ValueError(f"rows of the measured table agree in {', '.join(keys)}; name a column that tells them apart")
    order = [others.index(key) if key in others else len(known) + number for number, key in enumerate(own)]
    kept = known[[key not in own for key in others]]
    rows = pd.concat([kept, measured.set_axis(order)]).sort_index()
    columns = [column for column in rows.columns if column not in ORIGIN]
    return rows[[*columns, *ORIGIN]].reset_index(drop=True)


def _keys_of(table: pd.DataFrame, keys: Sequence[str]) -> list[tuple[str, ...]]:
    """What tells the rows apart, as texts: 20 and 20.0 are the same."""
    columns = [[f"{value:g}" if isinstance(value, float | int) else str(value) for value in table[key].tolist()] for key in keys]
    return list(zip(*columns, strict=True))


def read_measured(path: Path) -> pd.DataFrame:
    """A table of `docs/measured`; texts such as a commit of digits alone stay texts."""
    return pd.read_csv(path, encoding="utf-8", dtype=dict.fromkeys(ORIGIN, str), keep_default_na=False, na_values=[""])


def current_commit() -> str:
    """Short hash of the checked-out commit; `-changed` follows where the code that measures differs from it."""
    try:
        commit = _git("rev-parse", "--short=7", "HEAD").strip()
        return f"{commit}-changed" if _git("status", "--porcelain", "--", *MEASURING_CODE) else commit
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def processor_model() -> str:
    """What the system calls its processor."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or UNKNOWN


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
