"""What a sweep says of each factor: means over the seeds with their spread, and where a limit is passed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

BASE, NONE = "base", "none"
POINT_COLUMNS = ["factor", "value", "second_factor", "second_value", "seed", "said"]
CURVE_COLUMNS = ["factor", "value", "quantity", "mean", "lowest", "highest", "seeds", "failed"]
LIMIT_COLUMNS = ["factor", "quantity", "limit", "within", "passed", "base", "failed"]


@dataclass(frozen=True)
class Limit:
    """What an error may reach, or a share must not fall below.

    Attributes
    ----------
    value : in the unit of the quantity.
    at_most : whether larger values pass it.
    """

    value: float
    at_most: bool

    def passed(self, mean: float) -> bool:
        """Whether a mean lies beyond; what could not be measured does."""
        return not (mean <= self.value if self.at_most else mean >= self.value)


# Zhao et al. 2021 reach 6 to 10 nm; half of it, and four fifths of the lines, are what a session is planned for.
LIMITS = {f"{axis}_nm": Limit(5.0, True) for axis in "xyz"} | {name: Limit(80.0, False) for name in ("found_percent", "real_percent")}


def sweep_curves(points: pd.DataFrame, base: Mapping[str, str]) -> pd.DataFrame:
    """Each measured quantity against each factor alone, the base among its values.

    Parameters
    ----------
    points : DataFrame
        Rows of a sweep: `POINT_COLUMNS` and the measured quantities; `said` is not empty where a point could not be finished.
    base : mapping of str to str
        The value of each factor that the base has, empty where none of its values is the base's.

    Returns
    -------
    DataFrame
        `CURVE_COLUMNS`: `mean`, `lowest` and `highest` over the seeds that were finished, `seeds` of them, and `failed` others. Values
        that are numbers stand in their order.
    """
    single = points[(points["second_factor"] == NONE) & (points["factor"] != BASE)]
    of_base = [points[points["factor"] == BASE].assign(factor=factor, value=value) for factor, value in base.items() if value]
    rows = pd.concat([single, *of_base], ignore_index=True)
    quantities = [name for name in rows.select_dtypes("number") if name != "seed"]
    long = rows.melt(["factor", "value", "said"], quantities, "quantity", "measured")
    grouped = long.groupby(["factor", "quantity", "value"], sort=False)
    curves = grouped["measured"].agg(mean="mean", lowest="min", highest="max", seeds="count").reset_index()
    failed = grouped["said"].agg(lambda words: int((words.fillna("") != "").sum())).reset_index(name="failed")
    curves = curves.merge(failed, on=["factor", "quantity", "value"])
    order = curves["factor"].map({name: number for number, name in enumerate(base)})
    return curves.assign(order=order, place=axis_places(curves["value"])).sort_values(["order", "quantity", "place"])[CURVE_COLUMNS]


def axis_places(values: pd.Series) -> pd.Series:
    """Where values lie on an axis: numbers at themselves, words in the order in which they come.

    Parameters
    ----------
    values : Series of str
        Labels of values.

    Returns
    -------
    Series of float
        With the index of the labels.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    return numbers.fillna(pd.Series(pd.factorize(values)[0], index=values.index))


def passed_limits(curves: pd.DataFrame, base: Mapping[str, str]) -> pd.DataFrame:
    """Where the mean over the seeds passes the limit of a quantity; a value at which every seed has failed passes all.

    Parameters
    ----------
    curves : DataFrame
        As `sweep_curves` gives them.
    base : mapping of str to str
        As there.

    Returns
    -------
    DataFrame
        `LIMIT_COLUMNS`: the values within and beyond the limit, as texts, and how many points had failed.
    """
    rows = []
    for (factor, quantity), own in curves[curves["quantity"].isin(LIMITS)].groupby(["factor", "quantity"], sort=False):
        limit = LIMITS[str(quantity)]
        beyond = np.array([limit.passed(mean) for mean in own["mean"]])
        sides = [", ".join(own["value"][chosen]) for chosen in (~beyond, beyond)]
        rows.append([factor, quantity, limit.value, *sides, base[str(factor)], int(own["failed"].sum())])
    return pd.DataFrame(rows, columns=LIMIT_COLUMNS)
