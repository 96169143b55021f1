"""What frames are compared with: other frames of the field, themselves at blind spots, clean images with synthetic noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from denoising_phantoms import field, scene
from scipy import ndimage

from rapidstem.denoising.fields.frame_choice import own_reference_field, training_frames
from rapidstem.denoising.fields.frame_shifts import aligned_sum, averaged, moved_back
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling
from rapidstem.denoising.fields.training_pairs import TrainingField
from rapidstem.denoising.presets import denoiser_settings
from rapidstem.denoising.samplers.blind_spots import BlindSpotSampler, correlated_length
from rapidstem.denoising.samplers.frame_pairs import AllFramesSampler, OtherFrameSampler, OtherFramesSampler
from rapidstem.denoising.samplers.patch_sampling import PatchBatch, Places
from rapidstem.denoising.samplers.sampler_choice import new_sampler
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.errors import InputError
from rapidstem.frames.registration import Drift

CPU = torch.device("cpu")
PLAIN = IntensityScaling(0.0, 1.0, 0.0, 1.0)
SIZE = 16


def clean_field(seed: int = 5, frames: int = 5, size: int = 72) -> TrainingField:
    """A field without noise, whose frames drift by fractions of a pixel."""
    random = np.random.default_rng(seed)
    image = scene(seed, size)
    shift = random.uniform(-2.5, 2.5, (frames, 2))
    views = np.stack([ndimage.shift(image, each, order=5, mode="nearest") for each in shift]).astype(np.float32)
    inside = slice(8, size - 8)
    return TrainingField("clean", views, image.astype(np.float32), shift, inside, inside)


def noisy(clean: TrainingField, seed: int = 1, sigma: float = 0.3) -> TrainingField:
    noise = np.random.default_rng(seed).normal(0, sigma, clean.frames.shape).astype(np.float32)
    return replace(clean, frames=clean.frames + noise)


def places(clean: TrainingField, frame: int, corner: tuple[int, int]) -> Places:
    return Places(np.array([0]), np.array([frame]), np.array([corner]), np.array([False]))


@pytest.mark.parametrize("kind", [OtherFrameSampler, AllFramesSampler, OtherFramesSampler])
def test_targets_show_the_specimen_where_the_input_does(kind: type) -> None:
    clean = clean_field()
    sampler = kind([clean], PLAIN, np.ones(1), SIZE, CPU)
    batch = sampler.draw(40, np.random.default_rng(0))
    assert (batch.targets - batch.inputs).abs().max() < 0.02
    shifted = torch.roll(batch.targets, 1, dims=-1)
    assert (shifted - batch.inputs).abs().mean() > 5 * (batch.targets - batch.inputs).abs().mean()


def test_inputs_are_never_interpolated() -> None:
    rough = noisy(clean_field())
    sampler = OtherFramesSampler([rough], PLAIN, np.ones(1), SIZE, CPU)
    inputs, _ = sampler.pairs(places(rough, 3, (25, 30)), np.random.default_rng(0))
    assert torch.equal(inputs[0], torch.from_numpy(rough.frames[3, 25:41, 30:46]))


def test_the_mean_of_the_others_knows_nothing_of_the_frame() -> None:
    clean = clean_field()
    changed = clean.frames.copy()
    changed[2] += np.random.default_rng(9).normal(0, 100, changed[2].shape)
    spot = places(clean, 2, (28, 26))
    random = np.random.default_rng(0)
    for kind, knows in ((OtherFramesSampler, False), (AllFramesSampler, True)):
        _, before = kind([clean], PLAIN, np.ones(1), SIZE, CPU).pairs(spot, random)
        _, after = kind([replace(clean, frames=changed)], PLAIN, np.ones(1), SIZE, CPU).pairs(spot, random)
        assert bool((before - after).abs().max() > 1) == knows


def test_another_frame_is_never_the_frame_itself() -> None:
    clean = clean_field(frames=3)
    numbered = replace(clean, frames=np.stack([np.full(clean.reference.shape, k, np.float32) for k in range(3)]))
    batch = OtherFrameSampler([numbered], PLAIN, np.ones(1), SIZE, CPU).draw(200, np.random.default_rng(0))
    pairs = {(int(a.mean().round()), int(b.mean().round())) for a, b in zip(batch.inputs, batch.targets, strict=True)}
    assert pairs == {(a, b) for a in range(3) for b in range(3) if a != b}


def test_single_frames_cannot_be_compared_with_others() -> None:
    single = clean_field(frames=1)
    with pytest.raises(InputError, match="clean: has a single frame"):
        OtherFramesSampler([single], PLAIN, np.ones(1), SIZE, CPU)


def test_blind_spots_lie_along_the_row_and_only_their_middles_count() -> None:
    random = np.random.default_rng(0)
    pixels = random.normal(size=(4, 64, 64)).astype(np.float32)
    whole = TrainingField("noise", pixels, pixels[0], np.zeros((4, 2)), slice(0, 64), slice(0, 64))
    sampler = BlindSpotSampler([whole], PLAIN, np.ones(1), 32, CPU, mask_px=3)
    batch = sampler.draw(6, random)
    hidden = (batch.inputs != batch.targets)[:, 0].numpy()
    middles = batch.counted[:, 0].numpy().astype(bool)
    assert 0 < middles.sum() < 0.05 * middles.size
    for patch, row, column in np.argwhere(middles):
        left, right = max(column - 3, 0), column + 4
        assert hidden[patch, row, left:right].mean() > 0.9
    assert 0.1 < hidden.mean() < 0.25
    isolated = ndimage.binary_opening(hidden, np.ones((1, 3, 1)))
    assert isolated.mean() < 0.05, "spots are long in x, not in y"


def test_the_loss_sees_counted_pixels_alone() -> None:
    targets = torch.zeros(1, 1, 4, 4)
    outputs = torch.zeros(1, 1, 4, 4)
    outputs[0, 0, 0, 0], outputs[0, 0, 3, 3] = 2.0, 100.0
    counted = torch.zeros(1, 1, 4, 4)
    counted[0, 0, 0, :2] = 1
    assert PatchBatch(targets, targets, torch.ones(1), counted).loss(outputs) == pytest.approx(2.0)


@pytest.mark.parametrize(("lag", "expected"), [(0.0, 1), (0.5, 3), (0.7, 6)])
def test_length_of_correlated_noise(lag: float, expected: int) -> None:
    """Noise of a lagging detector is correlated by lag**distance; offsets of whole rows are no noise of a pixel."""
    random = np.random.default_rng(2)
    noise = random.normal(size=(4, 128, 400))
    for column in range(1, noise.shape[2]):
        noise[..., column] = (1 - lag) * noise[..., column] + lag * noise[..., column - 1]
    streaked = noise[..., 100:] + random.normal(size=(4, 128, 1))
    assert correlated_length(streaked) == pytest.approx(expected, abs=1)


def test_smooth_structure_is_no_correlated_noise() -> None:
    image = 20 * scene(1, 128) + np.random.default_rng(3).normal(size=(4, 128, 128))
    assert correlated_length(image) == 1


def synthetic(share: float, **changes: object) -> PatchBatch:
    settings = replace(NetworkSettings("slow", patch_size_px=SIZE), synthetic_share=share, **changes)
    fields = [field(seed) for seed in range(2)]
    scaling = IntensityScaling(1000.0, 4000.0, 300.0, 4300.0)
    return new_sampler(fields, scaling, settings, CPU).draw(64, np.random.default_rng(0))


def test_synthetic_noise_is_as_strong_as_its_electrons_say() -> None:
    few, many = (synthetic(1.0, electrons=(dose, dose)) for dose in (20.0, 2000.0))
    slope = (50 * 30) / 2000 * 4000 / 3000
    for batch, dose in ((few, 20.0), (many, 2000.0)):
        expected = slope**2 * batch.targets.mean() / dose
        best = batch.targets * slope + (few.inputs - slope * few.targets).mean()
        assert float((batch.inputs - best).var()) == pytest.approx(float(expected), rel=0.15)


def test_real_and_synthetic_patches_are_mixed() -> None:
    assert synthetic(0.5).inputs.shape == (64, 1, SIZE, SIZE)
    settings = replace(NetworkSettings("none", "blind-spots", patch_size_px=SIZE, mask_px=1), synthetic_share=0.5)
    batch = new_sampler([field(seed) for seed in range(2)], PLAIN, settings, CPU).draw(64, np.random.default_rng(0))
    whole = (batch.counted.mean(dim=(1, 2, 3)) == 1).sum()
    assert 15 < whole < 49


def test_frames_are_moved_back_exactly() -> None:
    clean = clean_field()
    inside = (slice(14, -14), slice(14, -14))
    for frame, shift in zip(clean.frames, clean.shift_px, strict=True):
        np.testing.assert_allclose(moved_back(frame, shift)[inside], clean.reference[inside], atol=0.01)
    np.testing.assert_allclose(aligned_sum(clean.frames, clean.shift_px)[inside] / 5, clean.reference[inside], atol=0.01)


def test_beyond_a_frame_its_edge_is_repeated() -> None:
    frame = np.add.outer(10.0 * np.arange(12), np.arange(15.0))
    np.testing.assert_allclose(moved_back(frame, np.array([20.5, -30.25])), 110, atol=1e-3)


def test_results_are_averaged_where_the_specimen_stands() -> None:
    clean = clean_field()
    inside = (slice(14, -14), slice(14, -14))
    mean = averaged(noisy(clean).frames, clean.shift_px, clean.shift_px[:2])
    assert (mean[1][inside] - clean.frames[1][inside]).std() < 0.7 * 0.3 / np.sqrt(5) + 0.1
    moved = averaged(clean.frames, clean.shift_px, clean.shift_px[:2])
    np.testing.assert_allclose(moved[1][inside], clean.frames[1][inside], atol=0.02)
    unmoved = averaged(clean.frames, clean.shift_px, np.full((1, 2), np.nan))
    np.testing.assert_allclose(unmoved[0][inside], clean.reference[inside], atol=0.02)


def drift_of(field: TrainingField, used: list[bool]) -> Drift:
    return Drift(field.shift_px, np.zeros(len(used)), np.array(used), ("",) * len(used))


def test_a_field_is_its_own_reference() -> None:
    clean = clean_field()
    own = own_reference_field("own", clean.frames, drift_of(clean, [True, True, False, True, True]), 4.56, None)
    assert len(own.frames) == 4
    np.testing.assert_allclose(own.reference[20:50, 20:50], clean.reference[20:50, 20:50], atol=0.02)
    drift = Drift(np.array([[0.0, 0.0], [2.5, -1.5]]), np.zeros(2), np.ones(2, bool), ("", ""))
    moved = own_reference_field("own", clean.frames[:2], drift, 4.56, 1e-7)
    assert (moved.rows, moved.columns) == (slice(0, 69), slice(2, 72)), "what both frames show"
    assert (moved.pixel_size_nm, moved.dwell_time_s) == (4.56, 1e-7)
    with pytest.raises(InputError, match="no frame of own"):
        own_reference_field("own", clean.frames, drift_of(clean, [False] * 5), 4.56, None)


def test_as_many_frames_as_the_name_says() -> None:
    fields = [clean_field(seed, frames) for seed, frames in enumerate((4, 9, 6))]
    chosen = training_frames(fields, NetworkSettings("slow", most_fields=1, most_frames=5), "dlf-5")
    assert [len(each.frames) for each in chosen] == [5]
    assert chosen[0].shift_px.tolist() == fields[1].shift_px[[0, 2, 4, 6, 8]].tolist()
    both = training_frames(fields, NetworkSettings("slow", most_fields=2, most_frames=10), "dlf-10")
    assert sum(len(each.frames) for each in both) == 10
    assert training_frames(fields[::-1], NetworkSettings("slow", most_fields=2), "dlf") == [fields[2], fields[1]]
    assert training_frames(fields, NetworkSettings("slow"), "dlf-slow") == fields
    settings = denoiser_settings("dlf-100", {})
    assert isinstance(settings, NetworkSettings)
    with pytest.raises(InputError, match=r"dlf-100: 100 frames are to be learned from, but clean has 9; record more"):
        training_frames(fields, settings, "dlf-100")


@pytest.mark.parametrize(
    ("frames", "most", "shares"),
    [((4, 9, 6), 16, [4, 6, 6]), ((2, 9, 5), 16, [2, 9, 5]), ((5, 5, 5), 2, [1, 1]), ((1, 1, 9), 9, [1, 1, 7])],
)
def test_frames_are_shared_out_by_what_each_field_has(frames: tuple[int, ...], most: int, shares: list[int]) -> None:
    fields = [clean_field(seed, count) for seed, count in enumerate(frames)]
    chosen = training_frames(fields, NetworkSettings("slow", most_frames=most), "dlf")
    assert [len(each.frames) for each in chosen] == shares
