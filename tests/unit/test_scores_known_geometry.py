"""Errors with the true geometry, and with the true lines: small where the frames are good, larger where they are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rapidstem.lines import FittingSettings, refit_lines
from rapidstem.lines.line_rounds import DEFAULT_FITTING
from rapidstem.scores import accuracy_bound, angle_spread_deg
from tests.unit.test_lines_fitting import FALLING, RISING, THREADING, bent, distances, inside, moving_geometry, noisy

LINES = [RISING, FALLING, THREADING]


def _bound(noise: float) -> pd.DataFrame:
    geometry = moving_geometry(shifted=True)
    return accuracy_bound(noisy(LINES, geometry, noise, seed=5), geometry, LINES, 300.0, 40.0, 13.7)


def test_known_lines_are_moved_to_where_the_frames_show_them() -> None:
    geometry = moving_geometry()
    off = [inside(bent(line, 3, seed=2)) for line in LINES]
    found = refit_lines(noisy(LINES, geometry), geometry, off)
    assert len(found) == len(LINES)
    for line, before, true in zip(found, off, LINES, strict=True):
        assert np.median(distances(line, true)) < 0.5 * np.median(distances(before, true))
        assert np.median(distances(line, true)) < 1.0
    assert refit_lines(noisy(LINES, geometry), geometry, []) == []


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_known_lines_of_another_width_are_moved_alike(scale: float) -> None:
    geometry = moving_geometry()
    frames, off = noisy(LINES, geometry), [inside(bent(line, 3, seed=2)) for line in LINES]
    wider = replace(geometry, pixel_size_nm=scale * geometry.pixel_size_nm)
    settings = FittingSettings(line_width_nm=scale * DEFAULT_FITTING.line_width_nm)
    found = refit_lines(frames, wider, [scale * line for line in off], settings)
    for line, scaled in zip(refit_lines(frames, geometry, off), found, strict=True):
        np.testing.assert_allclose(scaled, scale * line, atol=0.01 * scale)


def test_the_bound_is_near_the_truth_and_grows_with_the_noise() -> None:
    good, bad = _bound(0.03), _bound(0.4)
    assert good["known"].unique().tolist() == ["geometry", "geometry and lines"]
    errors = good.set_index(["known", "axis"])["mean_abs_nm"]
    assert (errors < 2.0).all()
    assert (good.loc[good["known"] == "geometry and lines", "paired_percent"] > 90).all()
    worse = bad.set_index(["known", "axis"])["mean_abs_nm"]
    assert worse["geometry and lines"].mean() > 1.3 * errors["geometry and lines"].mean()


def test_angles_are_judged_without_what_all_are_off_by_and_without_frames_left_out() -> None:
    measured, true_rad = moving_geometry(), moving_geometry().angle_rad
    measured.angle_rad[:] += np.deg2rad(3.0 + np.where(np.arange(len(true_rad)) % 2, 0.5, -0.5))
    measured.used[:] = True
    measured.angle_rad[0], measured.used[0] = 1.0, False
    measured.angle_rad[1], measured.used[1] = 1.0, False
    assert np.isclose(angle_spread_deg(measured, true_rad), 0.5, atol=0.01)


def test_a_wrong_geometry_shows() -> None:
    geometry = moving_geometry()
    frames = noisy(LINES, geometry)
    turned = moving_geometry()
    turned.angle_rad[:] += np.deg2rad(np.linspace(-2, 2, geometry.frames)) ** 2 * 450
    right, wrong = (accuracy_bound(frames, each, LINES, 300.0, 40.0, 13.7)["mean_abs_nm"].mean() for each in (geometry, turned))
    assert wrong > 1.5 * right
