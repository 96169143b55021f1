"""Pictures of dislocation positions in three dimensions and of their differences."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rapidstem.figures.style import BLACK, BLUE, RAPID_COLOUR, SLOW_COLOUR, VERMILION, Drawing, panels, styled
from rapidstem.scores.difference_fit import AXIS_PLANE, difference_profile, quadratic_fit

COORDINATES = ["x_nm", "y_nm", "z_nm"]


@styled
def centres_3d(rapid: pd.DataFrame, slow: pd.DataFrame) -> Drawing:
    """Local intensity centres of the rapid (orange) and the slow (aqua) reconstruction in 3-D (Zhao et al. 2021, Fig. 6).

    Parameters
    ----------
    rapid, slow : DataFrame
        Centres: `plane`, `x_nm`, `y_nm`, `z_nm`; those of the yz sections are drawn.
    """
    figure = Figure(figsize=(6.8, 5.2))
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    tables = {"slow": slow[slow["plane"] == "yz"], "rapid": rapid[rapid["plane"] == "yz"]}
    for (name, table), colour, size in zip(tables.items(), (SLOW_COLOUR, RAPID_COLOUR), (5.0, 1.5), strict=True):
        axes.scatter(
            *table[COORDINATES].to_numpy(float).T, s=size, color=colour, label=f"{name} ({len(table)})", depthshade=False, linewidths=0
        )
    axes.set(xlabel="x / nm", ylabel="y / nm", zlabel="z / nm")
    places = np.concatenate([np.zeros((1, 3)), *[table[COORDINATES].to_numpy(float) for table in tables.values()]])
    spans = np.ptp(places, axis=0)
    axes.set_box_aspect(tuple(np.maximum(spans, 0.25 * max(spans.max(), 1.0))), zoom=0.9)  # type: ignore[arg-type]
    axes.legend(markerscale=4)
    data = pd.concat([table.assign(series=name) for name, table in tables.items()], ignore_index=True)
    words = f"Centres in the yz sections in 3-D: {len(tables['rapid'])} of the rapid and {len(tables['slow'])} of the slow reconstruction."
    return Drawing(figure, data, words)


@styled
def depth_differences(pairs: pd.DataFrame, bin_nm: float = 50.0) -> Drawing:
    """Difference in z of paired centres against y (averaged over x) and against x, with quadratic fits (Zhao et al. 2021, Fig. 7).

    Convex in y is the time-lag artefact of continuous tilting.

    Parameters
    ----------
    pairs : DataFrame
        As `rapidstem.scores.positional_error.position_pairs` gives them.
    bin_nm : float
        Width of the averaged stretches.
    """
    figure, axes = panels(1, 2, 7.4, 3.2, sharey=True)
    profiles, curvatures = [], {}
    for panel, along in zip(axes[0], ("y", "x"), strict=True):
        profile = difference_profile(pairs, along, bin_nm)
        fit = quadratic_fit(pairs, along)
        curvatures[along] = round(fit.curvature_nm_per_um2, 2) + 0.0
        panel.errorbar(
            profile["position_nm"], profile["mean_nm"], profile["standard_error_nm"], color=BLUE, marker="o", markersize=4, linestyle="none"
        )
        _draw_fit(panel, profile["position_nm"].to_numpy(), fit.at(profile["position_nm"].to_numpy()))
        panel.axhline(0.0, color=BLACK, linewidth=0.8)
        panel.set(xlabel=f"{along} / nm", title=f"curvature {curvatures[along]:+.2f} nm/µm²")
        profiles.append(profile.assign(along=along, fit_nm=fit.at(profile["position_nm"])))
    axes[0, 0].set_ylabel("mean ΔGz / nm")
    words = f"Mean difference in z against y and x; curvature {curvatures['y']:+.2f} nm/µm² along y and {curvatures['x']:+.2f} along x."
    return Drawing(figure, pd.concat(profiles, ignore_index=True), words)


@styled
def difference_histograms(pairs: pd.DataFrame, published_nm: dict[str, float]) -> Drawing:
    """Distributions of the differences in x, y and z, with their mean absolute value and the published one.

    Parameters
    ----------
    pairs : DataFrame
        As `rapidstem.scores.positional_error.position_pairs` gives them.
    published_nm : dict
        Published mean absolute difference by axis (`rapidstem.scores.positional_error.ZHAO_MEAN_ABS_NM`).
    """
    figure, axes = panels(1, 3, 7.4, 2.8, sharey=True)
    differences = {axis: pairs.loc[pairs["plane"] == plane, f"d{axis}_nm"].to_numpy(float) for axis, plane in AXIS_PLANE.items()}
    largest = max([float(np.abs(values).max()) for values in differences.values() if len(values)] or [1.0])
    edges = np.linspace(-largest, largest, 41)
    counts, means = {}, {}
    for panel, (axis, values) in zip(axes[0], differences.items(), strict=True):
        counts[axis] = np.histogram(values, edges)[0]
        means[axis] = float(np.abs(values).mean()) if len(values) else float("nan")
        panel.stairs(counts[axis], edges, fill=True, color=BLUE)
        for side in (-1.0, 1.0):
            panel.axvline(side * published_nm[axis], color=VERMILION, linestyle="--", linewidth=1.0)
        panel.set(xlabel=f"ΔG{axis} / nm", title=f"mean |ΔG{axis}| {means[axis]:.1f} nm\n(Zhao et al. {published_nm[axis]:g} nm, dashed)")
    axes[0, 0].set_ylabel("pairs")
    data = pd.DataFrame({"from_nm": edges[:-1], "to_nm": edges[1:]} | {f"pairs_{axis}": number for axis, number in counts.items()})
    found = ", ".join(f"{value:.1f} nm in {axis}" for axis, value in means.items())
    return Drawing(figure, data, f"Histograms of the differences; mean absolute difference {found}.")


def _draw_fit(panel: Axes, positions: np.ndarray, fitted: np.ndarray) -> None:
    order = np.argsort(positions)
    panel.plot(positions[order], fitted[order], color=VERMILION, label="quadratic fit")
    panel.legend()
