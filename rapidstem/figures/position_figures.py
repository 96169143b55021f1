"""Pictures of dislocation positions in three dimensions and of their differences."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rapidstem.dislocations import COORDINATES
from rapidstem.figures.style import BLACK, BLUE, RAPID_COLOUR, SLOW_COLOUR, VERMILION, Drawing, panels, series_style, styled
from rapidstem.scores.difference_fit import AXIS_PLANE, QuadraticFit, difference_profile, quadratic_fit
from rapidstem.scores.shell_correlation import ALL_DIRECTIONS, GOLD_STANDARD, resolution_nm, resolution_words


@styled
def centres_3d(rapid_centres: pd.DataFrame, slow_centres: pd.DataFrame) -> Drawing:
    """Local intensity centres of the rapid (orange) and the slow (aqua) reconstruction in 3-D (Zhao et al. 2021, Fig. 6).

    Parameters
    ----------
    rapid_centres, slow_centres : DataFrame
        `plane`, `x_nm`, `y_nm`, `z_nm`; those of the yz sections are drawn.
    """
    figure = Figure(figsize=(6.8, 5.2))
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    tables = {name: table[table["plane"] == "yz"] for name, table in (("slow", slow_centres), ("rapid", rapid_centres))}
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
    profiles, fits = [], {}
    for panel, along in zip(axes[0], ("y", "x"), strict=True):
        profile = difference_profile(pairs, along, bin_nm)
        fit = fits[along] = quadratic_fit(pairs, along)
        panel.errorbar(
            profile["position_nm"], profile["mean_nm"], profile["standard_error_nm"], color=BLUE, marker="o", markersize=4, linestyle="none"
        )
        _draw_fit(panel, profile["position_nm"].to_numpy(), fit.at(profile["position_nm"].to_numpy()))
        panel.axhline(0.0, color=BLACK, linewidth=0.8)
        panel.set(xlabel=f"{along} / nm", title=_curvature_words(fit))
        profiles.append(profile.assign(along=along, fit_nm=fit.at(profile["position_nm"])))
    axes[0, 0].set_ylabel("mean ΔGz / nm")
    stated = [f"{_curvature_words(fit)} along {along}" for along, fit in fits.items() if _curvature_words(fit)]
    words = "; ".join(["Mean difference in z against y and x", *stated])
    return Drawing(figure, pd.concat(profiles, ignore_index=True), f"{words}.")


@styled
def time_lag_profiles(treatments: dict[str, pd.DataFrame], bin_nm: float = 50.0) -> Drawing:
    """Difference in z against y for several treatments of the tilt within a frame (Zhao et al. 2021, Fig. 7a, and its remedies).

    Parameters
    ----------
    treatments : dict of DataFrame
        Pairs by what is said of them (such as "one angle a row"), as `rapidstem.scores.positional_error.position_pairs` gives them.
    bin_nm : float
        Width of the averaged stretches.
    """
    figure, axes = panels(1, 1, 6.4, 3.6)
    panel, profiles, found = axes[0, 0], [], []
    for number, (name, table) in enumerate(treatments.items()):
        profile, fit = difference_profile(table, "y", bin_nm), quadratic_fit(table, "y")
        position_nm = profile["position_nm"].to_numpy(float)
        mean_abs_nm = table.loc[table["plane"] == AXIS_PLANE["z"], "dz_nm"].abs().mean()
        found.append(", ".join(filter(None, (f"{name}: mean |ΔGz| {mean_abs_nm:.2f} nm", _curvature_words(fit)))))
        style = series_style(number)
        panel.errorbar(
            position_nm, profile["mean_nm"], profile["standard_error_nm"], **style, markersize=4, linestyle="none", label=found[-1]
        )
        panel.plot(position_nm, fit.at(position_nm), color=style["color"])
        profiles.append(profile.assign(treatment=name, fit_nm=fit.at(position_nm)))
    panel.axhline(0.0, color=BLACK, linewidth=0.8)
    panel.set(xlabel="y / nm", ylabel="mean ΔGz / nm")
    figure.legend(loc="outside upper left", fontsize=7.5)
    return Drawing(figure, pd.concat(profiles, ignore_index=True), "Mean difference in z against y. " + "; ".join(found) + ".")


@styled
def shell_correlations(shells: dict[str, pd.DataFrame]) -> Drawing:
    """Fourier shell correlation of the two halves of tomograms, in all directions and in cones around x, y and z.

    Parameters
    ----------
    shells : dict of DataFrame
        By the name of the tomogram, as `rapidstem.scores.shell_correlation.directional_correlations` gives them.
    """
    rows = -(-len(shells) // 2)
    figure, axes = panels(rows, min(len(shells), 2), 6.4, 3.4 * rows, sharex=True, sharey=True)
    found = []
    for panel, (name, table) in zip(axes.flat, shells.items(), strict=False):
        for number, (direction, rows) in enumerate(table.groupby("direction", sort=False)):
            resolution = resolution_words(resolution_nm(rows), 1)
            label = "all directions" if direction == ALL_DIRECTIONS else f"around {direction}"
            frequency = rows["spatial_frequency_per_nm"]
            panel.plot(frequency, rows["correlation"], color=series_style(number)["color"], label=f"{label}: {resolution}")
            found.append(f"{name}, {label} {resolution}")
            if direction == ALL_DIRECTIONS:
                panel.plot(frequency, rows["half_bit"], color=BLACK, linestyle=":", linewidth=1.0, label="half bit")
        panel.axhline(GOLD_STANDARD, color=BLACK, linestyle="--", linewidth=0.8, label=f"{GOLD_STANDARD}")
        panel.set(xlabel="spatial frequency / nm⁻¹", title=name, ylim=(-0.1, 1.05))
        panel.legend(fontsize=7.5, loc="lower left")
    for panel in axes.flat[len(shells) :]:
        panel.set_axis_off()
    for panel in axes[:, 0]:
        panel.set_ylabel("correlation of the halves")
    data = pd.concat([table.assign(tomogram=name) for name, table in shells.items()], ignore_index=True)
    words = "Fourier shell correlation of tomograms of every second tilt; resolution by the half-bit criterion: "
    return Drawing(figure, data, words + "; ".join(found) + ".")


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


def _curvature_words(fit: QuadraticFit) -> str:
    """The curvature with its deviation; nothing where that is not known."""
    curvature, sigma = round(fit.curvature_nm_per_um2, 2) + 0.0, fit.curvature_sigma_nm_per_um2
    return "" if np.isnan(sigma) else f"curvature {curvature:+.2f} ± {sigma:.2f} nm/µm²"
