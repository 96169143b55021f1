"""Pictures of what the filters do to images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from rapidstem.figures.score_tables import LINE_INTENSITY, LINE_WIDTH, PSNR, Score, by_tilt, published_name
from rapidstem.figures.style import BLACK, ORANGE, Drawing, bare_image_axes, panels, series_style, show_image, styled, unit_range
from rapidstem.numerics import hann_window

Window = tuple[slice, slice]
PUBLISHED_STYLES = {published_name("U-Net"): ("o", "-."), published_name("BM3D"): ("s", ":")}


def clearest_window(reference: np.ndarray, size_px: int) -> Window:
    """The square (rows, columns) of a reference image with the strongest dislocation contrast; in a smaller image all of it.

    Parameters
    ----------
    reference : ndarray (y, x)
        NaN where nothing was seen; such places are avoided.
    size_px : int
        Edge of the square.

    Returns
    -------
    rows, columns : slices
        Of the square.
    """
    seen = np.isfinite(reference)
    filled = np.where(seen, reference, np.nanmedian(reference))
    structure = scipy.ndimage.gaussian_filter(filled, 1.5) - scipy.ndimage.gaussian_filter(filled, 8.0)
    contrast = np.where(seen, structure**2, -np.sum(structure**2))
    totals = np.cumsum(np.cumsum(np.pad(contrast, ((1, 0), (1, 0))), axis=0), axis=1)
    high, wide = (min(size_px, side) for side in reference.shape)
    sums = totals[high:, wide:] - totals[:-high, wide:] - totals[high:, :-wide] + totals[:-high, :-wide]
    row, column = np.unravel_index(np.argmax(sums), sums.shape)
    return slice(int(row), int(row) + high), slice(int(column), int(column) + wide)


def central_line(lines: pd.DataFrame, area: Window, otherwise: Window) -> tuple[tuple[float, float], float]:
    """The dislocation line nearest to the middle of an area of the field: its place (y, x) in the area, and its direction in degrees.

    Parameters
    ----------
    lines : DataFrame
        `y_px`, `x_px`, `angle_deg` of straight lines that stand alone, found in the whole field.
    area : (slice, slice)
        Rows and columns within which the line is sought.
    otherwise : (slice, slice)
        Rows and columns of the area whose middle, along y, is given where there is no such line.

    Returns
    -------
    place_px, angle_deg
        (y, x) from the corner of the area, and the direction from +x towards +y.
    """
    if lines.empty:
        row, column = ((side.start + side.stop - 1) / 2 for side in otherwise)
        return (row, column), 90.0
    places = lines[["y_px", "x_px"]].to_numpy(float) - [area[0].start, area[1].start]
    middle = [(side.stop - side.start) / 2 for side in area]
    nearest = int(np.argmin(np.sum((places - middle) ** 2, axis=1)))
    return (float(places[nearest, 0]), float(places[nearest, 1])), float(lines["angle_deg"].iloc[nearest])


@styled
def side_by_side(images: Mapping[str, np.ndarray], pixel_size_nm: float, window: Window) -> Drawing:
    """Images of one field side by side, contour plots of a magnified part and power spectra below (Ihara et al. 2022, Figs. 1d and 3).

    Parameters
    ----------
    images : mapping of a name to ndarray (y, x)
        For instance raw, bm3d, dlf-dcfi, dlf-slow, dcfi, slow; all in the same geometry, each shown between its own grey limits.
    pixel_size_nm : float
        Of all images.
    window : (slice, slice)
        Rows and columns of the magnified part, see `clearest_window`.
    """
    figure, axes = panels(3, len(images), 1.95 * len(images), 6.5)
    rows = []
    for (whole, part, spectrum), (name, image) in zip(axes.T, images.items(), strict=True):
        low, high = show_image(whole, image, pixel_size_nm, name)
        corner = (window[1].start - 0.5, window[0].start - 0.5)
        sides = (window[1].stop - window[1].start, window[0].stop - window[0].start)
        whole.add_patch(Rectangle(corner, *sides, fill=False, edgecolor=ORANGE, linewidth=1.2))
        _draw_contours(part, unit_range(image)[window])
        spectrum.imshow(_log_power(image), cmap="gray")
        bare_image_axes(spectrum, "")
        rows.append({"image": name, "black": low, "white": high, "row": window[0].start, "column": window[1].start, "size_px": sides[0]})
    axes[1, 0].set_ylabel(f"magnified, {rows[0]['size_px'] * pixel_size_nm:.0f} nm wide")
    axes[2, 0].set_ylabel("ln |F|², zero in the middle")
    words = f"The same field: {', '.join(images)}; contour plots of the marked part and power spectra below."
    return Drawing(figure, pd.DataFrame(rows), words)


@styled
def line_profiles(
    images: Mapping[str, np.ndarray],
    place_px: tuple[float, float],
    angle_deg: float,
    pixel_size_nm: float,
    shown: str,
    half_length_nm: float = 73.0,
) -> Drawing:
    """Intensity profiles across one dislocation line in several images (Zhao et al. 2021, Fig. 3e).

    Parameters
    ----------
    images : mapping of a name to ndarray (y, x)
        All in the same geometry; intensities are scaled between each image's own grey limits.
    place_px, angle_deg : (y, x) and direction of the line from +x towards +y
        As in the tables of lines (`y_px`, `x_px`, `angle_deg`); the profile runs across the line, averaged over 3 px along it.
    pixel_size_nm : float
        Of all images.
    shown : str
        Name of the image in which the place is marked.
    half_length_nm : float
        How far the profiles reach to both sides, to a whole pixel.
    """
    half_length_px = round(half_length_nm / pixel_size_nm)
    offset_px = np.arange(-half_length_px, half_length_px + 0.25, 0.5)
    along = np.array([np.sin(np.deg2rad(angle_deg)), np.cos(np.deg2rad(angle_deg))])
    across = np.array([along[1], -along[0]])
    figure, axes = panels(1, 2, 7.4, 3.3, width_ratios=[1.0, 1.5])
    left, right = axes[0]
    show_image(left, images[shown], pixel_size_nm, shown)
    ends = np.array(place_px) + np.array([[-half_length_px], [half_length_px]]) * across
    left.plot(ends[:, 1], ends[:, 0], color=ORANGE)
    for name, end in zip("AB", ends, strict=True):
        left.text(end[1], end[0], name, color=ORANGE, fontweight="bold")
    data = pd.DataFrame({"offset_nm": offset_px * pixel_size_nm})
    for number, (name, image) in enumerate(images.items()):
        places = np.array(place_px) + offset_px[:, None, None] * across + np.arange(-1.0, 1.5)[:, None] * along
        profile = scipy.ndimage.map_coordinates(unit_range(image), np.moveaxis(places, -1, 0), order=1, mode="nearest").mean(axis=1)
        data[name] = profile
        right.plot(data["offset_nm"], profile, **series_style(number), markevery=6, markersize=4, label=name)
    right.set(xlabel="distance across the line, A to B / nm", ylabel="intensity (black to white)")
    right.legend(fontsize=7)
    return Drawing(figure, data, f"Profiles across the place that is marked in {shown}, in {', '.join(images)}.")


@styled
def scores_by_tilt(tables: Sequence[tuple[Score, pd.DataFrame]]) -> Drawing:
    """Scores of every filter against the tilt, mean and standard deviation, with those of Zhao et al. (2021, Tables 1 to 3).

    Parameters
    ----------
    tables : sequence of (Score, DataFrame)
        One panel each; the table has `denoiser`, `tilt` and the score's column (`rapidstem.figures.score_tables`).
    """
    figure, axes = panels(1, len(tables), 3.3 * len(tables), 3.6)
    data, filters = [], list(dict.fromkeys(name for _, table in tables for name in table["denoiser"]))
    for panel, (score, table) in zip(axes[0], tables, strict=True):
        scores = by_tilt(table, score)
        for position, (name, rows) in enumerate(scores.groupby("denoiser", sort=False)):
            _draw_score(panel, str(name), rows.sort_values("tilt"), filters, 0.5 * position - 1.0)
        panel.set(xlabel="tilt / °", ylabel=score.title)
        if score.factor == 100.0:
            panel.axhline(100.0, color=BLACK, linewidth=0.8)
        data.append(scores.assign(score=score.column))
    handles = {label: handle for panel in axes[0] for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize=8)
    words = f"{', '.join(score.title for score, _ in tables)} against the tilt for {', '.join(filters)}."
    return Drawing(figure, pd.concat(data, ignore_index=True), words)


def scores_against_slow(image_scores: pd.DataFrame, line_scores: pd.DataFrame) -> Drawing:
    """`scores_by_tilt` of the published scores, of those rows whose reference is the slow image."""
    return _published_scores(image_scores, line_scores, "slow")


def scores_against_dcfi(image_scores: pd.DataFrame, line_scores: pd.DataFrame) -> Drawing:
    """`scores_by_tilt` of the published scores, of those rows whose reference is the drift-corrected average."""
    return _published_scores(image_scores, line_scores, "dcfi")


def _published_scores(image_scores: pd.DataFrame, line_scores: pd.DataFrame, reference: str) -> Drawing:
    images, lines = (table[table["reference"] == reference] for table in (image_scores, line_scores))
    return scores_by_tilt([(PSNR, images), (LINE_WIDTH, lines), (LINE_INTENSITY, lines)])


@styled
def power_spectra(images: Mapping[str, np.ndarray], pixel_size_nm: float) -> Drawing:
    """Logarithmic power spectra along the fast scan direction after a Hann window (Ihara et al. 2022, Fig. 3c).

    Each image is scaled to mean 0 and standard deviation 1 first; the spectra of all its rows are averaged.

    Parameters
    ----------
    images : mapping of a name to ndarray (y, x)
        All in the same geometry, without NaN.
    pixel_size_nm : float
        Of all images.
    """
    figure, axes = panels(1, 1, 6.4, 3.6)
    panel, data = axes[0, 0], pd.DataFrame()
    for number, (name, image) in enumerate(images.items()):
        scaled = (image - image.mean()) / image.std() * hann_window(image.shape)
        power = np.mean(np.abs(np.fft.rfft(scaled, axis=1)) ** 2, axis=0)
        wave_number = np.fft.rfftfreq(image.shape[1], pixel_size_nm / 1000.0)
        data["wave_number_per_um"], data[name] = wave_number, np.log(power)
        panel.plot(wave_number[1:], data[name][1:], **series_style(number), markevery=12, markersize=4, label=name)
    panel.set(xlabel="wave number along x / µm⁻¹", ylabel="ln |F|²")
    panel.legend(fontsize=8)
    return Drawing(figure, data, f"Power spectra along the fast scan direction of {', '.join(images)}.")


def _log_power(image: np.ndarray) -> np.ndarray:
    """Logarithmic power spectrum (ky, kx) after a Hann window, zero in the middle."""
    return np.log(np.abs(np.fft.fftshift(np.fft.fft2((image - image.mean()) * hann_window(image.shape)))) ** 2 + 1e-12)


def _draw_contours(panel: Axes, part: np.ndarray) -> None:
    levels = np.linspace(0.0, 1.0, 9)
    panel.contourf(part, levels, cmap="cividis")
    panel.contour(part, levels, colors=BLACK, linewidths=0.35)
    panel.set_aspect("equal")
    panel.invert_yaxis()
    bare_image_axes(panel, "")


def _draw_score(panel: Axes, name: str, rows: pd.DataFrame, filters: Sequence[str], sidestep_deg: float) -> None:
    """Published filters are open and grey; measured ones have their own colour and marker, moved aside a little."""
    if name in PUBLISHED_STYLES:
        marker, line = PUBLISHED_STYLES[name]
        look: dict[str, Any] = {"color": "#777777", "marker": marker, "linestyle": line, "markerfacecolor": "white"}
    else:
        look = {**series_style(filters.index(name)), "linestyle": "-"}
    tilt = rows["tilt"].to_numpy(float) + sidestep_deg
    panel.errorbar(tilt, rows["mean"], rows["std"].fillna(0.0), label=name, markersize=4.5, elinewidth=0.8, capsize=2.0, **look)
