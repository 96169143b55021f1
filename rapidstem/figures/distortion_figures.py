"""Pictures of the scan distortion."""

import numpy as np
import pandas as pd
import scipy
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rapidstem.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    RAPID_COLOUR,
    SLOW_COLOUR,
    VERMILION,
    Drawing,
    bare_image_axes,
    panels,
    scale_bar,
    show_image,
    styled,
    two_colours,
    unit_range,
)

RED = "#FF0000"
CYAN = "#00FFFF"
# Averaged rows of a profile against noise, fewer than a line is wide across.
PROFILE_ROWS = 5
# At most so many dips are marked, this far apart: the figure stays legible.
MARKS = 8
MARK_DISTANCE_WIDTHS = 10 / 3
# In widths of the features: standard deviations of the band-pass that shows dips, about a line's and some times more.
SMOOTHING_WIDTHS, BACKGROUND_WIDTHS = 1 / 2, 10 / 3
# In standard deviations of the filtered row.
LOWEST_CONTRAST = 1.0
# Of the row: before the correction a dip lies so far off, as the simulated scan sees up to 6 % beyond the slow image.
FARTHEST_MARK_SHARE = 5 / 64


@styled
def map_deviation(
    rapid_px: np.ndarray, slow_px: np.ndarray, pixel_size_nm: float, residual_px: float | None, strips: pd.DataFrame | None = None
) -> Drawing:
    """The distortion map and its deviation from a straight line, against the column of the rapid image (Ihara et al. 2022, Fig. 7d).

    Parameters
    ----------
    rapid_px, slow_px : ndarray (n,)
        The map: columns of the rapid image and of the slow image that show the same place.
    pixel_size_nm : float
        Of the rapid image.
    residual_px : float or None
        Expected error of the map along x (rms); stated in the title where it is known.
    strips : DataFrame or None
        Strips of the calibration fields, `column, displacement_px, expected_px`, drawn as points with their errors.
    """
    slope, offset = np.polyfit(rapid_px, slow_px, 1)
    deviation_nm = (slow_px - offset - slope * rapid_px) * pixel_size_nm
    data = pd.DataFrame({"rapid_px": rapid_px, "slow_px": slow_px, "deviation_nm": deviation_nm})
    figure, axes = panels(2, 1, 6.4, 5.4, sharex=True, height_ratios=(1, 1.2))
    axes[0, 0].plot(rapid_px, slow_px, color=BLUE)
    axes[0, 0].plot(rapid_px, rapid_px, color=BLACK, linewidth=0.8, linestyle="--")
    axes[0, 0].set(ylabel="column of the slow image / px")
    panel = axes[1, 0]
    panel.plot(rapid_px, deviation_nm, color=BLUE, zorder=3)
    if strips is not None and len(strips):
        slow_of_strips = strips["column"] + strips["displacement_px"]
        points = (slow_of_strips - offset - slope * strips["column"]) * pixel_size_nm
        errors = strips["expected_px"] * pixel_size_nm
        panel.errorbar(strips["column"], points, errors, fmt="o", color=ORANGE, markersize=3, linewidth=1, label="strips of the fields")
        panel.legend(fontsize=7)
    panel.axhline(0.0, color=BLACK, linewidth=0.8)
    panel.set(xlabel="column of the rapid image / px", ylabel="deviation from a line / nm")
    known = "" if residual_px is None else f"\nexpected error of the map {residual_px:.2f} px rms"
    axes[0, 0].set_title(f"slow column = {offset:.2f} px + {slope:.4f} × rapid column + deviation{known}")
    extent = f"{deviation_nm.min():.1f} to {deviation_nm.max():.1f} nm"
    words = f"The map deviates from a straight line by {extent}; its slope is {slope:.4f}."
    return Drawing(figure, data, words if residual_px is None else f"{words} Its expected error is {residual_px:.2f} px rms.")


