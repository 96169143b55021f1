import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations.pairing import RigidMotion, rigid_motion
from rapidstem.errors import InputError
from rapidstem.scores.difference_fit import difference_profile, quadratic_fit
from rapidstem.scores.positional_error import line_centroids, position_pairs, positional_errors

NAMES = {"acquisition": "series", "variant": "rapid-dlf-slow", "against": "slow"}


def grid_of_lines(voxel_nm=4.0, length=60):
    """Lines along x (seen in yz sections) and along y (seen in xz sections), 80 nm apart."""
    sections = np.arange(length)
    way = (sections - (length - 1) / 2) * voxel_nm
    tables = []
    for offset in np.arange(-400.0, 401.0, 80.0):
        tables.append(pd.DataFrame({"plane": "yz", "slice": sections, "x_nm": way, "y_nm": offset, "z_nm": 0.1 * offset}))
        tables.append(pd.DataFrame({"plane": "xz", "slice": sections, "x_nm": offset, "y_nm": way, "z_nm": 0.1 * offset}))
    return pd.concat(tables, ignore_index=True).assign(weight=1.0)


def errors_by_axis(*arguments, **options):
    return positional_errors(*arguments, **options, **NAMES).set_index("axis")


def test_known_displacements_come_back_with_their_signs():
    reference = grid_of_lines()
    measured = reference.assign(y_nm=reference["y_nm"] + 3.0 * (reference["plane"] == "yz"), z_nm=reference["z_nm"] - 5.0)
    measured["x_nm"] += 2.0 * (measured["plane"] == "xz")
    errors = errors_by_axis(measured, reference, 20.0)
    assert errors["bias_nm"].round(6).to_dict() == {"x": 2.0, "y": 3.0, "z": -5.0}
    assert errors["mean_abs_nm"].round(6).to_dict() == {"x": 2.0, "y": 3.0, "z": 5.0}
    assert errors.loc["x", ["acquisition", "variant", "against"]].to_dict() == NAMES


def test_mean_and_median_of_random_errors():
    reference = grid_of_lines(length=400)
    noise = np.random.default_rng(3).normal(size=(len(reference), 3)) * [4.0, 6.0, 8.0]
    in_yz = (reference["plane"] == "yz").to_numpy()
    noise[in_yz, 0] = 0.0
    noise[~in_yz, 1] = 0.0
    measured = reference.copy()
    measured[["x_nm", "y_nm", "z_nm"]] += noise
    errors = errors_by_axis(measured, reference, 40.0)
    for axis, sigma in {"x": 4.0, "y": 6.0, "z": 8.0}.items():
        assert errors.loc[axis, "mean_abs_nm"] == pytest.approx(sigma * np.sqrt(2 / np.pi), rel=0.04)
        assert errors.loc[axis, "median_abs_nm"] == pytest.approx(sigma * 0.6745, rel=0.05)
        assert abs(errors.loc[axis, "bias_nm"]) < 0.4


def test_unpaired_centres_are_counted_on_both_sides():
    reference = grid_of_lines()
    missing = (reference["plane"] == "yz") & (reference["y_nm"] > 200)
    extra = reference[(reference["plane"] == "xz") & (reference["x_nm"] == 0)].assign(x_nm=45.0)
    errors = errors_by_axis(pd.concat([reference[~missing], extra]), reference, 20.0)
    assert errors.loc["y", ["pairs", "unpaired", "unpaired_measured"]].tolist() == [8 * 60, 3 * 60, 0]
    assert errors.loc["y", "paired_percent"] == pytest.approx(100 * 8 / 11)
    assert errors.loc["x", ["pairs", "unpaired", "unpaired_measured"]].tolist() == [11 * 60, 0, 60]
    assert errors.loc["x", "paired_measured_percent"] == pytest.approx(100 * 11 / 12)


def test_the_motion_is_removed_and_stated():
    reference = grid_of_lines()
    measured = reference.assign(x_nm=reference["x_nm"] + 8.0, slice=reference["slice"] + 2 * (reference["plane"] == "yz"))
    motion = rigid_motion(measured, reference)
    assert motion.shift_x_nm == pytest.approx(-8.0, abs=0.05)
    errors = errors_by_axis(measured, reference, 20.0, motion)
    assert errors["mean_abs_nm"].max() < 0.1
    assert errors["shift_x_nm"].round(1).tolist() == [-8.0] * 3


