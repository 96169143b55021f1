"""What a finished session reaches by its own tables: positions, filters by tilt, in-situ series.

Run from the root of the repository: `python -m benchmarks.session_scores results/demo`. Reads `evaluation/*.csv`: mean absolute
differences of the centres and the shares of paired ones for every comparison; scores of the filters against the slow image, means over the
test fields of each tilt; scores of in-situ series.
"""

import sys
from pathlib import Path

import pandas as pd

from benchmarks.measured_tables import record_table

SHARES = {"paired_percent": "paired_percent", "paired_measured_percent": "real_percent"}
DECIBELS = ["psnr_db", "psnr_affine_db", "ssim"]


def position_table(errors: pd.DataFrame) -> pd.DataFrame:
    """One row for each comparison of two tomograms; x and its shares come from the xz sections, y, z and theirs from the yz sections."""
    rows = []
    for (variant, against), group in errors.groupby(["variant", "against"], sort=False):
        axes = group.groupby("axis").mean(numeric_only=True)
        row = {"variant": variant, "against": against} | {f"{axis}_nm": axes.loc[axis, "mean_abs_nm"].round(2) for axis in "xyz"}
        row |= {
            f"{plane}_{name}": axes.loc[axis, column].round(1)
            for axis, plane in (("x", "xz"), ("y", "yz"))
            for column, name in SHARES.items()
        }
        row["z_curvature_nm_per_um2"] = axes.loc["z", "curvature_nm_per_um2"].round(2)
        rows.append(row | {"z_curvature_sigma": axes.loc["z", "curvature_sigma_nm_per_um2"].round(2)})
    return pd.DataFrame(rows)


def filter_table(images: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """One row a reference, tilt and filter: decibels, width and depth of lines in percent of the reference's, and how many it shows."""
    keys = ["reference", "tilt", "denoiser"]
    decibels = images.groupby(keys, sort=False)[DECIBELS].mean().round({"psnr_db": 1, "psnr_affine_db": 1, "ssim": 3})
    shares = (100 * lines.groupby(keys, sort=False)[["relative_width", "relative_intensity"]].mean()).round(0)
    shown = 100 * lines.groupby(keys, sort=False)["relative_intensity"].agg(lambda depths: depths.notna().mean())
    shares = shares.set_axis(["width_percent", "depth_percent"], axis=1).assign(lines_shown_percent=shown.round(0))
    return decibels.join(shares).reset_index()


def main(results: Path) -> None:
    """Record the tables of one session."""
    tables = {path.stem: pd.read_csv(path) for path in (results / "evaluation").glob("*.csv")}
    session = {"session": results.name}
    if len(tables["positional_error"]):
        positions = position_table(tables["positional_error"]).assign(**session)
        record_table("session_scores.positions", positions, ["session", "variant", "against"])
    if len(tables["denoising"]):
        filters = filter_table(tables["denoising"], tables["lines"]).assign(**session)
        record_table("session_scores.filters", filters, ["session", "reference", "tilt", "denoiser"])
    if len(tables["in_situ"]):
        record_table("session_scores.in_situ", tables["in_situ"].round(2).assign(**session), ["session", "acquisition", "denoiser"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))
