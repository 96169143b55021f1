"""Maps of a sweep: errors and shares against each factor, and against two at once."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rapidstem.figures.style import BLACK, Drawing, panels, series_style, styled
from rapidstem.scores import BASE, LIMITS, NONE, axis_places, passed_limits, sweep_curves

# Panels beside each other; values that span more than this are drawn on a logarithmic axis.
_COLUMNS, _LOGARITHMIC_SPAN = 3, 8.0
# Of the axis, beyond the outermost values.
_MARGIN = 0.08
_ERRORS = ("x_nm", "y_nm", "z_nm")


@styled
def errors_by_factor(points: pd.DataFrame, base: Mapping[str, str]) -> Drawing:
    """Mean absolute errors in x, y and z against the truth, with the spread over the seeds, against each factor.

    Parameters
    ----------
    points : DataFrame
        Rows of a sweep, as for `rapidstem.scores.sweep_curves`.
    base : mapping of str to str
        Value of each factor that the base has.
    """
    bounds = {f"lines_known_{name}": f"{name[0]}, geometry and lines known" for name in _ERRORS}
    return _map(points, base, {name: f"{name[0]}, against the truth" for name in _ERRORS} | bounds, "error / nm")


@styled
def differences_by_factor(points: pd.DataFrame, base: Mapping[str, str]) -> Drawing:
    """Mean absolute differences of rapid and slow in x, y and z, with the spread over the seeds, against each factor.

    Parameters
    ----------
    points, base
        As for `errors_by_factor`.
    """
    return _map(points, base, {f"against_slow_{name}": f"{name[0]}, rapid against slow" for name in _ERRORS}, "difference / nm")


@styled
def shares_by_factor(points: pd.DataFrame, base: Mapping[str, str]) -> Drawing:
    """Shares of the true length that is found and of the fitted length that is real, against each factor.

    Parameters
    ----------
    points, base
        As for `errors_by_factor`.
    """
    return _map(points, base, {"found_percent": "found", "real_percent": "real"}, "share of the length / %")


@styled
def errors_by_pair(points: pd.DataFrame, base: Mapping[str, str]) -> Drawing:
    """The largest of the errors in x, y and z against the truth, mean over the seeds that were finished, against two factors at once.

    Points of one factor alone stand where the other one has the base's value.

    Parameters
    ----------
    points, base
        As for `errors_by_factor`.
    """
    known = points.reindex(columns=[*points.columns, *set(_ERRORS) - set(points)])
    pairs = known.loc[known["second_factor"] != NONE, ["factor", "second_factor"]].drop_duplicates().itertuples(index=False)
    grids = {(first, second): _grid_points(known, first, second, base) for first, second in pairs}
    figure, axes = panels(1, max(1, len(grids)), 3.6 * max(1, len(grids)), 3.2)
    for panel, ((first, second), rows) in zip(axes[0], grids.items(), strict=False):
        _draw_grid(panel, rows)
        panel.set(xlabel=_words(first), ylabel=_words(second))
    words = f"Largest error in nm against two factors at once, in {len(grids)} pairs." if grids else "No pairs were swept."
    return Drawing(figure, pd.concat([known.iloc[:0], *grids.values()]), words)


def _grid_points(points: pd.DataFrame, first: str, second: str, base: Mapping[str, str]) -> pd.DataFrame:
    """The rows of two factors at once, and with the base's value of the other one those of each alone and of the base itself."""
    paired = points[(points["factor"] == first) & (points["second_factor"] == second)]
    if not (base[first] and base[second]):
        return paired
    alone = points[points["second_factor"] == NONE]
    row, column, corner = (alone[alone["factor"] == name] for name in (first, second, BASE))
    crossing = [
        row.assign(second_value=base[second]),
        column.assign(second_value=column["value"], value=base[first]),
        corner.assign(second_value=base[second], value=base[first]),
    ]
    return pd.concat([paired, *crossing], ignore_index=True).assign(factor=first, second_factor=second)


def _draw_grid(panel: Axes, rows: pd.DataFrame) -> None:
    worst = rows.assign(worst_nm=rows[[*_ERRORS]].max(axis=1, skipna=False))
    table = worst.pivot_table(index="second_value", columns="value", values="worst_nm", dropna=False)
    table = table.loc[_ordered(table.index), _ordered(table.columns)]
    failed = rows.assign(failed=rows["said"].fillna("") != "").pivot_table("failed", "second_value", "value", aggfunc="sum")
    lost, highest_nm = failed.reindex_like(table).to_numpy(), 2 * LIMITS["z_nm"].value
    panel.imshow(np.ma.masked_invalid(table.to_numpy(float)), cmap="viridis_r", vmin=0, vmax=highest_nm, origin="lower")
    for (row, column), value in np.ndenumerate(table.to_numpy(float)):
        ink = "white" if value > highest_nm / 2 else BLACK
        panel.text(column, row, _cell_words(value, lost[row, column]), ha="center", va="center", fontsize=8, color=ink)
    panel.set_xticks(range(table.shape[1]), table.columns)
    panel.set_yticks(range(table.shape[0]), table.index)
    panel.grid(False)


