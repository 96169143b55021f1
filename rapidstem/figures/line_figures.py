"""Pictures of dislocation lines: where they run, how long they are, and on which slip planes."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rapidstem.figures.style import AQUA, BLACK, BLUE, ORANGE, PURPLE, RAPID_COLOUR, SLOW_COLOUR, Drawing, panels, styled
from rapidstem.scores.line_pairs import LineAgreement
from rapidstem.word_forms import word_form

UNKNOWN_COLOUR = "#999999"
PLANE_COLOURS = {"(111)": BLUE, "(-111)": ORANGE, "(1-11)": PURPLE, "(11-1)": AQUA}
PLANE_DASHES: dict[str, Any] = {"(111)": "-", "(-111)": (0, (5, 1)), "(1-11)": (0, (2, 1)), "(11-1)": (0, (6, 1, 1, 1))}
VIEWS = (("x_nm", "y_nm", "along z"), ("x_nm", "z_nm", "along y"), ("y_nm", "z_nm", "along x"))


@styled
def line_projections(points: pd.DataFrame) -> Drawing:
    """The lines seen along z, y and x, coloured and dashed by slip plane, with a dot at every junction.

    Parameters
    ----------
    points : DataFrame
        As `rapidstem.dislocations.line_tables.line_points` gives them.
    """
    spans = [np.ptp(points[name]) if len(points) else 1.0 for name in ("y_nm", "z_nm")]
    width = max(float(np.ptp(points["x_nm"])) if len(points) else 1.0, 1.0)
    heights = [max(spans[0] / width, 0.25), max(spans[1] / width, 0.25), max(spans[1] / width, 0.25)]
    figure, axes = panels(3, 1, 6.4, min(5.2 * sum(heights) + 2.0, 16.0), height_ratios=heights)
    for panel, (across, up, title) in zip(axes[:, 0], VIEWS, strict=True):
        for _, line in points.groupby("line", sort=True):
            plane = str(line["slip_plane"].iloc[0])
            style = {"color": PLANE_COLOURS.get(plane, UNKNOWN_COLOUR), "linestyle": PLANE_DASHES.get(plane, ":")}
            panel.plot(line[across], line[up], **style)
        junctions = _junctions(points)
        panel.plot(junctions[across], junctions[up], color=BLACK, marker="o", markersize=3, linestyle="none")
        panel.set(xlabel=f"{across[0]} / nm", ylabel=f"{up[0]} / nm", title=title)
        panel.set_aspect("equal")
        if up == "y_nm":
            panel.invert_yaxis()
    shown = sorted(points["slip_plane"].unique(), key=[*PLANE_COLOURS, "undetermined"].index)
    lengths = points.groupby("line")[["length_nm", "slip_plane"]].first()
    totals = lengths.groupby("slip_plane")["length_nm"].sum()
    words = f"{len(lengths)} dislocation lines seen along z, y and x."
    if set(shown) & set(PLANE_COLOURS):
        figure.legend(handles=[_legend_line(name) for name in shown], loc="outside lower center", ncols=5)
        words += f" Length by slip plane: {'; '.join(f'{name} {totals[name]:.0f} nm' for name in shown)}."
    return Drawing(figure, points[["line", "point", "x_nm", "y_nm", "z_nm", "slip_plane"]], words)


@styled
def line_differences(points: pd.DataFrame, against_points: pd.DataFrame, agreement: LineAgreement, variant: str, against: str) -> Drawing:
    """Lines of two tomograms in three projections: blue where they are the same, orange and aqua, with their numbers, where they differ.

    Lines that were not compared, as they are too short or seen by one of the two alone, are thin and grey.

    Parameters
    ----------
    points, against_points : DataFrame
        As `rapidstem.dislocations.line_points` gives them, the first brought onto the second.
    agreement : LineAgreement
        Which lines are the same.
    variant, against : str
        Names of the two.
    """
    figure, axes = panels(3, 1, 6.4, 8.4, height_ratios=[1.0, 0.35, 0.35])
    same = [{pair[side] for pair in agreement.same} for side in (0, 1)]
    differing = [{number for group in agreement.different for number in group[side]} for side in (0, 1)]
    styles: tuple[Literal["solid", "dashed"], ...] = ("solid", "dashed")
    sides = (
        (points, same[0], differing[0], RAPID_COLOUR, styles[0], variant),
        (against_points, same[1], differing[1], SLOW_COLOUR, styles[1], against),
    )
    for panel, (across, up, title) in zip(axes[:, 0], VIEWS, strict=True):
        for table, settled, apart, colour, dashes, _ in sides:
            for number, line in table.groupby("line", sort=True):
                differs = number in apart
                shown = colour if differs else BLUE if number in settled else UNKNOWN_COLOUR
                panel.plot(line[across], line[up], color=shown, linestyle=dashes, linewidth=2.0 if differs else 1.0)
                if differs and up == "y_nm":
                    middle = line.iloc[len(line) // 2]
                    panel.annotate(str(number), (middle[across], middle[up]), color=BLACK, fontsize=7)
        panel.set(xlabel=f"{across[0]} / nm", ylabel=f"{up[0]} / nm", title=title)
        panel.set_aspect("equal")
        if up == "y_nm":
            panel.invert_yaxis()
    _difference_legend(figure, [(colour, dashes, name) for *_, colour, dashes, name in sides])
    drawn = pd.concat([table.assign(series=name, same=table["line"].isin(settled)) for table, settled, *_, name in sides])
    counts = [len(apart) for apart in differing]
    counted = f"{len(agreement.same)} {word_form(len(agreement.same), 'line is', 'lines are')} the same in both"
    words = f"{counted}; {counts[0]} of {variant} and {counts[1]} of {against} differ."
    return Drawing(figure, drawn[["series", "line", "point", "x_nm", "y_nm", "z_nm", "same"]], words)


def _difference_legend(figure: Figure, sides: list[tuple[str, Literal["solid", "dashed"], str]]) -> None:
    handles = [Line2D([], [], color=colour, linestyle=dashes, linewidth=2.0, label=f"{name} alone") for colour, dashes, name in sides]
    common = [Line2D([], [], color=BLUE, label="the same in both"), Line2D([], [], color=UNKNOWN_COLOUR, label="not compared")]
    figure.legend(handles=[*common, *handles], loc="outside lower center", ncols=4)


@styled
def line_lengths(summary: pd.DataFrame) -> Drawing:
    """Histogram of the lengths of the lines, those that end inside the foil apart.

    Parameters
    ----------
    summary : DataFrame
        As `rapidstem.dislocations.line_tables.line_summary` gives it.
    """
    figure, axes = panels(1, 1, 5.6, 3.2)
    lengths = summary["length_nm"].to_numpy(float)
    lost = ((summary["start_kind"] == "inside") | (summary["end_kind"] == "inside")).to_numpy(bool)
    edges = np.linspace(0.0, max(float(lengths.max(initial=0.0)), 100.0), 21)
    whole, ending = np.histogram(lengths[~lost], edges)[0], np.histogram(lengths[lost], edges)[0]
    axes[0, 0].stairs(whole, edges, fill=True, color=BLUE, label="from surface, border or junction to another")
    axes[0, 0].stairs(whole + ending, edges, baseline=whole, fill=True, color=ORANGE, hatch="//", label="lost inside the foil")
    axes[0, 0].set(xlabel="length / nm", ylabel="lines")
    axes[0, 0].legend()
    data = pd.DataFrame({"from_nm": edges[:-1], "to_nm": edges[1:], "whole": whole, "lost": ending})
    median = float(np.median(lengths)) if len(lengths) else 0.0
    counted = f"{len(lengths)} {word_form(len(lengths), 'line')}, {lengths.sum():.0f} nm together, median {median:.0f} nm"
    words = f"Lengths of {counted}; {lost.sum()} {word_form(lost.sum(), 'is', 'are')} lost inside the foil."
    return Drawing(figure, data, words)


@styled
def plane_densities(density: pd.DataFrame) -> Drawing:
    """Dislocation density by slip plane, in all where none is known, with the standard deviation from one field to another.

    Parameters
    ----------
    density : DataFrame
        As `rapidstem.dislocations.line_tables.line_density` gives it.
    """
    figure, axes = panels(1, 1, 5.6, 3.2)
    by_plane = density[density["slip_plane"] != "all"]
    rows = by_plane if len(by_plane) else density
    total = density[density["slip_plane"] == "all"].iloc[0]
    values, spread = rows["density_per_m2"].to_numpy(float) / 1e12, rows["sampling_sd_per_m2"].to_numpy(float) / 1e12
    colours = [PLANE_COLOURS.get(name, UNKNOWN_COLOUR) for name in rows["slip_plane"]]
    axes[0, 0].bar(rows["slip_plane"], values, yerr=spread, color=colours, capsize=3)
    for place, (value, lines) in enumerate(zip(values + spread, rows["lines"], strict=True)):
        axes[0, 0].annotate(f"{lines}", (place, value), (0, 2), textcoords="offset points", ha="center")
    whole, error = total["density_per_m2"] / 1e12, total["sampling_sd_per_m2"] / 1e12
    foil = f"{total['field_um2']:.2f} µm² x {total['thickness_nm']:.0f} nm"
    axes[0, 0].set(ylabel="density / (10$^{12}$ m$^{-2}$)", title=f"all: ({whole:.1f} ± {error:.1f}) 10$^{{12}}$ m$^{{-2}}$ in {foil}")
    axes[0, 0].set_ylim(0, 1.12 * max(float((values + spread).max(initial=0.0)), 1e-3))
    shares = ", and its share on each slip plane" if len(by_plane) else ""
    words = f"Dislocation density {whole:.1f} ± {error:.1f} times 10^12 per m² in {foil}{shares}."
    return Drawing(figure, density, words)


def _junctions(points: pd.DataFrame) -> pd.DataFrame:
    """Ends that several lines share."""
    grouped = points.sort_values(["line", "point"]).groupby("line", sort=True)
    first, last = grouped.head(1), grouped.tail(1)
    ends = pd.concat([first.assign(node=first["start_node"]), last.assign(node=last["end_node"])])
    return ends[ends.duplicated("node", keep=False)].drop_duplicates("node")


def _legend_line(name: str) -> Line2D:
    return Line2D([], [], color=PLANE_COLOURS.get(name, UNKNOWN_COLOUR), linestyle=PLANE_DASHES.get(name, ":"), label=name)
