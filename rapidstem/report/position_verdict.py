"""What the errors of the dislocation positions say, in a table and in sentences."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rapidstem.report.page_parts import ReportTable
from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM


def error_table(errors: pd.DataFrame) -> ReportTable:
    """Print rows of the table of positional errors (`rapidstem.scores.positional_error.positional_errors`), one row a comparison."""
    rows = []
    for (variant, against), axes in errors.groupby(["variant", "against"], sort=False):
        names = " / ".join(axes["axis"])
        row = {"series": variant, "against": against, f"mean |ΔG|, {names} / nm": joined_numbers(axes["mean_abs_nm"], 1)}
        row[f"median, {names} / nm"] = joined_numbers(axes["median_abs_nm"], 1)
        row[f"bias, {names} / nm"] = joined_numbers(axes["bias_nm"], 1)
        row[f"N, {names}"] = joined_numbers(axes["pairs"], 0)
        row["paired / %"] = fixed_number(axes["paired_percent"].min(), 0)
        rows.append(row)
    published = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in dict.fromkeys(errors["axis"]))
    note = f"Zhao et al. (2021) found {published} nm rapid against slow, on a real specimen; nothing is published against a truth."
    return ReportTable("Errors of the dislocation positions", pd.DataFrame(rows), note)


def error_sentences(errors: pd.DataFrame) -> list[str]:
    """Say what the table of `rapidstem.scores.positional_error.positional_errors` holds, one sentence a comparison."""
    sentences = []
    for (variant, against), rows in errors.groupby(["variant", "against"], sort=False):
        found = ", ".join(f"{fixed_number(row.mean_abs_nm, 1)} nm in {row.axis} (N = {int(row.pairs)})" for row in rows.itertuples())
        published = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in rows["axis"])
        beside = f"; Zhao et al. (2021) found {published} nm" if against == "slow" else ""
        paired = f"{fixed_number(np.floor(rows['paired_percent'].min()), 0)} % or more of the centres of {against} are paired"
        sentences.append(f"{variant} against {against}: mean error {found}; {paired}{beside}.")
    return sentences


def joined_numbers(values: Iterable[float], decimals: int) -> str:
    """Numbers of several axes with so many decimals, a dash for what is not known."""
    return " / ".join(fixed_number(value, decimals) for value in values)


def fixed_number(value: float | None, decimals: int) -> str:
    """A number with so many decimals, a dash for what is not known."""
    return "–" if value is None or not np.isfinite(value) else f"{round(value, decimals) + 0.0:.{decimals}f}"
