"""The same settings are the same parameters of a job, however they are written."""

import json
from functools import partial
from typing import Any

import pytest

from rapidstem.denoising import denoiser_settings
from rapidstem.microscope import settings_from
from rapidstem_workflow.setting_order import bring_into_order, in_one_order, without_defaults


def test_keys_are_in_one_order_at_every_depth_and_lists_stay() -> None:
    ways = [{"x": [1, 0], "z": {"b": 1, "a": [{"d": 2, "c": 3}]}}, {"z": {"a": [{"c": 3, "d": 2}], "b": 1}, "x": [1, 0]}]
    assert len({json.dumps(in_one_order(way)) for way in ways}) == 1
    assert in_one_order(ways[0]) == ways[0]


def test_the_factors_of_a_sweep_keep_the_order_of_their_figures() -> None:
    config: dict[str, Any] = {"sweep": {"factors": {"thickness": 1, "dose": 2}}, "reading": {"line_time_s": 1, "detector": 2}}
    bring_into_order(config)
    assert list(config) == ["reading", "sweep"]
    assert list(config["sweep"]["factors"]) == ["thickness", "dose"] and list(config["reading"]) == ["detector", "line_time_s"]


@pytest.mark.parametrize(
    ("written", "needed"),
    [
        ({"start_from": "general"}, {}),
        ({"steps": 900, "start_from": "general"}, {"steps": 900}),
        ({"preset": "best", "start_from": ""}, {"start_from": ""}),
        ({"width": 8}, {"width": 8}),
    ],
)
def test_a_default_of_a_denoiser_that_is_written_out_says_nothing(written: dict[str, Any], needed: dict[str, Any]) -> None:
    assert without_defaults(written, partial(denoiser_settings, "dlf-slow")) == needed


def test_a_default_of_the_microscope_that_is_written_out_says_nothing() -> None:
    default = settings_from({}).tilt_frames
    assert without_defaults({"tilt_frames": default, "seed": 7, "conditions": "demo"}, settings_from) == {"seed": 7}
    hard = {"conditions": "hard", "electrons_per_px": settings_from({"conditions": "hard"}).electrons_per_px}
    assert settings_from(without_defaults(hard, settings_from)) == settings_from(hard)
