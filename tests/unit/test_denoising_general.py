"""The filter that comes with rapidstem: every frame's own scale, simulated fields of random microscopes, and what it does to frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from denoising_phantoms import field, scene
from scipy import ndimage

from rapidstem.denoising.fields.intensity_scaling import OwnScaling, field_scales, field_weights, fitted_own_scaling, measure_scaling
from rapidstem.denoising.fields.simulated_fields import FIRST_COLUMN, simulated_training_fields
from rapidstem.denoising.model_files import TrainedModel, check_fit, load_model, save_model
from rapidstem.denoising.model_paths import GENERAL, WEIGHTS, model_folder
from rapidstem.denoising.networks.unets import UNet
from rapidstem.denoising.prediction import denoise_stack
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.samplers.sampler_choice import new_sampler
from rapidstem.denoising.settings import NOISE_FREE, NetworkSettings
from rapidstem.denoising.training.denoiser_training import train_denoiser
from rapidstem.errors import InputError
from rapidstem.files.noise_free_fields import read_noise_free, write_noise_free
from rapidstem.microscope.random_conditions import LOG_UNIFORM, UNIFORM
from rapidstem.microscope.recording.detector import detector_lag
from rapidstem.microscope.recording.random_fields import delayed, random_field, simulate_fields
from rapidstem.microscope.settings import MicroscopeSettings
from rapidstem.scores.image_quality import psnr_affine_db

SETTINGS = NetworkSettings(NOISE_FREE, width=4, depth=2, patch_size_px=16, precision="float32")
WHOLE = (slice(None), slice(None))


@pytest.fixture
def model() -> TrainedModel:
    torch.manual_seed(0)
    return TrainedModel(UNet(SETTINGS.width, SETTINGS.depth).eval(), SETTINGS, OwnScaling(), {"denoiser": GENERAL})


@pytest.fixture(scope="module")
def shipped() -> TrainedModel:
    return load_model(model_folder(GENERAL))


def noise(count: int = 3, size: int = 48) -> np.ndarray:
    return np.random.default_rng(0).poisson(20, (count, size, size)).astype(np.float32)


def test_each_frame_has_its_own_zero_and_unit() -> None:
    frames = noise() * np.array([1.0, 30.0, 500.0])[:, None, None] + np.array([0.0, 7000.0, -90.0])[:, None, None]
    scales = OwnScaling().of_frames(frames)
    inputs = (frames - scales[:, 0, None, None]) / scales[:, 1, None, None]
    assert np.allclose(np.median(inputs, axis=(1, 2)), 0)
    assert np.allclose(inputs.std(axis=(1, 2)), 1, atol=0.1)
    assert np.array_equal(scales[:, :2], scales[:, 2:])
    assert np.allclose(OwnScaling(0.5, 300.0).of_frames(frames)[:, 2:], scales[:, :2] * 0.5 + np.array([300.0, 0.0]))


def test_offsets_of_rows_are_no_spread() -> None:
    frames = noise()
    streaked = frames + np.random.default_rng(1).normal(0, 60, (3, 48, 1))
    assert np.allclose(OwnScaling().of_frames(streaked)[:, 1], OwnScaling().of_frames(frames)[:, 1], rtol=0.02)


def test_a_frame_without_contrast_can_be_scaled() -> None:
    assert OwnScaling().of_frames(np.full((1, 8, 8), 5.0)).tolist() == [[5.0, 1.0, 5.0, 1.0]]


def test_counts_of_single_electrons_have_a_spread() -> None:
    rare = np.random.default_rng(0).poisson(0.05, (1, 64, 64))
    assert OwnScaling().of_frames(rare)[0, 1] == pytest.approx(rare.std(), rel=0.1)


def test_answers_follow_gain_and_offset(model: TrainedModel) -> None:
    frames = noise()
    plain = denoise_stack(model, frames)
    assert denoise_stack(model, frames * 40 + 900) == pytest.approx(plain * 40 + 900, abs=0.01)


def test_tiles_have_the_scale_of_the_whole_frame(model: TrainedModel) -> None:
    frames = noise(size=200) + np.linspace(0, 90, 200, dtype=np.float32)
    assert denoise_stack(model, frames, pixels_at_once=100**2) == pytest.approx(denoise_stack(model, frames), abs=1e-3)


def test_references_are_answered_in_their_own_intensities() -> None:
    fields = [field(seed) for seed in range(3)]
    scaling = fitted_own_scaling(
        [replace(each, reference=0.5 * each.frames.mean(axis=0) + 300, shift_px=0 * each.shift_px) for each in fields]
    )
    assert (scaling.slope, scaling.offset) == pytest.approx((0.5, 300), rel=1e-3)
    unlike = [replace(each, shift_px=0 * each.shift_px, reference=(1 + n) * each.reference) for n, each in enumerate(fields)]
    pixels = [(each.valid_reference.ravel(), each.frames.mean(axis=0)[each.rows, each.columns].ravel()) for each in unlike]
    slope, offset = np.polyfit(*(np.concatenate(images).astype(float) for images in zip(*pixels, strict=True)), 1)
    together = fitted_own_scaling(unlike)
    assert (together.slope, together.offset) == pytest.approx((1 / slope, -offset / slope), rel=1e-4)


def test_patches_of_a_field_have_its_scale() -> None:
    known = field(1)
    settings = replace(SETTINGS, target="slow")
    batch = new_sampler([known], OwnScaling(), settings, torch.device("cpu")).draw(20, np.random.default_rng(0))
    low, width, target_low, target_width = field_scales([known], OwnScaling())[0]
    assert (low, width) == pytest.approx(OwnScaling().of_frames(known.frames)[:, :2].mean(axis=0), rel=0.02)
    counts = batch.inputs.numpy() * width + low
    assert np.abs(counts - np.rint(counts)).max() < 0.1
    assert np.isin(np.rint(counts), known.frames).all()
    reference = batch.targets.numpy() * target_width + target_low
    assert known.valid_reference.min() - 200 < reference.min() < reference.max() < known.valid_reference.max() + 200


def test_a_field_of_nothing_does_not_outweigh_all_others() -> None:
    fields = [field(seed) for seed in range(2)]
    empty = replace(fields[0], reference=1000 + np.random.default_rng(0).normal(0, 1, fields[0].reference.shape).astype(np.float32))
    weights = field_weights([*fields, empty], OwnScaling())
    assert weights[2] < 50 * weights[1]
    darker = [replace(each, reference=0.01 * each.reference) for each in (*fields, empty)]
    assert np.allclose(field_weights(darker, OwnScaling(0.01)), weights), "in the unit of the references"
    bare = field_weights([*fields, empty], measure_scaling([*fields, empty]))
    assert bare[2] > 1000 * bare[1]


def test_a_model_with_its_own_scale_is_read_as_it_was_written(model: TrainedModel, tmp_path: Path) -> None:
    save_model(tmp_path, replace(model, scaling=OwnScaling(2.0, 30.0)))
    assert load_model(tmp_path).scaling == OwnScaling(2.0, 30.0)


def test_training_goes_on_from_a_model_with_its_own_scale(model: TrainedModel, tmp_path: Path) -> None:
    save_model(tmp_path / "start", model)
    (tmp_path / "start/losses.csv").write_text("step\n")
    settings = replace(SETTINGS, target="slow", start_from=str(tmp_path / "start"), steps=2, batch_size=2)
    trained = train_denoiser([field(seed) for seed in range(3)], settings, tmp_path / "tuned", "dlf-slow")
    assert isinstance(trained.scaling, OwnScaling)
    assert trained.scaling == load_model(tmp_path / "tuned").scaling != OwnScaling()


def test_learned_filters_start_from_the_general_one() -> None:
    tuned, fresh = denoiser_settings("dlf-slow", {}), denoiser_settings("dlf-slow", {"start_from": "nothing"})
    assert (tuned.start_from, fresh.start_from) == (GENERAL, "")
    assert tuned.steps < fresh.steps == 2000
    assert denoiser_settings("dlf-slow", {"start_from": GENERAL}) == tuned
    assert denoiser_settings("dlf-slow", {"width": 64}).start_from == "", "other networks cannot start from it"
    assert denoiser_settings("dlf-dcfi", {"preset": "paper"}).start_from == "", "nor do the papers"
    assert denoiser_settings("noise2noise", {}).start_from == ""


def test_the_general_filter_is_used_as_it_is() -> None:
    assert denoiser_settings(GENERAL, {}).model == GENERAL
    with pytest.raises(InputError, match="a given model is used as it was trained; remove steps"):
        denoiser_settings(GENERAL, {"steps": 10})
    assert denoiser_settings(GENERAL, {"model": "", "steps": 10}).steps == 10


def test_random_fields_are_the_same_everywhere_and_keep_to_their_ranges() -> None:
    first, again = (random_field(3, 8, 48, 2) for _ in range(2))
    assert np.array_equal(first.frames, again.frames) and np.array_equal(first.noise_free, again.noise_free)
    for name, (low, high) in (LOG_UNIFORM | UNIFORM).items():
        assert low <= getattr(first.settings, name) <= high, name
    assert not np.array_equal(first.noise_free, random_field(3, 9, 48, 2).noise_free)


def test_large_frames_take_the_time_of_their_scan() -> None:
    settings = random_field(3, 8, 640, 1).settings
    assert settings.frame_period_s == settings.frame_time_s


def test_frames_of_a_random_field_average_to_its_image() -> None:
    drawn = random_field(5, 5, 48, 60)
    mean = drawn.frames.mean(axis=0)
    assert psnr_affine_db(mean, drawn.noise_free, WHOLE) > psnr_affine_db(drawn.frames[0].astype(float), drawn.noise_free, WHOLE) + 8


def test_the_image_lies_where_lagging_frames_show_it() -> None:
    settings = MicroscopeSettings(lag_decay=(0.6, 0.9), lag_weight=(0.8, 0.2))
    image = scene(3, 96)
    lagged, moved = detector_lag(image, settings.lag_decay, settings.lag_weight), delayed(image, settings)
    inside = (slice(None), slice(8, -8))
    by_shift = {dx: np.mean((lagged - ndimage.shift(moved, (0, dx), order=5, mode="nearest"))[inside] ** 2) for dx in np.linspace(-1, 1, 9)}
    assert abs(min(by_shift, key=by_shift.__getitem__)) <= 0.25
    assert np.mean((lagged - image)[inside] ** 2) > 1.5 * by_shift[0]
    assert delayed(image, replace(settings, lag_decay=(0.0, 0.0))) == pytest.approx(image, abs=1e-6)


def test_simulated_fields_come_back_from_their_file(tmp_path: Path) -> None:
    fields = simulate_fields(1, range(2), 32, 2)
    write_noise_free(tmp_path / "a.h5", fields)
    write_noise_free(tmp_path / "b.h5", simulate_fields(1, range(2, 3), 32, 2))
    read = read_noise_free([tmp_path / "a.h5", tmp_path / "b.h5"])
    assert read.frames.shape == (3, 2, 32, 32) and np.array_equal(read.noise_free[:2], fields.noise_free)
    assert read.conditions.loc[0, "tilt_deg"] == fields.conditions.loc[0, "tilt_deg"]
    low, high = read.ranges()["pixel_size_nm"]
    assert 1.5 <= low < high <= 10
    assert [each.name for each in simulated_training_fields(read)] == ["simulated-0", "simulated-1", "simulated-2"]
    (tmp_path / "a.h5").write_bytes(b"half written")
    with pytest.raises(InputError, match=r"a\.h5: holds no simulated fields"):
        read_noise_free([tmp_path / "a.h5"])


def test_simulated_fields_without_contrast_and_columns_without_a_reference_are_not_learned_from() -> None:
    fields = simulate_fields(1, range(3), 32, 2)
    fields.noise_free[1, :, FIRST_COLUMN:] = 7.0
    kept = simulated_training_fields(fields)
    assert [each.name for each in kept] == ["simulated-0", "simulated-2"]
    assert all((each.rows, each.columns) == (slice(0, 32), slice(6, 32)) for each in kept)
    assert np.array_equal(kept[1].frames, fields.frames[2]) and np.array_equal(kept[1].reference, fields.noise_free[2])


def test_the_shipped_model_is_small_and_says_what_it_has_seen(shipped: TrainedModel) -> None:
    assert (model_folder(GENERAL) / WEIGHTS).stat().st_size < 8_000_000
    assert shipped.card["data"]["ranges"]["pixel_size_nm"][0] < 2 < 9 < shipped.card["data"]["ranges"]["pixel_size_nm"][1]
    check_fit(shipped, noise(), 4.56, 114e-9)


@pytest.mark.parametrize(("electrons", "said"), [(1.0, True), (20.0, False), (200.0, True)])
def test_doses_that_the_shipped_model_has_not_seen_are_said_with_its_range(shipped: TrainedModel, electrons: float, said: bool) -> None:
    y, x = np.mgrid[:128, :128]
    clean = electrons * (1 + 0.5 * np.sin(x / 20) * np.cos(y / 25))
    frames = (500 * np.random.default_rng(1).poisson(clean, (8, 128, 128)) + 2000.0).astype(np.float32)
    warnings = check_fit(shipped, frames, 4.56, 114e-9)
    assert len(warnings) == said
    assert all("has learned from 4 to 60 electrons a pixel, these frames have some" in words for words in warnings)
    assert not any("e+" in words for words in warnings)
    assert replace(denoiser_settings("dlf-slow", {}), start_from="").network == shipped.settings.network


@pytest.mark.parametrize(("kernel", "said"), [([0, 1, 0], False), ([0.25, 0.5, 0.25], True), ([-0.25, 1, -0.25], True)])
def test_noise_that_rows_share_is_said(shipped: TrainedModel, kernel: list[float], said: bool) -> None:
    """As a camera spreads its electrons, and as programs smooth or sharpen frames."""
    y, x = np.mgrid[:128, :128]
    frames = np.random.default_rng(2).poisson(20 * (1 + 0.3 * np.sin(x / 20) * np.cos(y / 25)), (4, 128, 128)).astype(float)
    warnings = check_fit(shipped, ndimage.convolve1d(frames, kernel, axis=1).astype(np.float32), 4.56, 114e-9)
    assert any("rows of these frames share their finest structure" in words for words in warnings) == said


def test_the_shipped_model_denoises_fields_of_microscopes_that_it_has_not_seen(shipped: TrainedModel) -> None:
    gains = []
    for number in range(12):
        drawn = random_field(77, number, 96, 1)
        answer = denoise_stack(shipped, drawn.frames)[0]
        gains.append(
            psnr_affine_db(answer, drawn.noise_free, WHOLE) - psnr_affine_db(drawn.frames[0].astype(float), drawn.noise_free, WHOLE)
        )
    assert min(gains) > 0
    assert np.mean(gains) > 8


def test_the_shipped_model_sees_nothing_in_noise(shipped: TrainedModel) -> None:
    random = np.random.default_rng(4)
    frames = (6000 + 350 * random.poisson(20, (4, 128, 128))).astype(np.uint16)
    answer = denoise_stack(shipped, frames)
    assert answer.std(axis=(1, 2)).max() < 0.1 * frames.std()
