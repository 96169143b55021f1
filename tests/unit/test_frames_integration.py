import numpy as np
import pytest

from rapidstem.errors import InputError
from rapidstem.frames.integration import integrate_frames, valid_area
from rapidstem.frames.registration import Drift


def drift_of(shifts, used=None):
    shifts = np.array(shifts, dtype=float)
    used = np.ones(len(shifts), bool) if used is None else np.array(used)
    return Drift(shifts, np.zeros(len(shifts)), used)


def waves(shift, side=60, period_px=3.0):
    y, x = np.mgrid[:side, :side].astype(float)
    return 10 + np.cos(2 * np.pi * (x - shift[1]) / period_px) + np.cos(2 * np.pi * (y - shift[0]) / 7.0)


def test_fine_detail_survives_half_pixel_shifts():
    shifts = [(0.5, 0.5), (-0.5, -0.5), (0.25, -0.25), (-0.25, 0.25)]
    mean = integrate_frames(np.array([waves(shift) for shift in shifts]), drift_of(shifts))
    inner = (slice(12, -12), slice(12, -12))
    assert np.abs(mean[inner] - waves((0, 0))[inner]).max() < 0.03


def test_smooth_structure_is_right_up_to_the_border_of_what_a_frame_has_seen():
    y, x = np.mgrid[:30, :40].astype(float)
    frame = np.cos(np.pi * 3 * y / 29) + np.cos(np.pi * 4 * x / 39)
    mean = integrate_frames(np.stack([frame, frame]), drift_of([(0.5, -0.5), (0.5, -0.5)]))
    expected = np.cos(np.pi * 3 * (y + 0.5) / 29) + np.cos(np.pi * 4 * (x - 0.5) / 39)
    np.testing.assert_allclose(mean[:-1, 1:], expected[:-1, 1:], atol=1e-3)


def test_whole_pixel_shifts_bring_frames_back_exactly():
    scene = np.random.default_rng(0).normal(size=(50, 60))
    shifts = [(2, -3), (-2, 3)]
    frames = np.array([np.roll(scene, shift, axis=(0, 1)) for shift in shifts])
    mean = integrate_frames(frames, drift_of(shifts))
    np.testing.assert_allclose(mean[5:-5, 5:-5], scene[5:-5, 5:-5], atol=1e-5)


def test_edges_are_not_wrapped_and_the_unseen_is_nan():
    frames = np.ones((2, 20, 30))
    frames[0, :, -4:] = 9.0
    mean = integrate_frames(frames, drift_of([(3.0, -4.0), (2.0, -4.0)]))
    assert np.isnan(mean[-2:]).all() and np.isnan(mean[:, :4]).all()
    assert np.isfinite(mean[:18, 4:]).all()
    np.testing.assert_allclose(mean[:17, 4:20], 1.0, atol=1e-4)


def test_frames_not_used_do_not_count():
    frames = np.stack([np.full((20, 20), 2.0), np.full((20, 20), 4.0), np.full((20, 20), np.nan)])
    drift = drift_of([(0, 0), (0, 0), (np.nan, np.nan)], [True, True, False])
    np.testing.assert_allclose(integrate_frames(frames, drift), 3.0, atol=1e-6)
    with pytest.raises(InputError, match="no frame"):
        integrate_frames(frames, drift_of([(0, 0)] * 3, [False] * 3))


@pytest.mark.parametrize("far", [(25.0, 0.0), (70.0, 0.0), (0.0, -130.0), (0.0, 130.0)])
def test_a_frame_that_has_drifted_out_of_the_field_adds_nothing(far: tuple[float, float]) -> None:
    frames = np.stack([np.full((20, 30), 2.0), np.full((20, 30), 9.0)])
    mean = integrate_frames(frames, drift_of([(0, 0), far]))
    np.testing.assert_allclose(mean, 2.0, atol=1e-5)


def test_frames_of_every_block_count_once(monkeypatch):
    monkeypatch.setattr("rapidstem.frames.frame_spectra.BLOCK_PIXELS", 2 * 20 * 20)
    frames = np.arange(7.0)[:, None, None] ** 2 + np.zeros((20, 20))
    drift = drift_of([(0, 0)] * 7, [True, True, False, True, False, False, True])
    np.testing.assert_allclose(integrate_frames(frames, drift), (0 + 1 + 9 + 36) / 4, rtol=1e-6)


def test_valid_area_is_what_every_frame_has_seen():
    rows, columns = valid_area(np.array([[1.2, -0.5], [-3.0, 0.0], [np.nan, np.nan]]), (100, 50))
    assert (rows, columns) == (slice(3, 98), slice(1, 50))
    assert valid_area(np.zeros((2, 2)), (10, 20)) == (slice(0, 10), slice(0, 20))


def test_valid_area_is_empty_where_frames_share_nothing():
    rows, columns = valid_area(np.array([[30.0, 0.0], [-30.0, 0.0]]), (40, 40))
    assert rows.stop == rows.start
    assert columns == slice(0, 40)
    assert valid_area(np.full((2, 2), np.nan), (40, 40)) == (slice(0, 0), slice(0, 0))
