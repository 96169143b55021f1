"""Holes and edges: vacuum is found where it is, and nowhere else; lines and points keep away from it."""

import numpy as np
import pytest
from scipy import ndimage

from rapidstem.tomography import FOIL, RIM, VACUUM, binarise, line_curvature, ridges_of, subtract_background, vacuum_places
from rapidstem.tomography.alignment.alignment_checks import vacuum_warning

SCALE_PX = 1.5
SIZE = 96
TILTS_RAD = np.deg2rad([-60.0, -30.0, 0.0, 30.0, 60.0])
OFFSET = 0.6


def foil(tilt_rad: float, rng: np.random.Generator, noise: float = 0.01) -> np.ndarray:
    """An inclined line and a dark disc on a foil that absorbs more when it is tilted."""
    row, column = np.indices((SIZE, SIZE)).astype(float)
    line = 1 - 0.3 * np.exp(-(((row - 0.6 * column - 20) / 2.0) ** 2))
    disc = 1 - 0.3 * (np.hypot(row - 70, column - 75) < 7)
    foil_there = np.exp(-0.35 / np.cos(tilt_rad) + 0.35) * (1 + 0.04 * np.sin(column / 30))
    return (OFFSET + foil_there * line * disc) * (1 + noise * rng.normal(size=row.shape))


def vacuum(shape: np.ndarray, blur_px: float, noise: float = 0.01) -> np.ndarray:
    """The series with vacuum, blurred as much at its rim."""
    rng = np.random.default_rng(1)
    share = ndimage.gaussian_filter(shape.astype(float), blur_px)
    level = (OFFSET + np.exp(0.35)) * (1 + noise * rng.normal(size=shape.shape))
    return np.stack([share * level + (1 - share) * foil(tilt, rng, noise) for tilt in TILTS_RAD])


def half_plane() -> np.ndarray:
    return np.indices((SIZE, SIZE))[0] > 60


def hole() -> np.ndarray:
    row, column = np.indices((SIZE, SIZE))
    return np.hypot(row - 30, column - 60) < 12


@pytest.mark.parametrize("shape", [half_plane(), hole(), np.indices((SIZE, SIZE))[1] < 65])
@pytest.mark.parametrize("blur_px", [0.5, 3.0])
@pytest.mark.parametrize("noise", [0.005, 0.05])
def test_vacuum_is_found_and_the_foil_away_from_its_rim_is_not(shape: np.ndarray, blur_px: float, noise: float) -> None:
    places = vacuum_places(vacuum(shape, blur_px, noise), SCALE_PX)
    inner = ndimage.binary_erosion(shape, iterations=6, border_value=1)
    outer = ~ndimage.binary_dilation(shape, iterations=14)
    assert np.mean(places[:, inner] == VACUUM) > 0.98
    assert np.all(places[:, shape] != FOIL)
    assert np.all(places[:, outer] == FOIL)


def test_a_frame_without_foil_is_vacuum_and_those_beside_it_keep_theirs() -> None:
    series = vacuum(half_plane(), 1.0)
    alone = vacuum(np.ones((SIZE, SIZE), bool), 1.0)[:1]
    places = vacuum_places(np.concatenate([series[:2], alone, series[2:]]), SCALE_PX)
    np.testing.assert_array_equal(np.delete(places, 2, axis=0), vacuum_places(series, SCALE_PX))
    assert np.all(places[2] == VACUUM)


def test_vacuum_is_found_over_a_small_range_of_tilts() -> None:
    rng, share = np.random.default_rng(1), ndimage.gaussian_filter(half_plane().astype(float), 1.0)
    level = OFFSET + np.exp(0.35)
    tilts = np.deg2rad(np.linspace(-30, 30, 13))
    series = np.stack([share * level * (1 + 0.01 * rng.normal(size=share.shape)) + (1 - share) * foil(tilt, rng) for tilt in tilts])
    assert np.mean(vacuum_places(series, SCALE_PX)[:, ndimage.binary_erosion(half_plane(), iterations=6, border_value=1)] == VACUUM) > 0.98


