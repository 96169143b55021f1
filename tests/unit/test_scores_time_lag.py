import numpy as np
import pandas as pd
import pytest

from rapidstem.errors import InputError
from rapidstem.scores.difference_fit import difference_profile, quadratic_fit
from rapidstem.scores.time_lag import calibrate_time_lag, cross_calibrated


def lagging_pairs(curvature=-8.0, lines=30, per_line=20, line_sigma=0.0, noise=0.0, seed=1):
    """Pairs on lines that run across y; the errors of a line's centres have a part in common."""
    random = np.random.default_rng(seed)
    line = np.repeat(np.arange(lines), per_line)
    start = random.uniform(-550, 450, lines)
    y = start[line] + np.tile(np.linspace(0, 100, per_line), lines)
    dz = 0.7 + 0.4 * y / 1000 + curvature * (y / 1000) ** 2
    dz = dz + line_sigma * random.normal(size=lines)[line] + noise * random.normal(size=len(line))
    places = {"plane": "yz", "slice": np.tile(np.arange(per_line), lines), "x_nm": 0.0, "y_nm": y, "z_nm": 0.0}
    return pd.DataFrame(places | {"dx_nm": 0.0, "dy_nm": 0.0, "dz_nm": dz, "line": line})


def test_the_calibration_finds_the_curl():
    lag = calibrate_time_lag(lagging_pairs())
    assert (lag.offset_nm, lag.slope_nm_per_um, lag.curvature_nm_per_um2) == pytest.approx((0.7, 0.4, -8.0))
    assert lag.curvature_sigma_nm_per_um2 == pytest.approx(0.0, abs=1e-9)


def test_a_line_does_not_calibrate_itself():
    """One line is off by 30 nm: what the others show is taken off it, and its own error stays."""
    pairs = lagging_pairs()
    pairs.loc[pairs["line"] == 7, "dz_nm"] += 30.0
    left = cross_calibrated(pairs)
    assert left.loc[left["line"] == 7, "dz_nm"].to_numpy() == pytest.approx(30.0)
    assert np.abs(left.loc[left["line"] != 7, "dz_nm"]).median() < 0.3


def test_the_cross_calibration_removes_the_curl_and_leaves_the_noise():
    pairs = lagging_pairs(line_sigma=0.3, noise=0.2)
    left = cross_calibrated(pairs)
    assert abs(quadratic_fit(left, "y").curvature_nm_per_um2) < 0.6
    assert np.std(left["dz_nm"]) == pytest.approx(np.hypot(0.3, 0.2), rel=0.3)


def test_pairs_of_xz_sections_stay_as_they_are():
    pairs = lagging_pairs()
    both = pd.concat([pairs, pairs.assign(plane="xz")], ignore_index=True)
    left = cross_calibrated(both)
    np.testing.assert_array_equal(left.loc[left["plane"] == "xz", "dz_nm"], pairs["dz_nm"])


def test_the_stated_sigma_of_the_curvature_covers_errors_that_a_line_shares():
    fits = [quadratic_fit(lagging_pairs(0.0, line_sigma=0.5, noise=0.1, seed=seed), "y") for seed in range(40)]
    scatter = np.std([fit.curvature_nm_per_um2 for fit in fits])
    stated = np.sqrt(np.mean([fit.curvature_sigma_nm_per_um2**2 for fit in fits]))
    assert stated == pytest.approx(scatter, rel=0.35)


def test_few_large_errors_do_not_bend_the_fit():
    pairs = lagging_pairs(noise=0.1)
    pairs.loc[pairs["y_nm"] > 490, "dz_nm"] += 25.0
    assert 0 < (pairs["y_nm"] > 490).sum() < 0.05 * len(pairs)
    robust = quadratic_fit(pairs, "y").curvature_nm_per_um2
    plain = np.polyfit(pairs["y_nm"] / 1000, pairs["dz_nm"], 2)[0]
    assert abs(robust + 8.0) < 0.15 * abs(plain + 8.0)


def test_the_sigma_needs_four_lines():
    assert np.isnan(quadratic_fit(lagging_pairs(lines=3), "y").curvature_sigma_nm_per_um2)


def test_the_standard_error_of_a_profile_counts_lines():
    pairs = lagging_pairs(0.0, lines=40, per_line=50, line_sigma=0.5)
    profile = difference_profile(pairs, "y", 2000.0)
    middle = profile.loc[profile["pairs"].idxmax()]
    assert middle["standard_error_nm"] == pytest.approx(0.5 / np.sqrt(40), rel=0.35)


def test_pairs_that_are_too_few_to_calibrate_each_other_stay_as_they_are():
    pairs = lagging_pairs(lines=2)
    few = pairs[(pairs["line"] == 0) | (pairs.groupby("line").cumcount() < 2)]
    pd.testing.assert_frame_equal(cross_calibrated(few), few)


def test_too_few_places_are_refused():
    with pytest.raises(InputError, match="three values of y"):
        calibrate_time_lag(lagging_pairs().iloc[:2])
