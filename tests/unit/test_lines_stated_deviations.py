"""Curves fitted to frames whose dark lines lie beside the true ones by what is known: places and stated deviations."""

import numpy as np
import pytest

from rapidstem.lines.curve_fit import fit_curves
from rapidstem.lines.evidence import FrameCurvature, LineLikelihood, SeriesEvidence
from rapidstem.lines.spline_curves import curve_through
from rapidstem.tomography import TiltGeometry

PIXEL_NM, SCALE_PX, ROWS, COLUMNS, FRAMES = 2.0, 3.4, 190, 200, 40
TILT_RAD = np.deg2rad(np.linspace(-60, 50, FRAMES))
GEOMETRY = TiltGeometry(TILT_RAD, np.zeros((FRAMES, 2)), PIXEL_NM, ROWS, columns=COLUMNS)
HALF_NM, STRETCHES, GROUPS = 195.0, 8, FRAMES // 8
# Of the 50 nm of a line that are in one group, counted from its begin; the border of the field belongs to the first and the last one.
STRETCH = np.clip(((np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_NM + HALF_NM) // 50, 0, STRETCHES - 1).astype(int)


def normals(direction):
    """Across a line, row and column, (2, frame)."""
    normal = np.stack([np.full(FRAMES, direction[0]), -direction[1] * np.cos(TILT_RAD) - direction[2] * np.sin(TILT_RAD)])
    return normal / np.linalg.norm(normal, axis=0)


def evidence_of(lines, beside_nm, direction):
    """Frames that show each line, through (0, y, z), by so much (frame, x) beside where it projects to."""
    row_nm, x_nm = ((np.arange(count) - (count - 1) / 2) * PIXEL_NM for count in (ROWS, COLUMNS))
    normal = normals(direction)
    second = np.zeros((FRAMES, ROWS, COLUMNS, 3), np.float32)
    for (y, z), beside in zip(lines, beside_nm, strict=True):
        height = row_nm - (y * np.cos(TILT_RAD) + z * np.sin(TILT_RAD))[:, None]
        away = normal[0, :, None, None] * height[:, :, None] + normal[1, :, None, None] * x_nm - beside[:, None]
        away = (away / (SCALE_PX * PIXEL_NM)).astype(np.float32)
        dark = (1 - away**2) * np.exp(-(away**2) / 2)
        for number, product in enumerate((normal[0] ** 2, normal[0] * normal[1], normal[1] ** 2)):
            second[..., number] += product.astype(np.float32)[:, None, None] * dark
    likelihood = LineLikelihood(np.zeros((FRAMES, 1)), np.tile([-1.0, 1.0], (FRAMES, 1)))
    return SeriesEvidence(FrameCurvature(second, SCALE_PX), likelihood, GEOMETRY)


def straight(place, direction):
    return curve_through(np.array([0.0, *place]) + np.linspace(-HALF_NM, HALF_NM, 81)[:, None] * direction, 100.0)


def fitted(lines, beside_nm, direction=(1.0, 0.0, 0.0)):
    """Lines that are straight: places and stated deviations of their middles in y and z."""
    found = fit_curves([straight(line, direction) for line in lines], evidence_of(lines, beside_nm, direction), 1e-7)
    return [(each.curve.at(np.array([HALF_NM]))[0, 1:], each.sigma_nm(np.array([HALF_NM]))[0, 1:]) for each in found]


def unexplained(design, size_nm, seed=0):
    """What no line explains, of this root mean square: least squares leave all of it."""
    values = np.random.default_rng(seed).normal(size=len(design))
    values -= design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return size_nm * values / np.sqrt(np.mean(values**2))


BY_FRAME = np.column_stack([np.cos(TILT_RAD), np.sin(TILT_RAD)])
BY_GROUP = BY_FRAME.reshape(GROUPS, 8, 2).mean(axis=1)
INVERSE = np.linalg.inv(BY_FRAME.T @ BY_FRAME)


def estimator_variance(beside_nm):
    """Of one distance, in nm^2, where pulls fall with it: squared pulls over the squared mean of their slopes."""
    far = (beside_nm / (0.167 * 2 * SCALE_PX * PIXEL_NM)) ** 2
    return np.mean((beside_nm / (1 + far)) ** 2) / np.mean((1 - far) / (1 + far) ** 2) ** 2


def stretches_that_err_alike(size_nm, seed=0):
    """Places (group, stretch) that neither a straight line nor a whole line that moves from group to group explains."""
    ends = np.column_stack([np.ones(STRETCHES), np.arange(STRETCHES) - (STRETCHES - 1) / 2])
    design = np.hstack([np.kron(BY_GROUP, ends), np.kron(np.eye(GROUPS), np.ones((STRETCHES, 1)))])
    return unexplained(design, size_nm, seed).reshape(GROUPS, STRETCHES)


def by_frame(groups):
    return np.repeat(groups, 8, axis=0)[:, STRETCH]


@pytest.mark.parametrize("size_nm", [0.3, 1.2])
def test_the_stated_deviation_is_that_of_least_squares_where_stretches_of_50_nm_err_alike_in_eight_frames(size_nm):
    groups = stretches_that_err_alike(size_nm)
    ((place, sigma),) = fitted([(-15.0, 12.0)], [by_frame(groups)])
    expected = np.sqrt(np.diag(INVERSE) * 8 / STRETCHES * estimator_variance(groups) * groups.size / (groups.size - 4))
    np.testing.assert_allclose(sigma, expected, rtol=0.12)
    np.testing.assert_allclose(place, (-15, 12), atol=0.15)


@pytest.mark.parametrize("size_nm", [0.3, 1.2])
def test_the_stated_deviation_holds_what_a_whole_line_is_off_by_in_eight_frames(size_nm):
    common = unexplained(BY_GROUP, size_nm)
    ((_, sigma),) = fitted([(-15.0, 12.0)], [np.repeat(common, 8)[:, None] + np.zeros(COLUMNS)])
    expected = np.sqrt(np.diag(INVERSE @ (8 * BY_GROUP).T @ (8 * BY_GROUP) @ INVERSE) * estimator_variance(common))
    np.testing.assert_allclose(sigma, expected, rtol=0.05)


def test_frames_that_show_a_line_nearly_end_on_say_the_less_the_less_of_its_length_they_show():
    direction = np.array([0.45, 0.4, -np.sqrt(1 - 0.45**2 - 0.4**2)])
    shown = np.hypot(direction[0], direction[1] * np.cos(TILT_RAD) + direction[2] * np.sin(TILT_RAD))
    stretch = np.clip((np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_NM / direction[0] // 50 + STRETCHES // 2, 0, STRETCHES - 1)
    beside = np.repeat(stretches_that_err_alike(0.3), 8, axis=0)[:, stretch.astype(int)]
    ((_, sigma),) = fitted([(-15.0, 12.0)], [beside], direction)
    row, column = normals(direction)
    across = np.linalg.svd(direction[None])[2][1:]
    by_place = np.column_stack([column, row * np.cos(TILT_RAD), row * np.sin(TILT_RAD)]) @ across.T
    inverse, scatter = np.linalg.inv(by_place.T @ by_place), (by_place.T * (1 / shown / np.mean(1 / shown))) @ by_place
    expected = 0.3 * np.sqrt(np.diag(across.T @ inverse @ scatter @ inverse @ across)[1:] * 8 / STRETCHES)
    np.testing.assert_allclose(sigma, expected, rtol=0.2)
    assert sigma[0] / sigma[1] == pytest.approx(expected[0] / expected[1], rel=0.005)


def test_a_line_that_is_seen_worse_has_a_larger_deviation_by_its_own_forty_groups_beside_thirty_of_all():
    beside = [by_frame(stretches_that_err_alike(size_nm, seed)) for seed, size_nm in enumerate((0.2, 0.4))]
    (_, good), (_, worse) = fitted([(-40.0, -20.0), (40.0, 20.0)], beside)
    shares = (30 + 40 * np.array([0.4, 1.6])) / (30 + 40)
    np.testing.assert_allclose(worse / good, np.sqrt(shares[1] / shares[0]), rtol=0.05)


def test_frames_in_which_a_line_lies_on_another_do_not_move_it():
    lines = [(5.0, -60.0), (5.0, 60.0)]
    together = np.abs(120 * np.sin(TILT_RAD)) < 10
    drawn = np.where(together, 3.0, 0.0)[:, None] + np.zeros(COLUMNS)
    for line, (place, _) in zip(lines, fitted(lines, [drawn, drawn]), strict=True):
        np.testing.assert_allclose(place, line, atol=0.05)