def test_normalised_errors_of_right_sigmas_have_a_spread_of_one():
    reference = grid_of_lines().assign(sigma_x_nm=1.5, sigma_y_nm=3.0, sigma_z_nm=0.0)
    measured = grid_of_lines().assign(sigma_x_nm=2.0, sigma_y_nm=4.0, sigma_z_nm=0.5)
    noise = np.random.default_rng(5).normal(size=(len(reference), 2))
    measured["y_nm"] += 5.0 * noise[:, 0] * (measured["plane"] == "yz")
    measured["x_nm"] += 2.5 * noise[:, 0] * (measured["plane"] == "xz")
    measured["z_nm"] += 1.0 * noise[:, 1]
    spread = errors_by_axis(measured, reference, 30.0)["normalised_rms"]
    assert spread.to_dict() == pytest.approx({"x": 1.0, "y": 1.0, "z": 2.0}, rel=0.06)
    alone = errors_by_axis(measured, grid_of_lines(), 30.0)["normalised_rms"]
    assert alone["y"] == pytest.approx(5.0 / 4.0, rel=0.06)
    assert errors_by_axis(grid_of_lines(), grid_of_lines(), 30.0)["normalised_rms"].isna().all()


def test_the_sigmas_are_those_of_the_paired_rows_where_the_reference_lacks_a_plane():
    reference = grid_of_lines().query("plane == 'xz'")
    measured = grid_of_lines()
    measured = measured.assign(sigma_x_nm=np.abs(measured["x_nm"]), sigma_y_nm=np.nan, sigma_z_nm=1.0)
    pairs = position_pairs(measured, reference, 20.0)
    assert len(pairs) == len(reference)
    np.testing.assert_allclose(pairs["sigma_x_nm"], np.abs(pairs["x_nm"]))


def test_the_sigmas_of_the_reference_are_those_of_its_paired_rows():
    measured = grid_of_lines().query("plane == 'xz'").assign(sigma_x_nm=0.0, sigma_y_nm=np.nan, sigma_z_nm=0.0)
    reference = grid_of_lines()
    reference = reference.assign(sigma_x_nm=np.abs(reference["x_nm"]), sigma_y_nm=np.nan, sigma_z_nm=1.0)
    pairs = position_pairs(measured, reference, 20.0)
    assert len(pairs) == len(measured)
    np.testing.assert_allclose(pairs["sigma_x_nm"], np.abs(pairs["x_nm"]))


@pytest.mark.parametrize("unstated", ["measured", "reference", "both"])
def test_a_pair_one_of_whose_centres_states_no_deviation_has_none(unstated):
    reference, measured = (grid_of_lines().assign(sigma_x_nm=3.0, sigma_y_nm=3.0, sigma_z_nm=4.0) for _ in range(2))
    for name, table in (("measured", measured), ("reference", reference)):
        if unstated in (name, "both"):
            table.loc[::2, "sigma_y_nm"] = np.nan
    pairs = position_pairs(measured, reference, 20.0)
    stated = pairs["first_index"] % 2 == 1
    assert pairs["sigma_y_nm"].notna().tolist() == stated.tolist()
    np.testing.assert_allclose(pairs.loc[stated, "sigma_y_nm"], np.sqrt(18))
    np.testing.assert_allclose(pairs["sigma_z_nm"], np.sqrt(32))


def test_pairs_know_the_line_of_the_reference():
    reference = grid_of_lines()
    pairs = position_pairs(reference, reference, 20.0)
    lines = pairs.groupby("line")[["plane", "x_nm", "y_nm"]].nunique()
    assert len(lines) == 22
    assert (lines["plane"] == 1).all() and (lines[["x_nm", "y_nm"]].min(axis=1) == 1).all()


def test_no_centres_give_no_pairs_and_no_numbers():
    reference = grid_of_lines()
    errors = errors_by_axis(reference.iloc[:0], reference, 20.0)
    assert errors["pairs"].tolist() == [0, 0, 0]
    assert errors["mean_abs_nm"].isna().all()
    assert errors["unpaired"].tolist() == [660, 660, 660]


def test_the_curvature_of_the_time_lag_comes_back():
    reference = grid_of_lines()
    y_um = reference["y_nm"] / 1000.0
    lag = 1.5 - 2.0 * y_um - 40.0 * y_um**2
    measured = reference.assign(z_nm=reference["z_nm"] + lag * (reference["plane"] == "yz"))
    fit = quadratic_fit(position_pairs(measured, reference, 30.0), along="y")
    assert (fit.offset_nm, fit.slope_nm_per_um, fit.curvature_nm_per_um2) == pytest.approx((1.5, -2.0, -40.0))
    np.testing.assert_allclose(fit.at(np.array([0.0, 100.0])), [1.5, 1.5 - 0.2 - 0.4])
    errors = errors_by_axis(measured, reference, 30.0)
    assert errors.loc["z", "curvature_nm_per_um2"] == pytest.approx(-40.0)
    assert errors.loc["y", "curvature_nm_per_um2"] == pytest.approx(0.0, abs=1e-6)


