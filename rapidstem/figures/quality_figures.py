"""Pictures of scores, by kind of image, intensity, wave number and number of training frames, and of the intervals that denoisers state."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rapidstem.figures.style import BLACK, Drawing, bare_image_axes, panels, series_style, show_image, styled
from rapidstem.scores.image_spectra import derived_spectra, spectral_scores

_RANGE_TITLES = {"psnr_dark_db": "below 20000", "psnr_middle_db": "20000 to 40000", "psnr_bright_db": "above 40000"}
# Of the axis; noise may exceed it.
_TRANSFER_SHOWN = 1.5


@styled
def psnr_by_kind(images: pd.DataFrame) -> Drawing:
    """PSNR against the slow image for every kind of image, whole and by intensity of the slow image (Ihara et al. 2022, Fig. 4a).

    Parameters
    ----------
    images : DataFrame
        `denoiser`, `psnr_db` and the columns of `rapidstem.scores.image_quality.psnr_by_range_db`, all against the slow image.
    """
    names = list(dict.fromkeys(images["denoiser"]))
    figure, axes = panels(1, 2, 7.6, 3.6, width_ratios=[1.0, 1.6], sharey=True)
    left, right = axes[0]
    rows = []
    for number, name in enumerate(names):
        own = images[images["denoiser"] == name]
        style = series_style(number)
        for column in ("psnr_db", *_RANGE_TITLES):
            rows.append(
                {"denoiser": name, "score": column, "mean": own[column].mean(), "std": own[column].std(), "images": own[column].count()}
            )
        left.bar(number, rows[-4]["mean"], yerr=rows[-4]["std"], color=style["color"], capsize=3)
        places = [number * 0.8 / len(names) + place for place in range(3)]
        right.bar(places, [row["mean"] for row in rows[-3:]], 0.75 / len(names), color=style["color"], label=name)
    left.set_xticks(range(len(names)), names, rotation=60, ha="right")
    left.set(ylabel="PSNR / dB")
    right.set_xticks([place + 0.4 for place in range(3)], list(_RANGE_TITLES.values()))
    right.set(xlabel="intensity of the slow image, scaled to 0 to 65535")
    right.legend(ncols=2, fontsize=7)
    words = ", ".join(f"{row['denoiser']} {row['mean']:.1f} dB" for row in rows if row["score"] == "psnr_db")
    return Drawing(figure, pd.DataFrame(rows), f"PSNR against the slow image: {words}; and by the intensity of the slow image.")


@styled
def psnr_and_similarity(images: pd.DataFrame) -> Drawing:
    """SSIM against PSNR of every kind of image, mean and standard deviation: the two scores of Williams et al.

    Parameters
    ----------
    images : DataFrame
        `denoiser`, `psnr_affine_db` and `ssim`, all against the slow image.
    """
    figure, axes = panels(1, 1, 5.2, 3.8)
    scores = images.groupby("denoiser", sort=False)[["psnr_affine_db", "ssim"]].agg(["mean", "std"])
    for number, (name, row) in enumerate(scores.iterrows()):
        spread = {"xerr": row["psnr_affine_db", "std"], "yerr": row["ssim", "std"]}
        place = (row["psnr_affine_db", "mean"], row["ssim", "mean"])
        axes[0, 0].errorbar(*place, **spread, **series_style(number), linestyle="", capsize=2, elinewidth=0.8, label=name)
    axes[0, 0].set(xlabel="PSNR after the best affine fit / dB", ylabel="SSIM")
    axes[0, 0].legend(fontsize=8)
    data = scores.set_axis([f"{score}_{kind}" for score, kind in scores.columns], axis=1).reset_index()
    return Drawing(figure, data, f"SSIM against PSNR of {', '.join(data['denoiser'])}; both grow as noise goes and structure stays.")


@styled
def agreement(spectra: pd.DataFrame, cycles_to_per_um: float) -> Drawing:
    """Power along the fast scan direction with the wave number of agreement, and transfer along x and y (Ihara et al. 2022, Fig. 4c).

    Parameters
    ----------
    spectra : DataFrame
        With the columns `rapidstem.scores.image_spectra.SPECTRUM_COLUMNS`.
    cycles_to_per_um : float
        Wave number of one cycle a pixel, in 1/um.
    """
    derived = derived_spectra(spectra)
    scores = spectral_scores(spectra)
    against_slow = derived[derived["reference"] == "slow"]
    figure, axes = panels(1, 3, 10.2, 3.6)
    for number, (name, own) in enumerate(against_slow.groupby("denoiser", sort=False)):
        style = series_style(number)
        for panel, direction, quantity in zip(axes[0], ("x", "x", "y"), ("power", "transfer", "transfer"), strict=True):
            rows = own[own["direction"] == direction]
            panel.plot(rows["wave_number_per_um"], rows[quantity], **style, markevery=(number, 9), markersize=3.5, label=name)
        reach = float(scores.loc[scores["denoiser"] == name, "agreement_x_per_um"].iloc[0])
        axes[0, 0].axvline(reach, color=style["color"], linewidth=0.8, linestyle=":")
    slow = against_slow[(against_slow["direction"] == "x") & (against_slow["denoiser"] == against_slow["denoiser"].iloc[-1])]
    axes[0, 0].plot(slow["wave_number_per_um"], slow["reference_power"], color="#777777", linewidth=2.5, zorder=1, label="slow")
    axes[0, 0].set(yscale="log", xlabel="wave number along x / µm⁻¹", ylabel="|F|²")
    for panel, direction in zip(axes[0, 1:], "xy", strict=True):
        panel.axhline(1.0, color=BLACK, linewidth=0.8)
        panel.set(ylim=(0, _TRANSFER_SHOWN), xlabel=f"wave number along {direction} / µm⁻¹", ylabel="transfer from the slow image")
    axes[0, 0].legend(fontsize=7)
    table = scores.assign(agreement_x_cycles_per_px=scores["agreement_x_per_um"] / cycles_to_per_um)
    words = ", ".join(f"{row.denoiser} {row.agreement_x_per_um:.0f} 1/um" for row in scores.itertuples())
    return Drawing(figure, table, f"Power along the fast scan direction agrees with the slow image's up to: {words}.")


@styled
def training_size(images: pd.DataFrame, spectra: pd.DataFrame, frames: Mapping[str, int]) -> Drawing:
    """PSNR and wave number of agreement against the number of training frames of one field, beside many fields (Ihara et al. 2022, Fig. 6).

    Parameters
    ----------
    images, spectra : DataFrame
        As for `psnr_and_similarity` and `agreement`.
    frames : mapping of a denoiser's name to the number of frames of one field that it has learned from; 0 for many fields
    """
    reach = spectral_scores(spectra).set_index("denoiser")["agreement_x_per_um"]
    quality = images.groupby("denoiser")["psnr_affine_db"].agg(["mean", "std"])
    rows = [
        {"denoiser": name, "frames": count, "psnr_affine_db": quality.loc[name, "mean"], "std": quality.loc[name, "std"]}
        | {"agreement_x_per_um": reach[name]}
        for name, count in frames.items()
    ]
    table = pd.DataFrame(rows).sort_values("frames")
    figure, axes = panels(1, 2, 7.6, 3.3)
    single, many = table[table["frames"] > 0], table[table["frames"] == 0]
    for panel, column in zip(axes[0], ("psnr_affine_db", "agreement_x_per_um"), strict=True):
        panel.plot(single["frames"], single[column], **series_style(0), label="one field")
        for number, row in enumerate(many.to_dict("records"), start=1):
            panel.axhline(row[column], color=series_style(number)["color"], label=f"{row['denoiser']}, many fields")
        panel.set(xscale="log", xlabel="training frames")
    axes[0, 0].set(ylabel="PSNR after the best affine fit / dB")
    axes[0, 1].set(ylabel="wave number of agreement / µm⁻¹")
    axes[0, 0].legend(fontsize=8)
    words = ", ".join(f"{row['denoiser']} {row['psnr_affine_db']:.1f} dB" for row in table.to_dict("records"))
    return Drawing(figure, table, f"Training on one field against training on many: {words}.")


@styled
def interval_maps(intervals: Mapping[str, tuple[str, np.ndarray, np.ndarray, np.ndarray]], pixel_size_nm: float) -> Drawing:
    """A row for each denoiser: its answer, the half width of its interval, and the pixels of the reference that lie above or below it.

    Parameters
    ----------
    intervals : mapping of a name to (str, ndarray, ndarray, ndarray)
        For each denoiser the name of its reference, its answer at the pixels of the reference, the reference itself, and the half widths in
        its intensities, all (y, x).
    pixel_size_nm : float
        Of all images.
    """
    figure, axes = panels(len(intervals), 3, 6.5, 2.2 * len(intervals))
    rows, words = [], []
    for (left, width, outside), (name, (reference, answer, image, half_width)) in zip(axes, intervals.items(), strict=True):
        difference = image - answer
        beyond = np.sign(difference) * (np.abs(difference) > half_width)
        show_image(left, answer, pixel_size_nm, name)
        row = {"denoiser": name, "reference": reference, "inside_percent": np.nan, "black": np.nan, "white": np.nan}
        if np.isfinite(half_width).all():
            limits = show_image(width, half_width, pixel_size_nm, f"half width, {half_width.min():.3g} to {half_width.max():.3g}")
            outside.imshow(beyond, cmap="RdBu_r", vmin=-1, vmax=1)
            inside = 100 * float(np.mean(beyond == 0))
            row |= {"inside_percent": inside, "black": limits[0], "white": limits[1]}
            bare_image_axes(outside, f"{reference} outside: {100 - inside:.1f} %")
            words.append(f"{name}: {inside:.1f} % of the pixels of the {reference} image lie within the interval")
        else:
            bare_image_axes(width, "no interval")
            bare_image_axes(outside, "")
            words.append(f"{name}: no interval is stated, as no field was left to calibrate on")
        rows.append(row)
    return Drawing(figure, pd.DataFrame(rows), f"Intervals of this frame. {'; '.join(words)}.")
