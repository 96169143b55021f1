import numpy as np
import pytest

from rapidstem.dislocations.centre_fit import fit_centres


def ridge_sections(place, slope, shape=(9, 25, 31), widths=(1.3, 2.1), turn=0.4):
    """A straight ridge with an elliptical, turned Gaussian profile; `place` (row, column) is where it crosses section 4."""
    section, row, column = np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij")
    across = row - place[0] - slope[0] * (section - 4)
    along = column - place[1] - slope[1] * (section - 4)
    first = np.cos(turn) * across + np.sin(turn) * along
    second = np.cos(turn) * along - np.sin(turn) * across
    return np.exp(-0.5 * ((first / widths[0]) ** 2 + (second / widths[1]) ** 2))


@pytest.mark.parametrize("slope", [(0.0, 0.0), (0.7, -0.4)])
@pytest.mark.parametrize("height", [1.0, 250.0])
def test_the_ridge_comes_back_exactly(slope, height):
    place = np.array([11.32, 16.81])
    found = fit_centres(height * ridge_sections(place, slope), np.array([[4, 11, 17]]), np.array([[11.8, 16.4]]), radius=4)
    np.testing.assert_allclose(found, [place], atol=1e-4)


def test_every_peak_has_its_own_fit():
    places = np.array([[7.4, 6.2], [15.7, 24.1]])
    volume = ridge_sections(places[0], (0.1, 0.2)) + 0.3 * ridge_sections(places[1], (-0.3, 0.0))
    start = places + np.array([[0.3, -0.2], [-0.4, 0.3]])
    found = fit_centres(volume, np.array([[4, 7, 6], [4, 16, 24]]), start, radius=4)
    np.testing.assert_allclose(found, places, atol=0.02)


def test_a_fit_that_runs_away_keeps_its_start():
    volume = np.ones((9, 25, 31)) + np.arange(31)
    start = np.array([[12.2, 15.1]])
    np.testing.assert_array_equal(fit_centres(volume, np.array([[4, 12, 15]]), start, radius=4), start)


def test_no_peaks_no_centres():
    assert fit_centres(np.ones((3, 9, 9)), np.empty((0, 3), int), np.empty((0, 2)), radius=3).shape == (0, 2)