def test_difference_profile_averages_within_bins():
    reference = grid_of_lines()
    measured = reference.assign(z_nm=reference["z_nm"] + 0.01 * reference["y_nm"])
    profile = difference_profile(position_pairs(measured, reference, 30.0), along="y", bin_nm=160.0)
    assert profile["pairs"].sum() == 11 * 60
    np.testing.assert_allclose(profile["mean_nm"], 0.01 * profile["position_nm"], atol=0.5)
    flat = difference_profile(position_pairs(measured, reference, 30.0), along="x", bin_nm=40.0)
    np.testing.assert_allclose(flat["mean_nm"], 0.0, atol=1e-9)


def test_the_standard_error_of_a_bin_is_that_of_the_means_of_its_lines():
    pairs = pd.DataFrame({"plane": "yz", "y_nm": 0.0, "line": [1, 1, 2, 2, 2], "dz_nm": [0.0, 2.0, 3.0, 2.0, 4.0]})
    profile = difference_profile(pairs, along="y", bin_nm=100.0)
    assert profile[["mean_nm", "standard_error_nm", "pairs"]].iloc[0].tolist() == pytest.approx([2.2, 1.0, 5])
    assert difference_profile(pairs[:2], "y", 100.0)["standard_error_nm"].isna().all()


def test_line_centroids_lie_on_the_line_and_on_the_sections():
    line = np.array([[-30.0, -12.0, 4.0], [30.0, 18.0, -2.0]])
    table = line_centroids([line], shape=(8, 16, 16), voxel_size_nm=2.0)
    assert (table["plane"] == "yz").sum() == 16
    np.testing.assert_allclose(table["y_nm"], 3.0 + 0.5 * table["x_nm"])
    np.testing.assert_allclose(table["z_nm"], 1.0 - 0.1 * table["x_nm"])
    in_yz, in_xz = table[table["plane"] == "yz"], table[table["plane"] == "xz"]
    np.testing.assert_allclose(in_yz["x_nm"], (in_yz["slice"] - 7.5) * 2.0)
    np.testing.assert_allclose(in_xz["y_nm"], (in_xz["slice"] - 7.5) * 2.0)


def test_line_centroids_count_each_crossing_of_a_polyline_once():
    """A vertex on a section plane belongs to one of its two segments, whichever way the line is walked."""
    line = np.array([[-9.0, 0.0, 0.0], [-3.0, 0.1, 0.0], [1.0, 0.2, 0.0], [9.0, 0.3, 0.0]])
    for walked in (line, line[::-1]):
        table = line_centroids([walked], shape=(10, 10, 8), voxel_size_nm=2.0)
        assert sorted(table["slice"]) == list(range(8))


def test_line_centroids_end_where_the_line_does():
    line = np.array([[-5.2, 0.0, 0.0], [0.3, 0.1, 0.0], [5.1, 0.2, 0.0]])
    for walked in (line, line[::-1]):
        table = line_centroids([walked], shape=(10, 10, 8), voxel_size_nm=2.0)
        assert sorted(table["x_nm"]) == pytest.approx([-5.0, -3.0, -1.0, 1.0, 3.0, 5.0])


def test_line_centroids_leave_out_the_outside_and_lines_inside_the_section():
    outside = np.array([[-9.0, 0.0, 10.5], [9.0, 0.0, 10.5]])
    grazing = np.array([[-9.0, -9.0, 0.0], [-9.0 + 18 * np.tan(np.deg2rad(15)), 9.0, 0.0]])
    table = line_centroids([outside, grazing], shape=(10, 10, 10), voxel_size_nm=2.0)
    assert set(table["plane"]) == {"xz"}
    assert len(line_centroids([grazing], (10, 10, 10), 2.0, smallest_angle_deg=10.0).query("plane == 'yz'")) > 0


def test_line_centroids_of_nothing_and_of_a_wrong_shape():
    assert len(line_centroids([], (4, 4, 4), 2.0)) == 0
    with pytest.raises(InputError, match="line 0"):
        line_centroids([np.zeros((5, 2))], (4, 4, 4), 2.0)


def test_measured_centres_against_the_truth_need_no_further_arguments():
    line = np.array([[-100.0, -60.0, 10.0], [100.0, 70.0, -10.0]])
    truth = line_centroids([line, line + np.array([0, 60, 0])], (20, 60, 60), 4.0)
    errors = errors_by_axis(truth, truth, 10.0, RigidMotion())
    assert errors["paired_percent"].tolist() == [100.0] * 3
