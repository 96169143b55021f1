import numpy as np
import pandas as pd
import pytest

from rapidstem.dislocations.centre_uncertainty import SIGMA_COLUMNS, position_uncertainty

VOXEL_NM = 4.0


def lines(noise_nm=0.0, seed=0, sections=150, count=8, kink_nm=0.0):
    """Straight lines in yz sections; noise in y, half of it in z, and a zigzag from centre to centre in z."""
    random = np.random.default_rng(seed)
    section = np.tile(np.arange(sections), count)
    x = (section - (sections - 1) / 2) * VOXEL_NM
    offset = np.repeat(80.0 * np.arange(count), sections)
    noise = noise_nm * random.normal(size=(len(x), 2)) * [1.0, 0.5]
    zigzag = kink_nm * np.where(section % 2, 1.0, -1.0)
    return pd.DataFrame({"plane": "yz", "slice": section, "x_nm": x, "y_nm": offset + 0.3 * x + noise[:, 0], "z_nm": noise[:, 1] + zigzag})


def test_the_scatter_of_the_halves_comes_back():
    """Halves of 2 nm noise give a mean of 2 / sqrt(2) nm; the whole itself is smooth here."""
    sigma = position_uncertainty(lines(), lines(2.0, seed=1), lines(2.0, seed=2))
    assert list(sigma.columns) == SIGMA_COLUMNS
    assert np.sqrt((sigma["sigma_y_nm"] ** 2).mean()) == pytest.approx(2.0 / np.sqrt(2), rel=0.08)
    assert np.sqrt((sigma["sigma_z_nm"] ** 2).mean()) == pytest.approx(1.0 / np.sqrt(2), rel=0.08)
    assert sigma["sigma_x_nm"].isna().all()


def test_noise_that_both_halves_share_is_seen_along_the_line():
    shared = lines(1.0, seed=3)
    sigma = position_uncertainty(shared, shared, shared)
    assert np.sqrt((sigma["sigma_y_nm"] ** 2).mean()) == pytest.approx(1.0, rel=0.1)


def test_a_smooth_bow_is_no_error():
    bowed = lines()
    bowed["y_nm"] += 40.0 * (bowed["x_nm"] / 300.0) ** 2
    assert position_uncertainty(bowed, bowed, bowed)["sigma_y_nm"].max() < 0.02


def test_a_restless_line_is_less_certain_than_its_neighbours():
    even, odd = lines(0.5, seed=1), lines(0.5, seed=2)
    restless = slice(300, 450)
    even.loc[restless, "y_nm"] += 3.0
    odd.loc[restless, "y_nm"] -= 3.0
    sigma = position_uncertainty(lines(), even, odd)["sigma_y_nm"].to_numpy()
    assert 2.5 < np.median(sigma[320:430]) < 3.1
    assert np.median(sigma[600:]) < 0.8


def test_centres_that_the_halves_lack_take_the_neighbours_value():
    full = lines()
    even, odd = (lines(1.0, seed=seed).drop(index=range(60, 70)) for seed in (1, 2))
    sigma = position_uncertainty(full, even, odd)
    assert np.isfinite(sigma[["sigma_y_nm", "sigma_z_nm"]].to_numpy()).all()
    assert sigma.loc[64, "sigma_y_nm"] == pytest.approx(sigma.loc[40:58, "sigma_y_nm"].mean(), rel=0.3)


def test_centres_that_most_halves_lack_have_the_deviation_of_the_others():
    even, odd = lines(), lines()
    even["y_nm"] += 1.0
    odd["y_nm"] -= 1.0
    sigma = position_uncertainty(lines(), even.iloc[::10], odd.iloc[::10])
    np.testing.assert_allclose(sigma["sigma_y_nm"], 1.0, atol=1e-6)


def test_noise_along_coarse_sections_is_not_hidden_by_the_parabola_that_follows_it():
    """Sections 12 nm apart: each parabola follows its own centre by a fifth and more."""
    shared = lines(1.0, seed=3).assign(x_nm=lambda table: 3 * table["x_nm"])
    sigma = position_uncertainty(shared, shared, shared)
    assert np.sqrt((sigma["sigma_y_nm"] ** 2).mean()) == pytest.approx(1.0, rel=0.1)


def test_a_line_too_short_to_deviate_from_a_parabola_is_as_uncertain_as_the_others():
    long, short = lines(1.0, seed=3), lines(1.0, seed=3)[:3].assign(y_nm=2000.0)
    full = pd.concat([long, short], ignore_index=True)
    sigma = position_uncertainty(full, full, full)["sigma_y_nm"].to_numpy()
    assert sigma[-3:] == pytest.approx([np.sqrt(np.mean(sigma[:-3] ** 2))] * 3, rel=0.05)


def test_the_rows_and_the_index_are_those_of_the_whole():
    full = lines().sample(frac=1.0, random_state=1)
    sigma = position_uncertainty(full, lines(1.0, seed=1), lines(1.0, seed=2))
    ordered = position_uncertainty(lines(), lines(1.0, seed=1), lines(1.0, seed=2))
    pd.testing.assert_frame_equal(sigma.sort_index(), ordered)


def test_wider_lines_are_paired_smoothed_and_pooled_over_as_much_longer_lengths():
    tables = (lines(noise, seed=seed, kink_nm=0.5) for noise, seed in ((0.5, 3), (9.0, 1), (9.0, 2)))
    narrow = [table.assign(y_nm=table["y_nm"] + noise) for table, noise in zip(tables, (0.0, 20.0, -20.0), strict=True)]
    wide = [table.assign(**{f"{axis}_nm": 3 * table[f"{axis}_nm"] for axis in "xyz"}) for table in narrow]
    expected = 3 * position_uncertainty(*narrow, 13.7)
    assert expected["sigma_y_nm"].median() > 30
    pd.testing.assert_frame_equal(position_uncertainty(*wide, 3 * 13.7), expected)


def test_without_halves_there_is_nothing_to_state():
    sigma = position_uncertainty(lines(), lines().iloc[:0], lines().iloc[:0])
    assert sigma.isna().all(axis=None)


def test_no_centres_no_rows():
    assert len(position_uncertainty(lines().iloc[:0], lines(), lines())) == 0