def test_a_beam_that_fluctuates_hides_no_vacuum_and_no_line() -> None:
    series, rng = vacuum(half_plane(), 1.0), np.random.default_rng(6)
    rows = ndimage.gaussian_filter1d(rng.normal(size=(len(series), SIZE)), 12, axis=1)
    current = 1 + 0.03 * rng.normal(size=(len(series), 1)) + 0.02 * rows / rows.std()
    flickering = series * current[:, :, None]
    places, still = vacuum_places(flickering, SCALE_PX), vacuum_places(series, SCALE_PX)
    assert np.mean(places == still) > 0.97
    found, wanted = (binarise(each, "hard", SCALE_PX) for each in (flickering, series))
    assert np.sum(found * wanted) > 0.93 * wanted.sum()
    assert np.sum(found * wanted) > 0.93 * found.sum()


def test_a_foil_without_vacuum_has_none() -> None:
    rng = np.random.default_rng(2)
    assert np.all(vacuum_places(np.stack([foil(tilt, rng) for tilt in TILTS_RAD]), SCALE_PX) == FOIL)


@pytest.mark.parametrize("range_deg", [60, 50, 30, 10])
def test_clear_foil_beside_a_dark_bundle_of_lines_is_no_vacuum(range_deg: float) -> None:
    rng = np.random.default_rng(2)
    row, column = np.indices((SIZE, SIZE))
    bundle = 1 - 0.4 * (np.abs(row - 0.3 * column - 40) < 12)
    frames = np.stack([np.exp(-0.35 / np.cos(tilt)) * bundle for tilt in np.deg2rad(np.linspace(-range_deg, range_deg, 9))])
    assert np.all(vacuum_places(frames * (1 + 0.01 * rng.normal(size=frames.shape)), SCALE_PX) == FOIL)


def test_a_step_of_the_thickness_that_lines_cross_is_no_vacuum() -> None:
    rng = np.random.default_rng(2)
    row, column = np.indices((SIZE, SIZE))
    thin = np.where(half_plane(), 1.25, 1.0) * (1 - 0.15 * (np.abs((row + column) % 20 - 10) < 2))
    frames = np.stack([OFFSET + thin ** (1 / np.cos(tilt)) * (foil(tilt, rng) - OFFSET) for tilt in np.deg2rad(np.linspace(-70, 70, 9))])
    assert np.all(vacuum_places(frames, SCALE_PX) == FOIL)


@pytest.mark.parametrize("shape", [half_plane(), hole()])
def test_no_line_and_no_point_at_the_rim(shape: np.ndarray) -> None:
    series = vacuum(shape, 1.0)
    near = ndimage.distance_transform_edt(~shape) < 2 * SCALE_PX
    lines = binarise(series, "soft", SCALE_PX)
    assert lines[:, near].max() == 0
    row, column = np.indices((SIZE, SIZE))
    on_line = (np.abs(row - 0.6 * column - 20) < 1) & (vacuum_places(series, SCALE_PX) == FOIL)
    assert lines[on_line].mean() > 0.6
    hidden = vacuum_places(series, SCALE_PX)[2] != FOIL
    points = ridges_of(line_curvature(subtract_background(series[2], SCALE_PX, hidden), SCALE_PX), SCALE_PX, hidden).position_px
    assert len(points) > 20
    assert not near[tuple(np.rint(points).astype(int).T)].any()


def test_much_vacuum_is_said_with_the_worst_frame() -> None:
    places = np.zeros((4, 10, 10), np.uint8)
    assert vacuum_warning(places) == ()
    places[2, :4], places[2, 4] = VACUUM, RIM
    (warning,) = vacuum_warning(places)
    assert "12 % of the frames" in warning
    assert "frame 2 (counted from 0): 50 %" in warning


def test_the_rim_is_where_the_brightness_rises() -> None:
    places = vacuum_places(vacuum(half_plane(), 2.0), SCALE_PX)
    column = places[2][:, 40]
    assert column[90] == VACUUM
    assert column[58] == RIM
    assert column[40] == FOIL
