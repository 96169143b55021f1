"""Settings of the denoisers, and what is said of wrong ones."""

import subprocess
import sys

import pytest

from rapidstem.denoising.settings import DENOISERS, BlockMatchingSettings, NetworkSettings, denoiser_settings
from rapidstem.errors import InputError


def test_targets_of_the_denoisers() -> None:
    assert {name: settings.target for name, settings in DENOISERS.items()} == {"dlf-dcfi": "dcfi", "dlf-slow": "slow", "bm3d": "slow"}


def test_overrides_replace_values_and_leave_the_preset() -> None:
    settings = denoiser_settings("dlf-slow", {"steps": 10.0, "learning_rate": 1, "precision": "float32"})
    assert isinstance(settings, NetworkSettings)
    assert (settings.steps, settings.learning_rate, settings.precision) == (10, 1.0, "float32")
    assert isinstance(settings.steps, int)
    assert DENOISERS["dlf-slow"] == denoiser_settings("dlf-slow", {})


def test_lists_become_tuples() -> None:
    settings = denoiser_settings("bm3d", {"variance_factors": [1, 3]})
    assert isinstance(settings, BlockMatchingSettings)
    assert settings.variance_factors == (1.0, 3.0)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("median", {}, "known are dlf-dcfi, dlf-slow, bm3d"),
        ("dlf-slow", {"step": 5}, "'step'; known are .*steps"),
        ("bm3d", {"steps": 5}, "known are target, variance_factors"),
        ("dlf-slow", {"steps": 2.5}, "dlf-slow: steps is 2.5"),
        ("dlf-slow", {"steps": "many"}, "steps is 'many'"),
        ("dlf-slow", {"steps": True}, "steps is True"),
        ("dlf-slow", {"steps": 0}, "steps must be above zero"),
        ("dlf-slow", {"patch_size_px": 60}, "multiple of 2\\*\\*depth = 8"),
        ("dlf-slow", {"validation_share": 1.0}, "below 1"),
        ("dlf-slow", {"precision": "float16"}, "auto, float32, bfloat16"),
        ("dlf-dcfi", {"target": "clean"}, "dcfi or slow"),
        ("bm3d", {"variance_factors": []}, "above zero"),
    ],
)
def test_wrong_settings_are_named(name: str, overrides: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        denoiser_settings(name, overrides)


def test_settings_cost_no_heavy_import() -> None:
    code = "import sys, rapidstem.denoising.settings; print('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
