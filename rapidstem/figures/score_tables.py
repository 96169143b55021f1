"""Scores of the filters by tilt, beside the published ones."""

from dataclasses import dataclass

import pandas as pd

from rapidstem.numerics import uncertain_text

# Ihara et al. 2022, Figs. 4c and 6c: where DLF-Slow and DLF-2500 stop to agree with the slow image
PUBLISHED_AGREEMENT_PER_UM = {"DLF-Slow, Ihara et al.": 120.0, "DLF-2500, Ihara et al.": 48.0}


@dataclass(frozen=True)
class Score:
    """A score: its column, the factor to the unit shown, and what Zhao et al. (2021) found: {tilt in degrees: (mean, deviation)}."""

    column: str
    title: str
    factor: float
    unet: dict[int, tuple[float, float]]
    bm3d: dict[int, tuple[float, float]]


# Zhao et al., Sci. Rep. 11, 20720 (2021): Table 1 (PSNR), Table 2 (line width), Table 3 (line intensity), against the DCFI image.
PSNR = Score(
    "psnr_db",
    "PSNR / dB",
    1.0,
    {0: (30, 2), 20: (29, 3), 40: (32, 2), 60: (32, 2), 70: (30, 5)},
    {0: (34, 3), 20: (32, 2), 40: (33, 2), 60: (35, 3), 70: (35, 3)},
)
LINE_WIDTH = Score(
    "relative_width",
    "line width / % of the reference",
    100.0,
    {0: (98, 19), 20: (95, 26), 40: (110, 15), 60: (110, 23), 70: (123, 31)},
    {0: (125, 27), 20: (142, 58), 40: (159, 42), 60: (175, 54), 70: (173, 46)},
)
LINE_INTENSITY = Score(
    "relative_intensity",
    "line intensity / % of the reference",
    100.0,
    {0: (93, 11), 20: (81, 33), 40: (95, 11), 60: (79, 16), 70: (95, 17)},
    {0: (94, 19), 20: (76, 29), 40: (85, 19), 60: (71, 9), 70: (83, 18)},
)
PSNR_AFFINE = Score("psnr_affine_db", "PSNR after the best affine fit / dB", 1.0, {}, {})
SSIM = Score("ssim", "SSIM", 1.0, {}, {})


def published_name(filter_name: str) -> str:
    """How the published values of a filter are called in figures and tables."""
    return f"{filter_name}, Zhao et al."


def by_tilt(table: pd.DataFrame, score: Score) -> pd.DataFrame:
    """Mean and standard deviation of a score by filter and tilt, in the unit shown, with the published values below.

    Parameters
    ----------
    table : DataFrame
        `denoiser`, `tilt` (degrees) and the score's column, all against the same reference; rows without a value are left out.
    score : Score
        Which column is shown, and how.

    Returns
    -------
    DataFrame
        `denoiser`, `tilt`, `mean`, `std` (NaN for a single value), `count` (0 for published values).
    """
    values = table[table[score.column].notna()]
    grouped = (values[score.column] * score.factor).groupby([values["denoiser"], values["tilt"]], sort=False)
    measured = grouped.agg(["mean", "std", "count"]).reset_index()
    published = [
        (published_name(name), tilt, mean, std, 0)
        for name, numbers in (("U-Net", score.unet), ("BM3D", score.bm3d))
        for tilt, (mean, std) in numbers.items()
    ]
    columns = ["denoiser", "tilt", "mean", "std", "count"]
    return pd.DataFrame([*measured[columns].itertuples(index=False, name=None), *published], columns=columns)


def score_table(table: pd.DataFrame, score: Score) -> pd.DataFrame:
    """A table to print: the score by tilt and filter, at the tilts that were measured; the published filters last, as published.

    Parameters
    ----------
    table : DataFrame
        As `by_tilt` takes it.
    score : Score
        Which column is shown, and how.

    Returns
    -------
    DataFrame
        One row a tilt, `tilt / °`, and one column a filter, text `mean ± standard deviation` in the unit shown.
    """
    scores = by_tilt(table, score)
    measured_tilts = scores.loc[scores["count"] > 0, "tilt"].unique()
    scores = scores[scores["tilt"].isin(measured_tilts)]
    texts = [
        uncertain_text(mean, std) if count else f"{mean:.0f} ± {std:.0f}"
        for mean, std, count in zip(scores["mean"], scores["std"], scores["count"], strict=True)
    ]
    scores = scores.assign(text=texts)
    names = list(dict.fromkeys(scores["denoiser"]))
    printed = scores.pivot(index="tilt", columns="denoiser", values="text").reindex(columns=names).sort_index()
    printed.index = pd.Index([f"{tilt:g}" for tilt in printed.index], name="tilt / °")
    return printed.rename_axis(columns=None).reset_index()


def shown_lines_table(lines: pd.DataFrame) -> pd.DataFrame:
    """A table to print: how many of the reference's lines each filtered image still shows; widths and depths are of these alone.

    Parameters
    ----------
    lines : DataFrame
        `denoiser`, `tilt` (degrees) and `relative_intensity`, NaN for a line that is not shown, all against the same reference.

    Returns
    -------
    DataFrame
        One row a tilt, `tilt / °`, and one column a filter, percent of the lines.
    """
    shares = 100 * lines["relative_intensity"].notna().groupby([lines["tilt"], lines["denoiser"]], sort=False).mean()
    printed = shares.unstack("denoiser").reindex(columns=list(dict.fromkeys(lines["denoiser"]))).sort_index()
    printed.index = pd.Index([f"{tilt:g}" for tilt in printed.index], name="tilt / °")
    return printed.rename_axis(columns=None).reset_index()