def _map(points: pd.DataFrame, base: Mapping[str, str], shown: Mapping[str, str], unit: str) -> Drawing:
    """One panel a factor: curves with the range over the seeds, the base, and the limit."""
    curves = sweep_curves(points, base)
    factors = list(dict.fromkeys(curves["factor"]))
    rows = max(1, -(-len(factors) // _COLUMNS))
    figure, axes = panels(rows, _COLUMNS, 3.4 * _COLUMNS, 2.6 * rows)
    limits = {name.removeprefix("against_slow_"): LIMITS.get(name.removeprefix("against_slow_")) for name in shown}
    limit = next(each.value for each in limits.values() if each is not None)
    for panel, factor in zip(axes.ravel(), factors, strict=False):
        _draw_factor(panel, curves[curves["factor"] == factor], base[factor], shown)
        panel.axhline(limit, color=BLACK, linestyle="--", linewidth=0.8)
        panel.set(xlabel=_words(factor), ylabel=unit, ylim=(0, None))
    for panel in axes.ravel()[len(factors) :]:
        panel.set_visible(False)
    axes[0, 0].legend(fontsize=6.5)
    return Drawing(figure, curves[curves["quantity"].isin(shown)], _limit_words(curves, base, shown, limit))


def _draw_factor(panel: Axes, curves: pd.DataFrame, base: str, shown: Mapping[str, str]) -> None:
    values = curves[["value"]].drop_duplicates()["value"]
    place = dict(zip(values, axis_places(values.reset_index(drop=True)), strict=True))
    for number, (quantity, name) in enumerate(shown.items()):
        own = curves[curves["quantity"] == quantity]
        at = own["value"].map(place).to_numpy(float)
        spread = np.abs(own[["lowest", "highest"]].to_numpy(float).T - own["mean"].to_numpy(float))
        style = series_style(number % 3) | ({"linestyle": ":", "alpha": 0.6, "markersize": 2} if number > 2 else {"markersize": 4})
        panel.errorbar(at, own["mean"], yerr=spread, **style, capsize=2, elinewidth=0.8, label=name)
    failed = curves.groupby("value")["failed"].max()
    for value in failed.index[failed > 0]:
        panel.annotate(f"{failed[value]} failed", (place[value], 1), xycoords=("data", "axes fraction"), fontsize=6, ha="center", va="top")
    if base:
        panel.axvline(place[base], color="#BBBBBB", linewidth=3, zorder=0)
    _set_values(panel, np.array(list(place.values()), float), list(place))


def _set_values(panel: Axes, at: np.ndarray, names: list[str]) -> None:
    """Show all values on the axis, those without a result, too: numbers on a scale, words by name."""
    if pd.to_numeric(pd.Series(names), errors="coerce").isna().any():
        panel.set_xticks(at, names)
    elif at.min() > 0 and at.max() / at.min() > _LOGARITHMIC_SPAN:
        panel.set_xscale("log")
        panel.set_xticks(at, names)
        panel.minorticks_off()
        room = (at.max() / at.min()) ** _MARGIN
        panel.set_xlim(at.min() / room, at.max() * room)
        return
    room = _MARGIN * (np.ptp(at) or max(abs(at[0]), 1.0))
    panel.set_xlim(at.min() - room, at.max() + room)


def _limit_words(curves: pd.DataFrame, base: Mapping[str, str], shown: Mapping[str, str], limit: float) -> str:
    """Where the limit is passed, factor by factor."""
    passed = passed_limits(curves, base)
    passed = passed[passed["quantity"].isin(shown) & (passed["passed"] != "")]
    told = [f"{_words(row.factor)} {row.passed} ({row.quantity.split('_')[0]})" for row in passed.itertuples()]
    count = curves["factor"].nunique()
    return (
        f"{count} factors; the limit of {limit:g} is passed at " + ("; ".join(told) if told else "none of the values that were run") + "."
    )


def _ordered(labels: pd.Index) -> list[str]:
    """Labels in the order of their numbers, words as they come."""
    places = axis_places(pd.Series(labels))
    return [labels[number] for number in np.argsort(places, kind="stable")]


def _cell_words(mean: float, failed: float) -> str:
    """The mean over the seeds that were finished, and how many others there are."""
    if np.isnan(mean):
        return "failed" if failed > 0 else ""
    return f"{mean:.1f}\n{failed:.0f} failed" if failed > 0 else f"{mean:.1f}"


def _words(name: str) -> str:
    return name.replace("_", " ")