@styled
def superposition(rapid_before: np.ndarray, rapid_after: np.ndarray, slow: np.ndarray, pixel_size_nm: float) -> Drawing:
    """Rapid image (aqua) on the slow image (red), before and after the correction (Zhao et al. 2021, Fig. 1g).

    Dark lines are shown bright: aqua where only the rapid image has one, red where only the slow image has one, white where they agree.
    All images (y, x) have the rapid image's shape; what was not seen (NaN) stays black.

    Parameters
    ----------
    rapid_before, rapid_after : ndarray (y, x)
        DCFI image on the slow image's grid, by one shift alone and with the map.
    slow : ndarray (y, x)
        Slow image.
    pixel_size_nm : float
        Of all images.
    """
    slow_lines = _lines(slow)
    figure, axes = panels(1, 2, 7.2, 3.9)
    rows = []
    for panel, title, image in zip(axes[0], ("before correction", "after correction"), (rapid_before, rapid_after), strict=True):
        rapid_lines = _lines(image)
        panel.imshow(two_colours(rapid_lines, slow_lines, CYAN, RED))
        bare_image_axes(panel, title)
        scale_bar(panel, image.shape[1], pixel_size_nm)
        rows.append({"image": title, "correlation": float(np.corrcoef(rapid_lines.ravel(), slow_lines.ravel())[0, 1])})
    data = pd.DataFrame(rows)
    words = "Rapid image in aqua on the slow image in red. Correlation of the two: " + ", ".join(
        f"{row['correlation']:.3f} {row['image']}" for row in rows
    )
    return Drawing(figure, data, words + ".")


@styled
def strip_displacements(field_strips: pd.DataFrame) -> Drawing:
    """What is left between rapid and slow image in strips of columns, by one shift alone and after the correction.

    Parameters
    ----------
    field_strips : `field, column, displacement_px, residual_px, expected_px`, see `rapidstem.distortion.residual_strips.strip_residuals`
    """
    before = field_strips["displacement_px"] - field_strips.groupby("field")["displacement_px"].transform("mean")
    table = field_strips.assign(before_px=before, before_square=before**2, after_square=field_strips["residual_px"] ** 2)
    table["expected_square"] = table["expected_px"] ** 2
    squares = table.groupby("column")[["before_square", "after_square", "expected_square"]].mean()
    data = np.sqrt(squares).set_axis(["before_px", "after_px", "expected_px"], axis=1).reset_index()
    figure, axes = panels(2, 1, 6.4, 4.8, sharex=True)
    for panel, single, pooled, colour, title in (
        (axes[0, 0], "before_px", "before_px", VERMILION, "before: one shift for the whole image"),
        (axes[1, 0], "residual_px", "after_px", BLUE, "after the correction"),
    ):
        panel.errorbar(table["column"], table[single], table["expected_px"], fmt=".", color=colour, linewidth=0.8, alpha=0.7)
        panel.axhline(0.0, color=BLACK, linewidth=0.8)
        rms = float(np.sqrt((table[single] ** 2).mean()))
        panel.set(ylabel="slow less rapid / px", title=f"{title}, {rms:.2f} px rms")
        panel.fill_between(data["column"], -data[pooled], data[pooled], color=colour, alpha=0.15, linewidth=0)
    axes[1, 0].set(xlabel="column of the rapid image / px")
    noise = float(np.sqrt((table["expected_px"] ** 2).mean()))
    left, alone = (float(np.sqrt((values**2).mean())) for values in (table["residual_px"], before))
    words = (
        f"Displacement along x in {data.shape[0]} strips of {table['field'].nunique()} fields: {alone:.2f} px rms before the correction, "
        f"{left:.2f} px after it; the strips themselves are uncertain by {noise:.2f} px."
    )
    return Drawing(figure, data, words)


