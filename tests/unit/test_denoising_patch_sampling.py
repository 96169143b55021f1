"""Patches lie where they should, on the intensities that they should have."""

import tracemalloc

import numpy as np
import pytest
import torch
from denoising_phantoms import field

from rapidstem.denoising.fields.frame_shifts import TAPS, interpolation_taps
from rapidstem.denoising.fields.intensity_scaling import IntensityScaling, field_weights, measure_scaling
from rapidstem.denoising.fields.training_pairs import TrainingField, in_one_array
from rapidstem.denoising.samplers.patch_sampling import PatchSampler
from rapidstem.errors import InputError

CPU = torch.device("cpu")
SAME = IntensityScaling(0.0, 1.0, 0.0, 1.0)


def positions(shift: tuple[float, float], shape: tuple[int, int] = (50, 70)) -> TrainingField:
    """Frames whose pixels hold their own number; a reference whose intensity is linear in the position."""
    rows, columns = shape
    frames = np.arange(rows * columns, dtype=np.uint16).reshape(1, rows, columns)
    y, x = np.mgrid[:rows, :columns]
    reference = (10 * y + x).astype(np.float32)
    reference[0] = np.nan
    return TrainingField("positions", frames, reference, np.array([shift]), slice(1, rows), slice(0, columns))


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.3, -2.6), (-4.5, 3.25)])
def test_targets_lie_at_the_frames_shift(shift: tuple[float, float]) -> None:
    sampler = PatchSampler([positions(shift)], SAME, np.ones(1), 16, CPU)
    batch = sampler.draw(64, np.random.default_rng(0))
    number = batch.inputs[:, 0].numpy()
    y, x = number // 70, number % 70
    np.testing.assert_allclose(batch.targets[:, 0].numpy(), 10 * (y - shift[0]) + (x - shift[1]), atol=2e-3)


def test_patches_are_turned_in_y_only() -> None:
    batch = PatchSampler([positions((0, 0))], SAME, np.ones(1), 16, CPU).draw(64, np.random.default_rng(0))
    number = batch.inputs[:, 0].numpy()
    down = number[:, 1, 0] - number[:, 0, 0]
    assert set(down.tolist()) == {70, -70}
    assert (number[:, 0, 1] - number[:, 0, 0] == 1).all()


def test_patches_reach_all_places_of_the_valid_area() -> None:
    batch = PatchSampler([positions((0, 0))], SAME, np.ones(1), 16, CPU).draw(4000, np.random.default_rng(0))
    number = batch.inputs[:, 0].numpy().astype(int)
    assert number.min() // 70 == 1 + TAPS // 2 - 1
    assert number.max() // 70 == 50 - TAPS // 2 - 1
    assert torch.isfinite(batch.targets).all()


def test_fields_of_different_size_and_brightness() -> None:
    fields = [field(1, size=60), field(2, brightness=0.3, size=90, frames=3)]
    batch = PatchSampler(fields, SAME, np.array([0.5, 2.0]), 32, CPU).draw(64, np.random.default_rng(0))
    dark = batch.weights == 2.0
    assert 10 < int(dark.sum()) < 54
    assert batch.targets[dark].mean() < 0.5 * batch.targets[~dark].mean()
    inputs, targets = (each.flatten(1) - each.flatten(1).mean(1, keepdim=True) for each in (batch.inputs, batch.targets))
    likeness = (inputs * targets).sum(1) / (inputs.norm(dim=1) * targets.norm(dim=1))
    assert likeness.min() > 0.25


def test_recorded_numbers_above_the_signed_range_and_floats_stay() -> None:
    high = TrainingField(**{**vars(positions((0, 0))), "frames": np.full((1, 50, 70), 65000, np.uint16)})
    assert PatchSampler([high], SAME, np.ones(1), 16, CPU).draw(2, np.random.default_rng(0)).inputs.unique().tolist() == [65000]
    negative = TrainingField(**{**vars(positions((0, 0))), "frames": np.full((1, 50, 70), -2.5, np.float32)})
    assert PatchSampler([negative], SAME, np.ones(1), 16, CPU).draw(2, np.random.default_rng(0)).inputs.unique().tolist() == [-2.5]


def test_the_same_random_numbers_give_the_same_patches() -> None:
    sampler = PatchSampler([field(1)], SAME, np.ones(1), 16, CPU)
    first, again, other = (sampler.draw(8, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert torch.equal(first.inputs, again.inputs) and torch.equal(first.targets, again.targets)
    assert not torch.equal(first.inputs, other.inputs)


def test_frames_in_one_array_are_not_copied_and_give_the_same_patches() -> None:
    fields = [field(number, size=60 + 10 * number) for number in range(4)]
    apart = PatchSampler(fields[1:], SAME, np.ones(3), 32, CPU).draw(32, np.random.default_rng(0))
    joined = in_one_array(fields)
    tracemalloc.start()
    sampler = PatchSampler(joined[1:], SAME, np.ones(3), 32, CPU)
    assert tracemalloc.get_traced_memory()[1] < sum(each.frames.nbytes for each in joined[1:])
    tracemalloc.stop()
    together = sampler.draw(32, np.random.default_rng(0))
    assert torch.equal(apart.inputs, together.inputs) and torch.equal(apart.targets, together.targets)


def test_a_field_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(InputError, match=r"field-1: the valid area \(64, 64\) is too small for patches of 64 px"):
        PatchSampler([field(1)], SAME, np.ones(1), 64, CPU)


def test_interpolation_moves_polynomials_exactly_and_blurs_little() -> None:
    fraction = np.linspace(0, 1, 11)
    nodes = np.arange(TAPS) - 2
    for power in range(TAPS):
        np.testing.assert_allclose(interpolation_taps(fraction) @ nodes**power, fraction**power, atol=2e-5)
    wave = interpolation_taps(np.array(0.5)) @ np.cos(2 * np.pi * 0.2 * (nodes - 0.5))
    assert wave == pytest.approx(1, abs=0.03)


def test_scaling_spans_the_darkest_and_the_brightest_field() -> None:
    bright, dark = field(1), field(2, brightness=0.3)
    scaling = measure_scaling([bright, dark])
    assert scaling.target_high == pytest.approx(np.percentile(bright.valid_reference, 99.5))
    assert scaling.target_low == pytest.approx(np.percentile(dark.valid_reference, 0.5))
    low, high = scaling.input_low, scaling.input_high
    expected = [low, high - low, scaling.target_low, scaling.target_high - scaling.target_low]
    np.testing.assert_allclose(scaling.of_frames(bright.frames[:2]), [expected, expected])
    assert scaling.input_low < 1000 + 50 * 0.3 * 30 < 1000 + 50 * 30 < scaling.input_high


def test_dark_fields_count_like_bright_ones() -> None:
    bright, dark = field(1), field(1, brightness=0.25)
    weights = field_weights([bright, dark], measure_scaling([bright, dark]))
    assert weights.mean() == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(16, rel=1e-3)


def test_constant_frames_are_refused() -> None:
    constant = TrainingField(**{**vars(field(1)), "frames": np.full((6, 80, 80), 7, np.uint16)})
    with pytest.raises(InputError, match="field-1 are constant"):
        measure_scaling([constant])
