"""What the errors of the dislocation positions say, in a table and in sentences."""

import numpy as np
import pandas as pd

from rapidstem.scores.positional_error import ZHAO_MEAN_ABS_NM


def verdict_table(errors: pd.DataFrame) -> pd.DataFrame:
    """Print the table of positional errors (`rapidstem.scores.positional_error.positional_errors`), one row a comparison.

    Zhao et al. compare rapid with slow; rows against anything else have no published figure.

    Parameters
    ----------
    errors
        One row a comparison and axis.

    Returns
    -------
    DataFrame
        Of texts; lengths in nm.
    """
    rows = []
    for (acquisition, variant, against), axes in errors.groupby(["acquisition", "variant", "against"], sort=False):
        row = {"acquisition": acquisition, "series": variant, "against": against}
        row |= {f"mean |ΔG{error.axis}| / nm": _fixed(error.mean_abs_nm, 1) for error in axes.itertuples()}
        names = " / ".join(axes["axis"])
        row[f"Zhao et al., {names} / nm"] = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in axes["axis"]) if against == "slow" else "–"
        row[f"median, {names} / nm"] = " / ".join(_fixed(value, 1) for value in axes["median_abs_nm"])
        row[f"bias, {names} / nm"] = " / ".join(_fixed(value, 1) for value in axes["bias_nm"])
        row[f"N, {names}"] = " / ".join(str(int(value)) for value in axes["pairs"])
        row[f"paired, {names} / %"] = " / ".join(_fixed(value, 0) for value in axes["paired_percent"])
        rows.append(row)
    return pd.DataFrame(rows)


def verdict_sentences(errors: pd.DataFrame) -> list[str]:
    """Say what the table of `rapidstem.scores.positional_error.positional_errors` holds, one sentence a comparison."""
    sentences = []
    for (acquisition, variant, against), rows in errors.groupby(["acquisition", "variant", "against"], sort=False):
        found = ", ".join(f"{_fixed(row.mean_abs_nm, 1)} nm in {row.axis} (N = {int(row.pairs)})" for row in rows.itertuples())
        published = " / ".join(f"{ZHAO_MEAN_ABS_NM[axis]:g}" for axis in rows["axis"])
        beside = f"; Zhao et al. (2021) found {published} nm" if against == "slow" else ""
        paired = f"{_fixed(rows['paired_percent'].min(), 0)} % or more of the centres of {against} are paired"
        sentences.append(f"{acquisition}, {variant} against {against}: mean error {found}; {paired}{beside}.")
    return sentences


def _fixed(value: float | None, decimals: int) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{round(value, decimals) + 0.0:.{decimals}f}"