@styled
def corrected_profiles(
    rapid_before: np.ndarray, rapid_after: np.ndarray, slow: np.ndarray, pixel_size_nm: float, feature_px: int
) -> Drawing:
    """DCFI and slow image, and their line profiles along x before and after the correction (Ihara et al. 2022, Fig. 1a to c).

    The row with the clearest dark lines is taken; circles mark their dips. The images (y, x) have one shape and the same grid of the slow
    image; what was not seen is NaN.

    Parameters
    ----------
    rapid_before, rapid_after : ndarray (y, x)
        DCFI image on the slow image's grid, by one shift alone and with the map.
    slow : ndarray (y, x)
        Slow image.
    pixel_size_nm : float
        Of all images.
    feature_px : int
        Full width of what they show, lines or particles.
    """
    flat = {
        name: _without_background(image, feature_px) for name, image in (("before", rapid_before), ("after", rapid_after), ("slow", slow))
    }
    apart_px = MARK_DISTANCE_WIDTHS * feature_px
    row = _clearest_row(flat["slow"], apart_px)
    figure, axes, images = _profile_panels()
    for panel, image, title in zip(images, (rapid_before, slow, rapid_after), ("DCFI", "slow", "DCFI after correction"), strict=True):
        show_image(panel, image, pixel_size_nm, title)
        panel.axhline(row, color=ORANGE, linewidth=0.8)
    profiles = {name: _profile(image, row) for name, image in flat.items()}
    position = np.arange(slow.shape[1]) * pixel_size_nm
    dips = _dips(profiles["slow"], apart_px)
    words = []
    for panel, name, title in zip(axes, ("before", "after"), ("before correction", "after correction"), strict=True):
        own = np.array([_nearest_dip(profiles[name], dip) for dip in dips])
        panel.plot(position, profiles[name], color=RAPID_COLOUR, label="DCFI")
        panel.plot(position, profiles["slow"], color=SLOW_COLOUR, label="slow")
        panel.plot(position[dips], profiles["slow"][dips], "o", color=GREEN, markersize=6, fillstyle="none", label="dips")
        found = own >= 0
        panel.plot(position[own[found]], profiles[name][own[found]], "o", color=VERMILION, markersize=4)
        panel.set(ylabel="intensity / standard deviations", title=title)
        if found.any():
            words.append(f"{np.sqrt(np.mean((own[found] - dips[found]) ** 2.0)):.1f} px rms {title}")
    axes[0].legend(fontsize=7, ncols=3)
    axes[1].set(xlabel="x / nm")
    data = pd.DataFrame({"x_nm": position, **profiles})
    return Drawing(figure, data, f"Row {row}: the dips of {len(dips)} lines in DCFI and slow image lie apart by {', '.join(words)}.")


def _profile_panels() -> tuple[Figure, list[Axes], list[Axes]]:
    """A row of three images above two profiles."""
    figure = Figure(figsize=(7.2, 6.6))
    grid = figure.add_gridspec(3, 3, height_ratios=(1.25, 1, 1))
    images = [figure.add_subplot(grid[0, column]) for column in range(3)]
    upper = figure.add_subplot(grid[1, :])
    return figure, [upper, figure.add_subplot(grid[2, :], sharex=upper)], images


def _lines(image: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(image), 1.0 - unit_range(image), 0.0)


def _without_background(image: np.ndarray, feature_px: int) -> np.ndarray:
    """An image less its smooth background, in its standard deviations; NaN where unseen."""
    seen = np.isfinite(image)
    filled = np.where(seen, image, np.mean(image[seen]) if seen.any() else 0.0)
    fine, coarse = (scipy.ndimage.gaussian_filter(filled, widths * feature_px) for widths in (SMOOTHING_WIDTHS, BACKGROUND_WIDTHS))
    smooth = fine - coarse
    return np.where(seen, smooth / max(float(smooth[seen].std()) if seen.any() else 1.0, 1e-12), np.nan)


def _clearest_row(flat: np.ndarray, apart_px: float) -> int:
    """The row of an image without background, away from the edges, in which the marked dips are deepest in total."""
    margin = flat.shape[0] // 8
    profiles = [_profile(flat, row) for row in range(margin, flat.shape[0] - margin)]
    return margin + int(np.argmin([profile[_dips(profile, apart_px)].sum() for profile in profiles]))


def _profile(flat: np.ndarray, row: int) -> np.ndarray:
    half = PROFILE_ROWS // 2
    rows = flat[max(0, row - half) : row + half + 1]
    seen = np.isfinite(rows)
    return np.where(seen.any(axis=0), np.where(seen, rows, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1), np.nan)


def _dips(profile: np.ndarray, apart_px: float) -> np.ndarray:
    """Columns (n,) of the deepest local minima that stand alone."""
    found: list[int] = []
    minima = _minima(profile)
    for column in minima[np.argsort(profile[minima])]:
        if all(abs(column - other) > apart_px for other in found):
            found.append(int(column))
    return np.array(sorted(found[:MARKS]), dtype=int)


def _minima(profile: np.ndarray) -> np.ndarray:
    values = np.where(np.isfinite(profile), profile, np.inf)
    return np.flatnonzero((values == scipy.ndimage.minimum_filter1d(values, 5)) & (values < -LOWEST_CONTRAST))


def _nearest_dip(profile: np.ndarray, column: int) -> int:
    """The minimum of another profile that lies nearest to a column; -1 where there is none near."""
    minima = _minima(profile)
    near = minima[np.abs(minima - column) <= FARTHEST_MARK_SHARE * len(profile)]
    return int(near[np.argmin(np.abs(near - column))]) if near.size else -1
