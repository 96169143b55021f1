"""Settings of the denoisers, and what is said of wrong ones."""

import subprocess
import sys

import pytest

from rapidstem.denoising.presets import DENOISERS, denoiser_settings
from rapidstem.denoising.settings import BlockMatchingSettings, NetworkSettings
from rapidstem.errors import InputError

ALL = [
    "dlf-dcfi",
    "dlf-slow",
    "general",
    "dlf-100",
    "dlf-500",
    "dlf-1000",
    "dlf-2500",
    "noise2noise",
    "noise2void",
    "neighbours",
    "hourglass",
    "autoencoder",
    "sdndti",
    "bm3d",
]


def test_every_denoiser_has_its_own_and_its_papers_settings() -> None:
    assert list(DENOISERS) == ALL
    for name in ALL:
        assert type(denoiser_settings(name, {"preset": "paper"})) is type(denoiser_settings(name, {}))


def test_self_supervised_denoisers_ask_for_no_reference() -> None:
    free = {name for name in ALL if DENOISERS[name].best.target == "none"}
    assert free == {"noise2noise", "noise2void", "neighbours", "hourglass", "sdndti"}


def test_single_field_training_is_that_of_ihara() -> None:
    for frames, rate in ((100, 1e-5), (500, 1e-5), (1000, 1e-5), (2500, 5e-6)):
        settings = denoiser_settings(f"dlf-{frames}", {"preset": "paper"})
        assert isinstance(settings, NetworkSettings)
        assert (settings.most_fields, settings.most_frames, settings.learning_rate) == (1, frames, rate)
        assert settings.steps * settings.batch_size == pytest.approx(100 * frames, rel=0.01), "100 epochs"


def test_overrides_replace_values_of_the_papers_preset() -> None:
    settings = denoiser_settings("dlf-slow", {"preset": "paper", "steps": 7})
    assert isinstance(settings, NetworkSettings)
    assert (settings.steps, settings.width, settings.learning_rate) == (7, 64, 1e-3)


def test_overrides_replace_values_and_leave_the_preset() -> None:
    settings = denoiser_settings("dlf-slow", {"steps": 10.0, "learning_rate": 1, "precision": "float32"})
    assert isinstance(settings, NetworkSettings)
    assert (settings.steps, settings.learning_rate, settings.precision) == (10, 1.0, "float32")
    assert isinstance(settings.steps, int)
    assert DENOISERS["dlf-slow"].tuned == denoiser_settings("dlf-slow", {})


def test_lists_become_tuples() -> None:
    settings = denoiser_settings("bm3d", {"variance_factors": [1, 3]})
    assert isinstance(settings, BlockMatchingSettings)
    assert settings.variance_factors == (1.0, 3.0)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("median", {}, "known are dlf-dcfi, .*noise2noise, .*bm3d"),
        ("dlf-slow", {"step": 5}, "'step'; known are .*steps"),
        ("bm3d", {"steps": 5}, "known are preset, target, noise_models"),
        ("dlf-slow", {"steps": 2.5}, "dlf-slow: steps is 2.5"),
        ("dlf-slow", {"steps": "many"}, "steps is 'many'"),
        ("dlf-slow", {"steps": True}, "steps is True"),
        ("dlf-slow", {"steps": 0}, "steps must be above zero"),
        ("dlf-slow", {"patch_size_px": 60}, "multiple of 2\\*\\*depth = 8"),
        ("dlf-slow", {"validation_share": 1.0}, "below 1"),
        ("dlf-slow", {"precision": "float16"}, "auto, float32, bfloat16"),
        ("dlf-dcfi", {"target": "clean"}, "one of dcfi, slow, none"),
        ("dlf-dcfi", {"target": "none"}, "dcfi or slow where the sampler is the reference"),
        ("dlf-dcfi", {"preset": "mine"}, "best, paper"),
        ("dlf-dcfi", {"sampler": "history"}, "one of reference, other-frame"),
        ("dlf-dcfi", {"network": "transformer"}, "one of unet"),
        ("hourglass", {"synthetic_share": 1.5}, "from 0 to 1"),
        ("hourglass", {"electrons": [80, 5]}, "the smaller one first"),
        ("hourglass", {"electrons": 5}, "like \\[5.0, 80.0\\]"),
        ("hourglass", {"lag": 1}, "below 1"),
        ("hourglass", {"read_noise": -0.1}, "below zero"),
        ("dlf-slow", {"patience_steps": -1}, "patience_steps must not be below zero"),
        ("dlf-slow", {"patience_steps": 400, "validation_share": 0}, "needs validation against a reference"),
        ("noise2noise", {"patience_steps": 400}, "needs validation against a reference"),
        ("dlf-slow", {"processes": 3}, "multiple of processes = 3"),
        ("dlf-slow", {"processes": 0}, "processes must be above zero"),
        ("dlf-slow", {"flip_averaging": 1}, "flip_averaging is 1, should be like True"),
        ("dlf-slow", {"model": "a", "steps": 3}, "used as it was trained; remove steps"),
        ("sdndti", {"averaged_frames": 0}, "above zero"),
        ("bm3d", {"variance_factors": []}, "above zero"),
        ("bm3d", {"noise_models": ["pink"]}, "some of gw, g1"),
        ("bm3d", {"noise_models": "gw"}, "like \\['gw', 'measured'\\]"),
    ],
)
def test_wrong_settings_are_named(name: str, overrides: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        denoiser_settings(name, overrides)


def test_settings_cost_no_heavy_import() -> None:
    code = "import sys, rapidstem.denoising.settings; print('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
