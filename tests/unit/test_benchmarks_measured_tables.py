"""Tables that benchmarks leave for the documentation."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.measured_tables import ORIGIN, read_measured, record_table, updated
from benchmarks.session_scores import filter_table, position_table


def test_rows_measured_anew_take_the_place_of_the_old_ones() -> None:
    known = pd.DataFrame({"session": ["demo", "seed11"], "tilt": [20, 40], "error": [1.0, 2.0]}).assign(**dict.fromkeys(ORIGIN, "old"))
    measured = pd.DataFrame({"session": ["new", "demo"], "tilt": [0.0, 20.0], "error": [4.0, 3.0]}).assign(**dict.fromkeys(ORIGIN, "new"))
    table = updated(known, measured, ["session", "tilt"])
    assert table["session"].tolist() == ["demo", "seed11", "new"]
    assert table["error"].tolist() == [3.0, 2.0, 4.0]
    assert table["commit"].tolist() == ["new", "old", "new"]
    assert tuple(table.columns[-3:]) == ORIGIN


def test_rows_that_cannot_be_told_apart_are_refused() -> None:
    twice = pd.DataFrame({"session": ["demo", "demo"], "error": [1.0, 2.0]})
    with pytest.raises(ValueError, match="session"):
        updated(twice[:1], twice, ["session"])


def test_a_recorded_table_says_where_it_comes_from(tmp_path: Path) -> None:
    record_table("speed", pd.DataFrame({"method": ["a"], "seconds": [0.5]}), ["method"], tmp_path)
    record_table("speed", pd.DataFrame({"method": ["b"], "seconds": [0.7]}), ["method"], tmp_path)
    table = read_measured(tmp_path / "speed.csv")
    assert table["method"].tolist() == ["a", "b"]
    assert table[list(ORIGIN)].notna().all(axis=None)
    assert table["measured_on"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_a_comparison_of_centres_becomes_one_row() -> None:
    columns = {"mean_abs_nm": [0.4, 0.5, 0.6], "paired_percent": [90.0, 95.0, 95.0], "paired_measured_percent": [91.0, 96.0, 96.0]}
    columns |= {"curvature_nm_per_um2": [0.0, 0.0, -7.4], "curvature_sigma_nm_per_um2": [0.1, 0.1, 0.6]}
    errors = pd.DataFrame({"variant": "rapid", "against": "slow", "axis": list("xyz"), **columns})
    row = position_table(errors).iloc[0]
    assert (row["x_nm"], row["y_nm"], row["z_nm"]) == (0.4, 0.5, 0.6)
    assert (row["xz_paired_percent"], row["yz_real_percent"], row["z_curvature_nm_per_um2"]) == (90.0, 96.0, -7.4)


def test_scores_of_filters_are_means_over_fields_and_frames_of_a_tilt() -> None:
    keys = {"reference": "slow", "denoiser": "dlf-slow"}
    images = pd.DataFrame({**keys, "tilt": [0, 0, 70], "psnr_db": [30.0, 31.0, 20.0], "psnr_affine_db": [33.0, 34.0, 29.0], "ssim": 0.9})
    lines = pd.DataFrame({**keys, "tilt": [0, 0], "relative_width": [1.0, 1.1], "relative_intensity": [0.9, 1.0]})
    table = filter_table(images, lines).set_index("tilt")
    assert table.loc[0, "psnr_db"] == 30.5
    assert (table.loc[0, "width_percent"], table.loc[0, "depth_percent"]) == (105.0, 95.0)
    assert pd.isna(table.loc[70, "width_percent"])
    lost = filter_table(images, lines.assign(relative_width=[1.0, None], relative_intensity=[0.9, None])).set_index("tilt")
    assert (table.loc[0, "lines_shown_percent"], lost.loc[0, "lines_shown_percent"]) == (100, 50)
