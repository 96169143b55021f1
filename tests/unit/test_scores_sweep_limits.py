"""Means and spreads of a sweep, and where a limit is passed."""

import numpy as np
import pandas as pd

from rapidstem.figures.style import png_bytes
from rapidstem.figures.sweep_figures import differences_by_factor, errors_by_factor, errors_by_pair, shares_by_factor
from rapidstem.scores import axis_places, passed_limits, sweep_curves

BASE = {"dose": "20", "filter": "general", "drift": ""}


def _row(factor: str, value: str, seed: int, error: float, found: float, second: tuple[str, str] = ("none", "none")) -> dict[str, object]:
    errors = {f"{prefix}{axis}_nm": error for prefix in ("", "lines_known_", "against_slow_") for axis in "xyz"}
    names = {"factor": factor, "value": value, "second_factor": second[0], "second_value": second[1], "seed": seed, "said": ""}
    return names | errors | {"found_percent": found, "real_percent": 99.0}


def _points() -> pd.DataFrame:
    rows = [_row("base", "none", seed, 1.0 + 0.2 * seed, 95.0) for seed in (1, 2)]
    rows += [
        _row("dose", value, seed, error + 0.2 * seed, found)
        for value, error, found in (("6", 2.0, 85.0), ("3", 5.5, 60.0))
        for seed in (1, 2)
    ]
    rows += [_row("filter", "other", 1, 1.5, 90.0), _row("dose", "100", 1, 0.5, 96.0)]
    rows += [_row("dose", "6", 1, 7.0, 50.0, ("drift", "40"))]
    failed = {"factor": "drift", "value": "40", "second_factor": "none", "second_value": "none", "said": "align_series: too few lines"}
    return pd.DataFrame(rows + [failed | {"seed": seed} for seed in (1, 2)])


def test_a_curve_holds_the_base_at_its_value_with_mean_and_range() -> None:
    curves = sweep_curves(_points(), BASE)
    dose = curves[(curves["factor"] == "dose") & (curves["quantity"] == "z_nm")]
    assert dose["value"].tolist() == ["3", "6", "20", "100"]
    assert np.allclose(dose[["mean", "lowest", "highest"]].iloc[2], [1.3, 1.2, 1.4])
    assert dose["seeds"].tolist() == [2, 2, 2, 1] and not dose["failed"].any()


def test_limits_are_passed_by_the_mean_and_by_what_could_not_be_finished() -> None:
    limits = passed_limits(sweep_curves(_points(), BASE), BASE).set_index(["factor", "quantity"])
    assert limits.loc[("dose", "z_nm"), ["within", "passed", "base"]].tolist() == ["6, 20, 100", "3", "20"]
    assert limits.loc[("dose", "found_percent"), "passed"] == "3"
    assert limits.loc[("dose", "real_percent"), "passed"] == ""
    assert limits.loc[("drift", "x_nm"), ["within", "passed", "failed"]].tolist() == ["", "40", 2]


def test_numbers_lie_at_themselves_and_words_in_their_order() -> None:
    assert axis_places(pd.Series(["1e+13", "2.5"])).tolist() == [1e13, 2.5]
    assert axis_places(pd.Series(["general", "other"])).tolist() == [0, 1]


def test_maps_say_where_the_limit_is_passed_and_draw_every_factor() -> None:
    points = _points()
    drawing = errors_by_factor(points, BASE)
    assert "3 factors" in drawing.description and "dose 3 (x)" in drawing.description and "drift 40 (z)" in drawing.description
    assert sum(panel.get_visible() for panel in drawing.figure.axes) == 3
    assert drawing.figure.axes[0].get_xscale() == "log"
    level = [line for line in drawing.figure.axes[0].lines if len(set(line.get_ydata())) == 1 and line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in level] == [5.0]
    assert "found" in shares_by_factor(points, BASE).description
    assert set(differences_by_factor(points, BASE).data["quantity"]) == {f"against_slow_{axis}_nm" for axis in "xyz"}


def test_values_without_any_result_are_on_the_axis_and_the_map_can_be_drawn() -> None:
    points = _points()
    failed = points[points["factor"] == "drift"].assign(factor="dose", value="0.05")
    for draw in (errors_by_factor, differences_by_factor, shares_by_factor):
        drawing = draw(pd.concat([points, failed], ignore_index=True), BASE)
        lowest, highest = drawing.figure.axes[0].get_xlim()
        assert 0 < lowest < 0.05 and highest > 100
        assert [text.get_text() for text in drawing.figure.axes[0].texts] == ["2 failed"]
        assert png_bytes(drawing.figure)
    assert png_bytes(errors_by_pair(points, BASE).figure)


def test_pairs_show_the_largest_error() -> None:
    drawing = errors_by_pair(_points(), BASE)
    assert [text.get_text() for text in drawing.figure.axes[0].texts] == ["7.0"]
    assert errors_by_pair(_points()[lambda rows: rows["second_factor"] == "none"], BASE).description == "No pairs were swept."


def test_pairs_say_how_many_seeds_have_failed() -> None:
    paired = _row("dose", "6", 1, 7.0, 50.0, ("drift", "40"))
    names = ("factor", "value", "second_factor", "second_value")
    lost = [{name: paired[name] for name in names} | {"seed": seed, "said": "fit_lines: no line"} for seed in (2, 3)]
    finished = _row("dose", "3", 1, 8.0, 50.0, ("drift", "40"))
    drawing = errors_by_pair(pd.DataFrame([paired, *lost, finished]), BASE)
    assert [text.get_text() for text in drawing.figure.axes[0].texts] == ["8.0", "7.0\n2 failed"]


def test_pairs_cross_where_the_base_lies() -> None:
    points = pd.DataFrame([_row("base", "none", 1, 1.0, 95.0), *(_row("dose", "6", seed, 2.0 + seed, 85.0) for seed in (1, 2))])
    other = pd.DataFrame([_row("filter", "other", 1, 4.0, 90.0), _row("dose", "6", 1, 9.0, 50.0, ("filter", "other"))])
    lost = {"factor": "dose", "value": "3", "second_factor": "filter", "second_value": "other", "seed": 1, "said": "fit_lines: no line"}
    drawing = errors_by_pair(pd.concat([points, other, pd.DataFrame([lost])], ignore_index=True), BASE)
    panel = drawing.figure.axes[0]
    values, filters = ([label.get_text() for label in axis.get_ticklabels()] for axis in (panel.xaxis, panel.yaxis))
    cells = {(values[int(text.get_position()[0])], filters[int(text.get_position()[1])]): text for text in panel.texts}
    assert {place: text.get_text() for place, text in cells.items() if text.get_text()} == {
        ("20", "general"): "1.0",
        ("6", "general"): "3.5",
        ("20", "other"): "4.0",
        ("6", "other"): "9.0",
        ("3", "other"): "failed",
    }
    assert cells["6", "other"].get_color() == "white" != cells["20", "general"].get_color()
