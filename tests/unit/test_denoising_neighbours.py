"""A filter that learns from one tilt series alone: which frames it sees, what is hidden from it, and what it comes to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from denoising_phantoms import field

from rapidstem.denoising import denoiser_settings, load_model
from rapidstem.denoising.neighbours import SeriesContext, denoise_series, levelled_rows
from rapidstem.denoising.neighbours.hidden_rows import PERIOD, HiddenRowSampler, hidden_rows, network_inputs
from rapidstem.denoising.neighbours.series_context import neighbours_in_tilt
from rapidstem.denoising.settings import NetworkSettings
from rapidstem.denoising.training import train_denoiser, train_on_series
from rapidstem.denoising.training.training_state import Checkpoint
from rapidstem.errors import InputError

SMALL = {"start_from": "nothing", "width": 8, "depth": 2, "patch_size_px": 32, "learning_rate": 2e-3, "neighbour_frames": 1}


def settings(**changes: object) -> NetworkSettings:
    """Of a small network that starts fresh."""
    found = denoiser_settings("neighbours", SMALL | changes)
    assert isinstance(found, NetworkSettings)
    return found


def phantom(tilt_deg: np.ndarray, shift_px: np.ndarray, size: int = 64) -> np.ndarray:
    """Two dark lines in the middle plane and across it, foreshortened by the tilt and moved by the shifts, (frame, y, x)."""
    rows, columns = np.mgrid[:size, :size].astype(float)
    centre = (size - 1) / 2
    frames = []
    for tilt, (dy, dx) in zip(np.deg2rad(tilt_deg), shift_px, strict=True):
        y, x = (rows - centre - dy) / np.cos(tilt), columns - centre - dx
        lines = np.exp(-((y - 0.3 * x + 6) ** 2) / 6) + np.exp(-((x + 0.2 * y - 9) ** 2) / 6)
        frames.append(100 - 40 * lines)
    return np.array(frames)


def noisy(clean: np.ndarray, seed: int) -> np.ndarray:
    """With noise of single pixels and an offset of each row."""
    rng = np.random.default_rng(seed)
    return clean + rng.normal(0, 12, clean.shape) + rng.normal(0, 6, (*clean.shape[:2], 1))


def test_neighbours_lie_where_the_frame_shows_the_specimen() -> None:
    tilt_deg, shift_px = np.array([30.0, 38.0, 34.0]), np.array([[2.5, -1.5], [-1.0, 2.0], [0.0, 0.0]])
    series = SeriesContext(phantom(tilt_deg, shift_px), np.deg2rad(tilt_deg), shift_px, 1)
    inner = (slice(8, -8), slice(8, -8))
    for neighbour in series.neighbours[2]:
        moved = neighbour * series.scales[2, 1] + series.scales[2, 0]
        assert np.corrcoef(moved[inner].ravel(), series.frames[2][inner].ravel())[0, 1] > 0.99
    assert np.corrcoef(series.frames[0][inner].ravel(), series.frames[2][inner].ravel())[0, 1] < 0.9


def test_shifts_of_both_frames_are_foreshortened_as_their_tilts_ask() -> None:
    tilt_deg, shift_px = np.array([20.0, 55.0, 40.0]), np.array([[7.0, -1.5], [-4.0, 2.0], [0.0, 0.0]])
    series = SeriesContext(phantom(tilt_deg, shift_px), np.deg2rad(tilt_deg), shift_px, 1)
    inner = (slice(16, -16), slice(8, -8))
    for frame in (0, 1):
        for neighbour in series.neighbours[frame]:
            assert np.corrcoef(neighbour[inner].ravel(), series.frames[frame][inner].ravel())[0, 1] > 0.97


def test_neighbours_come_from_either_side_in_turn_and_at_an_end_from_the_other_one() -> None:
    tilt_rad = np.array([0.3, 0.0, 0.4, 0.1, 0.2])
    chosen = neighbours_in_tilt(tilt_rad, 2)
    assert chosen.tolist() == [[4, 2, 3, 1], [3, 4, 0, 2], [0, 4, 3, 1], [1, 4, 0, 2], [3, 0, 1, 2]]
    frames = np.random.default_rng(3).normal(size=(5, 12, 16)) * np.array([1.0, 9.0, 30.0, 2.0, 5.0])[:, None, None] + 200
    level = SeriesContext(frames, 0 * tilt_rad, np.zeros((5, 2)), 2)
    assert np.allclose(level.neighbours[1], level.scaled[[0, 2, 3, 4]], atol=1e-4), "on their own scales"


def test_frames_are_registered_without_gain_and_offsets_of_rows() -> None:
    rng = np.random.default_rng(6)
    frames = rng.normal(size=(3, 20, 30))
    streaked = frames * np.array([2.0, 70.0, 0.1])[:, None, None] + rng.normal(0, 500, (3, 20, 1))
    assert np.allclose(levelled_rows(streaked), levelled_rows(frames), atol=1e-6)


def test_hidden_rows_show_the_mean_of_the_rows_beside_them_and_at_an_edge_the_one_that_there_is() -> None:
    frames, neighbours = torch.arange(7.0)[None, :, None].square().repeat(2, 1, 5), torch.rand(2, 3, 7, 5)
    seen = network_inputs(frames, neighbours, hidden_rows(7, 0))
    assert seen[1, 0, :, 2].tolist() == [1, 1, 4, 9, 17, 25, 36]
    assert network_inputs(frames, neighbours, hidden_rows(7, 2))[0, 0, :, 0].tolist() == [0, 1, 5, 9, 16, 25, 25]
    assert torch.equal(seen[:, 2:], neighbours)


def test_patches_of_frames_and_neighbours_are_of_one_place_and_half_of_them_upside_down() -> None:
    image = np.add.outer(np.arange(40.0), np.sin(np.arange(50)))
    series = SeriesContext(np.stack([image] * 5), np.zeros(5), np.zeros((5, 2)), 1)
    sampler = HiddenRowSampler(series, 16, torch.device("cpu"))
    frames, neighbours = sampler.patches(40, np.random.default_rng(1))
    assert torch.allclose(neighbours, frames[:, None].expand(-1, 2, -1, -1), atol=1e-3)
    assert 10 < int((frames[:, 1, 0] < frames[:, 0, 0]).sum()) < 30
    masks = [sampler.draw(1, np.random.default_rng(seed)).counted for seed in range(20)]
    assert {int(mask[0, 0, :, 0].argmax()) for mask in masks if mask is not None} == set(range(PERIOD))


def test_nothing_of_a_hidden_row_reaches_the_network() -> None:
    rng = np.random.default_rng(4)
    frames, neighbours = (torch.from_numpy(rng.normal(size=shape).astype(np.float32)) for shape in ((2, 18, 20), (2, 4, 18, 20)))
    for first in range(PERIOD):
        hidden = hidden_rows(18, first)
        other = frames.clone()
        other[:, hidden] += 100
        assert torch.equal(network_inputs(frames, neighbours, hidden), network_inputs(other, neighbours, hidden))
    assert sum(hidden_rows(18, first).long() for first in range(PERIOD)).eq(1).all(), "every row is hidden once"


def test_only_hidden_rows_count() -> None:
    tilt_deg, shift_px = np.linspace(-10, 10, 5), np.zeros((5, 2))
    series = SeriesContext(noisy(phantom(tilt_deg, shift_px), 1), np.deg2rad(tilt_deg), shift_px, 1)
    batch = HiddenRowSampler(series, 32, torch.device("cpu")).draw(3, np.random.default_rng(2))
    assert batch.counted is not None
    assert batch.inputs.shape == (3, 4, 32, 32) and torch.equal(batch.counted, batch.inputs[:, 1:2])
    seen = batch.counted == 0
    assert torch.equal(batch.inputs[:, :1][seen], batch.targets[seen])


def test_a_series_teaches_to_take_its_noise_away(tmp_path: Path) -> None:
    tilt_deg, shift_px = np.linspace(-20, 20, 11), np.random.default_rng(5).normal(0, 1, (11, 2))
    clean = phantom(tilt_deg, shift_px)
    series = SeriesContext(noisy(clean, 6), np.deg2rad(tilt_deg), shift_px, 1)
    model = train_on_series(series, settings(steps=150), tmp_path, "phantom")
    answers = denoise_series(model, series)
    inner = (slice(None), slice(8, -8), slice(8, -8))
    before, after = (np.std((images - clean)[inner]) for images in (series.frames, answers))
    assert after < before / 2.5
    assert np.array_equal(denoise_series(load_model(tmp_path), series, [3])[0], answers[3])


def test_general_weights_answer_as_before_until_neighbours_are_learned_from(tmp_path: Path) -> None:
    tilt_deg = np.linspace(-20, 20, 5)
    series = SeriesContext(noisy(phantom(tilt_deg, np.zeros((5, 2))), 7), np.deg2rad(tilt_deg), np.zeros((5, 2)), 2)
    started = denoiser_settings("neighbours", {"steps": 1})
    assert isinstance(started, NetworkSettings)
    model = train_on_series(series, replace(started, learning_rate=1e-12), tmp_path, "phantom")
    other = replace(series, frames=series.frames[[1, 0, 2, 4, 3]])
    assert np.allclose(denoise_series(model, series, [2]), denoise_series(model, other, [2]), atol=0.5)


def test_a_checkpoint_of_other_start_weights_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = SeriesContext(noisy(phantom(np.zeros(5), np.zeros((5, 2))), 9), np.zeros(5), np.zeros((5, 2)), 1)
    general = denoiser_settings("dlf-slow", {"start_from": "nothing", "width": 8, "depth": 2, "patch_size_px": 32, "steps": 1})
    assert isinstance(general, NetworkSettings)
    quick = settings(steps=4, validation_interval=2, start_from=str(tmp_path / "start"))
    train_denoiser([field(0)], replace(general, seed=1), tmp_path / "start", "general")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        save = Checkpoint.save
        patch.setattr(Checkpoint, "save", lambda *arguments: (save(*arguments), interrupt()))
        train_on_series(series, quick, tmp_path / "changed", "phantom")
    train_denoiser([field(0)], replace(general, seed=2), tmp_path / "start", "general")
    changed, fresh = (train_on_series(series, quick, tmp_path / name, "phantom") for name in ("changed", "fresh"))
    assert np.array_equal(denoise_series(changed, series), denoise_series(fresh, series))


@pytest.mark.parametrize("changed", ["frames", "shift_px"])
def test_a_checkpoint_of_another_series_is_not_continued(changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = SeriesContext(noisy(phantom(np.zeros(5), np.zeros((5, 2))), 9), np.zeros(5), np.zeros((5, 2)), 1)
    values = getattr(series, changed)
    other = replace(series, **{changed: values + np.arange(5.0).reshape(5, *[1] * (values.ndim - 1)) ** 2})
    quick = settings(steps=4, validation_interval=2)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        save = Checkpoint.save
        patch.setattr(Checkpoint, "save", lambda *arguments: (save(*arguments), interrupt()))
        train_on_series(series, quick, tmp_path / "continued", "phantom")
    continued, fresh = (train_on_series(other, quick, tmp_path / name, "phantom") for name in ("continued", "fresh"))
    assert np.array_equal(denoise_series(continued, other), denoise_series(fresh, other))


def test_the_averaged_weights_are_those_that_are_kept(tmp_path: Path) -> None:
    series = SeriesContext(noisy(phantom(np.zeros(5), np.zeros((5, 2))), 9), np.zeros(5), np.zeros((5, 2)), 1)
    answers = [
        denoise_series(train_on_series(series, settings(steps=4, weight_averaging=decay), tmp_path / str(decay), "phantom"), series)
        for decay in (0.0, 0.9)
    ]
    assert np.abs(answers[0] - answers[1]).max() > 0.1


def interrupt() -> None:
    raise KeyboardInterrupt


def test_too_few_or_too_small_frames_are_refused(tmp_path: Path) -> None:
    frames = np.random.default_rng(8).normal(size=(5, 20, 40))
    with pytest.raises(InputError, match="neighbour_frames"):
        SeriesContext(frames[:4], np.zeros(4), np.zeros((4, 2)), 2)
    with pytest.raises(InputError, match="patch_size_px"):
        train_on_series(SeriesContext(frames, np.arange(5.0), np.zeros((5, 2)), 1), settings(), tmp_path, "small")


@pytest.mark.parametrize("change", [{"network": "unet"}, {"processes": 2}, {"model": "general"}])
def test_settings_that_neighbours_do_not_have(change: dict) -> None:
    with pytest.raises(InputError):
        denoiser_settings("neighbours", {"start_from": "nothing"} | change)
