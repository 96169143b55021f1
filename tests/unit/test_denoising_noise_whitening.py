"""Noise of cameras is made white before the general filter sees it; that of scans stays as it is."""

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.repeated_lines import with_noise_as_it_is
from rapidstem.denoising.model_files import TrainedModel, check_fit, load_model
from rapidstem.denoising.model_paths import model_folder
from rapidstem.denoising.noise_whitening import DRAWS, rows_share_noise, whitened
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.frames import row_power_ratio
from rapidstem.scores.image_quality import psnr_affine_db

BRIGHTNESS, NOISE, SIDE = 140.0, 9.0, 128
WHOLE = (slice(None), slice(None))


def line_scene() -> np.ndarray:
    """Two dark lines, one of them inclined, on a slope."""
    y, x = np.mgrid[:SIDE, :SIDE]
    lines = 0.3 * np.exp(-((x - 0.4 * y - 30) ** 2) / 8) + 0.2 * np.exp(-((y - 90) ** 2) / 6)
    return BRIGHTNESS * (1 + 0.0005 * x) * (1 - lines)


def camera_frame(seed: int, noise: float = NOISE) -> np.ndarray:
    """The scene as a camera sees it, which spreads each electron over neighbouring pixels."""
    spread = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(SIDE, SIDE)), 0.6)
    return (line_scene() + noise * spread / spread.std()).astype(np.float32)


def scan_frame(seed: int) -> np.ndarray:
    return (line_scene() + NOISE * np.random.default_rng(seed).normal(size=(SIDE, SIDE))).astype(np.float32)


@pytest.fixture(scope="module")
def general() -> TrainedModel:
    return load_model(model_folder("general"))


def test_the_noise_of_a_camera_becomes_white_and_the_scene_stays() -> None:
    frame = camera_frame(1)
    assert rows_share_noise(frame[None])
    assert row_power_ratio(frame[None]) < 0.7
    assert row_power_ratio(np.stack([whitened(frame, draw) for draw in range(4)])) == pytest.approx(1, abs=0.15)
    mean = np.mean([whitened(frame, draw) for draw in range(60)], axis=0)
    assert np.std(mean - frame) < 0.25 * NOISE


def test_fine_noise_is_filled_up_to_the_power_of_coarse_noise() -> None:
    noise = NOISE * ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(2 * SIDE, 2 * SIDE)), 0.8)
    frequency = np.hypot(np.fft.fftfreq(2 * SIDE)[:, None], np.fft.rfftfreq(2 * SIDE))
    powers = np.mean([np.abs(np.fft.rfft2(whitened(BRIGHTNESS + noise, draw))) ** 2 for draw in range(4)], axis=0)
    fine, coarse = (powers[(frequency > low) & (frequency < high)].mean() for low, high in ((0.35, 0.49), (0.15, 0.2)))
    assert fine / coarse == pytest.approx(1, abs=0.12)


def test_sharpened_noise_becomes_white_too() -> None:
    noise = np.random.default_rng(2).normal(size=(SIDE, SIDE))
    frame = BRIGHTNESS + NOISE * (noise - 0.5 * ndimage.laplace(noise))
    assert rows_share_noise(frame[None])
    assert not rows_share_noise(np.stack([whitened(frame, draw) for draw in range(4)]))


def test_the_same_frame_gets_the_same_noise_and_another_one_other_noise() -> None:
    first, second = camera_frame(1), camera_frame(2)
    counts = first.astype(np.uint16)
    assert np.array_equal(whitened(counts, 0), whitened(counts.astype(float), 0))
    added = [whitened(first, 0) - first, whitened(first, 1) - first, whitened(second, 0) - second]
    for one, other in [(0, 1), (0, 2)]:
        assert abs(np.corrcoef(added[one].ravel(), added[other].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("shape", [(16, 16), (17, 300), (33, 20)])
def test_frames_of_any_size_are_whitened(shape: tuple[int, int]) -> None:
    frame = ndimage.gaussian_filter(np.random.default_rng(3).normal(100, 9, shape), 0.6)
    assert np.isfinite(whitened(frame, 0)).all()


def test_the_answer_to_a_camera_is_the_mean_of_those_to_its_white_frames(general: TrainedModel) -> None:
    stack = np.stack([scan_frame(5), camera_frame(6)])
    alone = with_noise_as_it_is(general)
    white = [denoise_stack(alone, whitened(stack[1], draw)[None])[0] for draw in range(DRAWS)]
    expected = [denoise_stack(alone, stack[:1])[0], np.mean(white, axis=0)]
    np.testing.assert_allclose(denoise_stack(general, stack), expected, atol=0.05)
    assert np.std(white[0] - white[1]) > 1


def test_the_general_filter_comes_nearer_to_what_a_camera_shows(general: TrainedModel) -> None:
    frames = np.stack([camera_frame(seed) for seed in (4, 5)])
    before, after = denoise_stack(with_noise_as_it_is(general), frames), denoise_stack(general, frames)
    for plain, white in zip(before, after, strict=True):
        assert psnr_affine_db(white, line_scene(), WHOLE) > psnr_affine_db(plain, line_scene(), WHOLE) + 2


def test_frames_of_a_scan_stay_as_they_are_beside_those_of_a_camera(general: TrainedModel) -> None:
    frames = np.stack([camera_frame(6), scan_frame(6)])
    together = denoise_stack(general, frames)
    assert together[1] == pytest.approx(denoise_stack(with_noise_as_it_is(general), frames[1:])[0], abs=1e-3)
    assert together[0] == pytest.approx(denoise_stack(general, frames[:1])[0], abs=1e-3)


def test_what_was_done_is_said(general: TrainedModel) -> None:
    said = check_fit(general, camera_frame(7)[None], 4.56, 1e-7)
    assert any("what their noise lacks to be white is added" in each for each in said)
    assert not any("white" in each for each in check_fit(general, scan_frame(7)[None], 4.56, 1e-7))
