"""Noise statistics and BM3D on noise of known strength and correlation."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from denoising_phantoms import MARGIN_PX, field, scene
from scipy import ndimage, stats

from rapidstem.denoising.bm3d.block_matching import denoise_with_bm3d, read_filter, tune, write_filter
from rapidstem.denoising.bm3d.noise_statistics import NoiseStatistics, measure_noise
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.settings import BlockMatchingSettings
from rapidstem.errors import InputError
from rapidstem.scores.image_quality import psnr_affine_db


def streaky(seed: int, size: int = 72, frames: int = 4) -> TrainingField:
    """A field with strong Gaussian noise that is correlated along x only."""
    random = np.random.default_rng(seed)
    clean = 10000 + 3000 * (scene(seed, size) - 1)
    noise = ndimage.gaussian_filter1d(random.normal(size=(frames, size, size)), 3, axis=2)
    raw = np.clip(clean + 900 * noise / noise.std(), 0, 65535).astype(np.uint16)
    whole = slice(0, size)
    return TrainingField(f"streaky-{seed}", raw, clean.astype(np.float32), np.zeros((frames, 2)), whole, whole)


def test_gain_and_offset_of_poisson_noise() -> None:
    noise = measure_noise([field(seed, brightness, frames=12) for seed, brightness in ((1, 1.0), (2, 0.5))])
    assert noise.gain == pytest.approx(50, rel=0.1)
    assert noise.offset == pytest.approx(1000, abs=150)
    assert noise.spectrum.mean() == pytest.approx(1, rel=0.05)


def test_noise_is_measured_where_all_frames_of_a_drift_to_one_side_show_the_scene() -> None:
    random = np.random.default_rng(4)
    shift, clean = np.array([[0.0, 0.0], [-9.0, 4.0], [-5.0, 11.0], [-2.0, 7.0]]), np.maximum(scene(4, 96), 0.1)
    counts = random.poisson(30 * np.stack([ndimage.shift(clean, each, order=1, cval=9.0) for each in shift]))
    drifting = TrainingField("drifting", 1000 + 50 * counts, clean, shift, slice(0, 96), slice(0, 96))
    noise = measure_noise([drifting])
    assert noise.spectrum.shape == (87, 85)
    assert (noise.gain, noise.offset) == (pytest.approx(50, rel=0.1), pytest.approx(1000, abs=150))


def test_spectrum_of_streaks_lies_along_low_frequencies_of_x() -> None:
    noise = measure_noise([streaky(1, frames=16)])
    along_x = np.abs(np.fft.fftfreq(noise.spectrum.shape[1])) < 0.06
    assert noise.spectrum[:, along_x].sum() > 0.7 * noise.spectrum.sum()
    along_y = np.abs(np.fft.fftfreq(noise.spectrum.shape[0])) < 0.06
    assert noise.spectrum[along_y].sum() < 0.2 * noise.spectrum.sum()


@pytest.mark.parametrize("electrons", [0.5, 1.0, 2.0, 5.0, 20.0])
def test_the_mean_of_stabilised_counts_is_restored_however_few_they_are(electrons: float) -> None:
    noise, counts = NoiseStatistics(3.0, 100.0, np.ones((1, 1))), np.arange(200)
    mean = np.sum(noise.stabilised(100 + 3 * counts) * stats.poisson.pmf(counts, electrons))
    assert noise.restored(np.array(mean)) == pytest.approx(100 + 3 * electrons, abs=0.06)


def test_stabilised_noise_is_as_strong_everywhere_and_is_restored() -> None:
    noise = NoiseStatistics(50.0, 1000.0, np.ones((4, 4)))
    random = np.random.default_rng(0)
    for mean in (8.0, 40.0, 200.0):
        recorded = 1000 + 50 * random.poisson(mean, 200_000)
        stabilised = noise.stabilised(recorded)
        assert stabilised.std() == pytest.approx(1, rel=0.03)
        assert noise.restored(np.array(stabilised.mean())) == pytest.approx(1000 + 50 * mean, rel=0.005)


@pytest.mark.parametrize("shape", [(48, 40), (96, 81)])
def test_spectrum_for_another_size_keeps_variance_and_shape(shape: tuple[int, int]) -> None:
    noise = measure_noise([streaky(1, frames=16)])
    other = noise.spectrum_for(shape)
    assert other.shape == shape
    assert other.mean() == pytest.approx(noise.spectrum.mean(), rel=0.1)
    assert other[:, np.abs(np.fft.fftfreq(shape[1])) < 0.06].sum() > 0.7 * other.sum()


def noise_at_once(fields: list[TrainingField]) -> NoiseStatistics:
    """What `measure_noise` computes frame by frame, here with everything in the memory, as float64 and complex128."""
    frames, means = [], []
    for each in fields:
        whole = np.rint(each.shift_px).astype(int)
        low, high = np.maximum(MARGIN_PX, -whole.min(axis=0)), np.minimum(each.rows.stop, each.frames.shape[1] - whole.max(axis=0))
        cut = [frame[low[0] + dy : high[0] + dy, low[1] + dx : high[1] + dx] for frame, (dy, dx) in zip(each.frames, whole, strict=True)]
        frames.append(np.array(cut, float))
        mean = ndimage.spline_filter(frames[-1].mean(axis=0))
        means.append(np.array([ndimage.shift(mean, rest, mode="nearest", prefilter=False) for rest in each.shift_px - whole]))
    bias = [len(own) / (len(own) - 1) for own in frames]
    expected = np.concatenate([own.ravel() for own in means])
    squares = np.concatenate([b * (f - m).ravel() ** 2 for f, m, b in zip(frames, means, bias, strict=True)])
    edges = np.quantile(expected, np.linspace(0, 1, 21))
    which = np.clip(np.searchsorted(edges, expected, side="right") - 1, 0, 19)
    level, variance = (np.array([values[which == number].mean() for number in range(20)]) for values in (expected, squares))
    gain = np.polyfit(level, variance, 1)[0]
    noise = NoiseStatistics(gain, level.mean() - variance.mean() / gain, np.ones((1, 1)))
    rows, columns = np.min([own.shape[1:] for own in frames], axis=0)
    spectra = []
    for own, mean, b in zip(frames, means, bias, strict=True):
        left = noise.stabilised(own[:, :rows, :columns]) - noise.stabilised(mean[:, :rows, :columns])
        power = np.abs(np.fft.fft2(left - left.mean(axis=(1, 2), keepdims=True))) ** 2
        spectra.append(b * power.mean(axis=0) / (rows * columns))
    return NoiseStatistics(gain, noise.offset, np.mean(spectra, axis=0))


@pytest.mark.parametrize("size", [80, 81])
def test_noise_frame_by_frame_is_that_of_all_at_once_in_a_fifth_of_the_memory(size: int) -> None:
    fields = [field(1, 1.0, 24, size), field(2, 0.5, 20, size + 9)]
    peaks, noises = [], []
    for measure in (noise_at_once, measure_noise):
        tracemalloc.start()
        noises.append(measure(fields))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    expected, found = noises
    assert (found.gain, found.offset) == pytest.approx((expected.gain, expected.offset), rel=1e-6)
    np.testing.assert_allclose(found.spectrum, expected.spectrum, rtol=1e-6, atol=1e-9)
    assert peaks[1] < 4 * sum(each.frames.nbytes for each in fields) < peaks[0] / 3


def test_one_frame_says_nothing_of_noise() -> None:
    with pytest.raises(InputError, match="field-1: noise cannot be measured on a single frame without a slow image"):
        measure_noise([field(1, frames=1)])


def test_a_slow_image_tells_the_noise_of_one_frame() -> None:
    several = field(1, frames=12, size=160)
    single = replace(
        several,
        frames=several.frames[3:4],
        shift_px=several.shift_px[3:4],
        reference=0.2 * several.reference - 7,
        recorded_apart=True,
    )
    expected, found = measure_noise([several]), measure_noise([single])
    assert found.gain == pytest.approx(expected.gain, rel=0.15)
    assert found.spectrum.mean() == pytest.approx(expected.spectrum.mean(), rel=0.1)


def test_streaks_call_for_their_spectrum_and_are_removed(tmp_path: Path) -> None:
    settings = BlockMatchingSettings(target="slow", variance_factors=(1.0,), tuning_fields=2)
    tuned, trials = tune([streaky(1), streaky(2), streaky(3)], settings, psnr_affine_db)
    assert tuned.model == "measured"
    assert len(trials) == 2
    unseen = streaky(9)
    denoised = denoise_with_bm3d(unseen.frames[:1], tuned)
    assert denoised.dtype == np.float32
    error, before = denoised[0] - unseen.reference, unseen.frames[0] - unseen.reference
    assert np.mean(error**2) < 0.35 * np.mean(before**2)
    write_filter(tmp_path, tuned, trials)
    np.testing.assert_array_equal(denoise_with_bm3d(unseen.frames[:2], read_filter(tmp_path), threads=2)[:1], denoised)


def test_a_filter_that_was_never_tuned(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tuned filter"):
        read_filter(tmp_path)
    with pytest.raises(InputError, match="no field of view"):
        tune([], BlockMatchingSettings(target="slow"), psnr_affine_db)
